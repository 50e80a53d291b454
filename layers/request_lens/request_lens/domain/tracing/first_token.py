"""When the first token of a request's answer came, by the spans of its calls."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from request_lens.domain.facts import Invocation, InvocationId, Request
from request_lens.domain.spans import Span, SpanKind
from request_lens.domain.times import whole_ms


def first_token_ms(request: Request, linked: Sequence[Invocation], spans: Sequence[Span]) -> int | None:
    """Milliseconds from the request's start to the first token of its answer.

    The answer is that of the call that ends last of those that did not stop for a tool. Its first token is timed by the
    framework's span around it, or by Bedrock, where it is a stream; else unknown. Bedrock's log is of the last attempt,
    the span of all.
    """
    answers = {call.invocation_id: call for call in linked if call.is_llm_call and not call.waits_for_tool}
    no_answers = {call.invocation_id for call in linked} - answers.keys()
    calls = [span for span in spans if span.kind is SpanKind.CALL and span.invocation_id not in no_answers]
    last = max(calls, key=lambda span: (span.ended_at, span.span_id), default=None)
    if last is None or last.invocation_id not in answers:
        return None  # the last may be the answer, and is not linked
    came_at = _came_at(last, spans, answers)
    if came_at is None or came_at < request.started_at:
        return None
    return whole_ms(came_at - request.started_at)


def _came_at(call: Span, spans: Sequence[Span], answers: Mapping[InvocationId, Invocation]) -> datetime | None:
    for around in spans:
        if around.span_id == call.parent_id and around.trace_id == call.trace_id and around.first_token_ms is not None:
            return around.started_at + timedelta(milliseconds=around.first_token_ms)
    if call.invocation_id is None:
        return None
    answer = answers[call.invocation_id]
    if answer.first_byte_latency_ms is None:
        return None
    began_at = call.started_at if answer.latency_ms is None else max(call.started_at, call.ended_at - answer.latency)
    return began_at + timedelta(milliseconds=answer.first_byte_latency_ms)
