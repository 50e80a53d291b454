"""Replays of requests in the shapes of real agents', laid over one another: exact, complete, and each loss named."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from request_lens.domain.policy import Policy
from tests.support.telemetry.agent_shapes import JOINED_SHAPES, TRACED_SHAPES
from tests.support.telemetry.shaped_traffic import shaped_traffic
from tests.support.telemetry.traced_lines import Source
from tests.support.telemetry.traced_traffic import disturbed
from tests.support.telemetry.traced_verdict import POLICY, verdict_on

pytestmark = pytest.mark.slow

BEHIND_HTTP = Source(is_http=True, has_own_group=True)
BEHIND_REST = Source(is_http=False, has_own_group=False)
SOURCES = pytest.mark.parametrize("source", [BEHIND_HTTP, BEHIND_REST], ids=["http, own group", "rest, aws/spans"])
AT_ONCE = pytest.mark.parametrize("at_once", [1, 5, 50])


def policy_of(source: Source) -> Policy:
    """An HTTP API answers within MaxRequestSeconds; a REST API's limit, and with it the parameter, has been raised."""
    return POLICY if source.is_http else replace(POLICY, max_request=timedelta(seconds=60))


def test_the_joined_shapes_have_33_calls_and_their_agents_run_30_tools() -> None:
    assert sum(len(shape.chats) for shape in JOINED_SHAPES) == 33
    assert sum(len(shape.tools) for shape in JOINED_SHAPES) == 30


@AT_ONCE
@SOURCES
def test_all_calls_are_exact_whose_span_came_and_none_is_wrong(at_once: int, source: Source) -> None:
    dice = random.Random(at_once)
    requests = shaped_traffic(dice, source, (*JOINED_SHAPES, *TRACED_SHAPES), requests=45, at_once=at_once)
    lines = [line for request in requests for line in request.lines]

    found = verdict_on(requests, disturbed(lines, dice, share=0.1, latest_ms=45_000), policy_of(source))

    assert found.seen > 100
    assert found.share >= 0.99
    assert (found.wrong, found.incomplete) == ([], {})


@SOURCES
def test_undisturbed_each_is_proven_to_be_complete_with_a_cache_and_without(source: Source) -> None:
    """Also those that an HTTP API answered with 503 while their agents worked on."""
    requests = shaped_traffic(random.Random(3), source, JOINED_SHAPES, requests=30, at_once=5)

    found = verdict_on(requests, [line for request in requests for line in request.lines], policy_of(source))

    assert (found.share, found.complete, found.wrong, found.other_tools) == (1, 30, [], [])


@AT_ONCE
@SOURCES
def test_every_call_that_the_log_lost_is_named_and_no_other(at_once: int, source: Source) -> None:
    dice = random.Random(at_once)
    requests = shaped_traffic(dice, source, JOINED_SHAPES, requests=30, at_once=at_once)
    lost = {request.request_id: dice.choice(request.call_ids) for request in requests[::2]}
    lossy = [each.without_record_of(lost[each.request_id]) if each.request_id in lost else each for each in requests]

    found = verdict_on(requests, [line for request in lossy for line in request.lines], policy_of(source))

    assert found.incomplete == {name: (call_id,) for name, call_id in lost.items()}
    assert (found.wrong, found.complete) == ([], len(requests) - len(lost))


@AT_ONCE
def test_another_vendors_calls_are_no_calls_that_the_log_lost(at_once: int) -> None:
    requests = shaped_traffic(random.Random(at_once), BEHIND_REST, TRACED_SHAPES, requests=24, at_once=at_once)

    found = verdict_on(requests, [line for request in requests for line in request.lines], policy_of(BEHIND_REST))

    unproven = [request for request in requests if not request.call_ids]
    assert found.incomplete == {}
    assert unproven
    assert found.complete < len(requests) - len(unproven)
