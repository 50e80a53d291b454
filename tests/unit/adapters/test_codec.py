"""The maps of facts and decisions: their attributes are fixed, for items lie in tables and queries name them."""

from dataclasses import MISSING, fields
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from request_lens.adapters.dynamodb.attributes import PlainMap, from_item, to_item
from request_lens.adapters.dynamodb.codec import decode, encode
from request_lens.adapters.dynamodb.items import decision_from
from request_lens.domain.facts import (
    Conversation,
    Invocation,
    InvocationId,
    Request,
    RequestId,
    Tag,
    TokenCounts,
    TraceId,
)
from request_lens.domain.folding.summary import TokenClass, Totals
from request_lens.domain.linking.link import Assumption, Confidence, Link, Method, Reason, Unattributed
from request_lens.domain.log_record import Rejected, RejectedReason
from request_lens.domain.pricing import Quote
from request_lens.domain.settling.runaway import Runaway
from request_lens.domain.spans import Span, SpanId, SpanKind
from request_lens.domain.times import MS
from request_lens.domain.tracing.time_parts import TimeParts
from request_lens.domain.tracing.traced import ToolUse, Traced

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

AT = datetime(2026, 11, 24, 12, 0, 0, 7000, tzinfo=UTC)
COST = Decimal("0.0012")


@pytest.mark.parametrize(
    ("cost", "stored"), [("0.002577300", "0.0025773"), ("100", "100"), ("0E-9", "0"), ("12.50", "12.5")]
)
def test_a_number_is_stored_without_zeros_at_its_end(cost: str, stored: str) -> None:
    written = encode(Runaway(llm_calls=1, estimated_cost_usd=Decimal(cost)))

    assert str(written["estimated_cost_usd"]) == stored


