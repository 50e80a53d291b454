"""The time axis: from moments to px, where its ticks are, and where each request begins on it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Bar, Summary
from request_lens.presentation.formatting import moment_text
from request_lens.presentation.timeline.text import text_width

_MS = timedelta(milliseconds=1)
_SECOND_MS, _MINUTE_MS, _HOUR_MS, _DAY_MS = 1000, 60_000, 3_600_000, 86_400_000

_STEPS_MS = (
    *(1, 2, 5, 10, 20, 50, 100, 200, 500),
    *(_SECOND_MS * count for count in (1, 2, 5, 10, 20, 30)),
    *(_MINUTE_MS * count for count in (1, 2, 5, 10, 20, 30)),
    *(_HOUR_MS * count for count in (1, 2, 3, 6, 12)),
    *(_DAY_MS * count for count in (1, 2, 7, 14, 28, 91, 364, 3640)),
)
_UNITS = ((_DAY_MS, "d"), (_HOUR_MS, "h"), (_MINUTE_MS, "min"), (_SECOND_MS, "s"), (1, "ms"))
_MIN_SPAN_MS = 5
_SHARE, _OUTLIER, _CUT_AT = 0.9, 4.0, 1.5
_TICK_CELLS, _MIN_TICK_CELLS, _MIN_TICKS = 10, 5, 3
_LABEL_SIZE = 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark of the axis: where it stands in px, and how far from the origin, in words."""

    x: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The axis: `origin` stands at `left` px, `span_ms` later at `left + width`.

    Where `only_origin` is known, as of requests without a duration, no time since is marked on it.
    """

    origin: datetime
    span_ms: float
    left: float
    width: float
    only_origin: bool = False

    @property
    def right(self) -> float:
        """The axis's end in px."""
        return self.left + self.width

    @property
    def px_per_ms(self) -> float:
        """How many px a millisecond takes."""
        return self.width / self.span_ms

    def x(self, moment: datetime) -> float:
        """Where a moment stands, in px."""
        return self.left + (moment - self.origin) / _MS * self.px_per_ms

    def ticks(self, *, distance: float) -> tuple[Tick, ...]:
        """Round times from the origin on, at least `distance` px apart, all in one unit."""
        if self.only_origin:
            return (Tick(x=self.left, label=_tick_label(0, _unit_of(_SECOND_MS, 0))),)
        step = next((step for step in _STEPS_MS if step * self.px_per_ms >= distance), _STEPS_MS[-1])
        times = [at * step for at in range(int(self.span_ms // step) + 1)]
        unit = _unit_of(step, times[-1])
        return tuple(Tick(x=self.left + at * self.px_per_ms, label=_tick_label(at, unit)) for at in times)


class AxisKind(StrEnum):
    """Where a request begins: each at the left, to compare how long they took, or when it did by the clock."""

    OWN = "own"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One scale for all requests; by the clock they share its origin too, else each begins at its left."""

    scale: Scale
    kind: AxisKind

    def of(self, begins: datetime) -> Scale:
        """The scale of a request that begins then."""
        return self.scale if self.kind is AxisKind.CLOCK else replace(self.scale, origin=begins)

    @property
    def origin_text(self) -> str:
        """What the axis counts from."""
        return moment_text(self.scale.origin) if self.kind is AxisKind.CLOCK else "each request's own start"


def axis_of(
    extents: Sequence[tuple[datetime, datetime]], *, left: float, width: float, kind: AxisKind = AxisKind.OWN
) -> Axis:
    """The axis of these extents, at least one.

    Where each begins at the left, an outlier does not flatten the others: what takes more than four times as long as
    nine of ten runs over the axis, which then ends at one and a half times as long as those.
    """
    scale = scale_of(extents, left=left, width=width)
    if kind is AxisKind.OWN:
        lengths = [(ends - begins) / _MS for begins, ends in extents]
        scale = replace(scale, span_ms=_own_span(lengths), only_origin=not any(lengths))
    return Axis(scale=scale, kind=kind)


def _own_span(lengths: Sequence[float]) -> float:
    ordered = sorted(lengths)
    # By nearest rank, and without the longest itself: of up to ten requests one may be the outlier.
    p90 = ordered[max(ceil(len(ordered) * _SHARE) - 1, 0)] if len(ordered) > 10 else ordered[max(len(ordered) - 2, 0)]
    longest = ordered[-1]
    return max(p90 * _CUT_AT if p90 and longest > p90 * _OUTLIER else longest, _MIN_SPAN_MS)


def scale_of(extents: Sequence[tuple[datetime, datetime]], *, left: float, width: float) -> Scale:
    """The axis that holds all extents, at least one: it begins at the whole second before the first.

    Where all is over within two seconds it begins at the first extent itself.
    """
    first, last = min(begins for begins, _ in extents), max(ends for _, ends in extents)
    origin = first if last - first < timedelta(seconds=2) else first.replace(microsecond=0)
    span_ms = max((last - origin) / _MS, _MIN_SPAN_MS)
    return Scale(origin=origin, span_ms=span_ms, left=left, width=width, only_origin=first == last)


def extent_of(request: Request, summary: Summary | None) -> tuple[datetime, datetime]:
    """From a request's start to its response or, where that is unknown, to the end of its last known call."""
    if request.duration_ms is not None:
        return request.started_at, request.started_at + max(request.duration_ms, 0) * _MS
    reached_ms = max(_ends_ms(summary.bars if summary else ()), default=0)
    return request.started_at, request.started_at + reached_ms * _MS


def _ends_ms(bars: Iterable[Bar]) -> Iterator[int]:
    return (max(bar.offset_ms, 0) + (bar.latency_ms or 0) for bar in bars)


def _unit_of(step_ms: float, last_ms: float) -> tuple[int, str]:
    """The greatest unit of which a step has one; seconds, too, where the last tick has one."""
    return next(unit for unit in _UNITS if step_ms >= unit[0] or last_ms >= unit[0] == _SECOND_MS)


def _tick_label(at_ms: int, unit: tuple[int, str]) -> str:
    unit_ms, name = unit
    return f"{'+' if at_ms else ''}{at_ms / unit_ms:,.9g} {name}"


def with_room(ticks: Sequence[Tick], *, right: float) -> Sequence[Tick]:
    """The ticks, each where the middle of its label stands, as near to its line as what begins at the right lets it.

    The last is left out where it has no room at its own line, and another one says the scale.
    """
    halves = [text_width(tick.label, size=_LABEL_SIZE) / 2 for tick in ticks]
    if len(ticks) > 1 and ticks[-1].x + halves[-1] > right:
        return ticks[:-1]
    return [replace(tick, x=min(tick.x, right - half)) for tick, half in zip(ticks, halves, strict=True)]


def ruler(scale: Scale) -> str:
    """The axis's labels in cells, its px: at least three ticks, each beginning where it stands.

    Where no round times have room for that, its begin, middle and end; else what there is room for.
    """
    if scale.only_origin:
        return scale.ticks(distance=_TICK_CELLS)[0].label
    for distance in range(_TICK_CELLS, _MIN_TICK_CELLS - 1, -1):
        ticks = [(round(tick.x), tick.label) for tick in scale.ticks(distance=distance)]
        if (text := _in_cells(ticks, scale)).count("+") >= _MIN_TICKS - 1:
            return text
    cells, unit = round(scale.width), _unit_of(scale.span_ms / 2, scale.span_ms)
    middle, end = (_about(scale.span_ms * part, unit) for part in (1 / 2, 1))
    begin, last = (0, _tick_label(0, unit)), (cells - len(end), end)
    whole = _in_cells([begin, ((cells - len(middle)) // 2, middle), last], scale)
    return whole or _in_cells([begin, last], scale) or begin[1]


def _about(at_ms: float, unit: tuple[int, str]) -> str:
    """Such a time in two digits."""
    return f"+{float(f'{at_ms / unit[0]:.2g}'):,.9g} {unit[1]}"


def _in_cells(labels: Sequence[tuple[int, str]], scale: Scale) -> str:
    """The labels, each in its cell, without one that would go over the end; empty where two would touch."""
    text = ""
    for at, label in labels:
        if text and at <= len(text):
            return ""
        if at + len(label) <= scale.width:
            text = text.ljust(at) + label
    return text
