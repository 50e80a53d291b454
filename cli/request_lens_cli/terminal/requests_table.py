"""The requests of a report as a table for the terminal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Summary
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.certainty import at_least, possible_text, token_counts
from request_lens.presentation.costs import cost_of
from request_lens.presentation.formatting import UNKNOWN, cleaned, seconds
from request_lens_cli.report.report import Report, correlated_by

MIN_LABEL_WIDTH = 24
"""Where the terminal leaves a label less than this, a request takes two lines."""

GAP = 2
"""Characters between two columns."""

EDGES = 3
"""Characters before the first column and after the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    """One column: its header, and the cells that stand in it, one below the other."""

    header: str
    cells: tuple[str, ...]
    numeric: bool = False


_NAME = "name"

_WIDE = (
    _Column(header="Prompt", cells=(_NAME,)),
    _Column(header="Type", cells=("type",)),
    _Column(header="Route", cells=("route",)),
    _Column(header="Start", cells=("start",), numeric=True),
    _Column(header="Duration", cells=("duration",), numeric=True),
    _Column(header="LLM calls", cells=("calls",), numeric=True),
    _Column(header="More calls", cells=("possible",), numeric=True),
    _Column(header="LLM time", cells=("llm time",), numeric=True),
    _Column(header="Other time", cells=("other time",), numeric=True),
    _Column(header="Tokens in/out", cells=("tokens",), numeric=True),
    _Column(header="Cost (est.)", cells=("cost",), numeric=True),
    _Column(header="Correlated by", cells=("links",)),
)

_STACKED = (
    _Column(header="Prompt\nType, route", cells=(_NAME, "type and route")),
    _Column(header="Start\nDuration", cells=("start", "duration"), numeric=True),
    _Column(header="LLM\ncalls", cells=("calls", "possible"), numeric=True),
    _Column(header="LLM time\nOther time", cells=("llm time", "other time"), numeric=True),
    _Column(header="Tokens\nin, out", cells=("tokens in", "tokens out"), numeric=True),
    _Column(header="Cost\n(est.)", cells=("amount", "unpriced"), numeric=True),
    _Column(header="Correlated\nby", cells=("methods", "confidences")),
)


