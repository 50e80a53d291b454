"""The lanes under the rows: calls that belong to no request, by reason, each where it ran by the clock."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import ceil

from request_lens.presentation.calls import REASONS
from request_lens.presentation.formatting import pluralize
from request_lens.presentation.markup import Markup, element, joined, text
from request_lens.presentation.starts import LateStart
from request_lens.presentation.timeline.axis import Axis, Scale
from request_lens.presentation.timeline.axis_head import axis_head, grid
from request_lens.presentation.timeline.figures import (
    LeastRoom,
    figure_headers,
)
from request_lens.presentation.timeline.frame import GUTTER, Frame, rule
from request_lens.presentation.timeline.labels import LABEL_SIZE, label_alone
from request_lens.presentation.timeline.lanes.lane import Lane, briefly, extent_of_call, start_of
from request_lens.presentation.timeline.layout import Box, lane_boxes, lanes_of, marks_at
from request_lens.presentation.timeline.legend import Sign
from request_lens.presentation.timeline.row import LANE, STACKED, RowSize
from request_lens.presentation.timeline.shapes import (
    counters,
    counters_room,
    failed_line,
    failure_of_call,
    mark,
    rectangle,
    title,
    whisker,
)
from request_lens.presentation.timeline.text import text_width

_MIN_WIDTH, _MIN_HEIGHT, _FIGURE_SIZE = 4, 8.0, 13.0
_VERY_MANY, _MOST_AT_ONCE = 200, 6
"""Bars above each other: where more calls ran at once, some share a height."""

_HEADING_SIZE = 14.0
"""As wide as its letters are, which are bold."""

_PX_EACH = 11.25
"""What each of several bars above each other needs, with what is between and around them."""
_HEAD, _HEAD_ON_CLOCK, _HEADING = 70.0, 36.0, 26.0


def lanes_room(lanes: Sequence[Lane]) -> LeastRoom:
    """How wide the lanes' texts are, and their numbers of calls."""
    labels = max((text_width(REASONS[lane.reason], size=LABEL_SIZE) for lane in lanes), default=0.0)
    return LeastRoom(labels=labels, calls=_numbers_width(lanes, ""), calls_above=_numbers_width(lanes, "call"))


def _numbers_width(lanes: Sequence[Lane], noun: str) -> float:
    widths = (text_width(_number(lane, noun), size=_FIGURE_SIZE) + counters_room(lane.failures) for lane in lanes)
    return max(widths, default=0.0)


def _number(lane: Lane, noun: str) -> str:
    """How many LLM calls, as rows have it, also where signs stand behind it for the failed ones."""
    count = len(lane.llm_calls)
    return f"{pluralize(count, noun) if noun else f'{count:,}'}{',' if lane.failures else ''}"


def lane_size(lane: Lane, axis: Axis, *, frame: Frame) -> RowSize:
    """The size of a lane: one of its own, or as the rows where those are stacked; higher where calls overlap.

    So that each is seen as those of rows are, up to so many at once.
    """
    size = STACKED if frame.size.stacked else LANE
    _, at_once = _stacked_bars(_bars(lane, axis.scale), within=_MOST_AT_ONCE * _PX_EACH)
    more = ceil(at_once * _PX_EACH - size.bar_height) if at_once > 1 else 0
    middle = size.upper if size.stacked else size.upper + more / 2
    return replace(size, height=size.height + more, bar_height=size.bar_height + more, upper=middle)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanesHead:
    """What stands above the lanes: its words, and their axis where it is not the rows'."""

    words: str
    says_axis: bool


def draw_lanes(lanes: Sequence[Lane], axis: Axis, *, head: LanesHead, frame: Frame, top: float) -> tuple[Markup, float]:
    """The lanes below their heading, and where they end."""
    begins = top + (_HEAD if head.says_axis else _HEAD_ON_CLOCK)
    sizes = [lane_size(lane, axis, frame=frame) for lane in lanes]
    *tops, bottom = accumulate((size.height for size in sizes), initial=begins)
    content = (
        _heading(head.words, axis if head.says_axis else None, frame=frame, top=top, bottom=begins),
        grid(axis, frame=frame, top=begins, bottom=bottom),
        *(
            _lane(lane, size, frame=frame, axis=axis, top=top)
            for lane, size, top in zip(lanes, sizes, tops, strict=True)
        ),
        rule(bottom, frame=frame),
    )
    return joined(content), bottom


