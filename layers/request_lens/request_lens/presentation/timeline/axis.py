"""The time axis: from moments to px, where its ticks are, and where each request begins on it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from math import ceil

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Bar, Summary
from request_lens.domain.times import EPOCH
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
_TICK_DISTANCE, _NEAR = 84.0, 68.0
TICK_SIZE = 12.0
"""Px of the labels of ticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark of the axis: where it stands in px, and how far from the origin, or when by the clock.

    `of` is what the label leaves out: its day, or the year of a label that has a day, and that it is UTC.
    """

    x: float
    label: str
    of: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """The axis: `origin` stands at `left` px, `span_ms` later at `left + width`.

    Where `only_origin` is known, as of requests without a duration, no time since is marked on it. `by_clock` it has
    the round times of the clock, in UTC; else those since the origin.
    """

    origin: datetime
    span_ms: float
    left: float
    width: float
    only_origin: bool = False
    by_clock: bool = False

    @property
    def right(self) -> float:
        """The axis's end in px."""
        return self.left + self.width

    @property
    def ends(self) -> datetime:
        """The moment at its end."""
        return self.origin + self.span_ms * _MS

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
            return (self._tick(0, _SECOND_MS, 0),)
        step = next((step for step in _STEPS_MS if step * self.px_per_ms >= distance), _STEPS_MS[-1])
        # Where no round time of the clock is on the axis, its begin is all there is to say.
        first = -((self.origin - EPOCH) // _MS) % step if self.by_clock else 0
        times = range(first, int(self.span_ms) + 1, step) or range(1)
        return tuple(self._tick(at, step, times[-1]) for at in times)

    def _tick(self, at_ms: int, step_ms: int, last_ms: int) -> Tick:
        label = self.label(at_ms, step_ms, last_ms)
        of = _left_out(self.origin.astimezone(UTC) + at_ms * _MS, label) if self.by_clock else ""
        return Tick(x=self.left + at_ms * self.px_per_ms, label=label, of=of)

    def label(self, at_ms: int, step_ms: float, last_ms: float) -> str:
        """A time so long after the origin, as exact as such steps are; the last one may need a longer unit."""
        if not self.by_clock:
            return _tick_label(at_ms, unit_of(step_ms, last_ms))
        origin, last, moment = (self.origin.astimezone(UTC) + ms * _MS for ms in (0, last_ms, at_ms))
        return _clock_label(moment, step_ms, has_day=origin.date() != last.date())


class AxisKind(StrEnum):
    """Where a request begins: each at the left, to compare how long they took, or when it did by the clock."""

    OWN = "own"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One scale for all requests; by the clock they share its origin too, else each begins at its left."""

    scale: Scale
    kind: AxisKind
    of_one: bool = False

    def of(self, begins: datetime) -> Scale:
        """The scale of a request that begins then."""
        return self.scale if self.kind is AxisKind.CLOCK else replace(self.scale, origin=begins)

    @property
    def ticks(self) -> Sequence[Tick]:
        """Its ticks in a picture: nearer to each other where all labels are short times of the clock."""
        near = self.scale.ticks(distance=_NEAR)
        are_short = all(text_width(tick.label, size=TICK_SIZE) < _NEAR for tick in near)
        return near if self.scale.by_clock and are_short else self.scale.ticks(distance=_TICK_DISTANCE)

    @property
    def origin_text(self) -> str:
        """What the axis counts from."""
        if self.kind is AxisKind.CLOCK:
            return moment_text(self.scale.origin)
        return "the request's start" if self.of_one else "each request's own start"


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
    return Axis(scale=replace(scale, by_clock=kind is AxisKind.CLOCK), kind=kind, of_one=len(extents) == 1)


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


def unit_of(step_ms: float, last_ms: float) -> tuple[int, str]:
    """The greatest unit of which a step has one; seconds, too, where the last tick has one."""
    return next(unit for unit in _UNITS if step_ms >= unit[0] or last_ms >= unit[0] == _SECOND_MS)


def _tick_label(at_ms: int, unit: tuple[int, str]) -> str:
    unit_ms, name = unit
    return f"{'+' if at_ms else ''}{at_ms / unit_ms:,.9g} {name}"


def _left_out(moment: datetime, label: str) -> str:
    day = f"{moment:%Y-%m-%d} UTC"
    if "-" not in label:
        return day
    return "UTC" if label in day else f"{moment:%Y} UTC"


def _clock_label(moment: datetime, step_ms: float, *, has_day: bool) -> str:
    """A moment by the clock, as exact as such steps are, with its day where hours of several are shown."""
    if step_ms >= _DAY_MS:
        return f"{moment:%Y-%m-%d}"
    if step_ms >= _HOUR_MS and has_day:
        return f"{moment:%m-%d %H:%M}"
    if step_ms >= _MINUTE_MS:
        return f"{moment:%H:%M}"
    digits = sum(step_ms < each for each in (_SECOND_MS, 100, 10))
    return f"{moment:%H:%M:%S.%f}"[: len("18:27:02.") + digits].removesuffix(".")
