"""The widget's second page: one request with each of its calls."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta

from request_lens.application.query import RequestDetail, RequestView
from request_lens.domain.call_start import CallStart, call_start
from request_lens.domain.facts import InvocationId, Request
from request_lens.domain.folding.bars import starts_of
from request_lens.domain.folding.order import in_order
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.tracing.traced import ToolUse
from request_lens.presentation.calls import end_text, link_text, start_text
from request_lens.presentation.certainty import (
    Certainty,
    certainty_of,
    certainty_of_times,
    counted,
    doubt_of,
    signed,
    so_far,
    token_counts,
    tools_text,
    why_uncertain,
)
from request_lens.presentation.costs import call_cost, cost_of, estimated
from request_lens.presentation.failed_attempts import failed_words, throttled_of, why_failed_are_least
from request_lens.presentation.formatting import (
    UNKNOWN,
    counts_text,
    duration_text,
    in_words,
    moment_text,
    other_words,
)
from request_lens.presentation.markup import Markup, element, text, unbroken
from request_lens.presentation.remedies import remedy
from request_lens.presentation.timeline.drawing import View, lay_timeline
from request_lens.presentation.timeline.pieces import Words
from request_lens.presentation.traced import (
    FIRST_OF_ANSWER,
    complete_sentence,
    elsewhere_sentence,
    kept_tools_sentence,
    outcome_text,
    time_sentence,
    trace_address,
    with_missing,
)
from widget_html import console_of, page
from widget_possible import possible_table
from widget_request import WidgetRequest
from widget_timeline import timeline_row

MAX_CALLS = 500
"""Calls in the table: an answer of Lambda holds 6 MB."""

_TEXT_HEADERS = frozenset({"Model", "Ended with", "Correlated by"})
_HEADERS = (
    *("#", "Start (UTC)", "Latency", "Ended with", "Correlated by", "Estimated cost"),
    *("Tokens in / out", "Cache read / written", "Model"),
)


def details_page(details: RequestDetail, widget_request: WidgetRequest, policy: Policy, *, endpoint: str) -> Markup:
    """One request: its picture, its totals, and a row a call. `endpoint` is the ARN of this function."""
    if details.view is None and not details.calls:
        words = "Nothing is known of this request: its logs have not arrived, or it has expired."
        heading = element("h2", text(widget_request.request_id or ""))
        return page(heading, element("p", text(words)), theme=widget_request.theme, width=widget_request.width)
    head = [element("p", text("The request's record has not arrived yet."))]
    if details.view is not None:
        lines = (_totals(details.view), *_uncertain(details.view, policy), *_traced(details.view))
        head = [
            _picture(details.view, widget_request),
            *(element("p", unbroken(line)) for line in lines),
            *_trace(details.view, endpoint),
        ]
    tools = () if details.view is None else _tools(details.view)
    possible = possible_table(details.possible)
    content = (*head, *possible, *_calls(details, policy), *tools)
    return page(*content, theme=widget_request.theme, width=widget_request.width)


def _picture(view: RequestView, widget_request: WidgetRequest) -> Markup:
    record = view.record
    return lay_timeline(
        # The id stands above the picture.
        [replace(timeline_row(view, span=widget_request.span), has_id=False)],
        words=Words(
            title=record.route,
            subtitle=f"status {record.status} · {record.request_id} · {moment_text(record.started_at)}",
        ),
        view=View(theme=widget_request.theme, width=widget_request.width, explained=False),
    ).svg


def _totals(view: RequestView) -> str:
    if view.summary is None:
        return "Pending: no call is known yet."
    totals, times = view.summary.totals, view.summary
    certain = times.counts_all_calls
    cost = cost_of(totals, certain=certain)
    certainty = Certainty.EXACT if view.is_pending else certainty_of(times)
    of_times = Certainty.EXACT if view.is_pending else certainty_of_times(times)

    def said(words: str) -> str:
        return so_far(words, pending=view.is_pending and UNKNOWN not in words)

    # That no attempt failed is said only where none that is unlinked can have: also of an uncertain request.
    failed = said(failed_words(times) or "0 failed")
    knows_failed = bool(totals.llm_errors) or times.counts_all_failed
    failed += f", {throttled_of(times)}" if knows_failed else ""
    llm, other = (said(signed(duration_text(known), of_times)) for known in (times.llm_time_ms, times.non_llm_time_ms))
    tools = said(tools_text(times.tool_time_ms, of_times, shown=duration_text))
    parts = [
        with_missing(said(counted(totals.llm_calls, "LLM call", certainty)), times),
        *([failed] if certain or knows_failed else []),
        f"LLM time {in_words(llm)}",
        other_words(other, tools),
        f"tokens in / out {in_words(said(signed(token_counts(times), certainty)))}",
        f"estimated cost {estimated(said(signed(cost, certainty)), [times.prices] if times.prices else [])}",
    ]
    pending = "; pending: more calls may come" if view.is_pending else ""
    return " · ".join(parts) + pending


def _uncertain(view: RequestView, policy: Policy) -> Iterator[str]:
    """Why a settled request may have more calls, and what helps."""
    doubt = doubt_of(view.record, view.summary) if view.summary is not None and not view.is_pending else None
    if view.summary is not None and doubt is not None:
        helps = remedy(doubt, names_roles=bool(policy.agent_role_names))
        yield f"Uncertain: {why_uncertain(view.record, view.summary)}. What helps: {helps}."
    if view.summary is not None and not view.is_pending and (why := why_failed_are_least(view.summary)):
        yield f"{why[0].upper()}{why[1:]}."


def _traced(view: RequestView) -> Iterator[str]:
    """What spans say: whether all calls are there, where the time went, and when the first token of the answer came."""
    traced = view.summary.traced if view.summary is not None else None
    if traced is None:
        return
    yield f"{complete_sentence(traced)}."
    if elsewhere := elsewhere_sentence(traced):
        yield f"{elsewhere}."
    first_token = (
        "" if traced.first_token_ms is None else f" · {FIRST_OF_ANSWER} after {duration_text(traced.first_token_ms)}"
    )
    yield f"Time by: {time_sentence(traced)}{first_token}"


def _trace(view: RequestView, endpoint: str) -> Iterator[Markup]:
    """The trace, as a link to where the console shows it, and the session."""
    traced = view.summary.traced if view.summary is not None else None
    if traced is None:
        return
    link = element("a", text(traced.trace_id), href=trace_address(console_of(endpoint), traced.trace_id))
    session = "" if traced.session_id is None else f" · session {traced.session_id}"
    yield element("p", text("Trace "), link, text(session))


def _tools(view: RequestView) -> Iterator[Markup]:
    """The table of the runs of tools, and whether there may have been more than are kept."""
    tools = view.summary.traced.tools if view.summary is not None and view.summary.traced is not None else ()
    if not tools:
        return
    headers = (element("th", text(header), class_=class_) for header, class_ in _TOOL_HEADERS)
    rows = (_tool(view.record, tool) for tool in tools)
    yield element("table", element("thead", element("tr", *headers)), element("tbody", *rows))
    if kept := kept_tools_sentence(tools):
        yield element("p", text(f"{kept}."))


_TOOL_HEADERS = (("Tool", ""), ("Start (UTC)", "rlw-number"), ("Duration", "rlw-number"), ("Outcome", ""))


def _tool(record: Request, tool: ToolUse) -> Markup:
    started_at = record.started_at + timedelta(milliseconds=tool.offset_ms)
    cells = (
        (tool.tool, ""),
        (started_at.time().isoformat(timespec="milliseconds"), "rlw-number"),
        (duration_text(tool.duration_ms), "rlw-number"),
        (outcome_text(tool), "rlw-failed" if tool.failed else ""),
    )
    return element("tr", *(element("td", text(cell), class_=class_) for cell, class_ in cells))


def _calls(details: RequestDetail, policy: Policy) -> Iterator[Markup]:
    """The table of the calls, and how many it leaves out."""
    if not details.calls:
        return
    ordered = in_order(details.calls, policy)
    headers = (element("th", text(header), class_=_alignment(header)) for header in _HEADERS)
    starts = _starts(details, policy)
    rows = (
        _call(number, call, details, starts[call.invocation.invocation_id])
        for number, call in enumerate(ordered[:MAX_CALLS], start=1)
    )
    yield element("table", element("thead", element("tr", *headers)), element("tbody", *rows))
    if len(ordered) > MAX_CALLS:
        yield element("p", text(f"{len(ordered) - MAX_CALLS:,} later calls are not shown."))


def _starts(details: RequestDetail, policy: Policy) -> Mapping[InvocationId, CallStart]:
    """When each call began, as exactly as is known."""
    if details.view is None or details.view.summary is None:
        calls = (linked.invocation for linked in details.calls)
        return {call.invocation_id: call_start(call, clock_skew=policy.clock_skew) for call in calls}
    return starts_of(details.view.record, details.calls, details.view.summary.bars, policy)


def _call(number: int, linked: LinkedInvocation, details: RequestDetail, start: CallStart) -> Markup:
    call, tokens = linked.invocation, linked.invocation.tokens
    is_provisional = call.invocation_id in details.provisional
    cells = (
        str(number),
        start_text(start),
        duration_text(call.latency_ms),
        end_text(call),
        link_text(linked.link) + (", provisional" if is_provisional else ""),
        call_cost(details.estimates[call.invocation_id]),
        counts_text(tokens.input, tokens.output),
        counts_text(tokens.cache_read, tokens.cache_write),
        call.model_id,
    )
    classes = {header: _alignment(header) for header in _HEADERS}
    classes["Ended with"] = "" if call.is_llm_call else "rlw-failed"
    content = (element("td", text(cell), class_=classes[header]) for header, cell in zip(_HEADERS, cells, strict=True))
    return element("tr", *content, class_="rlw-provisional" if is_provisional else "")


def _alignment(header: str) -> str:
    """A class by which a column is laid out: a cost may be words, such as "unpriced: unknown region"."""
    if header == "Estimated cost":
        return "rlw-words"
    return "" if header in _TEXT_HEADERS else "rlw-number"
