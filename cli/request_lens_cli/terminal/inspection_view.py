"""An inspection for people: what was read, what is unknown and why, line by line; and what was not read, by why."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from request_lens.presentation.formatting import UNKNOWN, cleaned
from request_lens_cli.inspection.aside import Alike, SetAside
from request_lens_cli.inspection.inspection import Inspection
from request_lens_cli.inspection.shared_routes import REMEDY, SharedRoutes
from request_lens_cli.replay.log_files import STDIN
from request_lens_cli.report.request_schema import Json
from request_lens_cli.terminal.console import print_trimmed
from request_lens_cli.terminal.listing import Column, Listing

_STYLES = {"invocation": "green", "request": "cyan", "span": "blue", "lambda": "blue"}
_AT, _OF_THE_FIRST = re.compile(r"([Aa]t (?:line \d+, )?column \d+)"), r"\1 of the first"
_ASIDE = {"ignored": ("ignored", "dim"), "rejected": ("set aside", "bold red")}


def show_file(file: str, console: Console) -> None:
    """Print which file the next lines are of."""
    console.print(Text(_name(file), style="bold"), soft_wrap=True)


def show_inspection(inspection: Inspection, line: int, console: Console) -> None:
    """Print one line of the log: its number, what it is, its fields, and below them why others are unknown."""
    table = _grid()
    table.add_row(str(line), Text(inspection.kind, style=_STYLES[inspection.kind]), _fields(inspection.fields))
    for why, names in _by_reason(inspection.unknown):
        table.add_row("", Text("unknown", style="yellow"), Text(f"{', '.join(names)}: {why}"))
    print_trimmed(table, console)


def show_aside(aside: SetAside, console: Console) -> None:
    """Print what was ignored and what was set aside: how many lines, why, and where the first of them lie."""
    table = _grid()
    for alike in aside:
        kind, style = _ASIDE[alike.first.kind]
        table.add_row(f"{alike.count:,} ×", Text(kind, style=style), _why(alike))
        for file, (count, lines) in alike.files.items():
            table.add_row("", "", Text(f"{_name(file)}: {_lines(count, lines)}", style="dim"))
    if table.rows:
        print_trimmed(table, console)


def show_shared(shared: SharedRoutes, console: Console) -> None:
    """Print which routes are of several stages, and what tells those apart."""
    if texts := shared.texts():
        console.print(Text(" ".join([*texts, REMEDY]), style="yellow"), soft_wrap=True)


class Piped(NamedTuple):
    """What a line says of one field, for a pipe: its value, or why that is unknown; or why lines are not read."""

    file: str
    line: str
    kind: str
    field: str = UNKNOWN
    value: str = UNKNOWN
    why: str = UNKNOWN


_PIPED: Sequence[Column[Piped]] = (
    Column(header="File", cell=lambda row: _name(row.file)),
    Column(header="Line", cell=lambda row: row.line),
    Column(header="Kind", cell=lambda row: row.kind),
    Column(header="Field", cell=lambda row: row.field),
    Column(header="Value", cell=lambda row: row.value),
    Column(header="Why", cell=lambda row: row.why),
)


def piped_listing(console: Console) -> Listing[Piped]:
    """The list of what lines say, a field a line, with its headers above the first."""
    return Listing(_PIPED, console)


def piped_rows(inspection: Inspection, *, file: str, number: int) -> Sequence[Piped]:
    """The rows of one line of the log: of each field that was read, then of those that are unknown; one if not read."""
    kind, fields, line = inspection.kind, inspection.fields, str(number)
    if kind == "ignored":
        return [Piped(file, line, kind, why=str(fields["why"]))]
    if kind == "rejected":
        return [Piped(file, line, kind, "reason", str(fields["reason"]), inspection.why_set_aside)]
    read = [Piped(file, line, kind, name, value) for name, value in _plain_values(fields)]
    return [*read, *(Piped(file, line, kind, name, why=why) for name, why in inspection.unknown.items())]


def piped_alike(said: Sequence[Piped], *, last: int) -> Sequence[Piped]:
    """The row of all lines behind one, up to the last, of which the same is to be said; none where there are none."""
    (row,) = said
    first = int(row.line) + 1
    if first > last:
        return []
    lines = str(first) if first == last else f"{first} to {last}"
    return [row._replace(line=lines, why=f"the same as of line {row.line}")]


def _plain_values(fields: Mapping[str, Json], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Each field that has a value, one within another by both names, such as "tag.call_index"."""
    for name, value in fields.items():
        match value:
            case None | [] | ():
                continue
            case bool():
                yield f"{prefix}{name}", "yes" if value else "no"
            case str() | int() | float():
                yield f"{prefix}{name}", str(value)
            case Mapping():
                yield from _plain_values(value, f"{prefix}{name}.")
            case _:
                yield f"{prefix}{name}", " ".join(map(str, value))


def _name(file: str) -> str:
    return "standard input" if file == STDIN else cleaned(file)


def _grid() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", width=6)
    table.add_column(width=10)
    table.add_column(overflow="fold")
    return table


def _why(alike: Alike) -> Text:
    """Why these lines are not read; of one alone also what tells it from others."""
    fields = alike.first.fields
    if alike.first.kind == "ignored":
        return Text(str(fields["why"]))
    why = alike.first.why_set_aside
    if alike.count == 1:
        return Text(f"{fields['reason']}: {why} {fields['size_bytes']:,} bytes, sha256 {fields['sha256']}.")
    return Text(f"{fields['reason']}: {_AT.sub(_OF_THE_FIRST, why)}")


def _lines(count: int, first: Sequence[int]) -> str:
    """Which lines these are, such as "lines 1, 2, 3 and 152 more"."""
    more = f" and {count - len(first):,} more" if count > len(first) else ""
    return f"line{'' if count == 1 else 's'} {', '.join(f'{line:,}' for line in first)}{more}"


def _fields(fields: Mapping[str, Json]) -> Text:
    shown = {name: _value_text(value) for name, value in fields.items() if value is not False}
    return Text(" · ").join(Text.assemble((f"{name} ", "dim"), text) for name, text in shown.items() if text)


def _value_text(value: Json) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return value
        case int() | float():
            return f"{value:,}"
        case Mapping():
            return ", ".join(f"{name} {_value_text(part)}" for name, part in value.items() if part)
        case _:
            return " ".join(_value_text(part) for part in value)


def _by_reason(unknown: Mapping[str, str]) -> Iterable[tuple[str, list[str]]]:
    grouped: dict[str, list[str]] = {}
    for name, why in unknown.items():
        grouped.setdefault(why, []).append(name)
    return grouped.items()
