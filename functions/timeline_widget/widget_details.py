"""The widget's second page: one request with each of its calls."""

from request_lens.application.query import RequestDetail, RequestView
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.presentation.calls import end_text, in_order, link_text, start_text
from request_lens.presentation.costs import by_prices, call_cost, cost_of
from request_lens.presentation.formatting import counts_text, duration_text, moment_text, pluralize
from request_lens.presentation.timeline.drawing import lay_timeline
from widget_html import element, page
from widget_request import WidgetRequest
from widget_timeline import timeline_row

MAX_CALLS = 500
"""Calls in the table: an answer of Lambda holds 6 MB."""

_HEADERS = ("#", "Start (UTC)", "Latency", "Model", "Input", "Output", "Cache read", "Cache write")
_TEXT_HEADERS = ("Ended with", "Correlated by", "Estimated cost")


def details_page(details: RequestDetail, question: WidgetRequest, policy: Policy) -> str:
    """One request: its picture, its totals, and a row a call."""
    if details.seen is None and not details.calls:
        words = "Nothing is known of this request: its logs have not arrived, or it has expired."
        return page(element("h2", question.request_id or "") + element("p", words), theme=question.theme)
    head = element("p", "The request's record has not arrived yet.")
    if details.seen is not None:
        head = _picture(details.seen, question) + element("p", _totals(details.seen))
    return page(head + _calls(details, policy), theme=question.theme)


def _picture(seen: RequestView, question: WidgetRequest) -> str:
    record = seen.record
    return lay_timeline(
        [timeline_row(seen, span=question.span)],
        title=f"{record.route} · status {record.status}",
        subtitle=f"{record.request_id} · {moment_text(record.started_at)}",
        theme=question.theme,
        width=question.width,
    ).svg


def _totals(seen: RequestView) -> str:
    if seen.summary is None:
        return "Pending: no call is known yet."
    totals, times = seen.summary.totals, seen.summary
    parts = [
        pluralize(totals.llm_calls, "LLM call"),
        f"{totals.llm_errors:,} failed, {totals.llm_throttles:,} of them throttled",
        f"LLM {duration_text(times.llm_time_ms)}, tools {duration_text(times.tool_time_ms)}",
        f"other {duration_text(times.non_llm_time_ms)}",
        f"{totals.input_tokens:,} tokens in, {totals.output_tokens:,} out",
        f"estimated cost {cost_of(totals)}{by_prices([times.prices] if times.prices else [])}",
    ]
    pending = "; pending: more calls may come" if seen.is_pending else ""
    return " · ".join(parts) + pending


def _calls(details: RequestDetail, policy: Policy) -> str:
    if not details.calls:
        return ""
    ordered = in_order(details.calls, policy)
    headers = "".join(element("th", each, class_=_alignment(each)) for each in (*_HEADERS, *_TEXT_HEADERS))
    rows = "".join(_call(number, each, details, policy) for number, each in enumerate(ordered[:MAX_CALLS], start=1))
    more = len(ordered) - MAX_CALLS
    note = element("p", f"{more:,} later calls are not shown.") if more > 0 else ""
    return f"<table><thead><tr>{headers}</tr></thead><tbody>{rows}</tbody></table>{note}"


def _call(number: int, linked: LinkedInvocation, details: RequestDetail, policy: Policy) -> str:
    call, tokens = linked.invocation, linked.invocation.tokens
    is_provisional = call.invocation_id in details.provisional
    cells = [
        str(number),
        start_text(call, policy),
        duration_text(call.latency_ms),
        call.model_id,
        *map(counts_text, (tokens.input, tokens.output, tokens.cache_read, tokens.cache_write)),
    ]
    numeric = "".join(
        element("td", cell, class_=_alignment(header)) for header, cell in zip(_HEADERS, cells, strict=True)
    )
    ended = element("td", end_text(call), class_="" if call.is_llm_call else "rlw-failed")
    link = element("td", link_text(linked.link) + (", provisional" if is_provisional else ""))
    cost = element("td", call_cost(details.estimates[call.invocation_id]), class_="rlw-number")
    return f'<tr class="{"rlw-provisional" if is_provisional else ""}">{numeric}{ended}{link}{cost}</tr>'


def _alignment(header: str) -> str:
    return "" if header in ("Model", "Ended with", "Correlated by") else "rlw-number"
