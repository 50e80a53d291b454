"""The requests of a report as a list."""

from dataclasses import replace

from rich.console import Console
from rich.text import Text

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Summary
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.certainty import at_least, possible_text, token_counts
from request_lens.presentation.costs import cost_of
from request_lens.presentation.formatting import UNKNOWN, cleaned, seconds
from request_lens_cli.report.report import Report, correlated_by
from request_lens_cli.terminal.listing import Column, Listing, print_list

MAX_ROUTE = 32
"""Characters of a route, where the terminal is too narrow for all of them."""

MAX_LABEL = 28
"""Characters of a label, where the terminal is too narrow for all of them."""


def print_requests(report: Report, console: Console, *, aligned: bool = False) -> None:
    """Print one request per line: what it was, when and how long it ran, and its LLM calls."""
    print_list(_columns(report), report.requests, console, aligned=aligned)


def requests_listing(report: Report, console: Console) -> Listing[RequestState]:
    """A list of requests that goes on; the report's first ones say which columns there are."""
    return Listing([replace(column, shown=True) for column in _columns(report)], console)


def _columns(report: Report) -> list[Column[RequestState]]:
    """The columns, in the order in which they stand; `leaves` is the order in which they give way."""
    records = [state.record for state in report.requests if state.record is not None]
    is_one_route = len({record.route for record in records}) == 1
    return [
        *_names(report),
        Column(header="Route", cell=_route, cut=MAX_ROUTE, leaves=5 if is_one_route else 2),
        Column(header="Status", cell=_status, numeric=True, shown=any(record.status >= 400 for record in records)),
        Column(header=f"Start ({report.zone_name})", cell=lambda state: _start(state, report), numeric=True),
        Column(header="Duration", cell=_duration, numeric=True),
        Column(header="LLM calls", cell=_calls, numeric=True),
        Column(header="More calls", cell=_possible, numeric=True, leaves=1, shown=not report.is_certain),
        Column(header="LLM time", cell=lambda state: _seconds(state, "llm_time_ms"), numeric=True, leaves=3),
        Column(header="Other time", cell=lambda state: _seconds(state, "non_llm_time_ms"), numeric=True, leaves=6),
        Column(header="Tokens in/out", cell=_tokens, numeric=True, leaves=7),
        Column(header="Est. cost", cell=_cost, numeric=True, leaves=4),
        Column(header="Correlated by", cell=_links, leaves=8),
    ]


def _names(report: Report) -> list[Column[RequestState]]:
    """The request's id; where there are labels they stand in its place, and a pipe gets both."""
    labels = report.labels

    def label(state: RequestState, part: str) -> Text:
        return Text(cleaned(getattr(labels[state.request_id], part) if state.request_id in labels else UNKNOWN))

    named = [
        Column(header="Prompt", cell=lambda state: label(state, "prompt"), cut=MAX_LABEL),
        Column[RequestState](header="Type", cell=lambda state: label(state, "kind")),
    ]
    request_id = Column[RequestState](
        header="Request", cell=lambda state: Text(cleaned(state.request_id)), shown=not labels
    )
    return [*(named if labels else []), request_id]


def _route(state: RequestState) -> Text:
    return Text(UNKNOWN if state.record is None else cleaned(state.record.route))


def _status(state: RequestState) -> Text:
    return Text(UNKNOWN) if state.record is None else status_text(state.record)


def status_text(record: Request) -> Text:
    """The request's status, in red where it says that the request failed."""
    return Text(str(record.status), style="red" if record.status >= 400 else "")


def _start(state: RequestState, report: Report) -> Text:
    return Text(UNKNOWN if state.record is None else report.started_text(state.record))


def _duration(state: RequestState) -> Text:
    return Text(seconds(None if state.record is None else state.record.duration_ms))


def _calls(state: RequestState) -> Text:
    runaway = Text(" runaway", style="red") if state.runaway is not None else Text("")
    if state.summary is None:
        return Text("pending", style="dim") + runaway
    totals = state.summary.totals
    failed = Text(f" +{totals.llm_errors} failed", style="red") if totals.llm_errors else Text("")
    calls = Text(at_least(str(totals.llm_calls), certain=state.summary.is_certain), style="bold")
    return calls + failed + runaway


def _possible(state: RequestState) -> Text:
    if state.record is None or state.summary is None:
        return Text("")
    return Text(possible_text(state.record, state.summary), style="yellow")


def _seconds(state: RequestState, part: str) -> Text:
    return Text(seconds(None if state.summary is None else getattr(state.summary, part)))


def _tokens(state: RequestState) -> Text:
    return Text(UNKNOWN if state.summary is None else token_counts(state.summary))


def _cost(state: RequestState) -> Text:
    return Text(UNKNOWN if state.summary is None else _cost_text(state.summary))


def _cost_text(summary: Summary) -> str:
    return cost_of(summary.totals, certain=summary.is_certain)


def _links(state: RequestState) -> Text:
    methods, confidences = correlated_by(state)
    return Text(f"{methods} ({confidences})" if methods else UNKNOWN)
