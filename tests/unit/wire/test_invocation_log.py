"""ModelInvocationLog records become invocations: the common fields count, and no body can reject its record."""

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from request_lens.domain.facts import Conversation, Invocation, RequestId, Tag, TokenCounts
from request_lens.domain.log_record import Rejected, RejectedReason
from request_lens.wire.log_record import read_record

type Record = dict[str, Any]

TOOL_TURN: Record = {
    "timestamp": "2025-12-04T18:26:58Z",
    "accountId": "123456789012",
    "region": "ap-northeast-1",
    "requestId": "5e0b6c1a-8d5a-4b43-9d7e-0f3b2f6f1a01",
    "operation": "ConverseStream",
    "modelId": "jp.anthropic.claude-haiku-4-5-20251001-v1:0",
    "identity": {"arn": "arn:aws:sts::123456789012:assumed-role/AgentRole/BedrockAgentCore-1f0c"},
    "input": {
        "inputContentType": "application/json",
        "inputBodyJson": {
            "messages": [
                {"role": "user", "content": [{"text": "Which files are there?"}]},
                {"role": "assistant", "content": [{"toolUse": {"toolUseId": "tooluse_a", "name": "ls", "input": {}}}]},
                {"role": "user", "content": [{"toolResult": {"toolUseId": "tooluse_a", "content": []}}]},
            ],
            "toolConfig": {"tools": []},
        },
        "inputTokenCount": 1011,
        "cacheReadInputTokenCount": 7,
        "cacheWriteInputTokenCount": 0,
    },
    "output": {
        "outputContentType": "application/json",
        "outputBodyJson": {
            "output": {
                "message": {
                    "role": "assistant",
                    "content": [
                        {"text": "Let me look."},
                        {"toolUse": {"toolUseId": "tooluse_b", "name": "cat", "input": {}, "type": "tool_use"}},
                        {"toolUse": {"toolUseId": "tooluse_c", "name": "cat", "input": {}, "type": "tool_use"}},
                    ],
                }
            },
            "stopReason": "tool_use",
            "metrics": {"latencyMs": 1509},
            "usage": {"inputTokens": 1011, "outputTokens": 31, "totalTokens": 1042},
        },
        "outputTokenCount": 31,
    },
    "inferenceRegion": "ap-northeast-3",
    "schemaType": "ModelInvocationLog",
    "schemaVersion": "1.0",
}
THROTTLED: Record = {
    "timestamp": "2025-12-04T18:27:02Z",
    "requestId": "5e0b6c1a-8d5a-4b43-9d7e-0f3b2f6f1a02",
    "operation": "Converse",
    "modelId": "arn:aws:bedrock:ap-northeast-1:123456789012:provisioned-model/abcdef123456",
    "identity": {"arn": "arn:aws:iam::123456789012:user/somebody"},
    "errorCode": "ThrottlingException",
    "schemaType": "ModelInvocationLog",
    "schemaVersion": "1.0",
}


def changed(record: Record, *path: str, value: object) -> Record:
    """A copy with another value at the path."""
    copy = deepcopy(record)
    part = copy
    for name in path[:-1]:
        part = part.setdefault(name, {})
    part[path[-1]] = value
    return copy


def without(record: Record, name: str) -> Record:
    return {key: value for key, value in record.items() if key != name}


def read(record: Record) -> Invocation:
    invocation = read_record(json.dumps(record))
    assert isinstance(invocation, Invocation), invocation
    return invocation


def rejected(record: Record) -> Rejected:
    fault = read_record(json.dumps(record))
    assert isinstance(fault, Rejected), fault
    return fault


def test_a_converse_stream_record_is_read_in_full() -> None:
    invocation = read(TOOL_TURN)
    assert invocation.invocation_id == "5e0b6c1a-8d5a-4b43-9d7e-0f3b2f6f1a01"
    assert invocation.model_id == "jp.anthropic.claude-haiku-4-5-20251001-v1:0"
    assert invocation.operation == "ConverseStream"
    assert invocation.logged_at == datetime(2025, 12, 4, 18, 26, 58, tzinfo=UTC)
    assert (invocation.latency_ms, invocation.stop_reason, invocation.error_code) == (1509, "tool_use", None)
    assert invocation.tokens == TokenCounts(input=1011, output=31, cache_read=7, cache_write=0)
    assert (invocation.caller_role, invocation.region) == ("AgentRole", "ap-northeast-1")
    assert invocation.tag is None
    assert invocation.conversation == Conversation(returned=("tooluse_a",), produced=("tooluse_b", "tooluse_c"))


