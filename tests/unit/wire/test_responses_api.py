"""OpenAI's Responses API: items instead of messages, a status instead of a stop reason, answers as events."""

import json

import pytest

from request_lens.domain.facts import Conversation, Invocation
from request_lens.wire.log_record import read_record
from tests.support.body_shapes import responses_answer, responses_events, responses_question
from tests.support.record_shapes import Json, call
from tests.support.record_strategies import CANARY

MESSAGE = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "At nine."}]}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}


def read(asked: Json, answered: Json) -> Invocation:
    invocation = read_record(json.dumps(call("Responses", asked, answered)))
    assert isinstance(invocation, Invocation)
    return invocation


def use(call_id: object) -> Json:
    return {"type": "function_call", "id": "fc_1", "call_id": call_id, "name": "opening_hours", "arguments": "{}"}


def result(call_id: object, kind: str = "function_call_output") -> Json:
    return {"type": kind, "call_id": call_id, "output": "4"}


def answer(*items: Json, status: object = "completed", reason: object = None) -> Json:
    details = None if reason is None else {"reason": reason}
    return {"object": "response", "status": status, "incomplete_details": details, "output": items}


def returned(*items: Json) -> tuple[str, ...]:
    conversation = read({"input": items}, answer(MESSAGE)).conversation
    assert conversation is not None
    return conversation.returned


def produced(*items: Json) -> tuple[str, ...]:
    conversation = read({"input": "When does the museum open?"}, answer(*items)).conversation
    assert conversation is not None
    return conversation.produced


@pytest.mark.parametrize(
    ("answered", "reason"),
    [
        (answer(THOUGHT, use("call_a")), "tool_use"),
        (answer(MESSAGE), "completed"),
        (answer(MESSAGE, status="incomplete", reason="max_output_tokens"), "max_output_tokens"),
        (answer(use("call_a"), status="incomplete", reason="content_filter"), "content_filter"),
        (answer(status="incomplete"), "incomplete"),
        (answer(status="incomplete", reason="two words"), "incomplete"),
        (answer(status="failed"), "failed"),
        (answer(status="in_progress"), None),
        (answer(status="what else"), None),
        (answer(status=None), None),
    ],
)
def test_an_answer_ends_as_its_status_says(answered: Json, reason: str | None) -> None:
    invocation = read({"input": "When does the museum open?"}, answered)
    assert invocation.stop_reason == reason
    assert invocation.waits_for_tool is (reason == "tool_use")


def test_a_loop_is_chained_by_the_ids_of_its_function_calls() -> None:
    question = {"role": "user", "content": [{"type": "input_text", "text": "When does the museum open?"}]}
    first = read({"input": [question]}, answer(THOUGHT, use("call_a")))
    second = read({"input": [question, THOUGHT, use("call_a"), result("call_a")]}, answer(MESSAGE))
    assert first.conversation == Conversation(produced=("call_a",))
    assert second.conversation == Conversation(returned=("call_a",))


def test_every_result_since_the_model_s_last_item_is_returned_and_none_before_it() -> None:
    later = [result("call_b"), result("call_c", "custom_tool_call_output"), {"role": "developer", "content": "Brief."}]
    assert returned(use("call_a"), result("call_a"), use("call_b"), use("call_c"), *later) == ("call_b", "call_c")


@pytest.mark.parametrize("last", [use("call_b"), THOUGHT, {"role": "user", "content": "Thanks."}])
def test_a_result_that_was_answered_is_not_returned_again(last: Json) -> None:
    assert returned(result("call_a"), {"role": "assistant", "content": "At nine."}, last) == ()


def test_a_tool_that_the_service_ran_is_none_that_the_caller_is_asked_for() -> None:
    ran = [{"type": "shell_call", "call_id": "call_s"}, {"type": "shell_call_output", "call_id": "call_s"}]
    assert produced(*ran, use("call_a"), {"type": "web_search_call", "id": "ws_1"}) == ("call_a",)


@pytest.mark.parametrize("bad", [None, 7, "item", [], use("two words"), use(None), {"call_id": {}}])
def test_one_bad_item_does_not_hide_its_neighbours(bad: Json) -> None:
    assert produced(use("call_a"), bad, use("call_b")) == ("call_a", "call_b")
    assert returned(use("call_a"), bad, result("call_a")) == ("call_a",)


@pytest.mark.parametrize("asked", [{"input": []}, {"input": 7}, {"input": [7]}, {}, {"prompt": "When does it open?"}])
def test_an_input_that_cannot_be_read_is_no_conversation(asked: Json) -> None:
    assert read(asked, answer(use("call_a"))).conversation is None


def test_a_text_that_is_embedded_is_no_conversation() -> None:
    assert read({"input": "When does the museum open?"}, {"data": [{"embedding": [0.01]}]}).conversation is None


def test_the_events_of_a_stream_tell_what_the_whole_answer_tells() -> None:
    asked = responses_question(CANARY)
    assert read(asked, responses_events(CANARY)) == read(asked, responses_answer(CANARY))


def test_a_stream_that_breaks_off_has_asked_for_what_it_put_out_until_then() -> None:
    broken = read(responses_question(CANARY), responses_events(CANARY)[:5])
    assert (broken.stop_reason, broken.conversation) == (
        None,
        Conversation(returned=("tooluse_a",), produced=("tooluse_b",)),
    )


def test_an_answer_in_a_json_text_is_read_like_the_answer() -> None:
    asked, answered = responses_question(CANARY), responses_answer(CANARY)
    events = responses_events(CANARY)
    assert read(json.dumps(asked), json.dumps(answered)) == read(asked, answered)
    assert read(json.dumps(asked), json.dumps(events)) == read(asked, events)
