"""The timeline's frame: its columns, its header, its time axis, and the SVG document around them."""

from collections.abc import Sequence
from dataclasses import dataclass

from request_lens.presentation.markup import Markup, element, joined, number, text
from request_lens.presentation.timeline.axis import Axis, AxisKind
from request_lens.presentation.timeline.shapes import DEFINITIONS
from request_lens.presentation.timeline.text import shortened
from request_lens.presentation.timeline.theme import Theme, style_sheet

DEFAULT_WIDTH = 1200
_MIN_WIDTH, _TITLE_SIZE, _SUBTITLE_SIZE = 520, 20.0, 13.0
_MARGIN = 28.0
_COLUMN_GAP = 22.0
_NOUN_GAP = 4.0
_TICK_DISTANCE = 72.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """How wide the texts are, in px: labels at the left, figures and what they count at the right."""

    labels: float
    figures: float
    nouns: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where the columns stand in px: labels at `margin`, the plot from `left`; rows from `top`.

    At the right figures end at `figures_right` and what they count begins at `nouns_left`.
    """

    width: float
    margin: float
    labels_width: float
    left: float
    plot_width: float
    figures_right: float
    nouns_left: float
    top: float


def frame_of(columns: Columns, *, width: int, subtitle: bool) -> Frame:
    """The frame that leaves the plot all that the texts do not need."""
    whole = max(width, _MIN_WIDTH)
    left = _MARGIN + columns.labels + _COLUMN_GAP
    nouns_left = whole - _MARGIN - columns.nouns
    figures_right = nouns_left - _NOUN_GAP
    return Frame(
        width=whole,
        margin=_MARGIN,
        labels_width=columns.labels,
        left=left,
        plot_width=figures_right - columns.figures - _COLUMN_GAP - left,
        figures_right=figures_right,
        nouns_left=nouns_left,
        top=_MARGIN + (104 if subtitle else 82),
    )


def header(title: str, subtitle: str, *, frame: Frame) -> Markup:
    """Title and subtitle, shortened to the picture's width."""
    room = frame.width - 2 * frame.margin
    texts = [(title, "rl-title", _TITLE_SIZE, 46.0)]
    texts += [(subtitle, "rl-subtitle rl-muted", _SUBTITLE_SIZE, 70.0)] if subtitle else []
    shown = (
        (shortened(words, size=size, width=room, bold=size == _TITLE_SIZE), class_, y)
        for words, class_, size, y in texts
    )
    return joined(element("text", text(words), class_=class_, x=frame.margin, y=y) for words, class_, y in shown)


def bands(tops: Sequence[float], *, frame: Frame, height: float) -> Markup:
    """A faint band behind every other row, to lead the eye from its label to its bar."""
    width = frame.width - 2 * frame.margin
    return joined(
        element("rect", class_="rl-band", x=frame.margin, y=top, width=width, height=height) for top in tops[1::2]
    )


def time_axis(axis: Axis, *, frame: Frame, bottom: float) -> Markup:
    """What the axis counts from, then the time since, with a line down to `bottom` for each tick."""
    first, *others = ticks = axis.scale.ticks(distance=_TICK_DISTANCE)
    lines = [element("line", class_="rl-rule", x1=tick.x, x2=tick.x, y1=frame.top, y2=bottom) for tick in ticks]
    edges = [
        element("line", class_="rl-rule", x1=frame.margin, x2=frame.width - frame.margin, y1=y, y2=y)
        for y in (frame.top, bottom)
    ]
    origin = axis.origin_text if axis.kind is AxisKind.CLOCK else f"since {axis.origin_text}"
    texts = [
        element("text", text(origin), class_="rl-muted", x=first.x, y=frame.top - 28),
        element("text", text(first.label), class_="rl-muted", x=first.x, y=frame.top - 10),
    ]
    texts += [
        element("text", text(tick.label), class_="rl-muted", x=tick.x, y=frame.top - 10, text_anchor="middle")
        for tick in others
    ]
    return element("g", *lines, *edges, *texts, class_="rl-axis")


def picture(content: Markup, *, title: str, description: str, theme: Theme, size: tuple[float, float]) -> Markup:
    """The SVG document of that size in px around the content, with a title and a description for screen readers."""
    width, height = map(number, size)
    return element(
        "svg",
        element("title", text(title), id="rl-title"),
        element("desc", text(description), id="rl-desc"),
        element("style", style_sheet(theme)),
        DEFINITIONS,
        element("rect", class_="rl-background", width="100%", height="100%", rx=8.0),
        content,
        xmlns="http://www.w3.org/2000/svg",
        class_="rl",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby="rl-title rl-desc",
    )
