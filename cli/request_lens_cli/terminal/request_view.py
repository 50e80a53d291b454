"""One request on the terminal and as JSON: its record, its summary, and every call that it made."""

from collections.abc import Collection, Sequence
from datetime import UTC, tzinfo

from rich.console import Console
from rich.text import Text

from request_lens.application.query import RequestDetail
from request_lens.domain.facts import InvocationId, Request
from request_lens.domain.folding.bars import bars_by_call
from request_lens.domain.folding.order import in_order
from request_lens.domain.folding.summary import Bar, Summary, TokenClass, TokenSum
from request_lens.domain.linking.link import LinkedInvocation, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.calls import llm_calls_first
from request_lens.presentation.certainty import (
    INEXACT,
    Certainty,
    certainty_of,
    certainty_of_times,
    counted,
    doubt_of,
    signed,
    tools_text,
    why_uncertain,
)
from request_lens.presentation.costs import cost_of, estimated
from request_lens.presentation.failed_attempts import failed_words, throttled_of, why_failed_are_least
from request_lens.presentation.formatting import cleaned, in_words, moment_text, other_words, pluralize, seconds
from request_lens.presentation.remedies import remedy
from request_lens.presentation.traced import complete_sentence, elsewhere_sentence, time_sentence, with_missing
from request_lens_cli.report.costs import call_estimate
from request_lens_cli.report.documents import invocation_document, possible_document, summary_document
from request_lens_cli.report.report import Report
from request_lens_cli.report.request_schema import Document
from request_lens_cli.terminal.calls_table import (
    call_columns,
    piped_call_columns,
    print_possible,
    print_tools,
)
from request_lens_cli.terminal.console import notes_beside
from request_lens_cli.terminal.listing import part_lists, print_fields, print_list
from request_lens_cli.terminal.requests_table import piped_columns, piped_traced_columns, status_text
from request_lens_cli.terminal.timeline.waterfall import render_waterfall


def shown_document(
    state: RequestState, possible: Sequence[UnlinkedInvocation], *, policy: Policy, aws_console: str = ""
) -> Document:
    """The request's summary, with the calls that may be its own; null where it is unknown which may be.

    While its record is missing, its id and what is known of its calls.
    """
    if state.record is not None:
        is_known = state.summary is not None and state.summary.possible_calls is not None
        named = [possible_document(call, policy) for call in llm_calls_first(possible)] if is_known else None
        return {**summary_document(state, policy, aws_console=aws_console), "possible": named}
    calls = [
        invocation_document(call.invocation, policy, call_estimate(call.invocation, None))
        for call in in_order(state.invocations, policy)
    ]
    return {"request_id": state.request_id, "revision": state.revision, "invocations": calls}


def show_request(
    state: RequestState, details: RequestDetail, *, policy: Policy, console: Console, zone: tzinfo | None = UTC
) -> None:
    """Print what is known of a request: the waterfall, and each call, those that are pending marked.

    Before these those that may be its own where it is uncertain. Times are of the zone; None is that of this machine.
    In a pipe the waterfall is left out, and sentences stand beside it.
    """
    if not console.is_terminal:
        _pipe_request(state, details, policy, console, zone)
        return
    linked = in_order(details.calls, policy)
    if state.record is None:
        console.print(_without_record(state))
    else:
        _show_record(state, state.record, console, zone)
        _show_uncertain(state, state.record, policy, console)
        _show_traced(state, console)
        _show_pending(state, len(details.provisional), console)
        print_possible(details.possible, console, zone=zone)
        placed = _placed(state, state.record, linked, details.provisional, policy)
        linked = [call for call, _ in placed]
        console.print()
        count = state.summary.possible_calls if state.summary is not None and not details.provisional else 0
        said = state.summary.traced if state.summary is not None else None
        console.print(render_waterfall(state.record, placed, width=console.width, possible_calls=count, traced=said))
    if linked:
        console.print()
        columns = call_columns(state, policy, linked=linked, provisional=details.provisional, zone=zone)
        print_list(columns, list(enumerate(linked, start=1)), console)
    if state.record is not None and state.summary is not None and state.summary.traced is not None:
        print_tools(state.record, state.summary.traced.tools, console, zone=zone)


def _pipe_request(
    state: RequestState, details: RequestDetail, policy: Policy, console: Console, zone: tzinfo | None
) -> None:
    """Its columns of a list, one a line, and what spans say; then its calls, what may be its own, and its tools.

    An empty line parts each list from what is above it.
    """
    notes, linked = notes_beside(console), in_order(details.calls, policy)
    tools = state.summary.traced.tools if state.summary is not None and state.summary.traced is not None else ()
    if state.record is None:
        notes.print(_without_record(state), highlight=False)
    else:
        print_fields(piped_columns(Report(requests=[state], unlinked=[], zone=zone)), state, console)
        if state.summary is not None and (traced := state.summary.traced) is not None:
            print_fields(piped_traced_columns(traced), traced, console)
        _show_uncertain(state, state.record, policy, notes)
        _show_pending(state, len(details.provisional), notes)
    if linked:
        if state.record is not None:
            part_lists(console)
        columns = piped_call_columns(state, policy, linked=linked, provisional=details.provisional, zone=zone)
        print_list(columns, list(enumerate(linked, start=1)), console)
    if state.record is not None and details.possible:
        part_lists(console)
        print_possible(details.possible, console, zone=zone)
    if state.record is not None and tools:
        part_lists(console)
        print_tools(state.record, tools, console, zone=zone)


