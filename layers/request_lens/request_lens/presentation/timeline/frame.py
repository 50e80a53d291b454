"""The timeline's frame: its columns, its header, its time axis, and the SVG document around them."""

from collections.abc import Sequence
from dataclasses import dataclass

from request_lens.presentation.formatting import escaped
from request_lens.presentation.timeline.axis import Axis
from request_lens.presentation.timeline.shapes import DEFINITIONS, number, tag
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


def header(title: str, subtitle: str, *, frame: Frame) -> str:
    """Title and subtitle, shortened to the picture's width."""
    room = frame.width - 2 * frame.margin
    texts = [(title, "rl-title", _TITLE_SIZE, 46.0)]
    texts += [(subtitle, "rl-subtitle rl-muted", _SUBTITLE_SIZE, 70.0)] if subtitle else []
    return "".join(
        tag(
            "text",
            escaped(shortened(text, size=size, width=room, bold=size == _TITLE_SIZE)),
            class_=class_,
            x=frame.margin,
            y=y,
        )
        for text, class_, size, y in texts
    )


def bands(tops: Sequence[float], *, frame: Frame, height: float) -> str:
    """A faint band behind every other row, to lead the eye from its label to its bar."""
    width = frame.width - 2 * frame.margin
    return "".join(
        tag("rect", class_="rl-band", x=frame.margin, y=top, width=width, height=height) for top in tops[1::2]
    )


def time_axis(axis: Axis, *, frame: Frame, bottom: float) -> str:
    """What the axis counts from, then the time since, with a line down to `bottom` for each tick."""
    ticks = axis.scale.ticks(distance=_TICK_DISTANCE)
    lines = [tag("line", class_="rl-rule", x1=each.x, x2=each.x, y1=frame.top, y2=bottom) for each in ticks]
    words = axis.words if axis.is_shared else f"since {axis.words}"
    texts = [tag("text", words, class_="rl-muted", x=ticks[0].x, y=frame.top - 28)]
    texts += [tag("text", ticks[0].label, class_="rl-muted", x=ticks[0].x, y=frame.top - 10)]
    texts += [
        tag("text", each.label, class_="rl-muted", x=each.x, y=frame.top - 10, text_anchor="middle")
        for each in ticks[1:]
    ]
    edges = [
        tag("line", class_="rl-rule", x1=frame.margin, x2=frame.width - frame.margin, y1=y, y2=y)
        for y in (frame.top, bottom)
    ]
    return tag("g", "".join(lines + edges + texts), class_="rl-axis")


def picture(content: str, *, title: str, description: str, theme: Theme, size: tuple[float, float]) -> str:
    """The SVG document of that size in px around the content, with a title and a description for screen readers."""
    width, height = (number(each) for each in size)
    inner = (
        tag("title", escaped(title), id="rl-title")
        + tag("desc", escaped(description), id="rl-desc")
        + tag("style", style_sheet(theme))
        + DEFINITIONS
        + tag("rect", class_="rl-background", width="100%", height="100%", rx=8.0)
        + content
    )
    return tag(
        "svg",
        inner,
        xmlns="http://www.w3.org/2000/svg",
        class_="rl",
        width=width,
        height=height,
        viewBox=f"0 0 {width} {height}",
        role="img",
        aria_labelledby="rl-title rl-desc",
    )
