"""The widgets without axes: alarms, key figures, texts, tables."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from request_lens.presentation.markup import Markup, element, joined
from request_lens.presentation.timeline.text import shortened_in_the_middle, text_width
from scripts.dashboard.canvas import LINE_HEIGHT, TEXT_SIZE, Area, figure, lines, words
from scripts.dashboard.log_query import Row
from scripts.dashboard.metric_math import Series

_MARKS = re.compile(r"\*\*|`|(?<!\w)\*|\*(?!\w)")
_TILE_HEIGHT, _TILE_GAP = 46, 8
_COLUMN_GAP, _SCROLL_BAR, _BETWEEN_ROWS = 14, 12, 6
ROW_HEIGHT = 28
"""Px of a row of a table, and of its headings."""


def alarms(names: Sequence[str], area: Area, *, columns: int = 6) -> Markup:
    """A tile for each alarm, all of them well."""
    width = (area.width - _TILE_GAP * (columns - 1)) / columns
    return joined(_alarm(name, number, area, columns=columns, width=width) for number, name in enumerate(names))


def _alarm(name: str, number: int, area: Area, *, columns: int, width: float) -> Markup:
    x = area.x + number % columns * (width + _TILE_GAP)
    y = area.y + number // columns * (_TILE_HEIGHT + _TILE_GAP)
    tile = element("rect", class_="tile", x=x, y=y, width=width, height=_TILE_HEIGHT, rx=6.0)
    label = words(name, x + 6, y + 19, width=width - 8, class_="small")
    return joined((tile, label, words("✓ OK", x + 6, y + 37, width=width - 8, class_="ok")))


def figures(shown: Sequence[Series], area: Area) -> Markup:
    """Each series as one number with its label, from left to right."""
    width = area.width / max(len(shown), 1)
    return joined(_figure(each, area, x=area.x + width * number, width=width) for number, each in enumerate(shown))


def _figure(each: Series, area: Area, *, x: float, width: float) -> Markup:
    value = next(iter(each.points.values()), None)
    middle = area.y + area.height / 2
    number = element("text", Markup(figure(value)), class_="figure", x=x, y=middle, style=_ink(each.color))
    labels = lines(each.label, width=width - 8)
    label = (words(line, x, middle + 22 + 15 * at, width=width - 4, class_="muted") for at, line in enumerate(labels))
    return joined((number, *label))


def _ink(color: str) -> str:
    return f"fill:{color}" if color else ""


def note(markdown: str, area: Area) -> Markup:
    """A text without its marks, in lines; rows of a table in columns."""
    y, drawn = area.y + 10.0, list[Markup]()
    paragraphs = markdown.split("\n\n")
    for paragraph in paragraphs:
        rows = [row.split(" | ") for row in paragraph.split("\n") if not set(row) <= set("-|")]
        widths = _columns(rows, area.width)
        for number, row in enumerate(rows):
            heading = "head" if number == 0 and len(rows) > 1 else ""
            drawn += _note_row(row, widths, x=area.x, y=y, class_=heading)
            y += LINE_HEIGHT * max(len(list(lines(_plain(cell), width=w))) for cell, w in zip(row, widths, strict=True))
            y += _BETWEEN_ROWS if len(rows) > 1 else 0
        y += 4
    return joined(drawn)


def _note_row(row: Sequence[str], widths: Sequence[float], *, x: float, y: float, class_: str) -> Iterator[Markup]:
    for cell, width in zip(row, widths, strict=True):
        for number, line in enumerate(lines(_plain(cell), width=width)):
            yield words(line, x, y + LINE_HEIGHT * number, width=width, class_=class_)
        x += width


def _plain(cell: str) -> str:
    return _MARKS.sub("", cell)


def _columns(rows: Sequence[Sequence[str]], width: float) -> Sequence[float]:
    """As wide as its longest cell; what is too much is taken from the route, else from the widest."""
    if len(rows[0]) == 1:
        return [width]
    longest = [
        max(text_width(_plain(row[at]), size=TEXT_SIZE, bold=row is rows[0]) for row in rows) + _COLUMN_GAP
        for at in range(len(rows[0]))
    ]
    too_wide = max(sum(longest) - width, 0)
    widest = max(range(len(longest)), key=lambda at: (rows[0][at] == "Route", longest[at]))
    return [each - too_wide if at == widest else each for at, each in enumerate(longest)]


def table(rows: Sequence[Row], area: Area) -> Markup:
    """The rows that there is room for, numbered, under their headings, and a bar where the rest is to be scrolled to.

    Columns share the whole width. Cells are cut in the middle: routes differ in their ends.
    """
    if not rows:
        return words("No data", area.x, area.y + 16, width=area.width, class_="muted")
    names = list(rows[0])
    shown = rows[: rows_that_fit(area)]
    cells = [["#", *names]]
    cells += [[str(at), *(_cell(row.get(name)) for name in names)] for at, row in enumerate(shown, start=1)]
    room = replace(area, width=area.width - _SCROLL_BAR) if len(shown) < len(rows) else area
    widths = _columns(cells, room.width)
    spare = (room.width - sum(widths)) / (len(widths) - 1)
    edges = list(accumulate((width + spare for width in widths[1:]), initial=room.x + widths[0]))
    columns = [(room.x, widths[0]), *((x, width + spare) for x, width in zip(edges, widths[1:], strict=False))]
    drawn = [_table_row(row, columns, room.y + ROW_HEIGHT * at, of=room) for at, row in enumerate(cells)]
    return joined([*drawn, *([_scroll_bar(area, share=len(shown) / len(rows))] if room is not area else [])])


def rows_that_fit(area: Area) -> int:
    """How many rows of a table are seen without scrolling, below its headings."""
    return int(area.height // ROW_HEIGHT) - 1


def _table_row(row: Sequence[str], columns: Sequence[tuple[float, float]], top: float, *, of: Area) -> Markup:
    y, class_ = top + 18, "head" if row[0] == "#" else ""
    below = top + ROW_HEIGHT
    rule = element("line", class_="rule", x1=of.x, x2=of.x + of.width, y1=below, y2=below)
    cells: list[Markup] = []
    for cell, (x, width) in zip(row, columns, strict=True):
        room = width - _COLUMN_GAP / 2
        fitting = shortened_in_the_middle(cell, size=TEXT_SIZE, width=room)
        cells.append(words(fitting, x, y, width=room, class_=class_))
    return joined((rule, *cells))


def _scroll_bar(area: Area, *, share: float) -> Markup:
    x, top, height = area.x + area.width - 4, area.y + ROW_HEIGHT, area.height - ROW_HEIGHT
    return element("rect", class_="scroll", x=x, y=top, width=5.0, height=height * share, rx=2.5)


def _cell(value: object) -> str:
    """A value as Logs Insights writes it: at most four decimals, nothing where nothing is known."""
    if isinstance(value, float):
        return f"{value:.4f}".rstrip("0").rstrip(".")
    return "" if value is None else str(value)
