"""A report as tables for the terminal."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import JustifyMethod
from rich.table import Table
from rich.text import Text

from request_lens.domain.facts import Request
from request_lens.domain.link import Link, LinkedInvocation, Method, Unattributed, UnlinkedInvocation
from request_lens.domain.state import RequestState
from request_lens.domain.summary import Summary, Totals
from request_lens_cli.report import Report

UNKNOWN = "–"
"""What is unknown; never 0."""

NARROW = 140
"""Below this many columns a request takes two lines, so that nothing but its name is cut off."""


MIN_NAME_WIDTH = 12

GAP = 2
"""Characters between two columns."""


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
    _Column(header="LLM time", cells=("llm time",), numeric=True),
    _Column(header="Other time", cells=("other time",), numeric=True),
    _Column(header="Tokens in/out", cells=("tokens",), numeric=True),
    _Column(header="Cost (est.)", cells=("cost",), numeric=True),
    _Column(header="Correlated by", cells=("links",)),
)

_STACKED = (
    _Column(header="Prompt\nType, route", cells=(_NAME, "type and route")),
    _Column(header="Start\nDuration", cells=("start", "duration"), numeric=True),
    _Column(header="LLM calls\nCost (est.)", cells=("calls", "cost"), numeric=True),
    _Column(header="LLM time\nOther time", cells=("llm time", "other time"), numeric=True),
    _Column(header="Tokens\nin, out", cells=("tokens in", "tokens out"), numeric=True),
    _Column(header="Correlated\nby", cells=("methods", "confidences")),
)


def requests_table(report: Report, *, width: int) -> Table:
    """One request a row: what it was, when and how long it ran, its LLM calls, and how they were correlated."""
    columns = _columns(report, narrow=width < NARROW)
    rows = [[_cell(column, _cells(report, state)) for column in columns] for state in report.requests]
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold", leading=int(width < NARROW))
    number_width = len(str(len(rows)))
    table.add_column("#", justify="right", width=number_width)
    widths = _fitting([_column_width(column, [row[at] for row in rows]) for at, column in enumerate(columns)], width)
    for column, needed in zip(columns, widths, strict=True):
        justify: JustifyMethod = "right" if column.numeric else "left"
        table.add_column(Text(column.header), justify=justify, no_wrap=True, width=needed)
    for number, row in enumerate(rows, start=1):
        table.add_row(str(number), *row)
    return table


def _columns(report: Report, *, narrow: bool) -> list[_Column]:
    """The columns; without labels the first one holds the request's id, and there is no type."""
    columns = list(_STACKED if narrow else _WIDE)
    if report.labels:
        return columns
    unnamed = _Column(header="Request\nRoute" if narrow else "Request", cells=columns[0].cells)
    return [unnamed, *(column for column in columns[1:] if column.cells != ("type",))]


def _column_width(column: _Column, cells: Sequence[Text]) -> int:
    return max(_width(each) for each in (Text(column.header), *cells))


def _fitting(needed: Sequence[int], width: int) -> list[int]:
    """The widths with the first one, the name's, cut to what the others leave of the terminal."""
    left = width - sum(needed[1:]) - GAP * (len(needed) + 3)
    return [max(MIN_NAME_WIDTH, min(needed[0], left)), *needed[1:]]


def _width(cell: Text) -> int:
    return max(map(cell_len, cell.plain.split("\n")))


def _cell(column: _Column, cells: dict[str, Text]) -> Text:
    return Text("\n").join(cells.get(name, Text(UNKNOWN)) for name in column.cells)


def _cells(report: Report, state: RequestState) -> dict[str, Text]:
    label = report.labels.get(state.request_id)
    route = state.record.route if state.record is not None else UNKNOWN
    plain = {_NAME: state.request_id, "type and route": route}
    if label is not None:
        plain = {_NAME: label.prompt, "type": label.kind, "type and route": f"{label.kind}, {route}"}
    if state.record is not None:
        plain |= _of_record(state.record)
    cells = {name: Text(value) for name, value in (plain | _of_links(state.invocations)).items()}
    if state.summary is None:
        return cells | {"calls": Text("pending", style="dim")}
    calls = _calls(state.summary.totals.llm_calls, state.summary.totals.llm_errors)
    if state.runaway is not None:
        calls.append(" runaway", style="red")
    return cells | {name: Text(value) for name, value in _of_summary(state.summary).items()} | {"calls": calls}


def _of_record(record: Request) -> dict[str, str]:
    started = record.started_at.strftime("%H:%M:%S")
    return {"route": record.route, "start": started, "duration": seconds(record.duration_ms)}


def _of_summary(summary: Summary) -> dict[str, str]:
    tokens = (f"{summary.totals.input_tokens:,}", f"{summary.totals.output_tokens:,}")
    return {
        "llm time": seconds(summary.llm_time_ms),
        "other time": seconds(summary.non_llm_time_ms),
        "cost": cost_of(summary.totals),
        "tokens": " / ".join(tokens),
        "tokens in": tokens[0],
        "tokens out": tokens[1],
    }


def _of_links(linked: Sequence[LinkedInvocation]) -> dict[str, str]:
    if not linked:
        return {}
    in_order = sorted(linked, key=lambda one: (one.link.method is Method.CHAIN, one.link.method))
    methods = ", ".join(dict.fromkeys(str(each.link.method) for each in in_order))
    confidences = ", ".join(dict.fromkeys(str(each.link.confidence) for each in in_order))
    return {"links": f"{methods} ({confidences})", "methods": methods, "confidences": f"({confidences})"}


def _calls(llm_calls: int, errors: int) -> Text:
    failed = Text(f" +{errors} failed", style="red") if errors else Text("")
    return Text(str(llm_calls), style="bold") + failed


def cost_of(totals: Totals) -> str:
    """An estimated cost, such as "$0.0123"; one that lacks unpriced calls says so, and unknown is never $0."""
    unpriced = f"{totals.unpriced_calls:,} unpriced" if totals.unpriced_calls else ""
    known = dollars(totals.estimated_cost_usd) if totals.estimated_cost_usd is not None else ""
    return " + ".join(part for part in (known, unpriced) if part) or UNKNOWN


def cost_line(report: Report) -> str:
    """What all of them cost, by which prices."""
    tables = ", ".join(f"{each.name} {each.version} of {each.date}" for each in report.prices)
    return f"Estimated cost of the requests: {cost_of(report.totals)}, by the list prices of {tables}"


def dollars(cost: Decimal) -> str:
    """US dollars to four decimals, small sums to six."""
    return f"${cost:.4f}" if cost >= Decimal("0.01") else f"${cost:.6f}"


def seconds(milliseconds: int | None) -> str:
    """Milliseconds as seconds with two decimals, such as "4.79 s"; a dash where unknown."""
    return UNKNOWN if milliseconds is None else f"{milliseconds / 1000:.2f} s"


def unlinked_table(unlinked: Sequence[UnlinkedInvocation]) -> Table:
    """The invocations that belong to no request, or are not decided yet, by state and reason."""
    counts = Counter(_state(each) for each in unlinked if not isinstance(each.decision, Link))
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Invocations", justify="right")
    table.add_column("Without a request")
    for state, count in sorted(counts.items()):
        table.add_row(f"{count:,}", state)
    return table


def _state(unlinked: UnlinkedInvocation) -> str:
    decision = unlinked.decision
    if not isinstance(decision, Unattributed):
        return "pending: not decided yet"
    fits = f" (fits {decision.candidates} requests)" if decision.candidates else ""
    return f"unattributed: {decision.reason}{fits}"
