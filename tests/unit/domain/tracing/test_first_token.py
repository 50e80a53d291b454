"""The first token of a request's answer is that of its last call that did not stop for a tool."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from request_lens.domain.facts import Invocation, Request, TraceId
from request_lens.domain.spans import Span, SpanId, SpanKind
from request_lens.domain.tracing.first_token import first_token_ms
from tests.support.telemetry.traces import START, call_span, invocation, made_span, request, strands_trace


def token_ms(record: Request, linked: Sequence[Invocation], spans: Sequence[Span]) -> int | None:
    return first_token_ms(record, linked, spans, clock_skew=timedelta(milliseconds=250))


def test_the_framework_times_it_from_its_own_span() -> None:
    assert token_ms(request(5345), [invocation("call")], strands_trace()) == 1253 + 2657


def test_bedrock_times_it_where_no_framework_does() -> None:
    answer = invocation("c", first_byte_latency_ms=40)

    assert token_ms(request(500), [answer], [call_span("c", 100, 300)]) == 140


def test_bedrock_times_the_last_attempt_of_a_call_that_the_sdk_tried_again() -> None:
    """Its span is of all attempts, from 0.1 to 10.1 s; its log of the last, which began at 8 s and took 2 s."""
    answer = replace(
        invocation("c", first_byte_latency_ms=300, latency_ms=2_000), logged_at=START + timedelta(seconds=8)
    )

    assert token_ms(request(10_500), [answer], [call_span("c", 100, 10_100)]) == 8_400


def test_a_stream_that_its_agent_reads_slowly_began_with_its_span() -> None:
    answer = invocation("c", first_byte_latency_ms=300, latency_ms=2_000)

    assert token_ms(request(10_500), [answer], [call_span("c", 100, 8_100)]) == 400


def test_the_first_token_of_a_retried_stream_that_its_agent_read_slowly_is_unknown() -> None:
    answer = replace(
        invocation("c", first_byte_latency_ms=300, latency_ms=2_000), logged_at=START + timedelta(seconds=5)
    )

    assert token_ms(request(20_000), [answer], [call_span("c", 100, 15_100)]) is None


def test_a_call_that_stopped_for_a_tool_is_no_answer() -> None:
    asks = invocation("c", first_byte_latency_ms=40, stop_reason="tool_use")
    answers = invocation("d", first_byte_latency_ms=70)
    spans = [call_span("d", 300, 400), call_span("c", 100, 500)]

    assert token_ms(request(900), [asks, answers], spans) == 370
    assert token_ms(request(900), [asks], spans) is None


def test_of_several_answers_the_last_to_end_counts() -> None:
    linked = [invocation("c", first_byte_latency_ms=40), invocation("d", first_byte_latency_ms=70)]

    assert token_ms(request(900), linked, [call_span("c", 100, 500), call_span("d", 300, 400)]) == 140


def test_it_is_unknown_without_a_span_or_a_time_or_before_the_request() -> None:
    timed = invocation("c", first_byte_latency_ms=40)

    assert token_ms(request(900), [timed], []) is None
    assert token_ms(request(900), [invocation("c")], [call_span("c", 100, 300)]) is None
    assert token_ms(request(900), [timed], [call_span("c", -100, 300)]) is None
    failed = invocation("c", first_byte_latency_ms=40, error_code="ModelTimeoutException")
    assert token_ms(request(900), [failed], [call_span("c", 100, 300)]) is None


def test_a_span_of_another_id_or_trace_is_not_around_the_call() -> None:
    around = made_span(SpanKind.CHAT, 90, 310, span_id="chat", first_token_ms=10)
    call = call_span("c", 100, 300, parent_id=SpanId("chat"))

    assert token_ms(request(900), [invocation("c")], [around, call]) == 100
    for other in (replace(around, span_id=SpanId("another")), replace(around, trace_id=TraceId("f" * 32))):
        assert token_ms(request(900), [invocation("c")], [other, call]) is None
