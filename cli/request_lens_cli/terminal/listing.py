"""Lists: a line per row on the terminal, in which no id and no number is ever cut; tab-separated in a pipe."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from rich.cells import cell_len, chop_cells
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from request_lens.presentation.formatting import UNKNOWN, cleaned
from request_lens.presentation.timeline.text import ELLIPSIS
from request_lens_cli.terminal.console import print_trimmed

_GAP = "  "

LEAST_CUT = 16
"""Characters that a cut text keeps at least: of a route its method, and its end."""

LAST_TO_LEAVE = 5
"""Columns that `leave` no sooner than this stay while a longer text can be cut instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column[Row]:
    """One column: its header, and what stands in it of a row: a text in a style, or a plain one, which is cleaned.

    Where the terminal is too narrow, cells lose their middle beyond `cut` characters; then columns leave, the highest
    `leaves` first (0: never), and before them those that know nothing of any row. Before one of the first LAST_TO_LEAVE
    leaves, what can be cut is cut further, down to LEAST_CUT, and headers are `brief`. Only what is `shown` stands on a
    terminal; a pipe gets all columns, or its own.
    """

    header: str
    cell: Callable[[Row], Text | str]
    numeric: bool = False
    cut: int | None = None
    leaves: int = 0
    shown: bool = True
    brief: str = ""

    def text(self, row: Row) -> Text:
        """What stands in it of a row."""
        cell = self.cell(row)
        return cell if isinstance(cell, Text) else Text(cleaned(cell))


def print_list[Row](
    columns: Sequence[Column[Row]],
    rows: Sequence[Row],
    console: Console,
    *,
    aligned: bool = False,
    piped: Sequence[Column[Row]] = (),
) -> None:
    """Print the rows below the columns' headers; see `Listing`."""
    Listing(columns, console, aligned=aligned, piped=piped).print(rows)


def print_fields[Row](columns: Sequence[Column[Row]], row: Row, console: Console) -> None:
    """Print one row for a pipe, a column a line: its header, a tab, and what stands in it."""
    _print_tabs([[column.header, str(column.text(row))] for column in columns], console)


def print_card[Row](columns: Sequence[Column[Row]], row: Row, console: Console) -> None:
    """Print one row for a terminal, a column a line: its header, and all that stands in it."""
    width = max(cell_len(column.header) for column in columns)
    grid = Table.grid(padding=(0, len(_GAP), 0, 0))
    grid.add_column(width=width, style="dim")
    grid.add_column(overflow="fold")
    for column in columns:
        grid.add_row(column.header, column.text(row))
    print_trimmed(grid, console)


def part_lists(console: Console) -> None:
    """Write the empty line that parts two lists in a pipe."""
    _print_tabs([[]], console)


class Listing[Row]:
    """A list that may go on: what is printed first decides which columns there is room for, and has the headers.

    Where not even the columns that never leave fit, each row is a card. In a pipe rows are tab-separated, in the
    columns that are `piped` where there are any, unless they are to be `aligned` there too, for a log that people read.
    """

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        console: Console,
        *,
        aligned: bool = False,
        piped: Sequence[Column[Row]] = (),
    ) -> None:
        """Nothing is printed yet."""
        self._separated = not (console.is_terminal or aligned)
        self._columns, self._console = (piped or columns) if self._separated else columns, console
        self._kept: Sequence[Column[Row]] | None = None
        self._widths: dict[str, int] = {}

    def print(self, rows: Sequence[Row]) -> None:
        """Print these rows below those before."""
        is_first, self._kept = self._kept is None, self._kept or self._columns
        if self._separated:
            self._print_separated(rows, headed=is_first)
            return
        table = [(column, [column.text(row) for row in rows]) for column in self._kept if column.shown]
        fitting = _fitting(table, self._console.width)
        if fitting is None:
            _print_cards(table, self._console)
            return
        self._kept = [column for column, _ in fitting]
        self._print_aligned(fitting, headed=is_first)
        kept = {column.cell for column in self._kept}
        absent = [_absent(column, texts) for column, texts in table if column.cell not in kept]
        if is_first and absent:
            self._console.print(f"No room for: {', '.join(absent)}.", style="dim", highlight=False)

    def _print_separated(self, rows: Sequence[Row], *, headed: bool) -> None:
        headers = [[column.header for column in self._columns]] if headed else []
        _print_tabs([*headers, *([str(column.text(row)) for column in self._columns] for row in rows)], self._console)

    def _print_aligned(self, table: "_Table[Row]", *, headed: bool) -> None:
        for column, texts in table:
            self._widths[column.header] = max(self._widths.get(column.header, 0), _column_width(column, texts))
        headers = [[Text(column.header, style="bold") for column, _ in table]] if headed else []
        for cells in (*headers, *zip(*(texts for _, texts in table), strict=True)):
            line = Text(_GAP).join(
                _aligned(cell, self._widths[column.header], numeric=column.numeric)
                for cell, (column, _) in zip(cells, table, strict=True)
            )
            line.rstrip()
            self._console.print(line, soft_wrap=True, highlight=False)


def _print_tabs(lines: Sequence[Sequence[str]], console: Console) -> None:
    """Write the lines' cells with tabs between them, of which printing would make blanks."""
    console.file.writelines("\t".join(line) + "\n" for line in lines)
    console.file.flush()


type _Table[Row] = Sequence[tuple[Column[Row], Sequence[Text]]]


def _fitting[Row](table: _Table[Row], width: int) -> _Table[Row] | None:
    """The table with what has to leave left out; None where that is not enough."""
    if _width(table) <= width:
        return table
    table = [(column, [shorten_middle(text, column.cut) for text in texts]) for column, texts in table]
    while _width(table) > width:
        leaving = max(table, key=_when_to_leave)
        knows_nothing, leaves = _when_to_leave(leaving)
        if not knows_nothing and leaves <= LAST_TO_LEAVE:
            brief = [(replace(column, header=column.brief or column.header), texts) for column, texts in table]
            for narrow in (_cut_to(table, width), _cut_to(brief, width)):
                if _width(narrow) <= width:
                    return narrow
        if not leaves:
            return None
        table = [entry for entry in table if entry is not leaving]
    return table


def _when_to_leave[Row](entry: tuple[Column[Row], Sequence[Text]]) -> tuple[bool, int]:
    """What is greatest of the column that leaves first: whether it knows nothing and may leave, and its `leaves`."""
    column, texts = entry
    return column.leaves > 0 and all(text.plain in ("", UNKNOWN) for text in texts), column.leaves


def _cut_to[Row](table: _Table[Row], width: int) -> _Table[Row]:
    """The table with the columns that can be cut narrower by what is too much, as far as they may."""

    def cut(column: Column[Row], texts: Sequence[Text]) -> Sequence[Text]:
        room = max(_column_width(column, texts) - (_width(table) - width), LEAST_CUT)
        return texts if column.cut is None else [shorten_middle(text, room) for text in texts]

    return [(column, cut(column, texts)) for column, texts in table]


def _absent[Row](column: Column[Row], texts: Sequence[Text]) -> str:
    """The header of a column that there is no room for, with what stands in it where that is one word in all rows."""
    same = {text.plain for text in texts}
    is_said = not column.numeric and len(same) == 1 and same.isdisjoint({"", UNKNOWN})
    return f"{column.header} ({same.pop()})" if is_said else column.header


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
