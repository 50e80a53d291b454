"""When the first token of a request's answer came, by the spans of its calls."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from request_lens.domain.facts import LOG_PRECISION_MS, Invocation, InvocationId, Request
from request_lens.domain.spans import Span, SpanKind
from request_lens.domain.times import MS, whole_ms

_SECOND = LOG_PRECISION_MS * MS


def first_token_ms(
    request: Request, linked: Sequence[Invocation], spans: Sequence[Span], *, clock_skew: timedelta
) -> int | None:
    """Milliseconds from the request's start to the first token of its answer.

    The answer is that of the call that ends last of those that did not stop for a tool. Its first token is timed by the
    framework's span around it, or by Bedrock, where it is a stream; else unknown.
    """
    answers = {call.invocation_id: call for call in linked if call.is_llm_call and not call.waits_for_tool}
    no_answers = {call.invocation_id for call in linked} - answers.keys()
    calls = [span for span in spans if span.kind is SpanKind.CALL and span.invocation_id not in no_answers]
    last = max(calls, key=lambda span: (span.ended_at, span.span_id), default=None)
    if last is None or last.invocation_id not in answers:
        return None  # the last may be the answer, and is not linked
    came_at = _came_at(last, spans, answers, clock_skew)
    if came_at is None or came_at < request.started_at:
        return None
    return whole_ms(came_at - request.started_at)


def _came_at(
    call: Span, spans: Sequence[Span], answers: Mapping[InvocationId, Invocation], clock_skew: timedelta
) -> datetime | None:
    for around in spans:
        if around.span_id == call.parent_id and around.trace_id == call.trace_id and around.first_token_ms is not None:
            return around.started_at + timedelta(milliseconds=around.first_token_ms)
    answer = answers[call.invocation_id] if call.invocation_id is not None else None
    if answer is None or answer.first_byte_latency_ms is None:
        return None
    began_at = _began_at(call, answer, clock_skew)
    return None if began_at is None else began_at + timedelta(milliseconds=answer.first_byte_latency_ms)


def _began_at(call: Span, answer: Invocation, clock_skew: timedelta) -> datetime | None:
    """When the attempt began that Bedrock logged, the call's last, if its SDK tried again; None where that is unknown.

    The span is of all attempts. It began before the second that is logged, give or take the skew, if one came before;
    then that attempt ended with the span, unless the agent went on reading.
    """
    if call.started_at + clock_skew >= answer.logged_at:
        return call.started_at
    began_at = call.ended_at - answer.latency
    return began_at if answer.logged_at <= began_at + clock_skew < answer.logged_at + _SECOND + 2 * clock_skew else None
