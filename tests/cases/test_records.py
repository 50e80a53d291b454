"""What is read of each line of a case, what is unknown and why, and what is set aside with which advice."""

import pytest

from request_lens.wire.unknown_record import BATCH_LINE, CALL_BODY
from tests.cases.case import Case, Json
from tests.cases.catalogue import BY_NAME, CASES
from tests.cases.outcome import outcome_of

_ADD_RESOURCE_PATH = (
    'resourcePath: missing (a route matched although routeKey is "-", as in a REST API: '
    'add "resourcePath":"$context.resourcePath" to the access log\'s format)'
)

REJECTED = {
    "timestamps_in_many_forms": [
        *[("invalid_field", "timestamp: datetime_parsing")] * 3,
        *[("invalid_field", "timestamp: datetime_type")] * 2,
    ],
    "bodies_from_s3": [("unknown_record", CALL_BODY)] * 5,
    "batch_inference_output": [("unknown_record", BATCH_LINE)] * 2,
    "rest_api_in_http_format": [("missing_field", _ADD_RESOURCE_PATH)] * 2,
    "odd_values_in_known_fields": [
        ("invalid_field", "status: greater_than_equal (it should be $context.status: a number from 100 to 599)"),
        ("missing_field", 'status: no_value (API Gateway wrote "-": it had no value for $context.status)'),
    ],
}
"""What is set aside, with its detail; of all other cases nothing is."""

IGNORED = {
    "rest_api_in_http_format": ["no route matched"],
    "websocket_events": ["WebSocket connection", "WebSocket connection", "no route matched"],
    "preflight_in_the_same_second": ["CORS preflight"],
}

UNKNOWN = {
    "epoch_under_request_time": [
        ("duration_ms", "the format has no responseLatency, as the console's default formats have none"),
    ],
    "http_format_of_a_framework": [
        ("started_at", "known to the second only: the format has no requestTimeEpoch"),
    ],
    "websocket_events": [
        ("duration_ms", "the log of a WebSocket API has no responseLatency"),
        ("duration_ms", "the log of a WebSocket API has no responseLatency"),
        ("started_at", "known to the second only: the format has no requestTimeEpoch"),
    ],
    "odd_values_in_known_fields": [
        ("duration_ms", "responseLatency is no number of milliseconds up to a day"),
        ("duration_ms", "responseLatency is absent"),
        ("started_at", "known to the second only: requestTimeEpoch is in seconds"),
    ],
    "stream_without_an_input_body": [
        ("conversation", "the record has no input body: text delivery is off, or the body was too large to log"),
    ],
}
"""What is unknown of the lines and why, but for the tag, in the order of the lines."""


def lines_of(name: str, kind: str) -> list[Json]:
    return [line for line in outcome_of(BY_NAME[name]).lines if line["kind"] == kind]


