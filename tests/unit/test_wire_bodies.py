"""Bodies: a link needs tool-use ids alone, and whatever cannot be read is unknown."""

import json

import pytest

from request_lens.domain.facts import Conversation
from request_lens.wire.bodies import MAX_TOOL_IDS, InputBody, OutputBody, conversation_of, latency_ms_of, stop_reason_of


def asked(*messages: object) -> InputBody:
    return InputBody.model_validate_json(json.dumps({"messages": messages}))


def answered(**body: object) -> OutputBody:
    return OutputBody.model_validate_json(json.dumps(body))


def converse(*content: object) -> OutputBody:
    return answered(output={"message": {"role": "assistant", "content": content}})


def result(tool_use_id: object) -> dict[str, object]:
    return {"toolResult": {"toolUseId": tool_use_id, "content": []}}


def use(tool_use_id: object) -> dict[str, object]:
    return {"toolUse": {"toolUseId": tool_use_id, "name": "ls", "input": {}}}


def test_only_the_last_message_s_tool_results_are_returned() -> None:
    body = asked(
        {"content": [result("a")]}, {"content": [use("b")]}, {"content": [result("b"), {"text": "x"}, result("c")]}
    )
    assert conversation_of(body, converse(use("d"))) == Conversation(returned=("b", "c"), produced=("d",))


@pytest.mark.parametrize("content", ["text", [], [{"text": "x"}], None, 7, [use("a")]])
def test_a_last_message_without_tool_results_begins_a_loop(content: object) -> None:
    assert conversation_of(asked({"content": content}), None) == Conversation()


def test_a_last_message_that_cannot_be_read_is_no_conversation() -> None:
    assert conversation_of(asked({"content": [result("a")]}, "text"), converse(use("b"))) is None


def test_a_list_without_messages_is_an_empty_conversation() -> None:
    assert conversation_of(asked(), None) == Conversation()


def test_anthropic_messages_are_a_conversation_too() -> None:
    body = asked(
        {"role": "user", "content": "Which branch?"},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "main"}]},
    )
    answer = answered(
        stop_reason="tool_use", content=[{"type": "text", "text": "Then"}, {"type": "tool_use", "id": "toolu_2"}]
    )
    assert conversation_of(body, answer) == Conversation(returned=("toolu_1",), produced=("toolu_2",))
    assert (stop_reason_of(answer), latency_ms_of(answer)) == ("tool_use", None)


@pytest.mark.parametrize("bad", ["text", None, [], {"toolUse": 7}, use("two words"), use("x" * 65), use(7), use(None)])
def test_one_bad_block_does_not_hide_its_neighbours(bad: object) -> None:
    conversation = conversation_of(asked({"content": []}), converse(use("a"), bad, use("b"), use("a")))
    assert conversation == Conversation(produced=("a", "b"))


def test_a_turn_s_tool_uses_are_bounded() -> None:
    conversation = conversation_of(asked(), converse(*(use(f"id-{number}") for number in range(1000))))
    assert conversation is not None
    assert len(conversation.produced) == MAX_TOOL_IDS


@pytest.mark.parametrize("latency", [-1, "1509", True, None, [], float("nan"), float("inf"), 10**30, 86_400_001])
def test_a_latency_that_cannot_be_is_unknown(latency: object) -> None:
    assert latency_ms_of(answered(metrics={"latencyMs": latency})) is None


@pytest.mark.parametrize(("latency", "expected"), [(0, 0), (1509, 1509), (1508.6, 1509), (86_400_000, 86_400_000)])
def test_a_latency_is_in_whole_milliseconds(latency: float, expected: int) -> None:
    assert latency_ms_of(answered(metrics={"latencyMs": latency})) == expected


@pytest.mark.parametrize("reason", ["end_turn", "tool_use", "model_context_window_exceeded", "A_REASON_OF_TOMORROW"])
def test_stop_reasons_are_kept_as_they_are_worded(reason: str) -> None:
    assert stop_reason_of(answered(stopReason=reason)) == reason


@pytest.mark.parametrize("reason", ["", "two words", "x" * 65, 7, None, ["end_turn"], "end\n"])
def test_a_stop_reason_that_cannot_be_one_is_unknown(reason: object) -> None:
    assert stop_reason_of(answered(stopReason=reason)) is None
