"""An inspection for people: what was read, then what is unknown and why, a line of the log at a time."""

from collections.abc import Iterable, Mapping

from rich.table import Table
from rich.text import Text

from request_lens_cli.inspection.inspection import Inspection
from request_lens_cli.report.documents import Json

_STYLES = {"invocation": "green", "request": "cyan", "span": "blue", "ignored": "dim", "rejected": "bold red"}


def inspection_table(inspection: Inspection, line: int) -> Table:
    """One line of the log: its number, what it is, its fields, and below them why others are unknown."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(justify="right", width=6)
    table.add_column(width=10)
    table.add_column(overflow="fold")
    table.add_row(str(line), Text(inspection.kind, style=_STYLES[inspection.kind]), _fields(inspection.fields))
    for why, names in _by_reason(inspection.unknown):
        table.add_row("", Text("unknown", style="yellow"), Text(f"{', '.join(names)}: {why}"))
    return table


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