def read(name: str, field: str) -> dict[str, Json]:
    return {line["invocation_id"]: line[field] for line in lines_of(name, "invocation")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_set_aside_says_what_is_wrong_with_it_to_both_commands(case: Case) -> None:
    outcome = outcome_of(case)
    inspected = [(line["reason"], line["detail"]) for line in outcome.lines if line["kind"] == "rejected"]

    assert outcome.rejected == inspected == REJECTED.get(case.name, [])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_ignored_says_why(case: Case) -> None:
    assert [line["why"] for line in lines_of(case.name, "ignored")] == IGNORED.get(case.name, [])


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_is_unknown_of_a_line_has_its_grounds(name: str) -> None:
    unknown = [pair for line in outcome_of(BY_NAME[name]).lines for pair in line.get("unknown", {}).items()]

    told = [(field, why.removesuffix(": only tags link to this request")) for field, why in unknown if field != "tag"]

    assert told == UNKNOWN[name]


def test_no_line_of_a_case_vanishes() -> None:
    read_from_files = {case.name: len(outcome_of(case).lines) for case in CASES if case.suffix == "ndjson"}
    chunks_of_one_line = {"bodies_from_s3": 3}

    assert read_from_files == {
        case.name: case.content.count("\n") + chunks_of_one_line.get(case.name, 0)
        for case in CASES
        if case.suffix == "ndjson"
    }


def test_a_time_is_read_in_any_form_that_tells_one_moment() -> None:
    times = read("timestamps_in_many_forms", "started_at")

    assert times == {
        **{f"form-{number}": "2026-06-01T09:00:01.000Z" for number in (1, 4, 6, 7, 8, 9, 11)},
        "form-2": "2026-06-01T09:00:01.417Z",
        "form-3": "2026-06-01T09:00:01.417Z",
        "form-5": "2026-06-01T09:00:01.500Z",
        "form-10": "2026-06-01T09:00:00.000Z",
    }


def test_a_caller_s_role_is_read_where_it_has_one() -> None:
    assert list(read("callers_of_every_kind", "caller_role").values()) == [
        None,
        None,
        None,
        "AWSReservedSSO_Developer_00112233aabbccdd",
        "PlannerRole",
        "AWSServiceRoleForAmazonBedrock",
        "AmazonBedrockExecutionRoleForAgents_1AB2",
        "AmazonBedrockExecutionRoleForKnowledgeBase_3c",
        "PlannerRole",
        None,
    ]


def test_tool_call_ids_are_read_of_chat_completions_plain_and_streamed() -> None:
    assert read("chat_completions_tool_loop", "conversation") == {
        "ask": {"returned": [], "produced": ["call_train"]},
        "bring": {"returned": ["call_train"], "produced": []},
    }
    assert read("chat_completions_tool_loop", "stop_reason") == {"ask": "tool_calls", "bring": "stop"}
    assert read("chat_completions_tool_loop", "latency_ms") == {"ask": None, "bring": 700}


def test_stop_reasons_are_the_provider_s_own_words() -> None:
    assert list(read("tools_run_by_the_provider", "stop_reason").values()) == ["end_turn", "pause_turn", "refusal"]
    assert list(read("streams_that_broke_off", "stop_reason").values()) == [None, None]
    assert read("classic_agent_without_tool_ids", "stop_reason")["step-1"] == "stop_sequence"


def test_a_stream_s_chunks_tell_latency_stop_reason_and_how_long_the_cache_is_kept() -> None:
    (line,) = lines_of("stream_without_an_input_body", "invocation")

    assert (line["latency_ms"], line["first_byte_latency_ms"], line["stop_reason"]) == (6_000, 1_400, "tool_use")
    assert (line["cache_write_input_tokens"], line["cache_write_1h_input_tokens"]) == (30_000, 30_000)
    assert line["conversation"] is None


def test_what_is_not_counted_is_unknown_and_not_zero() -> None:
    video, speech = lines_of("video_and_speech", "invocation")

    assert (video["input_tokens"], video["output_tokens"]) == (None, None)
    assert (speech["input_tokens"], speech["output_tokens"]) == (300, 90)
    assert set(read("embeddings_and_reranking", "output_tokens").values()) == {None}


def test_each_token_of_the_cache_counts_once() -> None:
    assert read("cache_counts_under_two_names", "cache_write_input_tokens") == {"writes": 6_000, "reads": 0}
    assert read("cache_counts_under_two_names", "cache_read_input_tokens") == {"writes": 0, "reads": 6_000}


def test_ids_regions_and_callers_of_other_partitions_are_read() -> None:
    assert list(read("other_partitions", "region").values()) == ["eusc-de-east-1", "eusc-de-east-1", "cn-north-1"]
    assert list(read("other_partitions", "caller_role").values()) == ["AgentRole", "AgentRole", None]
    assert read("other_partitions", "model_id")["profile"] == "eusc.anthropic.claude-sonnet-4-5-20250929-v1:0"


def test_a_message_of_a_websocket_is_a_request_under_a_name_that_can_be_chosen() -> None:
    assert [line["route"] for line in lines_of("websocket_events", "request")] == ["askPlanner", "$default"]


def test_a_streamed_answer_is_known_by_its_transfer_mode() -> None:
    streamed = {line["request_id"]: line["streamed"] for line in lines_of("odd_values_in_known_fields", "request")}

    assert [name for name, value in streamed.items() if value] == ["streamed"]
