"""The requests of a report as a list; in a pipe with plain numbers, and what is to be said of them in other columns."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Summary, TokenClass, Totals
from request_lens.domain.settling.state import RequestState
from request_lens.domain.tracing.traced import Traced
from request_lens.presentation.certainty import (
    Certainty,
    calls_are,
    calls_text,
    certainty_of,
    certainty_of_times,
    doubt_of,
    known_count,
    known_tokens,
    signed,
    token_counts,
)
from request_lens.presentation.costs import cost_of, plain_cost
from request_lens.presentation.failed_attempts import certainty_of_failed, failed_sign
from request_lens.presentation.formatting import UNKNOWN, plain_number, plain_seconds, seconds, zone_name
from request_lens.presentation.traced import complete_text, more_text, part_figures
from request_lens_cli.report.report import Report, correlated_by
from request_lens_cli.terminal.listing import Column, Listing, print_list

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
    """The columns, in the order in which they stand; `leaves` is the order in which they give way.

    What people ask a list for stays longest: calls, whether any failed, cost, and when the request began.
    """
    is_one_route = len({state.request.route for state in report.requests}) == 1
    has_errors = any(_has_error(state.request) for state in report.requests)
    llm_time = _signed(lambda summary: seconds(summary.llm_time_ms), certainty_of_times)
    other_time = _signed(lambda summary: seconds(summary.non_llm_time_ms), certainty_of_times)
    cost = _signed(lambda summary: cost_of(summary.totals, certain=summary.counts_all_calls))
    return [
        *_names(report),
        Column(header="Route", cell=lambda state: state.request.route, cut=MAX_ROUTE, leaves=6 if is_one_route else 4),
        Column(header="Status", cell=lambda state: status_text(state.request), numeric=True, shown=has_errors),
        Column(
            header=f"Start ({zone_name(report.zone)})",
            cell=lambda state: report.started_text(state.request),
            numeric=True,
            leaves=2,
            brief=f"Start {zone_name(report.zone)}",
        ),
        Column(header="Duration", cell=lambda state: seconds(state.request.duration_ms), numeric=True),
        Column(header="LLM calls", cell=_calls, numeric=True),
        Column(header="More calls", cell=_more, numeric=True, leaves=1, shown=report.certainty is Certainty.AT_LEAST),
        Column(header="LLM time", cell=llm_time, numeric=True, leaves=5),
        Column(header="Other time", cell=other_time, numeric=True, leaves=7),
        Column(header="Tokens in/out", cell=_signed(token_counts), numeric=True, leaves=8),
        Column(header="Est. cost", cell=cost, numeric=True),
        Column(header="Correlated by", cell=correlated_by, leaves=9),
        Column(header="Complete", cell=_complete, leaves=3, shown=report.has_spans),
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
    words = failed_sign(state.summary)
    failed = Text(f" {words}", style="red") if words else Text("")
    return Text(calls_text(state.summary), style="bold") + failed + runaway


def _more(state: RequestState) -> Text:
    """How many more calls may be its own, and are missing; of one whose calls are all counted none."""
    if state.summary is None:
        return Text(UNKNOWN)
    is_all = state.summary.counts_all_calls
    words = more_text(state.request, state.summary) or ("0" if is_all else UNKNOWN)
    return Text(words, style="" if is_all else "yellow")


def _complete(state: RequestState) -> Text:
    traced = None if state.summary is None else state.summary.traced
    return Text(complete_text(traced), style="red" if traced is not None and traced.missing_calls else "")


def _signed(
    words: Callable[[Summary], str], certainty: Callable[[Summary], Certainty] = certainty_of
) -> Callable[[RequestState], str]:
    """The cell that says so of a request's summary, with the sign of its calls; a dash while there is none."""
    return _plain_of(lambda summary: signed(words(summary), certainty(summary)))


type _Columns = Sequence[Column[RequestState]]


def piped_columns(report: Report) -> _Columns:
    """The columns in the order of the list on a terminal, without signs and units; then what the signs say."""
    return (*_piped_names(report), *_figures(report), *_QUALIFIERS)


def _piped_names(report: Report) -> _Columns:
    labels = report.labels
    request_id = Column[RequestState](header="Request", cell=lambda state: state.request_id)
    if not labels:
        return (request_id,)

    def label(state: RequestState, part: str) -> str:
        return getattr(labels[state.request_id], part) if state.request_id in labels else UNKNOWN

    return (
        Column(header="Prompt", cell=lambda state: label(state, "prompt")),
        Column(header="Type", cell=lambda state: label(state, "kind")),
        request_id,
    )