def _placed(
    state: RequestState,
    record: Request,
    linked: Sequence[LinkedInvocation],
    provisional: Collection[InvocationId],
    policy: Policy,
) -> Sequence[tuple[LinkedInvocation, Bar]]:
    """Each call with its bar: where the last revision counts all of them, its own, which know the calls' spans."""
    if state.summary is not None and len(state.summary.bars) == len(linked):
        return list(zip(linked, state.summary.bars, strict=True))
    return bars_by_call(record, linked, policy, provisional=provisional)


def _show_record(state: RequestState, record: Request, console: Console, zone: tzinfo | None) -> None:
    console.print(Text.assemble((cleaned(state.request_id), "bold"), "  ", cleaned(record.route)), soft_wrap=True)
    started, duration = moment_text(record.started_at, zone), in_words(seconds(record.duration_ms))
    console.print(Text.assemble(f"{started}, status ", status_text(record), f", duration {duration}"))
    for line in _summary_lines(state):
        console.print(line, highlight=False)


def _show_uncertain(state: RequestState, record: Request, policy: Policy, console: Console) -> None:
    doubt = doubt_of(record, state.summary) if state.summary is not None else None
    if state.summary is not None and doubt is not None:
        why, helps = why_uncertain(record, state.summary), remedy(doubt, names_roles=bool(policy.agent_role_names))
        console.print(f"Uncertain: {why}. What helps: {helps}.", style="yellow", highlight=False)


def _show_traced(state: RequestState, console: Console) -> None:
    """Print what spans say: whether all calls are there, where the time went, when the first token came, and ids."""
    traced = state.summary.traced if state.summary is not None else None
    if traced is None:
        return
    console.print(f"{complete_sentence(traced)}.", style="red" if traced.missing_calls else "", highlight=False)
    lines = [f"{sentence}." for sentence in [elsewhere_sentence(traced)] if sentence]
    lines.append(f"Time by: {time_sentence(traced)}")
    if traced.first_token_ms is not None:
        lines.append(f"First token after {seconds(traced.first_token_ms)}")
    session = "" if traced.session_id is None else f", session {cleaned(traced.session_id)}"
    for line in [*lines, f"Trace {traced.trace_id}{session}"]:
        console.print(line, highlight=False, soft_wrap=True)


def _show_pending(state: RequestState, provisional: int, console: Console) -> None:
    if state.summary is None:
        console.print("Pending: not settled yet, more calls may come.", style="yellow")
    if provisional:
        calls = pluralize(provisional, "call")
        console.print(f"{calls} not decided yet, shown where they would be linked as things stand.", style="yellow")


def _summary_lines(state: RequestState) -> list[str]:
    if state.summary is None:
        return []
    revision = "" if state.revision == 1 else f" (revision {state.revision}: late facts changed it)"
    return [
        f"{_counts(state.summary)}{revision}",
        _times(state.summary),
        _tokens(state.summary),
        _cost(state.summary),
        *(["A runaway: beyond MaxCallsPerRequest or MaxCostPerRequest"] if state.runaway is not None else []),
    ]


def _cost(summary: Summary) -> str:
    cost = signed(cost_of(summary.totals, certain=summary.counts_all_calls), certainty_of(summary))
    return f"Estimated cost: {estimated(cost, [summary.prices] if summary.prices else [])}"


def _counts(summary: Summary) -> str:
    totals = summary.totals
    calls = counted(totals.llm_calls, "LLM call", certainty_of(summary))
    parts = [with_missing(f"{calls[0].upper()}{calls[1:]}{f' ({INEXACT})' if summary.is_about else ''}", summary)]
    if failed := failed_words(summary):
        parts.append(f"{failed}, {throttled_of(summary)}" if totals.llm_errors else failed)
    parts += [why] if (why := why_failed_are_least(summary)) else []
    return ", ".join(parts)


def _times(summary: Summary) -> str:
    """The time in LLM calls and the rest, of which what waited for tools is a part, each with the calls' sign."""
    llm, other = (
        signed(seconds(known), certainty_of_times(summary)) for known in (summary.llm_time_ms, summary.non_llm_time_ms)
    )
    tools = tools_text(summary.tool_time_ms, certainty_of_times(summary))
    return f"LLM time {in_words(llm)}, {other_words(other, tools)}"


def _tokens(summary: Summary) -> str:
    """The tokens by class; those of the cache where any are known to be."""
    totals = summary.totals
    if not summary.counts_all_calls and not totals.llm_calls:
        return "Tokens: unknown"
    shown = [of for of in TokenClass if of not in _CACHED or any(totals.tokens(each).count for each in _CACHED)]
    sums = {_TOKEN_WORDS[of]: totals.tokens(of) for of in shown}
    return f"Tokens: {', '.join(f'{_count(tokens, certainty_of(summary))} {name}' for name, tokens in sums.items())}"


_CACHED = (TokenClass.CACHE_READ, TokenClass.CACHE_WRITE)
_TOKEN_WORDS = {
    TokenClass.INPUT: "in",
    TokenClass.OUTPUT: "out",
    TokenClass.CACHE_READ: "read from cache",
    TokenClass.CACHE_WRITE: "written to cache",
}


def _count(tokens: TokenSum, certainty: Certainty) -> str:
    """A sum of tokens with the sign of its own; that of calls that do not all count is the least."""
    if tokens.count is None:
        return "unknown"
    return signed(f"{tokens.count:,}", Certainty.AT_LEAST if tokens.is_least else certainty).replace("≥", "at least")


def _without_record(state: RequestState) -> str:
    calls = pluralize(len(state.invocations), "tagged call")
    if state.orphaned:
        return f"{calls} unattributed: the request's record never came."
    return f"{calls} pending: the request's record has not arrived yet."
