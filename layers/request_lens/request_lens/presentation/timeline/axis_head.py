"""The time axis as it is drawn: its labels and their days above the rows, and a line down from each label."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from request_lens.presentation.markup import NOTHING, Markup, element, joined, number, text
from request_lens.presentation.timeline.axis import TICK_SIZE, Axis, AxisKind, Tick
from request_lens.presentation.timeline.figures import figure_headers
from request_lens.presentation.timeline.frame import GUTTER, Frame, rule
from request_lens.presentation.timeline.text import text_width

_GAP, _YEAR = 4.0, len("2025-")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedTick:
    """A tick whose label has room: where its line stands, and the middle of its label."""

    tick: Tick
    middle: float

    @property
    def left(self) -> float:
        """Where the label begins."""
        return self.middle - text_width(self.tick.label, size=TICK_SIZE) / 2


def with_room(ticks: Sequence[Tick], *, left: float, right: float) -> Sequence[PlacedTick]:
    """The ticks whose labels have room, each in the middle of its line.

    The last, and the first, is left out where it has no room there; the only one that says the scale is moved.
    """
    halves = [text_width(tick.label, size=TICK_SIZE) / 2 for tick in ticks]
    if len(ticks) > 1 and ticks[-1].x + halves[-1] > right:
        return with_room(ticks[:-1], left=left, right=right)
    if len(ticks) > 1 and ticks[0].x - halves[0] < left:
        return with_room(ticks[1:], left=left, right=right)
    middles = [max(min(tick.x, right - half), left + half) for tick, half in zip(ticks, halves, strict=True)]
    return [PlacedTick(tick=tick, middle=middle) for tick, middle in zip(ticks, middles, strict=True)]


def days_of(shown: Sequence[PlacedTick], *, right: float) -> Iterator[tuple[float, str]]:
    """Where which day stands above the labels: each above its first one, beginning with it.

    Where a day has no room before the next, it is that of the month alone: the next has year and zone.
    """
    firsts = [*shown[:1], *(after for before, after in pairwise(shown) if before.tick.of != after.tick.of)]
    lefts = [min(first.left, right - text_width(first.tick.of, size=TICK_SIZE)) for first in firsts]
    for first, x, end in zip(firsts, lefts, [*lefts[1:], right + _GAP], strict=True):
        has_room = x + text_width(first.tick.of, size=TICK_SIZE) + _GAP <= end + 1e-6
        yield x, first.tick.of if has_room else first.tick.of[_YEAR:].removesuffix(" UTC")


def _placed(axis: Axis, frame: Frame) -> Sequence[PlacedTick]:
    """The axis's labels; of one that counts, without the first, which stands at its left."""
    ticks = axis.ticks if axis.kind is AxisKind.CLOCK else axis.ticks[1:]
    # The only label that says the scale may come nearer to the figures: further left it may meet the first.
    beyond = 0 if len(ticks) > 1 and any(header for header, _ in frame.headers) else GUTTER / 2
    # Beside the bars' left end nothing stands in the axis's line.
    return with_room(ticks, left=frame.margin, right=frame.left + frame.plot_width + beyond)


def grid(axis: Axis, *, frame: Frame, top: float, bottom: float) -> Markup:
    """A line down from each label of the axis, and from where it counts from."""
    begins = () if axis.kind is AxisKind.CLOCK else (axis.scale.left,)
    xs = (*begins, *(placed.tick.x for placed in _placed(axis, frame)))
    return element("path", class_="rl-rule", d="".join(f"M{number(x)} {number(top)}V{number(bottom)}" for x in xs))


def axis_head(
    axis: Axis, headers: Sequence[tuple[str, float]], *, frame: Frame, bottom: float, again: bool = False
) -> Markup:
    """The axis's times by the clock and their days, or what it counts from and the time since; what the figures are.

    It ends at `bottom`. Where it is said again, the days, or what it counts from, are left out.
    """
    shown, left = _placed(axis, frame), axis.scale.left
    if axis.kind is AxisKind.CLOCK:
        above, first = list(days_of(shown, right=frame.right)), NOTHING
    else:
        above = [(left, f"since {axis.origin_text}")]
        first = element("text", text(axis.ticks[0].label), class_="rl-muted", x=left, y=bottom - 10)
    labels = (
        element("text", text(each.tick.label), class_="rl-muted", x=each.middle, y=bottom - 10, text_anchor="middle")
        for each in shown
    )
    return element(
        "g",
        *(element("text", text(words), class_="rl-muted", x=x, y=bottom - 28) for x, words in above if not again),
        first,
        joined(labels),
        figure_headers(headers, y=bottom - 10),
        rule(bottom, frame=frame),
        class_="rl-axis",
        aria_hidden="true",
    )
