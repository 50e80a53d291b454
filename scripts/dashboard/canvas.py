"""What all widgets of the picture share: a box on the page, texts that fit, figures as a dashboard writes them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from request_lens.presentation.markup import Markup, element, joined, text
from request_lens.presentation.timeline.text import shortened, text_width
from request_lens.presentation.timeline.theme import Theme
from scripts.dashboard.body import Widget

UNIT_WIDTH, UNIT_HEIGHT, GAP = 60, 50, 8
"""Px of a unit of the grid, of which a dashboard is 24 wide, and between two widgets."""

PADDING, TITLE_HEIGHT, LINE_HEIGHT = 14, 34, 20
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 13, 12, 11

GROUND: Mapping[Theme, str] = {"light": "#f2f4f6", "dark": "#0b1016"}
"""The page behind the widgets."""

_STYLE = """
.d text { font-family: Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
 font-size: 12px; fill: %(text)s; font-variant-numeric: tabular-nums; }
.d .title { font-size: 13px; font-weight: 600; }
.d .small { font-size: 11px; }
.d .figure { font-size: 26px; font-weight: 500; }
.d .muted { fill: %(muted)s; }
.d .head { font-weight: 600; }
.d .card { fill: %(card)s; stroke: %(edge)s; }
.d .rule { stroke: %(rule)s; }
.d .line { fill: none; stroke-linejoin: round; }
.d .ok { fill: %(ok)s; }
.d .tile { fill: %(tile)s; stroke: %(tile_edge)s; }
.d .scroll { fill: %(scroll)s; }
"""
_COLORS: Mapping[Theme, Mapping[str, str]] = {
    "light": {
        "text": "#17212b",
        "muted": "#566370",
        "card": "#ffffff",
        "edge": "#d3dbe2",
        "rule": "#e3e9ee",
        "ok": "#1d7a4a",
        "tile": "#f2f8f4",
        "tile_edge": "#9cc9b0",
        "scroll": "#c3ccd4",
    },
    "dark": {
        "text": "#dde5ec",
        "muted": "#9fb0bf",
        "card": "#0f161e",
        "edge": "#2c3a47",
        "rule": "#22303c",
        "ok": "#6fcf9a",
        "tile": "#10231a",
        "tile_edge": "#2f6b4b",
        "scroll": "#46586a",
    },
}


def style(theme: Theme) -> Markup:
    """The picture's style sheet."""
    return Markup(_STYLE % _COLORS[theme])


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A rectangle of the page, in px."""

    x: float
    y: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.y + self.height


def card(widget: Widget, *, top: int) -> tuple[Markup, Area]:
    """The widget's frame with its title, and the area inside; `top` is the row of the grid at which the page begins."""
    x, y = widget.x * UNIT_WIDTH + GAP / 2, (widget.y - top) * UNIT_HEIGHT + GAP / 2
    width, height = widget.width * UNIT_WIDTH - GAP, widget.height * UNIT_HEIGHT - GAP
    frame = element("rect", class_="card", x=x, y=y, width=width, height=height, rx=8.0)
    inside = Area(x=x + PADDING, y=y + PADDING, width=width - 2 * PADDING, height=height - 2 * PADDING)
    if not widget.title:
        return frame, inside
    title = words(widget.title, inside.x, y + 22, width=inside.width, class_="title")
    inner = Area(x=inside.x, y=y + TITLE_HEIGHT, width=inside.width, height=height - TITLE_HEIGHT - PADDING)
    return joined((frame, title)), inner


def words(content: str, x: float, y: float, *, width: float, class_: str = "") -> Markup:
    """A text that begins at x on the base line y, shortened where it may be wider than that."""
    size = {"title": TITLE_SIZE, "small": SMALL_SIZE}.get(class_, TEXT_SIZE)
    shown = shortened(content, size=size, width=width, bold=class_ == "title")
    return element("text", text(shown), class_=class_, x=x, y=y)


def fits(widget: Widget) -> bool:
    """Whether the widget's title is shown whole."""
    width = widget.width * UNIT_WIDTH - GAP - 2 * PADDING
    return text_width(widget.title, size=TITLE_SIZE, bold=True) <= width


def lines(content: str, *, width: float) -> Iterator[str]:
    """The text in lines that are no wider than that, broken between words."""
    line = ""
    for word in content.split():
        longer = f"{line} {word}".strip()
        if line and text_width(longer, size=TEXT_SIZE) > width:
            yield line
            longer = word
        line = longer
    yield line


def figure(value: float | None) -> str:
    """A number in a few digits: 0.0053, 4.82, 335, 1.01M; `--` where there is none."""
    if value is None:
        return "--"
    for least, letter in ((1e6, "M"), (1e4, "k")):
        if abs(value) >= least:
            return f"{value / (1e6 if letter == 'M' else 1e3):.3g}{letter}"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}" if abs(value) >= 0.01 else f"{value:.2g}"
