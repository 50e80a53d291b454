"""Where the shapes of one row stand: the request's light bar, the calls inside it, and the marks above it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from request_lens.domain.facts import Request
from request_lens.domain.folding.bars import late_by_ms
from request_lens.domain.folding.summary import Bar, Summary
from request_lens.presentation.starts import LateStart
from request_lens.presentation.timeline.axis import Scale, extent_of

BAR_HEIGHT = 22.0
_INSET, _CROWDED_INSET = 3.5 / 22, 2.0 / 22
_LANE_GAP, _MIN_LANE = 1.0, 2.0
_MIN_REQUEST_WIDTH, _MIN_CALL_WIDTH, _OPEN_END = 4.0, 2.0, 14.0
_MARK_DISTANCE, _HALF_MARK, _ROUNDING = 10.0, 4.0, 0.01


class MarkKind(StrEnum):
    """What a mark above the bar says of an attempt."""

    FAILED = "failed"
    THROTTLED = "throttled"
    CUT = "cut"


def failure_of(bar: Bar) -> MarkKind | None:
    """How the attempt failed; None for an LLM call."""
    if bar.throttled:
        return MarkKind.THROTTLED
    return MarkKind.FAILED if bar.error_code is not None else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A rectangle in px."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.x + self.width


@dataclass(frozen=True, slots=True, kw_only=True)
class CallShape:
    """One attempt of known latency; by how much it may begin `late` after its left edge."""

    number: int
    bar: Bar
    box: Box
    lane: int
    late: LateStart


@dataclass(frozen=True, slots=True, kw_only=True)
class TickShape:
    """One attempt of unknown latency."""

    number: int
    bar: Bar
    x: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A sign above the bar; marks of one kind that would cover each other are one of `count`."""

    kind: MarkKind
    x: float
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RowShapes:
    """All shapes of a row; `is_open`: the response's time is unknown; `is_cut`: it runs on beyond the axis."""

    request: Box
    ruler: "Ruler"
    is_open: bool
    is_cut: bool
    calls: tuple[CallShape, ...]
    ticks: tuple[TickShape, ...]
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruler:
    """From a request's ms to px; nothing leaves [0, duration], nor what of it the axis shows."""

    left: float
    width: float
    duration_ms: float
    shown_ms: float

    def x(self, offset_ms: float) -> float:
        """Where a moment of the request stands."""
        return self.left + min(max(offset_ms, 0), self.shown_ms) / self.shown_ms * self.width

    def shows(self, offset_ms: float) -> bool:
        """Whether what begins then is on the axis; all is, of a request that is not cut."""
        return self.shown_ms == self.duration_ms or offset_ms < self.shown_ms


def row_shapes(
    request: Request, summary: Summary | None, *, scale: Scale, top: float, height: float = BAR_HEIGHT
) -> RowShapes:
    """The shapes of a request whose light bar begins at `top` and is `height` px high.

    No call leaves its request. Calls that overlap in time stand in lanes of their own, as many as can be seen.
    """
    begins, ends = extent_of(request, summary)
    left, right = scale.x(begins), min(scale.x(ends), scale.right)
    duration_ms = max((ends - begins).total_seconds() * 1000, 1)
    is_cut = scale.x(ends) > scale.right + _ROUNDING
    ruler = Ruler(
        left=left,
        width=max(right - left, _MIN_REQUEST_WIDTH),
        duration_ms=duration_ms,
        shown_ms=(right - left) / scale.px_per_ms if is_cut else duration_ms,
    )
    bars = sorted(enumerate(summary.bars if summary else (), start=1), key=lambda numbered: numbered[1].offset_ms)
    bars = [numbered for numbered in bars if ruler.shows(numbered[1].offset_ms)]
    is_open = request.duration_ms is None
    light = Box(x=ruler.left, y=top, width=ruler.width + (_OPEN_END if is_open else 0), height=height)
    return RowShapes(
        request=light,
        ruler=ruler,
        is_open=is_open,
        is_cut=is_cut,
        calls=_call_shapes(bars, request, ruler, scale, light),
        ticks=tuple(
            TickShape(number=number, bar=bar, x=_inside(ruler.x(bar.offset_ms), light))
            for number, bar in bars
            if bar.latency_ms is None
        ),
        marks=marks_at(
            [at for _, bar in bars for at in _marks_of(bar, ruler, light)], limit=max(scale.right, light.right)
        ),
    )


def _inside(x: float, light: Box) -> float:
    # Its sign above hangs over no end of the bar.
    room = min(_HALF_MARK, light.width / 2)
    return min(max(x, light.x + room), light.right - room)


