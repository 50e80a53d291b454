"""How many calls each request of a case has, how surely, and where its time went."""

from typing import NamedTuple

import pytest

from tests.cases.case import Case, Json
from tests.cases.catalogue import BY_NAME, CASES
from tests.cases.outcome import outcome_of


class Figures(NamedTuple):
    """LLM calls, those that may be the request's besides (None: unknown how many), and milliseconds or None."""

    calls: int
    possible: int | None = 0
    llm: int | None = None
    tools: int | None = None
    other: int | None = None


UNKNOWN = Figures(0, None)
"""What is known of a request whose end, or whose lacking calls, are unknown."""


def empty(duration_ms: int) -> Figures:
    """A request that has no call, and nothing that may be one."""
    return Figures(0, 0, 0, 0, duration_ms)


_STREAM = "7a1b2c3d-0000-4000-8000-00000000000{}"
_NESTED = "9d8c7b6a-0000-4000-8000-00000000000{}"
_REST = "3c1d2a90-6f1e-4f0b-9a55-0d1e2f3a4b5{}"

REQUESTS: dict[str, dict[str, Figures]] = {
    "stream_of_five_minutes": {_STREAM.format(1): UNKNOWN},
    "stream_of_five_minutes_allowed": {_STREAM.format(1): Figures(5, 0, 21_000, None, 279_000)},
    "stream_of_five_minutes_tagged": {_STREAM.format(1): Figures(5, 0, 21_000, 4 * (60_000 - 4_200), 279_000)},
    "client_left": {_STREAM.format(2): Figures(0, 1)},
    "client_left_a_stream": {_STREAM.format(2): Figures(4, None)},
    "client_left_and_was_noticed": {_STREAM.format(2): Figures(4, 0, 14_000)},
    "loop_of_a_dozen_calls": {"dozen": Figures(12, 0, 12 * 700, None, 11_600 - 12 * 700)},
    "loop_of_a_dozen_calls_tagged": {"dozen": Figures(12, 0, 12 * 700, 11 * 250, 11_600 - 12 * 700)},
    "retries_of_throttled_calls": {"retried": Figures(2, 0, 3_000, None, 9_000)},
    "retries_of_throttled_calls_tagged": {"retried": Figures(2, 0, 3_000, None, 9_000)},
    "subagents_side_by_side": {"team": Figures(8)},
    "subagents_side_by_side_tagged": {"team": Figures(8, 0, 9_200, 2_200, 3_400)},
    "knowledge_base_then_answer": {"asked": Figures(3)},
    "calls_in_two_regions": {"abroad": Figures(3, 0, None, 0)},
    "over_midnight_and_the_hour": {
        "midnight": Figures(2, 0, 3_000, None, 3_400),
        "hour": Figures(2, 0, 2_400, None, 2_600),
    },
    "lines_delivered_again": {"twice": Figures(2, 0, 2_400, None, 3_600)},
    "clocks_two_seconds_apart": {"skewed": Figures(0, 1)},
    "accepted_and_worked_on": {"accepted": Figures(4, 0, 10_000, 8_500 + 9_500 + 11_500)},
    "tags_of_many_kinds": {"tagged": Figures(4, 0, None, 0)},
    "call_sent_again_after_a_read_time_out": {_STREAM.format(3): Figures(4)},
    "call_sent_again_untagged": {_STREAM.format(3): Figures(1, None)},
    "tool_ids_that_repeat": {f"turn-{number}": Figures(2, 0, 2_800, None, 3_200) for number in range(3)},
    "tool_ids_that_do_not_repeat": {f"turn-{number}": Figures(2, 0, 2_800, None, 3_200) for number in range(3)},
    "shared_tool_id_around_a_short_request": {"long": Figures(2, 2), "short": Figures(0, 2)},
    "own_tool_ids_around_a_short_request": {"long": Figures(2, 2), "short": Figures(0, 2)},
    "tool_of_the_browser": {
        "asks": Figures(1, 0, 1_500, 0, 1_500),
        "goes-on": Figures(2, 0, 3_000, None, 3_000),
    },
    "approval_minutes_later": {
        "asks": Figures(1, 0, 1_500, 0, 1_500),
        "goes-on": Figures(2, 0, 3_000, None, 3_000),
    },
    "tool_of_the_browser_tagged": {
        "asks": Figures(1, 0, 1_500, 0, 1_500),
        "goes-on": Figures(2, 0, 3_000, 1_500, 3_000),
    },
    "session_that_resumes_after_a_504": {
        "timed-out": Figures(1, 0, 1_500, None, 27_500),
        "asked-again": Figures(1, 0, 1_500, 0, 4_500),
    },
    "error_codes": {"unlucky": Figures(0, 0, None, 0)},
    "ids_that_a_client_chose": {
        f"{_NESTED.format(8)}_REPLACED_INVALID_REQUEST_ID": empty(3_000),
        _NESTED.format(9): Figures(2, 0, None, 0),
        f"{_NESTED.format(9)}:1780304530000": UNKNOWN,
    },
    "ids_that_no_client_can_choose": dict.fromkeys(("PlanFirst=", "PlanSecond="), Figures(1, 0, 900, 0, 2_100)),
    "an_api_behind_an_api": {_NESTED.format(1): Figures(0, 2), _NESTED.format(2): Figures(0, 2)},
    "an_api_behind_an_api_named": {_NESTED.format(2): Figures(2, 0, 2_400, None, 3_600)},
    "throttled_attempts_without_a_tag": {
        "one": Figures(2, 0, 3_000, 1_500, 6_000),
        "other": Figures(2, 0, 3_000, 2_300, 6_000),
    },
    "chat_completions_parallel_tools": {"first": Figures(2), "second": empty(2_500)},
    "classic_agent_without_tool_ids": {"booking": Figures(3)},
    "guardrail_stopped_the_answer": {"blocked": Figures(1, 0, 310, 0, 1_190), "masked": Figures(1)},
    "epoch_under_request_time": {_REST.format(1): UNKNOWN},
    "two_apis_in_one_group": {f"plan-{number}": UNKNOWN for number in range(5)},
    "rest_format_with_every_key": {"Ab1=": UNKNOWN, "Ab2=": UNKNOWN},
    "http_format_of_a_framework": {"PlanAAAAAAAAAAA=": UNKNOWN},
    "dash_without_quotation_marks": {_REST.format(1): UNKNOWN, "PlanAAAAAAAAAAA=": UNKNOWN},
    "websocket_events": {"asked": UNKNOWN, "anything": UNKNOWN},
    "websocket_message_with_calls": {"asked": UNKNOWN},
    "odd_values_in_known_fields": {
        **dict.fromkeys(("proxied", "default", "private", "canary", "as-float"), UNKNOWN),
        **dict.fromkeys(("half-ms", "left", "streamed"), UNKNOWN),
        "seconds": UNKNOWN,
    },
    "preflight_in_the_same_second": {"plan": Figures(3)},
    "responses_tool_loop": {"first": Figures(2), "second": empty(2_500)},
    "calls_that_failed": {"ask": Figures(0, 0, None, 0)},
    "result_before_a_reminder": {"first": Figures(2), "second": empty(4_500)},
    "csv_of_the_console": {"plan": Figures(1, 0, 900, 0, 2_100)},
    "objects_of_firehose": {"plan": Figures(1, 0, 900, 0, 2_100)},
}
"""The right figures of every request; a case that is not here has no request."""

