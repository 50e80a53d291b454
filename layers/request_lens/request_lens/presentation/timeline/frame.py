"""The timeline's frame: its columns, its header, and the lines and bands that lead the eye."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from request_lens.presentation.markup import Markup, element, joined, text
from request_lens.presentation.timeline.figures import (
    COLUMN_GAP,
    FigureColumn,
    LeastRoom,
    figure_columns,
    figure_widths,
)
from request_lens.presentation.timeline.labels import label_width, least_label_width, needs_own_line
from request_lens.presentation.timeline.row import RowSize, TimelineRow, heightened, row_size
from request_lens.presentation.timeline.text import broken_at_commas, shortened, text_width

DEFAULT_WIDTH = 1200
STACKED_BELOW = 640
"""Px of width below which a row's bar stands under its texts: beside them it would be too short to be read."""

_MIN_PLOT = 0.4
"""The share of a picture that ids leave its bars; in a narrow one all texts do, or the bars stand below them."""

_LLM_TIME_FROM = 520
"""Px of width from which rows above their bars have room for LLM time; in narrower ones it is heard, not seen."""

_MIN_WIDTH, _TITLE_SIZE, _SUBTITLE_SIZE = 340, 20.0, 13.0
_NARROW_BELOW = 900
GUTTER = 22.0
"""Px between the bars and what stands beside them."""

_MIN_LABELS, _MAX_LABELS, _LABELS_SHARE = 120.0, 352.0, 0.36
_UNTITLED = 6.0
_HEADER_LINE, AXIS_HEIGHT = 24.0, 52.0
_SEPARATOR, _MAX_LINES = " · ", 7
_NO_LANES = LeastRoom()
AXIS_AGAIN = 28.0
"""Px above the rows that the axis takes where it is said again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeaderLine:
    """One line above the picture, as it is set."""

    text: str
    class_: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where the columns stand in px: labels at `margin`, the plot from `left`; the first row from `top`.

    `details_width` is the room of what stands on the figures' line. `figures` are the columns at the right, each with
    its right edge.
    """

    width: float
    margin: float
    labels_width: float
    details_width: float
    left: float
    plot_width: float
    figures: tuple[tuple[FigureColumn, float], ...]
    size: RowSize
    top: float

    @property
    def headers(self) -> Sequence[tuple[str, float]]:
        """What stands above each figure, and its right edge."""
        return [(column.header, right) for column, right in self.figures]

    @property
    def right(self) -> float:
        """Where the last column ends."""
        return self.width - self.margin


def frame_of(
    rows: Sequence[TimelineRow], header: Sequence[HeaderLine], *, width: int, least: LeastRoom = _NO_LANES
) -> Frame:
    """The frame that leaves the plot all that the texts of these rows and of lanes do not need, below the header."""
    whole, margin = _width_and_margin(width)
    top = _above(header, margin) - 6 + len(header) * _HEADER_LINE + AXIS_HEIGHT
    if whole < STACKED_BELOW:
        size = row_size(len(rows), stacked=True, wide=whole >= _LLM_TIME_FROM)
        return _stacked(rows, size, width=whole, top=top, least=least)
    beside = _beside(rows, width=whole, top=top, least=least)
    if whole >= _NARROW_BELOW or beside.plot_width >= whole * _MIN_PLOT:
        return beside
    return _stacked(rows, row_size(len(rows), stacked=True, wide=True), width=whole, top=top, least=least)


def _beside(rows: Sequence[TimelineRow], *, width: float, top: float, least: LeastRoom) -> Frame:
    """The frame whose bars stand between labels and figures."""
    size, margin = row_size(len(rows), stacked=False), margin_of(width)
    figures, figures_left = _figures(rows, size, right=width - margin, least=least.calls)
    # Ids take what the bars need not, and room for their first characters: a label may take more.
    spare = figures_left - 2 * GUTTER - margin - _MIN_PLOT * width
    of_rows = least_label_width(rows, size)
    needed = label_width(rows, size, room=min(max(spare, of_rows), _MAX_LABELS))
    labels = max(_labels_width(max(needed, least.labels), whole=width), min(of_rows, _MAX_LABELS))
    left = margin + labels + GUTTER
    return Frame(
        width=width,
        margin=margin,
        labels_width=labels,
        details_width=labels,
        left=left,
        plot_width=figures_left - GUTTER - left,
        figures=figures,
        size=size,
        top=top,
    )