def test_a_failed_call_has_neither_tokens_nor_bodies() -> None:
    invocation = read(THROTTLED)
    assert invocation.is_throttled
    assert not invocation.is_llm_call
    assert invocation.model_id == "provisioned-model/abcdef123456"
    assert invocation.tokens == TokenCounts()
    assert (invocation.latency_ms, invocation.conversation, invocation.caller_role) == (None, None, None)


@pytest.mark.parametrize(
    ("code", "throttled"),
    [
        ("ThrottlingException", True),
        ("TooManyRequestsException", True),
        ("ModelNotReadyException", True),
        ("ServiceQuotaExceededException", False),
        ("ServiceUnavailableException", False),
        ("ModelErrorException", False),
    ],
)
def test_an_attempt_is_throttled_where_its_error_is_of_status_429(code: str, throttled: bool) -> None:
    assert read(changed(THROTTLED, "errorCode", value=code)).is_throttled is throttled


def test_a_call_that_broke_off_keeps_its_counts() -> None:
    invocation = read(changed(TOOL_TURN, "errorCode", value="ModelStreamErrorException"))
    assert (invocation.is_llm_call, invocation.may_be_charged) == (False, True)
    assert invocation.tokens == TokenCounts(input=1011, output=31, cache_read=7, cache_write=0)


def test_an_embedding_is_no_conversation() -> None:
    invocation = read(changed(TOOL_TURN, "input", "inputBodyJson", value={"inputText": "text"}))
    assert invocation.conversation is None


def test_a_record_without_its_type_is_known_by_its_model_and_operation() -> None:
    assert read(without(TOOL_TURN, "schemaType")) == read(TOOL_TURN)


def test_a_record_without_an_operation_is_still_counted() -> None:
    assert read(without(TOOL_TURN, "operation")).operation == "unknown"


def test_the_order_of_keys_and_unknown_keys_do_not_matter() -> None:
    reordered = dict(reversed(TOOL_TURN.items())) | {"novelty": {"latency": "optimized"}}
    assert read(reordered) == read(TOOL_TURN)


UNREADABLE: list[object] = [
    None,
    "{}",
    "text",
    [],
    [{"type": "message_start"}, "[DONE]"],
    7,
    True,
    {"messages": "none", "output": [], "metrics": 3, "stopReason": {}},
    {"messages": {"0": {}}, "output": {"message": []}, "metrics": {"latencyMs": {}}, "stopReason": 4},
    {"messages": [], "output": {"message": {"content": "text"}}, "metrics": {"latencyMs": "9"}, "stopReason": "a b"},
]


@pytest.mark.parametrize("body", UNREADABLE)
def test_bodies_of_a_wrong_type_leave_the_common_fields_counting(body: object) -> None:
    record = changed(TOOL_TURN, "input", "inputBodyJson", value=body)
    invocation = read(changed(record, "output", "outputBodyJson", value=body))
    assert invocation.tokens == TokenCounts(input=1011, output=31, cache_read=7, cache_write=0)
    assert (invocation.latency_ms, invocation.stop_reason) == (None, None)
    assert invocation.conversation in {None, Conversation()}


@pytest.mark.parametrize("side", ["input", "output"])
def test_bodies_on_s3_leave_the_counts(side: str) -> None:
    record = changed(TOOL_TURN, side, value={f"{side}BodyS3Path": "s3://a/b", f"{side}TokenCount": 5})
    assert getattr(read(record).tokens, side) == 5


@pytest.mark.parametrize("missing", ["input", "output"])
def test_a_record_without_a_side_has_unknown_counts(missing: str) -> None:
    assert getattr(read(without(TOOL_TURN, missing)).tokens, missing) is None
    assert getattr(read(changed(TOOL_TURN, missing, value=None)).tokens, missing) is None


TAG: dict[str, object] = {"api_request_id": "TmVhckx5QkFwaQ=", "call_index": "2", "call_started_ms": "1764872818321"}


def tagged(**values: object) -> Tag | None:
    return read(changed(TOOL_TURN, "requestMetadata", value=TAG | values)).tag


def test_a_tag_is_read_from_the_request_metadata() -> None:
    expected = Tag(request_id=RequestId("TmVhckx5QkFwaQ="), call_index=2, call_started_ms=1_764_872_818_321)
    assert tagged() == expected
    assert tagged(call_index=2, call_started_ms=1764872818321, team="search") == expected


def test_a_request_id_alone_is_a_tag() -> None:
    tag = read(changed(TOOL_TURN, "requestMetadata", value={"api_request_id": "abc="})).tag
    assert tag == Tag(request_id=RequestId("abc="))


@pytest.mark.parametrize("value", ["", "two words", "x" * 129, "a;b", "a\n", 7, None, ["a"]])
def test_an_id_that_api_gateway_cannot_have_made_is_untagged(value: object) -> None:
    assert tagged(api_request_id=value) is None