def _heading(words: str, axis: Axis | None, *, frame: Frame, top: float, bottom: float) -> Markup:
    """What the lanes are, what their figures are, in the places of the rows' last two, and their own axis if any."""
    (_, before), (calls, last) = frame.headers[-2:]
    headers = [("sum of latencies", before), (calls, last)] if calls else []
    is_wide = text_width(words, size=_HEADING_SIZE) > frame.right - frame.margin
    shown = text(briefly(words) if is_wide else words)
    named = element("text", shown, class_="rl-label rl-heading", x=frame.margin, y=top + _HEADING)
    if axis is not None:
        return joined((named, axis_head(axis, headers, frame=frame, bottom=bottom)))
    return joined((named, figure_headers(headers, y=bottom - 10), rule(bottom, frame=frame)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """A call in whole px, or calls that would cover each other, and how much later it may have run."""

    left: int
    width: int
    late: LateStart


def _bars(lane: Lane, scale: Scale) -> Sequence[_Bar]:
    """The bars of the lane's LLM calls, in the order of their left edges.

    Of those that would cover each other to the pixel there are as many as have room above each other; of a lane with
    very many calls one, so that the picture does not grow with them.
    """
    bars: Counter[_Bar] = Counter()
    for call in sorted(lane.llm_calls, key=lambda call: extent_of_call(call)[0]):
        start, (begins, ends) = start_of(call), map(scale.x, extent_of_call(call))
        width = max(round(ends - begins), _MIN_WIDTH)
        late_ms = 0 if start.is_precise else start.precision_ms
        late = LateStart(is_precise=start.is_precise, ms=late_ms, px=late_ms * scale.px_per_ms)
        bars[_Bar(left=round(begins), width=width, late=late.in_bar(width))] += 1
    each = _MOST_AT_ONCE if len(lane.llm_calls) <= _VERY_MANY else 1
    return [bar for bar, count in bars.items() for _ in range(min(count, each))]


def lane_signs(lanes: Sequence[Lane], axis: Axis) -> frozenset[Sign]:
    """The signs that the lanes show."""
    starts = list(starts_in(lanes, axis))
    signs = {Sign.UNATTRIBUTED for _ in starts} | {Sign.WHISKER for start in starts if start.whisker_px}
    return frozenset(signs | {Sign[kind.name] for lane in lanes for kind, _ in lane.failures})


def starts_in(lanes: Sequence[Lane], axis: Axis) -> Iterator[LateStart]:
    """How much later each of the lanes' LLM calls may have begun than it is drawn."""
    return (bar.late for lane in lanes for bar in _bars(lane, axis.scale))


def _lane(lane: Lane, size: RowSize, *, frame: Frame, axis: Axis, top: float) -> Markup:
    """One lane: its reason, its calls, and at the right their time and number."""
    place = Box(x=frame.margin, y=top, width=_label_room(lane, frame), height=size.height)
    box = Box(x=frame.left, y=top + size.bar_top, width=frame.plot_width, height=size.bar_height)
    return element(
        "g",
        label_alone(REASONS[lane.reason], place, size=size, hover=lane.why),
        *_calls(lane, axis.scale, box),
        *_failed(lane, axis.scale, box, rise=size.marks_rise),
        _figures(lane, frame, y=top + size.upper),
        class_="rl-lane",
        role="img",
        aria_label=f"Without a request: {lane.count_words}, {lane.why}",
    )


def _label_room(lane: Lane, frame: Frame) -> float:
    """What a lane leaves its label: above its bar stands its number alone, and where rows have a figure it has room."""
    if not frame.size.stacked:
        return frame.labels_width
    return frame.right - frame.margin - GUTTER - _numbers_width([lane], "call")


def _stacked_bars(bars: Sequence[_Bar], *, within: float) -> tuple[Sequence[int], int]:
    """At which height each bar stands, the topmost that is free, and how many heights there are in so many px."""
    heights = lanes_of([(bar.left, bar.left + bar.width) for bar in bars], within=within, least=_MIN_HEIGHT)
    return heights, max(heights, default=0) + 1


def _calls(lane: Lane, scale: Scale, box: Box) -> Iterator[Markup]:
    """A bar for each call; see `_bars`."""
    shown = _bars(lane, scale)
    lanes, count = _stacked_bars(shown, within=box.height)
    boxes = lane_boxes(count, box)
    hover = title(_hover(lane))
    for bar, number in zip(shown, lanes, strict=True):
        x = min(max(bar.left, box.x), box.right - _MIN_WIDTH)
        shape = Box(x=x, y=boxes[number].y, width=min(bar.width, box.right - x), height=boxes[number].height)
        yield rectangle(shape, "rl-unattributed", hover)
        if bar.late.whisker_px:
            yield whisker(shape, bar.late.whisker_px)


def _failed(lane: Lane, scale: Scale, box: Box, *, rise: float) -> Iterator[Markup]:
    """A line for each attempt that failed, and its sign above it, as rows have them."""
    kinds = [(scale.x(start_of(call).earliest), failure_of_call(call.invocation)) for call in lane.calls]
    places = [(x, kind) for x, kind in kinds if kind is not None]
    hover = _hover(lane)
    yield from (failed_line(kind, x, box, hover=hover) for x, kind in dict.fromkeys(places))
    yield from (mark(sign.kind, sign.x, box.y - rise, count=sign.count) for sign in marks_at(places, limit=box.right))


def _hover(lane: Lane) -> str:
    """How many calls the lane has and why, and how late they may have run where that is known to the second."""
    vague = sum(not start_of(call).is_precise for call in lane.calls)
    which = "" if vague == len(lane.calls) else f"{vague:,} of them "
    late = f"; {which}may start and end up to 1 s later than drawn" if vague else ""
    return f"{lane.count_words} without a request: {lane.why}{late}"


def _figures(lane: Lane, frame: Frame, *, y: float) -> Markup:
    """Time and number in the last two columns; where there are two in all, the number alone with its noun."""
    (_, before), (column, last) = frame.figures[-2:]
    room = before - frame.left - frame.plot_width
    # What says how many are unknown stands over the duration's column, and gives way to the bars where it is wider.
    has_room = text_width(lane.latencies, size=_FIGURE_SIZE) <= room
    sums = lane.latencies if has_room else lane.latencies.partition(",")[0]
    ends = last - counters_room(lane.failures)
    words = [(_number(lane, ""), ends), (sums, before)] if column.header else [(_number(lane, "call"), ends)]
    shown = (element("text", text(each), class_="rl-label", x=right, y=y, text_anchor="end") for each, right in words)
    return joined((*shown, *counters(lane.failures, right=last, y=y)))
