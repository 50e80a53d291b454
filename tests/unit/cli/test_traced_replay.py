"""Replays of agents that send spans, laid over one another, spans lost, late and doubled: exact, and never wrong."""

import random

import pytest

from tests.support.telemetry.traced_lines import Source
from tests.support.telemetry.traced_traffic import disturbed, traffic
from tests.support.telemetry.traced_verdict import verdict_on

pytestmark = pytest.mark.slow

LINK_DELAY_MS = 60_000
"""Spans come within LinkDelaySeconds: what comes later is decided without them."""


@pytest.mark.parametrize("at_once", [1, 5, 50])
@pytest.mark.parametrize("is_http", [True, False], ids=["http", "rest"])
@pytest.mark.parametrize("has_own_group", [True, False], ids=["own group", "aws/spans"])
def test_all_calls_are_exact_whose_span_came_and_none_is_wrong(
    at_once: int, is_http: bool, has_own_group: bool
) -> None:
    dice = random.Random(f"{at_once}/{is_http}/{has_own_group}")
    requests = traffic(dice, Source(is_http=is_http, has_own_group=has_own_group), requests=60, at_once=at_once)
    lines = [line for request in requests for line in request.lines]

    found = verdict_on(requests, disturbed(lines, dice, share=0.1, latest_ms=LINK_DELAY_MS - 10_000))

    assert found.seen > 100
    assert found.share >= 0.99
    assert found.wrong == []
    assert found.incomplete == {}


@pytest.mark.parametrize("at_once", [1, 5, 50])
def test_spans_that_come_far_too_late_make_no_link_wrong(at_once: int) -> None:
    dice = random.Random(at_once)
    requests = traffic(dice, Source(is_http=True, has_own_group=False), requests=60, at_once=at_once)
    lines = [line for request in requests for line in request.lines]

    found = verdict_on(requests, disturbed(lines, dice, share=0.5, latest_ms=20 * 60_000))

    assert found.wrong == []
    assert found.incomplete == {}


def test_undisturbed_every_request_is_proven_to_be_complete() -> None:
    requests = traffic(random.Random(7), Source(is_http=True, has_own_group=False), requests=60, at_once=5)

    found = verdict_on(requests, [line for request in requests for line in request.lines])

    assert (found.share, found.complete) == (1, 60)


@pytest.mark.parametrize("at_once", [1, 5])
def test_undisturbed_each_run_of_a_tool_is_told_once_also_of_several_at_once(at_once: int) -> None:
    requests = traffic(random.Random(8), Source(is_http=True, has_own_group=False), requests=60, at_once=at_once)

    found = verdict_on(requests, [line for request in requests for line in request.lines])

    assert sum(failed for request in requests for _, failed in request.tools) > 30
    assert found.other_tools == []


def test_every_call_that_the_log_lost_is_named_and_no_other() -> None:
    dice = random.Random(11)
    requests = traffic(dice, Source(is_http=True, has_own_group=False), requests=120, at_once=5)
    lost = {request.request_id: dice.choice(request.call_ids) for request in requests[::2]}
    lossy = [each.without_record_of(lost[each.request_id]) if each.request_id in lost else each for each in requests]

    found = verdict_on(requests, [line for request in lossy for line in request.lines])

    assert found.incomplete == {name: (call_id,) for name, call_id in lost.items()}
    assert found.wrong == []
    assert found.complete == len(requests) - len(lost)