def _figures(report: Report) -> _Columns:
    def start(state: RequestState) -> str:
        return f"{state.request.started_at.astimezone(report.zone):%Y-%m-%d %H:%M:%S}"

    return (
        Column(header="Route", cell=lambda state: state.request.route),
        Column(header="Status", cell=lambda state: str(state.request.status)),
        Column(header=f"Start ({zone_name(report.zone)})", cell=start),
        Column(header="Duration (s)", cell=lambda state: plain_seconds(state.request.duration_ms)),
        Column(header="LLM calls", cell=_plain_of(lambda summary: plain_number(summary.totals.llm_calls))),
        Column(header="More calls", cell=_plain_of(lambda summary: plain_number(summary.possible_calls))),
        Column(header="LLM time (s)", cell=_plain_of(lambda summary: plain_seconds(summary.llm_time_ms))),
        Column(header="Other time (s)", cell=_plain_of(lambda summary: plain_seconds(summary.non_llm_time_ms))),
        Column(header="Tokens in", cell=_tokens(TokenClass.INPUT)),
        Column(header="Tokens out", cell=_tokens(TokenClass.OUTPUT)),
        Column(header="Est. cost (USD)", cell=_plain_of(lambda summary: plain_cost(summary.totals.estimated_cost_usd))),
        Column(header="Correlated by", cell=correlated_by),
        Column(header="Complete", cell=_is_complete),
    )


def _plain_of(words: Callable[[Summary], str]) -> Callable[[RequestState], str]:
    """The cell that says so of a request's summary; a dash while there is none."""
    return lambda state: UNKNOWN if state.summary is None else words(state.summary)


def _tokens(of: TokenClass) -> Callable[[RequestState], str]:
    """Their sum; a dash, too, where no call is known of what is not certain."""

    def count(summary: Summary) -> str:
        return plain_number(known_tokens(summary.totals, of, certain=summary.counts_all_calls).count)

    return _plain_of(count)


def _attempts(count: Callable[[Totals], int]) -> Callable[[RequestState], str]:
    """How many are such; a dash, too, where none is known of what is not certain."""
    return _plain_of(lambda summary: plain_number(known_count(count(summary.totals), certain=summary.counts_all_calls)))


def _failed_calls(state: RequestState) -> str:
    """How many; a dash, too, where none is known, and there may be some."""
    if state.summary is None:
        return UNKNOWN
    is_least = certainty_of_failed(state.summary) is Certainty.AT_LEAST
    return plain_number(known_count(state.summary.totals.llm_errors, certain=not is_least))


def _is_complete(state: RequestState) -> str:
    """Whether its spans prove that all calls are there: yes, no, or a dash where they do not tell."""
    return complete_text(None if state.summary is None else state.summary.traced)


def _why(state: RequestState) -> str:
    doubt = None if state.summary is None else doubt_of(state.request, state.summary)
    return UNKNOWN if doubt is None else doubt.value


def piped_traced_columns(traced: Traced) -> Sequence[Column[Traced]]:
    """What spans say of a request beyond its columns of a list: where its time went, first token, trace, session."""
    parts = [("Time by (s)", None)] if traced.time_by is None else part_figures(traced.time_by)

    def part(name: str, part_ms: int | None) -> Column[Traced]:
        header = name if part_ms is None else f"Time by {name} (s)"
        return Column(header=header, cell=lambda _: plain_seconds(part_ms))

    return (
        *(part(name, part_ms) for name, part_ms in parts),
        Column(header="First token (s)", cell=lambda said: plain_seconds(said.first_token_ms)),
        Column(header="Missing call ids", cell=lambda said: ", ".join(said.missing) or UNKNOWN),
        Column(header="Calls elsewhere", cell=lambda said: plain_number(said.calls_elsewhere)),
        Column(header="Trace", cell=lambda said: said.trace_id),
        Column(header="Session", cell=lambda said: said.session_id or UNKNOWN),
    )


def _missing_calls(state: RequestState) -> str:
    traced = None if state.summary is None else state.summary.traced
    return UNKNOWN if traced is None else plain_number(traced.missing_calls)


_QUALIFIERS: _Columns = (
    Column(header="Calls are", cell=lambda state: calls_are(state.summary).replace("_", " ")),
    Column(header="Uncertain because", cell=_why),
    Column(header="Failed calls", cell=_failed_calls),
    Column(header="Unpriced calls", cell=_attempts(lambda totals: totals.unpriced_calls)),
    Column(header="Missing calls", cell=_missing_calls),
    Column(header="Runaway", cell=lambda state: "no" if state.runaway is None else "yes"),
    Column(header="Tool time (s)", cell=_plain_of(lambda summary: plain_seconds(summary.tool_time_ms))),
)
