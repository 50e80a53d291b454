"""Facts for the contract suites."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from request_lens.domain.facts import Conversation, Invocation, InvocationId, Request, RequestId, Tag, TokenCounts
from request_lens.domain.folding.summary import Bar, Summary, Totals
from request_lens.domain.linking.link import Confidence, Link, LinkedInvocation, Method, UnlinkedInvocation
from request_lens.domain.log_record import Rejected, RejectedReason
from request_lens.domain.pricing import PriceSource

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
STORED_AT = NOON + timedelta(seconds=15)
MODEL = "jp.anthropic.claude-haiku-4-5-20251001-v1:0"


def request_at(moment: datetime = NOON, *, request_id: str = "request-1", status: int = 200) -> Request:
    return Request(
        request_id=RequestId(request_id), route="POST /ask", status=status, started_at=moment, duration_ms=4_711
    )


def call_at(
    moment: datetime = NOON, *, invocation_id: str = "call-1", latency_ms: int | None = 1509, tag: Tag | None = None
) -> Invocation:
    return Invocation(
        invocation_id=InvocationId(invocation_id),
        model_id=MODEL,
        operation="ConverseStream",
        logged_at=moment,
        latency_ms=latency_ms,
        stop_reason="tool_use",
        tokens=TokenCounts(input=1011, output=31),
        caller_role="agent-role",
        tag=tag,
        conversation=Conversation(produced=("tooluse_1",)),
    )


def rejected_line(event_id: str = "event-1") -> Rejected:
    return Rejected(
        reason=RejectedReason.INVALID_FIELD,
        detail="output.outputTokenCount: int_type",
        size_bytes=2_113,
        sha256="0f" * 32,
        log_group="/aws/bedrock/model-invocations",
        log_stream="aws/bedrock/modelinvocations",
        event_id=event_id,
    )


def pending(invocation: Invocation) -> UnlinkedInvocation:
    return UnlinkedInvocation(invocation=invocation, stored_at=STORED_AT)


def link_to(request_id: str = "request-1", *, method: Method = Method.WINDOW) -> Link:
    confidence = Confidence.EXACT if method is Method.TAG else Confidence.INFERRED
    return Link(request_id=RequestId(request_id), method=method, confidence=confidence)


def linked_call(invocation_id: str, *, request_id: str = "request-1") -> LinkedInvocation:
    return LinkedInvocation(invocation=call_at(invocation_id=invocation_id), link=link_to(request_id))


def summary_of(calls: int = 2) -> Summary:
    """A summary of so many calls, as a fold of an article's request would give it."""
    totals = Totals(
        llm_calls=calls,
        input_tokens=1011 * calls,
        output_tokens=31 * calls,
        cache_read_input_tokens=512,
        uncounted=(0, 0, 0, calls),
        estimated_cost_usd=Decimal("0.00128265") * calls if calls else None,
    )
    bars = tuple(
        Bar(
            model_id=MODEL,
            offset_ms=1600 * place,
            precision_ms=1000,
            latency_ms=1509,
            method=Method.CHAIN if place else Method.WINDOW,
            confidence=Confidence.INFERRED,
        )
        for place in range(calls)
    )
    return Summary(
        totals=totals,
        llm_time_ms=1509 * calls,
        tool_time_ms=None,
        non_llm_time_ms=max(4711 - 1509 * calls, 0),
        by_model=((MODEL, totals),) if calls else (),
        bars=bars,
        prices=PriceSource(name="genai-prices", version="0.2.3", date="2026-11-24"),
    )
