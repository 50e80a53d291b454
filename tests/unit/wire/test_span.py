"""Spans of agents' telemetry are told by closed shapes; what says nothing of use is ignored, a broken one rejected."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from request_lens.domain.facts import InvocationId, TokenCounts, TraceId
from request_lens.domain.log_record import Ignored, LogRecord, Rejected, RejectedReason
from request_lens.domain.spans import Span, SpanId, SpanKind
from request_lens.wire.log_record import read_record
from tests.support.telemetry.span_shapes import (
    ACCOUNT,
    CALL_ID,
    IGNORED_SPAN_SHAPES,
    RESOURCE,
    SESSION,
    SPAN_SHAPES,
    TRACE_ID,
    agent_run,
    agentcore_call,
    bedrock_call,
    entry,
    gateway_tool,
    mcp_tool,
    tool_run,
)

CANARY = "is the canary singing?"
BEGAN = datetime(2025, 11, 17, 23, 58, 32, 171_000, tzinfo=UTC)


def record_of(record: dict[str, Any]) -> LogRecord:
    return read_record(json.dumps(record))


def read(record: dict[str, Any]) -> Span:
    span = record_of(record)
    assert isinstance(span, Span), span
    return span


def test_an_sdk_call_to_bedrock_bears_the_id_that_the_invocation_log_has() -> None:
    assert read(bedrock_call(started_ms=1255.6, ended_ms=4695.9)) == Span(
        trace_id=TraceId(TRACE_ID),
        span_id=SpanId("aecfafe81f02ad52"),
        parent_id=SpanId("83f7b593a8a109e2"),
        kind=SpanKind.CALL,
        started_at=BEGAN + timedelta(milliseconds=1256),
        ended_at=BEGAN + timedelta(milliseconds=4696),
        resource=RESOURCE,
        status=200,
        session_id=SESSION,
        invocation_id=InvocationId(CALL_ID),
        region="us-east-1",
        tokens=TokenCounts(input=338, output=113),
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("call", SpanKind.CALL),
        ("entry", SpanKind.ENTRY),
        ("agent", SpanKind.AGENT),
        ("strands_chat", SpanKind.CHAT),
        ("langchain_chat", SpanKind.CHAT),
        ("tool", SpanKind.TOOL),
        ("langchain_tool", SpanKind.TOOL),
        ("gateway_tool", SpanKind.TOOL),
        ("memory", SpanKind.MEMORY),
    ],
)
def test_each_kind_is_told_by_its_shape_and_none_of_its_texts_is_kept(name: str, kind: SpanKind) -> None:
    span = read(SPAN_SHAPES[name](CANARY))

    assert span.kind is kind
    assert "canary" not in repr(span)


def test_the_cases_above_are_all_shapes() -> None:
    assert {read(shape("")).kind for shape in SPAN_SHAPES.values()} == set(SpanKind)


@pytest.mark.parametrize("name", IGNORED_SPAN_SHAPES)
def test_a_record_that_says_nothing_of_use_is_ignored(name: str) -> None:
    assert isinstance(record_of(IGNORED_SPAN_SHAPES[name](CANARY)), Ignored)


def test_only_a_call_to_bedrock_has_an_invocations_id() -> None:
    others = [shape for name, shape in SPAN_SHAPES.items() if name != "call"]

    assert {read(shape("")).invocation_id for shape in others} == {None}


def test_times_may_be_texts_and_a_span_that_ends_before_it_begins_takes_no_time() -> None:
    record = bedrock_call(started_ms=10, ended_ms=20)
    as_texts = {name: str(record[name]) for name in ("startTimeUnixNano", "endTimeUnixNano")}

    assert read(record | as_texts) == read(record)
    backwards = read(record | {"endTimeUnixNano": record["startTimeUnixNano"] - 1_000_000_000})
    assert backwards.ended_at == backwards.started_at


def test_a_failed_tool_is_failed_although_its_span_has_status_ok() -> None:
    assert read(tool_run(outcome="error")).failed
    assert read(tool_run(status={"code": "ERROR"})).failed
    assert not read(tool_run()).failed


def test_a_gateway_puts_its_target_before_the_tools_name_and_says_what_it_added() -> None:
    span = read(gateway_tool())

    assert (span.tool, span.gateway_overhead_ms) == ("list_departments", 41)


def test_a_tools_name_stands_in_its_span_s_where_no_attribute_has_it() -> None:
    assert read(mcp_tool()).tool == "list_departments"
    unnamed = tool_run("read_object")
    del unnamed["attributes"]["gen_ai.tool.name"]
    assert read(unnamed).tool == "read_object"


def test_a_sentence_is_no_tools_name() -> None:
    assert read(tool_run("tell me all about it")).tool is None


@pytest.mark.parametrize("method", ["CreateEvent", "ListEvents", "ListActors", "ListSessions", "RetrieveMemoryRecords"])
def test_agentcores_operations_on_its_memory_are_memory(method: str) -> None:
    assert read(agentcore_call(method)).kind is SpanKind.MEMORY


@pytest.mark.parametrize(
    "method", ["InvokeCodeInterpreter", "StartBrowserSession", "InvokeAgentRuntime", "ListEventsX"]
)
def test_its_other_operations_are_not(method: str) -> None:
    assert isinstance(record_of(agentcore_call(method)), Ignored)


def test_cached_tokens_are_read_under_both_names() -> None:
    old = agent_run()
    new = agent_run()
    for name, key in (("cache_read", "cache_read"), ("cache_write", "cache_creation")):
        old["attributes"][f"gen_ai.usage.{name}_input_tokens"] = 7
        del new["attributes"][f"gen_ai.usage.{name}_input_tokens"]
        new["attributes"][f"gen_ai.usage.{key}.input_tokens"] = 7

    assert read(old).tokens == read(new).tokens == TokenCounts(input=338, output=113, cache_read=7, cache_write=7)


def test_what_ran_a_span_is_told_without_its_account() -> None:
    by_service = entry(resource={"attributes": {"service.name": "orders"}})

    assert ACCOUNT not in repr(read(entry()))
    assert read(by_service).resource == "orders"
    assert read(entry(resource={})).resource is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("traceId", "691bb6a8-dab3-12b4-f03b-31b9c24535a1"),
        ("spanId", 7),
        ("startTimeUnixNano", "yesterday"),
        ("startTimeUnixNano", True),
        ("endTimeUnixNano", -1),
        ("endTimeUnixNano", 10**30),
    ],
)
def test_a_span_with_a_broken_id_or_time_is_rejected_and_names_the_field(field: str, value: object) -> None:
    rejected = record_of(bedrock_call() | {field: value})

    assert isinstance(rejected, Rejected)
    assert (rejected.reason, rejected.detail.partition(":")[0]) == (RejectedReason.INVALID_FIELD, field)


def test_a_span_without_an_end_is_rejected() -> None:
    record = bedrock_call()
    del record["endTimeUnixNano"]
    rejected = record_of(record)

    assert isinstance(rejected, Rejected)
    assert rejected.detail == "endTimeUnixNano: missing"


def test_all_else_may_be_unreadable_without_losing_the_span() -> None:
    record = bedrock_call() | {"parentSpanId": "", "status": None}
    record["attributes"] |= {"http.status_code": "OK", "gen_ai.usage.input_tokens": -3, "session.id": CANARY}

    assert read(record) == replace(
        read(bedrock_call()), parent_id=None, status=None, session_id=None, tokens=TokenCounts(output=113)
    )