FULL: list[tuple["DataclassInstance", PlainMap]] = [
    (
        Request(
            request_id=RequestId("r"),
            route="POST /ask",
            status=200,
            started_at=AT,
            duration_ms=4711,
            started_precision_ms=1000,
            streamed=True,
            claimed_id=RequestId("c"),
            trace_id=TraceId("6931d2f10123456789abcdef01234561"),
            lambda_request_id="8f5e1d6c-0b7a-4c3d-9e2f-1a2b3c4d5e6f",
        ),
        {
            "request_id": "r",
            "route": "POST /ask",
            "status": 200,
            "started_at": "2026-11-24T12:00:00.007Z",
            "duration_ms": 4711,
            "started_precision_ms": 1000,
            "streamed": True,
            "claimed_id": "c",
            "trace_id": "6931d2f10123456789abcdef01234561",
            "lambda_request_id": "8f5e1d6c-0b7a-4c3d-9e2f-1a2b3c4d5e6f",
        },
    ),
    (
        Invocation(
            invocation_id=InvocationId("i"),
            model_id="model",
            operation="Converse",
            logged_at=AT,
            latency_ms=0,
            stop_reason="tool_use",
            error_code="ThrottlingException",
            tokens=TokenCounts(input=1, output=0, cache_read=3, cache_write=4, cache_write_1h=5),
            caller_role="AgentRole",
            tag=Tag(request_id=RequestId("r"), call_index=2, call_started_ms=1_764_872_818_321),
            conversation=Conversation(returned=("a",), produced=("b", "c")),
            region="eu-west-1",
            service_tier="flex",
            first_byte_latency_ms=7,
            guardrail_intervened=True,
            inference_profile="a1b2c3",
        ),
        {
            "invocation_id": "i",
            "model_id": "model",
            "operation": "Converse",
            "logged_at": "2026-11-24T12:00:00.007Z",
            "latency_ms": 0,
            "stop_reason": "tool_use",
            "error_code": "ThrottlingException",
            "tokens": {"input": 1, "output": 0, "cache_read": 3, "cache_write": 4, "cache_write_1h": 5},
            "caller_role": "AgentRole",
            "tag": {"request_id": "r", "call_index": 2, "call_started_ms": 1_764_872_818_321},
            "conversation": {"returned": ["a"], "produced": ["b", "c"]},
            "region": "eu-west-1",
            "service_tier": "flex",
            "first_byte_latency_ms": 7,
            "guardrail_intervened": True,
            "inference_profile": "a1b2c3",
        },
    ),
    (
        Rejected(
            reason=RejectedReason.TRUNCATED,
            detail="json_invalid",
            size_bytes=7,
            sha256="5f",
            log_group="group",
            log_stream="stream",
            event_id="event",
        ),
        {
            "reason": "truncated",
            "detail": "json_invalid",
            "size_bytes": 7,
            "sha256": "5f",
            "log_group": "group",
            "log_stream": "stream",
            "event_id": "event",
        },
    ),
    (
        Link(
            request_id=RequestId("r"),
            method=Method.CHAIN,
            confidence=Confidence.INFERRED,
            violates=Assumption.CHAINS_HAVE_ONE_REQUEST,
            taken_back=True,
        ),
        {
            "request_id": "r",
            "method": "chain",
            "confidence": "inferred",
            "breaks": "chains_have_one_request",
            "taken_back": True,
        },
    ),
    (
        Unattributed(
            reason=Reason.AMBIGUOUS,
            candidates=2,
            violates=Assumption.LOGS_COME_IN_TIME,
            trace_id=TraceId("t"),
            quote=Quote(estimated_cost_usd=COST, knows_model=True),
        ),
        {
            "reason": "ambiguous",
            "candidates": 2,
            "breaks": "logs_come_in_time",
            "trace_id": "t",
            "estimated_cost_usd": COST,
            "knows_model": True,
        },
    ),
    (
        Runaway(llm_calls=51, estimated_cost_usd=COST, unpriced_calls=2),
        {"llm_calls": 51, "estimated_cost_usd": COST, "unpriced_calls": 2},
    ),
    (
        Totals(
            llm_calls=1,
            llm_errors=2,
            llm_throttles=3,
            input_tokens=4,
            output_tokens=5,
            cache_read_input_tokens=6,
            cache_write_input_tokens=7,
            uncounted=(1, 0, 2, 3),
            unpriced_calls=8,
            estimated_cost_usd=Decimal(0),
        ),
        {
            "llm_calls": 1,
            "llm_errors": 2,
            "llm_throttles": 3,
            "input_tokens": 4,
            "output_tokens": 5,
            "cache_read_input_tokens": 6,
            "cache_write_input_tokens": 7,
            "uncounted": [1, 0, 2, 3],
            "unpriced_calls": 8,
            "estimated_cost_usd": Decimal(0),
        },
    ),
    (
        Span(
            trace_id=TraceId("6931d2f10123456789abcdef01234561"),
            span_id=SpanId("0123456789abcdef"),
            parent_id=SpanId("fedcba9876543210"),
            kind=SpanKind.TOOL,
            started_at=AT,
            ended_at=AT + MS,
            resource="agent",
            failed=True,
            status=500,
            session_id="s",
            invocation_id=InvocationId("i"),
            region="eu-west-1",
            tokens=TokenCounts(input=1),
            first_token_ms=2,
            tool="mail",
            tool_call_id="tooluse_a",
            gateway_overhead_ms=3,
        ),
        {
            "trace_id": "6931d2f10123456789abcdef01234561",
            "span_id": "0123456789abcdef",
            "parent_id": "fedcba9876543210",
            "kind": "tool",
            "started_at": "2026-11-24T12:00:00.007Z",
            "ended_at": "2026-11-24T12:00:00.008Z",
            "resource": "agent",
            "failed": True,
            "status": 500,
            "session_id": "s",
            "invocation_id": "i",
            "region": "eu-west-1",
            "tokens": {"input": 1},
            "first_token_ms": 2,
            "tool": "mail",
            "tool_call_id": "tooluse_a",
            "gateway_overhead_ms": 3,
        },
    ),
    (
        Traced(
            trace_id=TraceId("6931d2f10123456789abcdef01234561"),
            complete=False,
            calls=3,
            missing_calls=1,
            missing=(InvocationId("i"),),
            shared_calls=1,
            calls_elsewhere=2,
            time_by=TimeParts(
                llm_ms=1, llm_elsewhere_ms=2, tools=(("a", 3), ("b", 4)), memory_ms=0, agent_ms=5, outside_ms=6
            ),
            first_token_ms=7,
            session_id="s",
            tools=(ToolUse(tool="a", offset_ms=-1, duration_ms=3, failed=True),),
            failed_later=(("a", 2),),
            gateway_overhead_ms=8,
            spans=9,
        ),
        {
            "trace_id": "6931d2f10123456789abcdef01234561",
            "complete": False,
            "calls": 3,
            "missing_calls": 1,
            "missing": ["i"],
            "shared_calls": 1,
            "calls_elsewhere": 2,
            "time_by": {
                "llm_ms": 1,
                "llm_elsewhere_ms": 2,
                "tools": [["a", 3], ["b", 4]],
                "memory_ms": 0,
                "agent_ms": 5,
                "outside_ms": 6,
            },
            "first_token_ms": 7,
            "session_id": "s",
            "tools": [{"tool": "a", "offset_ms": -1, "duration_ms": 3, "failed": True}],
            "failed_later": [["a", 2]],
            "gateway_overhead_ms": 8,
            "spans": 9,
        },
    ),
]
"""Of each class one whose fields all differ from their defaults, and its map."""