@pytest.mark.parametrize("value", ["0", 0, "-1", -1, "1.5", 1.5, "100001", "one", "", None, True, "²", 10**40])
def test_a_call_index_that_cannot_be_is_unknown(value: object) -> None:
    tag = tagged(call_index=value)
    assert tag is not None
    assert tag.call_index is None


@pytest.mark.parametrize("value", ["-1", "4102444800001", "9" * 40, 10**40, "now", None, True])
def test_a_call_s_start_that_cannot_be_is_unknown(value: object) -> None:
    tag = tagged(call_started_ms=value)
    assert tag is not None
    assert tag.call_started_ms is None


@pytest.mark.parametrize("value", [None, "text", 7, [{"api_request_id": "abc="}], {}, {"team": "search"}])
def test_metadata_of_another_shape_is_untagged(value: object) -> None:
    assert read(changed(TOOL_TURN, "requestMetadata", value=value)).tag is None


@pytest.mark.parametrize("name", ["timestamp", "requestId", "modelId"])
def test_a_record_that_lacks_a_common_field_is_rejected_with_its_name(name: str) -> None:
    record = rejected(without(TOOL_TURN, name))
    advice = "Bedrock writes it into each record: the export should keep it"
    assert (record.reason, record.detail) == (RejectedReason.MISSING_FIELD, f"{name}: missing ({advice})")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("timestamp", "2025-02-30T00:00:00Z"),
        ("timestamp", "0001-01-01T00:00:00Z"),
        ("timestamp", "9999-12-31T23:59:59-23:00"),
        ("timestamp", 1764872822),
        ("requestId", "x" * 257),
        ("requestId", "a\nb"),
        ("requestId", "a\u2028b"),
        ("requestId", "a\ud800b"),
        ("requestId", ""),
        ("requestId", 7),
        ("modelId", "a\x1bb"),
        ("modelId", None),
        ("errorCode", {"code": 1}),
        ("operation", ["Converse"]),
        ("input", "text"),
        ("input.inputTokenCount", -1),
        ("input.inputTokenCount", "12 tokens"),
        ("input.inputTokenCount", "-12"),
        ("input.inputTokenCount", ""),
        ("output.outputTokenCount", "1.5"),
        ("output.outputTokenCount", "9" * 10),
        ("input.inputTokenCount", 1.5),
        ("input.inputTokenCount", 10**12),
        ("input.cacheReadInputTokenCount", True),
        ("input.cacheWriteInputTokenCount", float("nan")),
        ("output.outputTokenCount", -5),
    ],
)
def test_a_common_field_that_cannot_be_is_rejected_with_its_name(path: str, value: object) -> None:
    record = rejected(changed(TOOL_TURN, *path.split("."), value=value))
    assert record.reason is RejectedReason.INVALID_FIELD
    assert record.detail.startswith(f"{path}: ")


def test_a_timestamp_without_a_zone_is_utc() -> None:
    assert read(changed(TOOL_TURN, "timestamp", value="2025-12-04T18:26:58")) == read(TOOL_TURN)


def test_an_unreadable_identity_is_an_unknown_role() -> None:
    assert read(changed(TOOL_TURN, "identity", value="somebody")).caller_role is None
    assert read(changed(TOOL_TURN, "identity", value={"arn": 7})).caller_role is None


@pytest.mark.parametrize("region", [None, 7, "", "eu west", "x" * 65, ["eu-west-1"]])
def test_a_region_that_cannot_be_one_is_unknown(region: object) -> None:
    assert read(changed(TOOL_TURN, "region", value=region)).region is None


@pytest.mark.parametrize(
    ("path", "value", "advice"),
    [
        ("input.inputTokenCount", -1, "a whole number from 0 to 1,000,000,000"),
        ("output.outputTokenCount", 10**20, "a whole number from 0 to 1,000,000,000"),
        ("timestamp", "9999-12-31T23:59:59Z", "a time before 2100"),
        ("timestamp", "1960-01-01T00:00:00Z", "a time from 1970 on"),
        ("timestamp", "yesterday", "a time in ISO 8601, such as 2026-03-04T18:27:02Z"),
        ("modelId", "m" * 3_000, "up to 2,048 characters"),
        ("modelId", "two\nlines", "text of one line"),
        ("requestId", "r" * 300, "up to 256 visible ASCII characters"),
    ],
)
def test_a_value_that_cannot_be_is_told_what_it_should_be(path: str, value: object, advice: str) -> None:
    record = rejected(changed(TOOL_TURN, *path.split("."), value=value))
    assert record.detail.endswith(f"(it should be {advice}, as Bedrock wrote it)")
