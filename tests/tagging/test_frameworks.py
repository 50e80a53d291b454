"""Each library's calls bear the tag of the request that they are made for, as they arrive at Bedrock's endpoint."""

from typing import Any

import pytest

from tests.tagging.conftest import StartCaller, outcome_of
from tests.tagging.model_endpoint import HEADER, ModelEndpoint

# The libraries take seconds to import: one process for the slowest, and one for all others.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

OF_BOTO3 = ["boto3-client", "boto3-session", "client-that-was-there"]
UNTAGGED = ["client-without-instrumentation", "outside-a-request"]
OTHERS = ["threads", "strands-sync", "strands-async", "agentcore", "langchain", "anthropic"]
SLOWEST = ["litellm"]
CONVERSE, STREAM, INVOKE = "converse", "converse-stream", "invoke"
OPERATIONS = [CONVERSE, STREAM, INVOKE, "invoke-with-response-stream"]


@pytest.fixture(scope="module")
def outcomes(start_caller: StartCaller) -> list[dict[str, Any]]:
    slowest = start_caller("tagging", "frameworks.py", *SLOWEST)
    others = start_caller("tagging", "frameworks.py", *OF_BOTO3, *UNTAGGED, *OTHERS)
    return [outcome_of(others), outcome_of(slowest)]


@pytest.fixture
def calls(outcomes: list[dict[str, Any]], endpoint: ModelEndpoint) -> ModelEndpoint:
    """The endpoint after all calls, none of which may have failed."""
    ended = {name: error for outcome in outcomes for name, error in outcome["ended"].items()}
    assert {name: error for name, error in ended.items() if error is not None} == {}
    assert [outcome["failures"] for outcome in outcomes] == [0, 0]
    return endpoint


def tags(calls: ModelEndpoint, model: str) -> list[tuple[str, str] | None]:
    """Request and index of each call to a model, in the order of their arrival."""
    metadata = [call.metadata for call in calls.of(model)]
    return [None if each is None else (each["api_request_id"], each["call_index"]) for each in metadata]


@pytest.mark.parametrize("name", OF_BOTO3)
def test_every_operation_of_every_client_bears_the_tag_and_a_header_is_signed(name: str, calls: ModelEndpoint) -> None:
    assert [call.operation for call in calls.of(name)] == OPERATIONS
    assert tags(calls, name) == [(name, "1"), (name, "2"), (name, "3"), (name, "4")]
    assert [HEADER in call.signed for call in calls.of(name)] == [False, False, True, True]
    assert all("x-amz-date" in call.signed for call in calls.of(name))


@pytest.mark.parametrize("name", UNTAGGED)
def test_nothing_is_added_without_instrumentation_or_outside_a_request(name: str, calls: ModelEndpoint) -> None:
    assert [call.operation for call in calls.of(name)] == OPERATIONS
    assert tags(calls, name) == [None] * 4


def test_calls_of_eight_threads_are_numbered_without_a_gap(calls: ModelEndpoint) -> None:
    numbers = [int(tag[1]) for tag in tags(calls, "threads") if tag is not None]

    assert sorted(numbers) == list(range(1, 25))


def test_both_calls_of_a_strands_agent_with_a_tool_bear_the_tag(calls: ModelEndpoint) -> None:
    assert [call.operation for call in calls.of("strands-sync")] == [STREAM, STREAM]
    assert tags(calls, "strands-sync") == [("strands-sync", "1"), ("strands-sync", "2")]


def test_two_strands_agents_in_one_event_loop_are_told_apart(calls: ModelEndpoint) -> None:
    each = tags(calls, "strands-async")

    assert sorted(tag for tag in each if tag is not None) == [("one", "1"), ("one", "2"), ("two", "1"), ("two", "2")]


def test_a_request_goes_through_agentcore_and_its_agent_counts_on(calls: ModelEndpoint) -> None:
    assert tags(calls, "agentcore") == [("of-the-api", "1"), ("of-the-api", "2"), ("of-the-api", "3")]
    sessions = [(call.metadata or {}).get("session_id") for call in calls.of("agentcore")]
    assert sessions == [None, "session-1", "session-1"]


def test_langchain_bears_the_tag_plain_streamed_in_a_batch_and_in_a_task(calls: ModelEndpoint) -> None:
    assert sorted(call.operation for call in calls.of("langchain")) == [CONVERSE] * 4 + [STREAM]
    assert sorted(tag for tag in tags(calls, "langchain") if tag is not None) == [
        ("langchain", str(index)) for index in (1, 2, 3, 4, 5)
    ]


def test_litellm_bears_the_tag_by_its_keyword_alone(calls: ModelEndpoint) -> None:
    """It signs with botocore, but sends by itself: no event of botocore's sees its calls."""
    assert tags(calls, "litellm") == [("litellm", "1"), ("litellm", "2"), None, None]


def test_anthropics_client_bears_the_tag_by_a_header_alone_and_signs_it(calls: ModelEndpoint) -> None:
    """It, too, sends by itself."""
    assert [call.operation for call in calls.of("anthropic")] == [INVOKE] * 3
    assert tags(calls, "anthropic") == [("anthropic", "1"), None, None]
    assert [HEADER in call.signed for call in calls.of("anthropic")] == [True, False, False]
