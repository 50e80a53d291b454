"""What all widgets of the picture share: a box on the page, texts that fit, figures as a dashboard writes them."""

from collections.abc import Iterator
from dataclasses import dataclass

from request_lens.presentation.markup import Markup, element, joined, text
from request_lens.presentation.timeline.text import shortened, text_width
from scripts.dashboard.body import Widget

UNIT_WIDTH, UNIT_HEIGHT, GAP = 60, 50, 8
"""Px of a unit of the grid, of which a dashboard is 24 wide, and between two widgets."""

PADDING, TITLE_HEIGHT, LINE_HEIGHT = 14, 34, 20
TITLE_SIZE, TEXT_SIZE, SMALL_SIZE = 13, 12, 11

STYLE = Markup("""
.d text { font-family: Inter, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
 font-size: 12px; fill: #17212b; font-variant-numeric: tabular-nums; }
.d .title { font-size: 13px; font-weight: 600; }
.d .small { font-size: 11px; }
.d .figure { font-size: 26px; font-weight: 500; }
.d .muted { fill: #566370; }
.d .head { font-weight: 600; }
.d .card { fill: #ffffff; stroke: #d3dbe2; }
.d .rule { stroke: #e3e9ee; }
.d .line { fill: none; stroke-linejoin: round; }
.d .ok { fill: #1d7a4a; }
.d .tile { fill: #f2f8f4; stroke: #9cc9b0; }
""")


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
