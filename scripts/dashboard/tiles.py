"""The widgets without axes: alarms, key figures, texts, tables."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from request_lens.presentation.formatting import UNKNOWN
from request_lens.presentation.markup import Markup, element, joined
from request_lens.presentation.timeline.text import shortened_in_the_middle, text_width
from scripts.dashboard.canvas import LINE_HEIGHT, TEXT_SIZE, Area, figure, lines, words
from scripts.dashboard.log_query import Row
from scripts.dashboard.metric_math import Series

_MARKS = re.compile(r"\*\*|`|(?<!\w)\*|\*(?!\w)")
_TILE_HEIGHT, _TILE_GAP = 46, 8
_COLUMN_GAP = 10


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
        max(text_width(_plain(row[at]), size=TEXT_SIZE) for row in rows) + _COLUMN_GAP for at in range(len(rows[0]))
    ]
    too_wide = max(sum(longest) - width, 0)
    widest = max(range(len(longest)), key=lambda at: (rows[0][at] == "Route", longest[at]))
    return [each - too_wide if at == widest else each for at, each in enumerate(longest)]


def table(rows: Sequence[Row], area: Area) -> Markup:
    """The rows that fit, under the names of their fields; cells are cut in the middle: routes differ in their ends."""
    if not rows:
        return words("No data", area.x, area.y + 16, width=area.width, class_="muted")
    names = list(rows[0])
    shown = rows[: int((area.height - LINE_HEIGHT) // LINE_HEIGHT)]
    cells = [names, *([_cell(row.get(name), name) for name in names] for row in shown)]
    widths = _columns(cells, area.width)
    drawn: list[Markup] = []
    for number, row in enumerate(cells):
        y = area.y + 14 + LINE_HEIGHT * number
        drawn.append(element("line", class_="rule", x1=area.x, x2=area.x + area.width, y1=y + 6, y2=y + 6))
        x = area.x
        for cell, width in zip(row, widths, strict=True):
            room = width - _COLUMN_GAP / 2
            fitting = shortened_in_the_middle(cell, size=TEXT_SIZE, width=room)
            drawn.append(words(fitting, x, y, width=room, class_="" if number else "head"))
            x += width
    return joined(drawn)


def _cell(value: object, name: str) -> str:
    if name == "@timestamp" and isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, tz=UTC).strftime("%H:%M:%S")
    if isinstance(value, float):
        return figure(value) if abs(value) >= 1 or value == 0 else f"{value:.4f}"
    return UNKNOWN if value is None else str(value)