LEAST: list[tuple["DataclassInstance", PlainMap]] = [
    (
        Request(request_id=RequestId("r"), route="", status=0, started_at=AT, duration_ms=None),
        {"request_id": "r", "route": "", "status": 0, "started_at": "2026-11-24T12:00:00.007Z"},
    ),
    (
        Invocation(invocation_id=InvocationId("i"), model_id="model", operation="Converse", logged_at=AT),
        {
            "invocation_id": "i",
            "model_id": "model",
            "operation": "Converse",
            "logged_at": "2026-11-24T12:00:00.007Z",
            "tokens": {},
        },
    ),
    (
        Rejected(reason=RejectedReason.TOO_OLD, detail="request"),
        {"reason": "too_old", "detail": "request", "log_group": "", "log_stream": "", "event_id": ""},
    ),
    (
        Link(request_id=RequestId("r"), method=Method.TAG, confidence=Confidence.EXACT),
        {"request_id": "r", "method": "tag", "confidence": "exact"},
    ),
    (Unattributed(reason=Reason.NO_REQUEST), {"reason": "no_request", "candidates": 0}),
    (Runaway(llm_calls=51, estimated_cost_usd=None), {"llm_calls": 51}),
    (Conversation(), {}),
    (Totals(), {}),
    (
        Traced(trace_id=TraceId("t"), time_by=TimeParts(), tools=(ToolUse(tool="a", offset_ms=0, duration_ms=0),)),
        {"trace_id": "t", "time_by": {}, "tools": [{"tool": "a", "offset_ms": 0, "duration_ms": 0}]},
    ),
]
"""Of each class one of which no more is known than must be, and its map."""


@pytest.mark.parametrize(("fact", "values"), FULL + LEAST)
def test_attributes_are_what_tables_and_queries_have(fact: "DataclassInstance", values: PlainMap) -> None:
    assert encode(fact) == values
    assert decode(type(fact), from_item(to_item(values))) == fact


@pytest.mark.parametrize("fact", [fact for fact, _ in FULL], ids=lambda fact: type(fact).__name__)
def test_the_full_maps_show_every_field(fact: "DataclassInstance") -> None:
    defaults = {field.name: field.default for field in fields(fact) if field.default is not MISSING}
    assert all(getattr(fact, name) != default for name, default in defaults.items())


def test_a_decision_is_told_by_its_attributes() -> None:
    decisions = [fact for fact, _ in FULL + LEAST if isinstance(fact, Link | Unattributed)]
    assert [decision_from(from_item(to_item(encode(decision)))) for decision in decisions] == decisions
    assert [decision.quote for decision in decisions if isinstance(decision, Unattributed)] == [
        Quote(estimated_cost_usd=COST, knows_model=True),
        Quote(),
    ]


def test_empty_lists_which_earlier_versions_wrote_are_read() -> None:
    assert decode(Conversation, {"returned": [], "produced": []}) == Conversation()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"request_id": "r", "method": "tag"},
        {"request_id": "r", "method": "guess", "confidence": "exact"},
        {"request_id": Decimal(7), "method": "tag", "confidence": "exact"},
        {"request_id": None, "method": "tag", "confidence": "exact"},
        "r",
        None,
    ],
)
def test_a_map_of_another_make_is_not_read(values: PlainMap) -> None:
    with pytest.raises((TypeError, ValueError)):
        decode(Link, values)


def test_totals_of_an_earlier_version_say_what_they_said() -> None:
    stored = decode(Totals, {"llm_calls": Decimal(2), "input_tokens": Decimal(5)})

    assert stored == Totals(llm_calls=2, input_tokens=5)
    assert stored.tokens(TokenClass.CACHE_READ).count == 0
