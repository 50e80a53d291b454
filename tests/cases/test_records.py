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

_ISO_TIME = "it should be a time in ISO 8601, such as 2026-03-04T18:27:02Z, as Bedrock wrote it"

_CHOSEN = "9d8c7b6a-0000-4000-8000-000000000009"

REJECTED = {
    "ids_that_a_client_chose": [
        (
            "conflicting_record",
            f"request {_CHOSEN} of 2026-06-01T09:02:10+00:00 (another has this id: kept as {_CHOSEN}:1780304530000)",
        ),
    ],
    "timestamps_in_many_forms": [
        *[("invalid_field", f"timestamp: datetime_parsing ({_ISO_TIME})")] * 3,
        *[("invalid_field", f"timestamp: datetime_type ({_ISO_TIME})")] * 2,
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
    "rest_api_in_http_format": ["no route matched, as far as its format tells"],
    "websocket_events": [
        "WebSocket connection",
        "WebSocket connection",
        "no route matched, as far as its format tells",
    ],
    "preflight_in_the_same_second": ["CORS preflight"],
}

_NO_NAME = "it is no name of 1 to 64 letters, digits and any of . _ - / $: the route lacks it"

_NO_BODY = "the record has no {} body: text delivery is off, or the body was too large to log"
_JOINED = 'the record\'s keys are joined by dots, as some exports flatten them: "{}" must be an object'
_UNCOUNTED = "neither the record nor its body counts them"
_WITHOUT_BODIES = [
    ("latency_ms", _NO_BODY.format("output")),
    ("stop_reason", _NO_BODY.format("output")),
    ("conversation", _NO_BODY.format("input")),
    ("cache_read_input_tokens", _UNCOUNTED),
    ("cache_write_input_tokens", _UNCOUNTED),
]

UNKNOWN = {
    "two_apis_in_one_group": [("requestLensApi", _NO_NAME)],
    "responses_with_a_warm_cache": [
        ("latency_ms", "the output body has no metrics.latencyMs"),
        ("cache_write_1h_input_tokens", "the body does not split the cache's tokens by time to live"),
    ],
    "video_and_speech": [
        ("latency_ms", "the output body is an object in S3, which is not read"),
        ("stop_reason", "the output body is an object in S3, which is not read"),
        ("conversation", "the input body has no list of messages (an embedding, an image, or a prompt in one text)"),
        ("input_tokens", "the record has no inputTokenCount"),
        ("output_tokens", "the record has no outputTokenCount (embeddings, images and video have none)"),
        ("cache_read_input_tokens", _UNCOUNTED),
        ("cache_write_input_tokens", _UNCOUNTED),
        ("latency_ms", "no chunk of the stream carries usable amazon-bedrock-invocationMetrics"),
        ("first_byte_latency_ms", "no chunk of the stream carries usable amazon-bedrock-invocationMetrics"),
        ("stop_reason", "the output body names none (embeddings, most images and streams that broke off have none)"),
        ("conversation", "the input body is a list of events, which holds no conversation (speech)"),
        ("cache_read_input_tokens", _UNCOUNTED),
        ("cache_write_input_tokens", _UNCOUNTED),
    ],
    "counts_of_exports": [
        *_WITHOUT_BODIES,
        *_WITHOUT_BODIES,
        ("latency_ms", _JOINED.format("output")),
        ("stop_reason", _JOINED.format("output")),
        ("conversation", _JOINED.format("input")),
        ("input_tokens", _JOINED.format("input")),
        ("output_tokens", _JOINED.format("output")),
        ("cache_read_input_tokens", _JOINED.format("input")),
        ("cache_write_input_tokens", _JOINED.format("input")),
    ],
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
def test_what_is_set_aside_says_what_is_wrong_with_it_by_both_commands(case: Case) -> None:
    outcome = outcome_of(case)
    inspected = [(line["reason"], line["detail"]) for line in outcome.lines if line["kind"] == "rejected"]
    right = REJECTED.get(case.name, [])

    assert outcome.rejected == right
    assert inspected == [each for each in right if each[0] != "conflicting_record"]  # which no line tells by itself


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


def test_what_openai_counts_as_input_although_it_was_cached_is_taken_out_of_it() -> None:
    assert read("responses_with_a_warm_cache", "input_tokens") == {"warm": 2_400 - 2_370 - 28}
    assert read("responses_with_a_warm_cache", "cache_read_input_tokens") == {"warm": 2_370}
    assert read("gpt_counts_its_cache_as_input", "input_tokens") == {"short": 4, "long": 4, "whole": 9_000}


def test_a_conversation_of_the_responses_api_is_read_whole_and_as_events() -> None:
    assert read("responses_tool_loop", "conversation") == {
        "ask": {"returned": [], "produced": ["call_train"]},
        "bring": {"returned": ["call_train"], "produced": []},
        "cut-off": {"returned": [], "produced": []},
    }
    assert read("responses_tool_loop", "stop_reason") == {
        "ask": "tool_use",
        "bring": "completed",
        "cut-off": "max_output_tokens",
    }


def test_the_model_of_a_router_s_call_is_the_one_that_it_chose() -> None:
    assert read("prompt_routers", "model_id") == {
        "default": "amazon.nova-lite-v1:0",
        "own": "us.amazon.nova-pro-v1:0",
    }


def test_the_tier_is_the_answer_s_or_the_one_asked_for() -> None:
    assert read("tiers_beside_the_answer", "service_tier") == {
        "fast": "latency_optimized",
        "flex": "flex",
        "auto-asked": None,
        "auto-named": "auto",
    }


def test_counts_are_read_in_any_spelling() -> None:
    assert read("counts_of_exports", "input_tokens") == {"text": 25, "fraction": 25, "dotted": None}
    assert read("counts_of_exports", "output_tokens") == {"text": 150, "fraction": 150, "dotted": None}


def test_the_prompts_of_a_call_that_compacted_its_conversation_add_up() -> None:
    assert read("conversation_compacted_in_a_call", "input_tokens") == {"compacted": 150_000 + 60_000}
    assert read("conversation_compacted_in_a_call", "output_tokens") == {"compacted": 3_000 + 1_000}


def test_ids_regions_and_callers_of_other_partitions_are_read() -> None:
    assert list(read("other_partitions", "region").values()) == ["eusc-de-east-1", "eusc-de-east-1", "cn-north-1"]
    assert list(read("other_partitions", "caller_role").values()) == ["AgentRole", "AgentRole", None]
    assert read("other_partitions", "model_id")["profile"] == "eusc.anthropic.claude-sonnet-4-5-20250929-v1:0"


def test_a_message_of_a_websocket_is_a_request_under_a_name_that_can_be_chosen() -> None:
    assert [line["route"] for line in lines_of("websocket_events", "request")] == ["askPlanner", "$default"]


def test_a_streamed_answer_is_known_by_its_transfer_mode() -> None:
    streamed = {line["request_id"]: line["streamed"] for line in lines_of("odd_values_in_known_fields", "request")}

    assert [name for name, value in streamed.items() if value] == ["streamed"]