def _stacked(rows: Sequence[TimelineRow], size: RowSize, *, width: float, top: float, least: LeastRoom) -> Frame:
    """The frame whose bars stand under the texts; a label that has no room beside its figures has its own line."""
    margin = margin_of(width)
    figures, figures_left = _figures(rows, size, right=width - margin, least=least.calls_above)
    room = figures_left - GUTTER - margin
    is_high = needs_own_line(rows, size, width=room)
    return Frame(
        width=width,
        margin=margin,
        labels_width=width - 2 * margin if is_high else room,
        details_width=room,
        left=margin,
        plot_width=width - 2 * margin,
        figures=figures,
        size=heightened(size) if is_high else size,
        top=top,
    )


def _figures(
    rows: Sequence[TimelineRow], size: RowSize, *, right: float, least: float
) -> tuple[tuple[tuple[FigureColumn, float], ...], float]:
    """The columns at the right with their right edges, and where the first begins."""
    columns = figure_columns(size, cost=any(row.shows_cost for row in rows))
    widths = figure_widths(rows, columns, size, least=least)
    figures = _edges(columns, widths, right=right)
    return figures, figures[0][1] - widths[0]


def _above(header: Sequence[HeaderLine], margin: float) -> float:
    """The room above the header: less without a title, where what holds the picture has one."""
    return margin if any(line.class_ == "rl-title" for line in header) else min(margin, _UNTITLED)


def _width_and_margin(width: int) -> tuple[float, float]:
    whole = max(width, _MIN_WIDTH)
    return whole, margin_of(whole)


def margin_of(whole: float) -> float:
    """What a picture of that width leaves free at its left and at its right."""
    return 28.0 if whole >= _NARROW_BELOW else 16.0


def _labels_width(needed: float, *, whole: float) -> float:
    return min(max(_MIN_LABELS, needed), _MAX_LABELS, max(whole * _LABELS_SHARE, _MIN_LABELS))


def _edges(
    columns: Sequence[FigureColumn], widths: Sequence[float], *, right: float
) -> tuple[tuple[FigureColumn, float], ...]:
    """Each column with its right edge; the last one's is `right`."""
    from_right = accumulate(widths[:0:-1], lambda reached, width: reached + width + COLUMN_GAP, initial=0.0)
    edges = [right - distance for distance in from_right][::-1]
    return tuple(zip(columns, edges, strict=True))


def header_lines(title: str, subtitle: str, *, width: int) -> Sequence[HeaderLine]:
    """The title, and the subtitle in as many lines as it needs, up to seven; none of what is empty.

    A line ends between two parts of the subtitle; in one that is wider than the picture, at a comma.
    """
    whole, margin = _width_and_margin(width)
    room = whole - 2 * margin
    named = [HeaderLine(text=shortened(title, size=_TITLE_SIZE, width=room, bold=True), class_="rl-title")]
    lines: list[str] = []
    for part in subtitle.split(_SEPARATOR):
        longer = _SEPARATOR.join([*lines[-1:], part])
        if lines and text_width(longer, size=_SUBTITLE_SIZE) <= room:
            lines[-1] = longer
        else:
            lines += broken_at_commas(part, size=_SUBTITLE_SIZE, width=room)
    lines = [*lines[: _MAX_LINES - 1], " ".join(lines[_MAX_LINES - 1 :])]
    shown = [shortened(line, size=_SUBTITLE_SIZE, width=room) for line in lines if line]
    return [*(named if title else []), *(HeaderLine(text=line, class_="rl-subtitle rl-muted") for line in shown)]


def header(lines: Sequence[HeaderLine], *, frame: Frame) -> Markup:
    """Title and subtitle."""
    above = _above(lines, frame.margin)
    return joined(
        element("text", text(line.text), class_=line.class_, x=frame.margin, y=above + 18 + at * _HEADER_LINE)
        for at, line in enumerate(lines)
    )


def bands(tops: Sequence[float], *, frame: Frame, height: float) -> Markup:
    """A faint band from each of these tops, to lead the eye from a row's label to its bar."""
    width = frame.right - frame.margin
    return joined(element("rect", class_="rl-band", x=frame.margin, y=top, width=width, height=height) for top in tops)


def rule(y: float, *, frame: Frame) -> Markup:
    """A line across the whole picture."""
    return element("line", class_="rl-rule", x1=frame.margin, x2=frame.right, y1=y, y2=y)
