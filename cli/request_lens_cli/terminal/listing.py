"""Lists: a line per row on the terminal, in which no id and no number is ever cut; tab-separated in a pipe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from request_lens.presentation.formatting import UNKNOWN
from request_lens.presentation.timeline.text import ELLIPSIS

_GAP = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class Column[Row]:
    """One column: its header, and what stands in it of a row.

    Where the terminal is too narrow, cells lose their middle beyond `cut` characters; then columns leave, the highest
    `leaves` first (0: never). A pipe gets all columns, also those that are not `shown`.
    """

    header: str
    cell: Callable[[Row], Text]
    numeric: bool = False
    cut: int | None = None
    leaves: int = 0
    shown: bool = True


def print_list[Row](
    columns: Sequence[Column[Row]], rows: Sequence[Row], console: Console, *, aligned: bool = False
) -> None:
    """Print the rows below the columns' headers; where not even the columns that never leave fit, a card per row.

    In a pipe they are tab-separated, unless they are to be `aligned` there too, for a log that people read.
    """
    cells = [[column.cell(row) for row in rows] for column in columns]
    table = [(column, texts) for column, texts in zip(columns, cells, strict=True)]
    if not (console.is_terminal or aligned):
        _print_separated(table, console)
        return
    shown = [(column, texts) for column, texts in table if column.shown]
    fitting = _fitting(shown, console.width)
    if fitting is None:
        _print_cards(shown, console)
        return
    _print_aligned(fitting, console)
    absent = [column.header for column, _ in shown if column not in [kept for kept, _ in fitting]]
    if absent:
        console.print(f"No room for: {', '.join(absent)}.", style="dim", highlight=False)


type _Table[Row] = list[tuple[Column[Row], list[Text]]]


def _print_separated[Row](table: _Table[Row], console: Console) -> None:
    lines = [[column.header for column, _ in table], *zip(*(texts for _, texts in table), strict=True)]
    # Not printed: rich would make blanks of the tabs.
    console.file.writelines("\t".join(str(cell) for cell in line) + "\n" for line in lines)


def _fitting[Row](table: _Table[Row], width: int) -> _Table[Row] | None:
    """The table with what has to leave left out; None where that is not enough."""
    if _width(table) <= width:
        return table
    table = [(column, [shorten_middle(text, column.cut) for text in texts]) for column, texts in table]
    while _width(table) > width:
        leaving = max(table, key=lambda entry: entry[0].leaves)
        if not leaving[0].leaves:
            return None
        table = [entry for entry in table if entry is not leaving]
    return table


def _width[Row](table: _Table[Row]) -> int:
    return sum(_column_width(*entry) for entry in table) + len(_GAP) * (len(table) - 1)


def _column_width[Row](column: Column[Row], texts: Sequence[Text]) -> int:
    return max(cell_len(column.header), *(text.cell_len for text in texts), 0)


def shorten_middle(text: Text, width: int | None) -> Text:
    """The text in at most so many characters: its beginning and its end, which are what differs, around an ellipsis."""
    if width is None or text.cell_len <= width:
        return text
    head = width // 2
    begin, end = chop_cells(text.plain, head)[0], chop_cells(text.plain[::-1], width - head - 1)[0][::-1]
    return Text(f"{begin}{ELLIPSIS}{end}", style=text.style)


def _print_aligned[Row](table: _Table[Row], console: Console) -> None:
    widths = [_column_width(*entry) for entry in table]
    headers = [Text(column.header, style="bold") for column, _ in table]
    for cells in (headers, *zip(*(texts for _, texts in table), strict=True)):
        line = Text(_GAP).join(
            _aligned(cell, width, numeric=column.numeric)
            for cell, width, (column, _) in zip(cells, widths, table, strict=True)
        )
        line.rstrip()
        console.print(line, soft_wrap=True, highlight=False)


def _aligned(cell: Text, width: int, *, numeric: bool) -> Text:
    space = Text(" " * (width - cell.cell_len))
    return space + cell if numeric else cell + space


def _print_cards[Row](table: _Table[Row], console: Console) -> None:
    """The first column's cell on a line of its own, all others that say something below it."""
    headers = [column.header for column, _ in table]
    for name, *cells in zip(*(texts for _, texts in table), strict=True):
        console.print(name, soft_wrap=True, highlight=False)
        parts = [
            Text.assemble((f"{header} ", "dim"), cell)
            for header, cell in zip(headers[1:], cells, strict=True)
            if cell.plain not in ("", UNKNOWN)
        ]
        console.print(Padding(Text(" · ").join(parts), (0, 0, 0, 2), expand=False), highlight=False)