def requests_table(report: Report, *, width: int) -> Table:
    """One request a row: what it was, when and how long it ran, its LLM calls, and how they were correlated.

    Where the terminal is too narrow for that, two lines a request. A request's id is never cut, a label may be.
    """
    cells = [_cells(report, state) for state in report.requests]
    layouts = (_layout(_columns(whole, report), cells, labelled=bool(report.labels)) for whole in (_WIDE, _STACKED))
    wide, stacked = layouts
    fits = wide.room(width) >= wide.least_name
    return (wide if fits else stacked).table(width=width, leading=0 if fits else 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Columns with the width that each needs, and the rows that stand in them; the first may have `least_name`."""

    columns: Sequence[_Column]
    widths: Sequence[int]
    least_name: int
    rows: Sequence[Sequence[Text]]

    @property
    def _number_width(self) -> int:
        return len(str(len(self.rows)))

    def room(self, width: int) -> int:
        """What the others leave of the terminal for the first column."""
        return width - self._number_width - sum(self.widths[1:]) - GAP * len(self.widths) - EDGES

    def table(self, *, width: int, leading: int) -> Table:
        """The table, its first column as wide as it needs and has room."""
        table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold", leading=leading)
        table.add_column("#", justify="right", width=self._number_width)
        name = max(self.least_name, min(self.widths[0], self.room(width)))
        for column, needed in zip(self.columns, (name, *self.widths[1:]), strict=True):
            justify: JustifyMethod = "right" if column.numeric else "left"
            table.add_column(Text(column.header), justify=justify, no_wrap=True, width=needed)
        for number, row in enumerate(self.rows, start=1):
            table.add_row(str(number), *row)
        return table


def _columns(columns: Sequence[_Column], report: Report) -> list[_Column]:
    """The columns that say something of this report.

    Without labels the first one holds the request's id, and there is no type; where all is certain there are no more
    calls.
    """
    absent = {*([] if report.labels else ["type"]), *(["possible"] if report.is_certain else [])}
    kept = [replace(column, cells=tuple(name for name in column.cells if name not in absent)) for column in columns]
    if not report.labels:
        kept[0] = replace(kept[0], header="Request\nRoute" if "\n" in kept[0].header else "Request")
    return [column for column in kept if column.cells]


def _layout(columns: Sequence[_Column], cells: Sequence[Mapping[str, Text]], *, labelled: bool) -> _Layout:
    """The columns filled."""
    rows = [[_cell(column, request_cells) for column in columns] for request_cells in cells]
    widths = [_column_width(column, [row[at] for row in rows]) for at, column in enumerate(columns)]
    least = min(widths[0], MIN_LABEL_WIDTH) if labelled else widths[0]
    return _Layout(columns=columns, widths=widths, least_name=least, rows=rows)


def _column_width(column: _Column, cells: Sequence[Text]) -> int:
    return max(_width(cell) for cell in (Text(column.header), *cells))


def _width(cell: Text) -> int:
    return max(map(cell_len, cell.plain.split("\n")))


def _cell(column: _Column, cells: Mapping[str, Text]) -> Text:
    return Text("\n").join(cells.get(name, Text(UNKNOWN)) for name in column.cells)


def _cells(report: Report, state: RequestState) -> dict[str, Text]:
    label = report.labels.get(state.request_id)
    cells = {_NAME: Text(cleaned(label.prompt if label is not None else state.request_id))}
    route = route_text(state.record) if state.record is not None else Text(UNKNOWN)
    cells["route"] = cells["type and route"] = route
    if label is not None:
        cells["type"] = Text(cleaned(label.kind))
        cells["type and route"] = Text.assemble(cleaned(label.kind), ", ", route)
    if state.record is not None:
        cells |= _of_record(state.record, report)
    cells |= _of_links(state)
    cells |= {"calls": Text("pending", style="dim")} if state.summary is None else _of_summary(state.summary)
    cells["possible"] = Text(_possible(state), style="yellow")
    if state.runaway is not None:
        cells["calls"].append(" runaway", style="red")
    return cells


def _possible(state: RequestState) -> str:
    if state.record is None or state.summary is None:
        return ""
    return possible_text(state.record, state.summary)


def route_text(record: Request) -> Text:
    """The route, and the status where it says that the request failed."""
    failed = Text(f" → {record.status}", style="red") if record.status >= 400 else Text("")
    return Text(cleaned(record.route)) + failed


def _of_record(record: Request, report: Report) -> dict[str, Text]:
    return {"start": Text(report.started_text(record)), "duration": Text(seconds(record.duration_ms))}


def _of_summary(summary: Summary) -> dict[str, Text]:
    tokens = token_counts(summary)
    tokens_in, _, tokens_out = tokens.partition(" / ")
    cost = cost_of(summary.totals, certain=summary.is_certain)
    amount, plus, unpriced = cost.partition(" + ")
    texts = {
        "llm time": seconds(summary.llm_time_ms),
        "other time": seconds(summary.non_llm_time_ms),
        "tokens": tokens,
        "tokens in": tokens_in,
        "tokens out": tokens_out,
        "cost": cost,
        "amount": amount,
        "unpriced": f"{plus}{unpriced}".strip(),
    }
    cells = {name: Text(value) for name, value in texts.items()}
    return cells | {"calls": _calls(summary)}


def _of_links(state: RequestState) -> dict[str, Text]:
    methods, confidences = correlated_by(state)
    if not methods:
        return {"confidences": Text("")}
    texts = {"links": f"{methods} ({confidences})", "methods": methods, "confidences": f"({confidences})"}
    return {name: Text(value) for name, value in texts.items()}


def _calls(summary: Summary) -> Text:
    errors = summary.totals.llm_errors
    failed = Text(f" +{errors} failed", style="red") if errors else Text("")
    return Text(at_least(str(summary.totals.llm_calls), certain=summary.is_certain), style="bold") + failed
