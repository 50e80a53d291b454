"""Whose each call is, by which method and how surely, or why it is nobody's."""

import pytest

from tests.cases.case import Case
from tests.cases.catalogue import BY_NAME, CASES
from tests.cases.outcome import outcome_of

_STREAM = "7a1b2c3d-0000-4000-8000-00000000000{}"

NOBODYS = {
    "stream_of_five_minutes": dict.fromkeys([f"stream-{number}" for number in range(1, 6)], "no_request"),
    "client_left": {"left-1": "ambiguous"} | dict.fromkeys([f"left-{number}" for number in range(2, 5)], "no_request"),
    "clocks_two_seconds_apart": {"early-1": "no_request", "early-2": "ambiguous"},
    "call_sent_again_untagged": dict.fromkeys(("resent-1", "resent-2-1", "resent-2-3"), "no_request"),
    "shared_tool_id_around_a_short_request": {"inner-1": "ambiguous", "inner-2": "ambiguous"},
    "own_tool_ids_around_a_short_request": {"inner-1": "ambiguous", "inner-2": "ambiguous"},
    "an_api_behind_an_api": {"inner-1": "ambiguous", "inner-2": "ambiguous"},
    "throttled_attempts_without_a_tag": dict.fromkeys([f"throttled-{number}" for number in range(1, 5)], "ambiguous"),
    "responses_tool_loop": {"cut-off": "no_request"},
    "websocket_message_with_calls": dict.fromkeys(("chat-1", "chat-2", "chat-3"), "ambiguous"),
}
"""Calls beside a request that belong to none, and why."""

WHOSE = {
    "over_midnight_and_the_hour": {
        "night-1": "midnight",
        "night-2": "midnight",
        "hourly-1": "hour",
        "hourly-2": "hour",
    },
    "tool_ids_that_repeat": {f"call-{turn}-{call}": f"turn-{turn}" for turn in range(3) for call in (1, 2)},
    "tool_ids_that_do_not_repeat": {f"call-{turn}-{call}": f"turn-{turn}" for turn in range(3) for call in (1, 2)},
    "shared_tool_id_around_a_short_request": {"outer-1": "long", "outer-2": "long"},
    "own_tool_ids_around_a_short_request": {"outer-1": "long", "outer-2": "long"},
    "tool_of_the_browser": {"ask": "asks", "go-on": "goes-on", "answer": "goes-on"},
    "approval_minutes_later": {"ask": "asks", "go-on": "goes-on", "answer": "goes-on"},
    "tool_of_the_browser_tagged": {"ask": "asks", "go-on": "goes-on", "answer": "goes-on"},
    "throttled_attempts_without_a_tag": {"one-1": "one", "one-2": "one", "other-1": "other", "other-2": "other"},
    "chat_completions_parallel_tools": {"ask": "first", "bring": "first"},
    "guardrail_stopped_the_answer": {"counted": "blocked", "uncounted": "masked"},
    "responses_tool_loop": {"ask": "first", "bring": "first"},
    "result_before_a_reminder": {"ask": "first", "bring": "first"},
    "session_that_resumes_after_a_504": {"ask": "timed-out", "again": "asked-again"},
    "ids_that_no_client_can_choose": {"first": "PlanFirst=", "second": "PlanSecond="},
}
"""The request of each call that is linked, where a case has several requests."""

METHODS = {
    "stream_of_five_minutes_tagged": {"tag, exact"},
    "loop_of_a_dozen_calls_tagged": {"tag, exact"},
    "retries_of_throttled_calls_tagged": {"tag, exact"},
    "subagents_side_by_side_tagged": {"tag, exact"},
    "accepted_and_worked_on": {"tag, exact"},
    "call_sent_again_after_a_read_time_out": {"tag, exact"},
    "tool_of_the_browser_tagged": {"tag, exact"},
    "throttled_attempts_without_a_tag": {"tag, exact"},
    "tags_of_many_kinds": {"tag, exact", "window, assumed"},
    "tool_ids_that_repeat": {"window, assumed"},
    "tool_ids_that_do_not_repeat": {"window, assumed", "chain, assumed"},
    "an_api_behind_an_api_named": {"window, inferred", "chain, inferred"},
    "chat_completions_parallel_tools": {"window, assumed", "chain, assumed"},
    "session_that_resumes_after_a_504": {"window, assumed"},
    "classic_agent_without_tool_ids": {"window, assumed"},
    "knowledge_base_then_answer": {"window, assumed"},
    "responses_tool_loop": {"window, assumed", "chain, assumed"},
    "result_before_a_reminder": {"window, assumed", "chain, assumed"},
}


@pytest.mark.parametrize("case", [each for each in CASES if outcome_of(each).requests], ids=lambda case: case.name)
def test_a_call_that_no_request_has_says_why(case: Case) -> None:
    unattributed = outcome_of(case).replay["unattributed"]

    assert {call["invocation_id"]: call["reason"] for call in unattributed} == NOBODYS.get(case.name, {})


@pytest.mark.parametrize("name", WHOSE)
def test_a_call_is_of_the_request_that_made_it(name: str) -> None:
    calls = outcome_of(BY_NAME[name]).calls.items()

    assert {call: told["request_id"] for call, told in calls if told["link"]} == WHOSE[name]


@pytest.mark.parametrize("name", METHODS)
def test_a_link_says_how_it_was_made(name: str) -> None:
    links = [call["link"] for call in outcome_of(BY_NAME[name]).calls.values() if call["link"]]

    assert {f"{link['method']}, {link['confidence']}" for link in links} == METHODS[name]


@pytest.mark.parametrize("name", ["loop_of_a_dozen_calls", "loop_of_a_dozen_calls_tagged"])
def test_calls_stand_in_the_order_of_their_chain_also_within_one_second(name: str) -> None:
    (request,) = outcome_of(BY_NAME[name]).replay["requests"]

    assert [call["invocation_id"] for call in request["invocations"]] == [f"step-{number}" for number in range(1, 13)]


def test_a_tag_that_cannot_be_read_links_by_time_and_never_to_another_request() -> None:
    calls = outcome_of(BY_NAME["tags_of_many_kinds"]).calls

    assert {name: call["link"]["method"] for name, call in calls.items()} == {
        "seconds": "tag",
        "fraction": "tag",
        "other-key": "window",
        "blanks": "window",
    }