FAILED = {
    "retries_of_throttled_calls": (5, 5),
    "retries_of_throttled_calls_tagged": (5, 5),
    "preflight_in_the_same_second": (1, 1),
    "error_codes": (13, 3),
    "calls_that_failed": (4, 2),
}
"""Attempts that failed, and how many of them were throttled."""


def figures(request: Json) -> Figures:
    times = (request[f"{name}_time_ms"] for name in ("llm", "tool", "non_llm"))
    return Figures(request["llm_calls"], request["possible_calls"], *times)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_request_says_how_many_calls_it_made_how_surely_and_where_its_time_went(case: Case) -> None:
    requests = outcome_of(case).requests

    assert {name: figures(request) for name, request in requests.items()} == REQUESTS.get(case.name, {})


@pytest.mark.parametrize("name", sorted(REQUESTS))
def test_attempts_that_failed_are_counted_apart(name: str) -> None:
    requests = outcome_of(BY_NAME[name]).replay["requests"]
    failed = [(request["llm_errors"], request["llm_throttles"]) for request in requests]
    none = (0, 0) if requests[0]["possible_failed_calls"] == 0 else (None, None)

    assert failed[0] == FAILED.get(name, none)


def test_attempts_whose_log_lacks_the_tag_leave_both_overlapping_requests_in_doubt() -> None:
    requests = outcome_of(BY_NAME["throttled_attempts_without_a_tag"]).requests

    assert {name: (each["llm_errors"], each["possible_failed_calls"]) for name, each in requests.items()} == {
        "one": (None, 4),
        "other": (None, 4),
    }


def test_a_request_that_is_not_certain_has_no_sample_of_the_distributions() -> None:
    outcome = outcome_of(BY_NAME["shared_tool_id_around_a_short_request"])
    published = {each["publication_id"]: each["metrics"] for each in outcome.replay["publications"]}

    assert published["long#1"]["UncertainRequests"] == 1
    assert not published["long#1"].keys() & {"LlmTime", "NonLlmTime", "LlmCallsPerRequest"}


def test_equal_routes_are_told_apart_where_a_format_names_their_api_and_are_one_where_it_does_not() -> None:
    requests = outcome_of(BY_NAME["two_apis_in_one_group"]).requests

    assert [request["route"] for request in requests.values()] == [
        "POST /plan",
        "test POST /plan",
        "f6g7h8i9j0/$default POST /plan",
        "POST /plan",
        "POST /plan",
    ]
