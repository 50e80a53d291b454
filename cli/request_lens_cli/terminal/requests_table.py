"""The requests of a report as a list."""

from collections.abc import Callable
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Summary
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.certainty import calls_text, possible_text, token_counts
from request_lens.presentation.costs import cost_of
from request_lens.presentation.formatting import UNKNOWN, seconds, zone_name
from request_lens.presentation.traced import complete_text
from request_lens_cli.report.report import Report, correlated_by
from request_lens_cli.terminal.listing import Column, Listing, print_list
from request_lens_cli.terminal.piped_columns import piped_columns

MAX_ROUTE = 32
"""Characters of a route, where the terminal is too narrow for all of them."""

MAX_LABEL = 28
"""Characters of a label, where the terminal is too narrow for all of them."""


def print_requests(report: Report, console: Console, *, aligned: bool = False) -> None:
    """Print one request per line: what it was, when and how long it ran, and its LLM calls."""
    print_list(_columns(report), report.requests, console, aligned=aligned, piped=piped_columns(report))


def requests_listing(report: Report, console: Console) -> Listing[RequestState]:
    """A list of requests that goes on; the report's first ones say which columns there are."""
    shown = [replace(column, shown=True) for column in _columns(report)]
    return Listing(shown, console, piped=piped_columns(report))


def _columns(report: Report) -> list[Column[RequestState]]:
    """The columns, in the order in which they stand; `leaves` is the order in which they give way."""
    is_one_route = len({state.request.route for state in report.requests}) == 1
    has_errors = any(_has_error(state.request) for state in report.requests)
    llm_time = _of_summary(lambda summary: seconds(summary.llm_time_ms))
    other_time = _of_summary(lambda summary: seconds(summary.non_llm_time_ms))
    cost = _of_summary(lambda summary: cost_of(summary.totals, certain=summary.is_certain))
    return [
        *_names(report),
        Column(header="Route", cell=lambda state: state.request.route, cut=MAX_ROUTE, leaves=5 if is_one_route else 2),
        Column(header="Status", cell=lambda state: status_text(state.request), numeric=True, shown=has_errors),
        Column(
            header=f"Start ({zone_name(report.zone)})",
            cell=lambda state: report.started_text(state.request),
            numeric=True,
        ),
        Column(header="Duration", cell=lambda state: seconds(state.request.duration_ms), numeric=True),
        Column(header="LLM calls", cell=_calls, numeric=True),
        Column(header="More calls", cell=_possible, numeric=True, leaves=1, shown=not report.is_certain),
        Column(header="LLM time", cell=llm_time, numeric=True, leaves=3),
        Column(header="Other time", cell=other_time, numeric=True, leaves=6),
        Column(header="Tokens in/out", cell=_of_summary(token_counts), numeric=True, leaves=7),
        Column(header="Est. cost", cell=cost, numeric=True, leaves=4),
        Column(header="Correlated by", cell=correlated_by, leaves=8),
        Column(header="Complete", cell=_complete, leaves=2, shown=report.has_spans),
    ]


def _names(report: Report) -> list[Column[RequestState]]:
    """The request's id; where there are labels they stand in its place."""
    labels = report.labels

    def label(state: RequestState, part: str) -> str:
        return getattr(labels[state.request_id], part) if state.request_id in labels else UNKNOWN

    named = [
        Column(header="Prompt", cell=lambda state: label(state, "prompt"), cut=MAX_LABEL),
        Column[RequestState](header="Type", cell=lambda state: label(state, "kind")),
    ]
    request_id = Column[RequestState](header="Request", cell=lambda state: state.request_id, shown=not labels)
    return [*(named if labels else []), request_id]


def status_text(record: Request) -> Text:
    """The request's status, in red where it says that the request failed or was refused."""
    return Text(str(record.status), style="red" if _has_error(record) else "")


def _has_error(record: Request) -> bool:
    return record.has_failed or record.was_refused


def _calls(state: RequestState) -> Text:
    runaway = Text(" runaway", style="red") if state.runaway is not None else Text("")
    if state.summary is None:
        return Text("pending", style="dim") + runaway
    totals = state.summary.totals
    failed = Text(f" +{totals.llm_errors} failed", style="red") if totals.llm_errors else Text("")
    return Text(calls_text(state.summary), style="bold") + failed + runaway


def _possible(state: RequestState) -> Text:
    return Text("" if state.summary is None else possible_text(state.request, state.summary), style="yellow")


def _complete(state: RequestState) -> Text:
    traced = None if state.summary is None else state.summary.traced
    return Text(complete_text(traced), style="red" if traced is not None and traced.missing_calls else "")


def _of_summary(words: Callable[[Summary], str]) -> Callable[[RequestState], str]:
    """The cell that says so of a request's summary; a dash while there is none."""
    return lambda state: UNKNOWN if state.summary is None else words(state.summary)
