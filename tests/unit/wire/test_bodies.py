"""Bodies: what each model family says in its own words, and whatever cannot be read is unknown."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from pydantic import TypeAdapter

from request_lens.adapters.price_list import bedrock_prices
from request_lens.domain.facts import Conversation, Invocation, TokenCounts
from request_lens.domain.pricing import Unpriced
from request_lens.wire.bodies import OutputBodies
from request_lens.wire.log_record import read_record
from request_lens.wire.messages import MAX_TOOL_IDS
from request_lens.wire.response import ResponseFacts, response_facts
from request_lens.wire.usage import cache_write_1h
from tests.support.body_shapes import INVOCATION_METRICS
from tests.support.record_shapes import INVOCATION_SHAPES, Json, call
from tests.support.record_strategies import CANARY, JSON_VALUES

OUTPUT_BODIES: TypeAdapter[OutputBodies] = TypeAdapter(OutputBodies)
TOOLS = Conversation(returned=("tooluse_a",), produced=("tooluse_b", "tooluse_c"))
CACHED = TokenCounts(input=1011, output=31, cache_read=7, cache_write=900, cache_write_1h=500)


def facts_of(body: Json) -> ResponseFacts:
    return response_facts(OUTPUT_BODIES.validate_json(json.dumps({"outputBodyJson": body})))


def shape(name: str) -> Invocation:
    invocation = read_record(json.dumps(INVOCATION_SHAPES[name](CANARY)))
    assert isinstance(invocation, Invocation)
    return invocation


def conversation(*messages: object, response: object = None) -> Conversation | None:
    invocation = read_record(json.dumps(call("Converse", {"messages": messages}, response)))
    assert isinstance(invocation, Invocation)
    return invocation.conversation


def converse(*content: object) -> Json:
    return {"output": {"message": {"role": "assistant", "content": content}}}


def result(tool_use_id: object) -> Json:
    return {"toolResult": {"toolUseId": tool_use_id, "content": []}}


def use(tool_use_id: object) -> Json:
    return {"toolUse": {"toolUseId": tool_use_id, "name": "ls", "input": {}}}


@pytest.mark.parametrize(
    ("name", "stop_reason"),
    [
        ("converse", "tool_use"),
        ("converse_guardrail", "guardrail_intervened"),
        ("invoke_anthropic", "tool_use"),
        ("invoke_claude2", "stop_sequence"),
        ("invoke_nova", "tool_use"),
        ("invoke_openai", "tool_calls"),
        ("invoke_mistral_chat", "tool_calls"),
        ("invoke_mistralai", "length"),
        ("invoke_anthropic_compacted", "end_turn"),
        ("responses", "tool_use"),
        ("responses_events", "tool_use"),
        ("invoke_titan", "FINISH"),
        ("invoke_llama", "stop"),
        ("invoke_cohere", "COMPLETE"),
        ("invoke_cohere_command", "MAX_TOKENS"),
        ("invoke_jurassic", "endoftext"),
        ("invoke_stability", "CONTENT_FILTERED"),
        ("stream_anthropic", "tool_use"),
        ("stream_anthropic_guardrail", "end_turn"),
        ("stream_claude2", "stop_sequence"),
        ("stream_nova", "tool_use"),
        ("stream_openai", "tool_calls"),
        ("stream_mistralai", "length"),
        ("stream_titan", "FINISH"),
        ("stream_llama", "stop"),
        ("stream_cohere", "COMPLETE"),
        ("invoke_pegasus", "stop"),
        ("invoke_canvas", None),
        ("invoke_embeddings", None),
        ("unknown_operation", None),
    ],
)
def test_each_family_names_its_stop_reason_in_its_own_place(name: str, stop_reason: str | None) -> None:
    invocation = shape(name)
    assert invocation.stop_reason == stop_reason
    assert invocation.waits_for_tool is (stop_reason in {"tool_use", "tool_calls"})


@pytest.mark.parametrize(
    "name",
    [
        "converse",
        "exported",
        "invoke_anthropic",
        "invoke_nova",
        "stream_anthropic",
        "stream_nova",
        "responses",
        "responses_events",
    ],
)
def test_tool_uses_that_come_and_go_are_read_from_every_shape(name: str) -> None:
    assert shape(name).conversation == TOOLS


@pytest.mark.parametrize("name", ["invoke_openai", "invoke_mistral_chat", "stream_openai"])
def test_chat_completions_return_each_tool_s_result_in_a_message_of_its_own(name: str) -> None:
    returned = ("tooluse_a", "tooluse_z")
    assert shape(name).conversation == Conversation(returned=returned, produced=("tooluse_b", "tooluse_c"))


@pytest.mark.parametrize("name", ["converse", "invoke_anthropic", "stream_anthropic"])
def test_the_cache_is_split_by_time_to_live_and_counted_where_the_record_does_not(name: str) -> None:
    assert shape(name).tokens == CACHED


@pytest.mark.parametrize("name", ["invoke_nova", "stream_nova"])
def test_nova_counts_its_cache_under_other_names_and_does_not_split_it(name: str) -> None:
    assert shape(name).tokens == replace(CACHED, cache_write_1h=None)


@pytest.mark.parametrize("name", [name for name in INVOCATION_SHAPES if name.startswith("stream_")])
def test_a_stream_s_last_chunk_has_its_latencies_unless_a_guardrail_stopped_it(name: str) -> None:
    invocation = shape(name)
    expected = (None, None) if name == "stream_anthropic_guardrail" else (3848, 509)
    assert (invocation.latency_ms, invocation.first_byte_latency_ms) == expected


@pytest.mark.parametrize("name", [name for name in INVOCATION_SHAPES if name.startswith("invoke_")])
def test_invoke_model_s_bodies_have_no_latency(name: str) -> None:
    assert shape(name).latency_ms is None


def test_guardrails_are_seen_whatever_the_stop_reason_says() -> None:
    blocked = {name for name in INVOCATION_SHAPES if shape(name).guardrail_intervened}
    assert blocked == {"converse_guardrail", "invoke_anthropic_guardrail", "stream_anthropic_guardrail"}


def test_a_body_in_a_json_text_is_read_like_the_body() -> None:
    for name in ("converse", "stream_anthropic"):
        record = INVOCATION_SHAPES[name](CANARY)
        record["input"]["inputBodyJson"] = json.dumps(record["input"]["inputBodyJson"])
        record["output"]["outputBodyJson"] = json.dumps(record["output"]["outputBodyJson"])
        assert read_record(json.dumps(record)) == shape(name)


def test_only_the_tool_results_since_the_model_s_last_turn_are_returned() -> None:
    last = {"content": [result("b"), {"text": "x"}, result("c")]}
    ids = conversation({"content": [result("a")]}, {"content": [use("b")]}, last, response=converse(use("d")))
    assert ids == Conversation(returned=("b", "c"), produced=("d",))


REMINDER = {"role": "user", "content": [{"text": "Answer in one line."}]}


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_turns_after_a_tool_s_result_do_not_hide_it(turns: int) -> None:
    asked = [{"role": "assistant", "content": [use("a")]}, {"role": "user", "content": [result("a")]}]
    assert conversation(*asked, *[REMINDER] * turns) == Conversation(returned=("a",))


def test_a_result_beside_a_text_is_found_in_whichever_place_it_stands() -> None:
    turns = [
        {"role": "user", "content": content} for content in ([{"text": "x"}, result("b")], [result("c"), use("x")])
    ]
    assert conversation({"role": "user", "content": [result("a")]}, *turns, REMINDER) == Conversation(
        returned=("a", "b", "c")
    )


def test_a_result_before_the_model_s_last_turn_was_answered_already() -> None:
    asked = [{"role": "user", "content": [result("a")]}, {"role": "assistant", "content": [{"text": "Yes."}]}]
    assert conversation(*asked, REMINDER) == Conversation()


def test_an_answer_that_is_begun_for_the_model_does_not_hide_the_result() -> None:
    begun = {"role": "assistant", "content": [{"text": "{"}]}
    assert conversation({"role": "user", "content": [result("a")]}, begun) == Conversation(returned=("a",))


@pytest.mark.parametrize("content", ["text", [], [{"text": "x"}], None, 7, [use("a")]])
def test_a_last_message_without_tool_results_begins_a_loop(content: object) -> None:
    assert conversation({"content": content}) == Conversation()


def test_a_last_message_that_cannot_be_read_is_no_conversation() -> None:
    assert conversation({"content": [result("a")]}, "text", response=converse(use("b"))) is None


def test_a_list_without_messages_is_no_conversation() -> None:
    assert conversation() is None


@pytest.mark.parametrize("earlier", ["text", None, 7, [], {}, {"content": [use("x")]}])
def test_what_stands_before_the_last_message_does_not_matter(earlier: object) -> None:
    assert conversation(earlier, earlier, {"content": [result("a")]}) == Conversation(returned=("a",))


@pytest.mark.parametrize("bad", ["text", None, [], {"toolUse": 7}, use("two words"), use("x" * 65), use(7), use(None)])
def test_one_bad_block_does_not_hide_its_neighbours(bad: object) -> None:
    assert facts_of(converse(use("a"), bad, use("b"), use("a"))).tool_uses == ("a", "b")


def test_a_turn_s_tool_uses_are_bounded() -> None:
    assert len(facts_of(converse(*(use(f"id-{number}") for number in range(1000)))).tool_uses) == MAX_TOOL_IDS


@pytest.mark.parametrize("latency", [-1, "1509", True, None, [], float("nan"), float("inf"), 10**30, 86_400_001])
def test_a_latency_that_cannot_be_is_unknown(latency: object) -> None:
    assert facts_of({"metrics": {"latencyMs": latency}}) == ResponseFacts()
    assert (
        facts_of([{INVOCATION_METRICS: {"invocationLatency": latency, "firstByteLatency": latency}}]) == ResponseFacts()
    )


@pytest.mark.parametrize(("latency", "expected"), [(0, 0), (1509, 1509), (1508.6, 1509), (86_400_000, 86_400_000)])
def test_a_latency_is_in_whole_milliseconds(latency: float, expected: int) -> None:
    assert facts_of({"metrics": {"latencyMs": latency}}).latency_ms == expected


@pytest.mark.parametrize("reason", ["end_turn", "model_context_window_exceeded", "A_REASON_OF_TOMORROW"])
def test_stop_reasons_are_kept_as_they_are_worded(reason: str) -> None:
    assert facts_of({"stopReason": reason}).stop_reason == reason


@pytest.mark.parametrize("reason", ["", "two words", "x" * 65, 7, None, ["end_turn"], "end\n"])
def test_a_stop_reason_that_cannot_be_one_is_unknown(reason: object) -> None:
    assert facts_of({"stopReason": reason}).stop_reason is None


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"cacheDetails": [{"ttl": "5m", "inputTokens": 9}]}, 0),
        ({"cacheDetails": [{"ttl": "1h", "inputTokens": 4}, {"ttl": "1h", "inputTokens": 5}]}, 9),
        ({"cacheDetails": [{"ttl": "1h", "inputTokens": 4}, {"ttl": "30m", "inputTokens": 5}]}, 4),
        ({"cacheDetails": []}, None),
        ({"cacheDetails": [{"ttl": "1h"}]}, None),
        ({"cacheDetails": [{"ttl": "1h", "inputTokens": -4}]}, None),
        ({"cacheDetails": ["1h", {"ttl": "1h", "inputTokens": 4}]}, None),
        ({"cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 0}}, 0),
        ({"cache_creation": {"ephemeral_1h_input_tokens": "4"}}, 4),
        ({"cache_creation": {"ephemeral_1h_input_tokens": "4h"}}, None),
        ({"cache_creation": 4}, None),
        ({}, None),
    ],
)
def test_a_split_that_is_absent_or_incomplete_is_unknown(usage: Json, expected: int | None) -> None:
    assert cache_write_1h(facts_of({"usage": usage}).usage) == expected


def test_a_split_that_contradicts_its_total_is_kept_for_the_price_table_to_refuse() -> None:
    record = INVOCATION_SHAPES["converse"](CANARY)
    record["input"]["cacheWriteInputTokenCount"] = 499
    invocation = read_record(json.dumps(record))
    assert isinstance(invocation, Invocation)
    assert (invocation.tokens.cache_write, invocation.tokens.cache_write_1h) == (499, 500)
    assert bedrock_prices().estimate(replace(invocation, service_tier=None)) is Unpriced.CONTRADICTION


def test_a_split_without_its_total_does_not_make_the_writes_free() -> None:
    usage = {"cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 0}}
    invocation = read_record(json.dumps(call("InvokeModel", {}, {"usage": usage})))
    assert isinstance(invocation, Invocation)
    assert (invocation.tokens.cache_write, invocation.tokens.cache_write_1h) == (None, 0)
    assert bedrock_prices().estimate(invocation) is Unpriced.NOT_COUNTED


@given(body=JSON_VALUES)
def test_a_body_of_any_shape_leaves_the_common_fields_counting(body: Json) -> None:
    invocation = read_record(json.dumps(call("Converse", body, body)))
    assert isinstance(invocation, Invocation)
    assert (invocation.tokens.input, invocation.tokens.output, invocation.region) == (1011, 31, "eu-west-1")