def _call_shapes(
    bars: Sequence[tuple[int, Bar]], request: Request, ruler: Ruler, scale: Scale, light: Box
) -> tuple[CallShape, ...]:
    timed = [(number, bar, bar.latency_ms) for number, bar in bars if bar.latency_ms is not None]
    lanes = lanes_of([(bar.offset_ms, bar.offset_ms + latency) for _, bar, latency in timed], within=light.height)
    boxes = lane_boxes(max(lanes, default=0) + 1, light)
    shapes = [
        CallShape(
            number=number,
            bar=bar,
            box=replace(
                boxes[lane],
                x=ruler.x(bar.offset_ms),
                width=ruler.x(bar.offset_ms + latency) - ruler.x(bar.offset_ms),
            ),
            lane=lane,
            late=late_start(bar, request, scale),
        )
        for (number, bar, latency), lane in zip(timed, lanes, strict=True)
    ]
    return tuple(shape for lane in range(len(boxes)) for shape in _apart([s for s in shapes if s.lane == lane], ruler))


def late_start(bar: Bar, request: Request, scale: Scale) -> LateStart:
    """By how much later the call may have begun, on such an axis."""
    late_ms = late_by_ms(bar, request)
    return LateStart(is_precise=bar.precision_ms == 1, ms=late_ms, px=late_ms * scale.px_per_ms)


def lane_boxes(count: int, light: Box) -> Sequence[Box]:
    """So many lanes inside a bar, from top to bottom."""
    inset = light.height * (_INSET if count == 1 else _CROWDED_INSET)
    height = (light.height - 2 * inset - (count - 1) * _LANE_GAP) / count
    return [replace(light, y=light.y + inset + lane * (height + _LANE_GAP), height=height) for lane in range(count)]


def lanes_of(intervals: Sequence[tuple[float, float]], *, within: float, least: float = _MIN_LANE) -> Sequence[int]:
    """The lane of each interval, in order of their begins: the first that is free by then.

    There are as many as so many px hold, each at `least` so high.
    """
    most = int((within * (1 - 2 * _CROWDED_INSET) + _LANE_GAP) // (least + _LANE_GAP))
    busy_until: list[float] = []
    lanes: list[int] = []
    for begins, ends in intervals:
        # The topmost free lane, so that calls one after the other, which most requests make, all stand in the first.
        free = next((lane for lane, until in enumerate(busy_until) if until <= begins), len(busy_until))
        # One lane more would be too low to be seen: such a call shares the lane that is free soonest.
        if free == most:
            free = busy_until.index(min(busy_until))
        busy_until[free:] = [ends, *busy_until[free + 1 :]]
        lanes.append(free)
    return lanes


def _apart(lane: Sequence[CallShape], ruler: Ruler) -> list[CallShape]:
    """One lane's calls, wide enough to be seen where there is room, and apart enough to be counted."""
    placed: list[CallShape] = []
    end = limit = ruler.left + ruler.width
    # From the last call back: a bar that grows to be seen may take room before the next one, never over it.
    for shape in reversed(lane):
        right = min(max(shape.box.right, shape.box.x + _MIN_CALL_WIDTH), limit)
        left = min(shape.box.x, right)
        # At the request's end there is no room to the right, so that the last call grows to the left.
        if right - left < _MIN_CALL_WIDTH and limit == end:
            left = max(right - _MIN_CALL_WIDTH, ruler.left)
        width = right - left
        placed.append(replace(shape, box=replace(shape.box, x=left, width=width), late=shape.late.in_bar(width)))
        # 1 px between two calls lets them be counted; a bar of few px has none to give.
        limit = max(left - 1 if shape.box.width > 3 * _MIN_CALL_WIDTH else left, ruler.left)
    return placed[::-1]


def marks_at(places: Sequence[tuple[float, MarkKind]], *, limit: float) -> tuple[Mark, ...]:
    """The marks at these places, none of which covers another one."""
    marks: list[Mark] = []
    for x, kind in sorted(places):
        close = next((at for at, mark in enumerate(marks) if _covers(mark, x, kind)), None)
        if close is not None:
            marks[close] = replace(marks[close], count=marks[close].count + 1)
            continue
        last = max((mark.x for mark in marks), default=x - _MARK_DISTANCE)
        marks.append(Mark(kind=kind, x=max(x, min(last + _MARK_DISTANCE, limit))))
    return tuple(marks)


def _marks_of(bar: Bar, ruler: Ruler, light: Box) -> list[tuple[float, MarkKind]]:
    marks: list[tuple[float, MarkKind]] = []
    if (kind := failure_of(bar)) is not None:
        marks.append((_inside(ruler.x(bar.offset_ms), light), kind))
    if bar.offset_ms + (bar.latency_ms or 0) > ruler.duration_ms and ruler.shows(ruler.duration_ms):
        marks.append((ruler.x(ruler.duration_ms), MarkKind.CUT))
    return marks


def _covers(mark: Mark, x: float, kind: MarkKind) -> bool:
    return mark.kind is kind and abs(mark.x - x) < _MARK_DISTANCE
