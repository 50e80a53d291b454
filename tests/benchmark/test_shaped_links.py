"""Requests in the shapes of real agents' laid over one another: exact links, and each loss of Bedrock's log named."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from request_lens.domain.policy import Policy
from tests.support.telemetry.agent_shapes import JOINED_SHAPES, TRACED_SHAPES
from tests.support.telemetry.shaped_traffic import shaped_traffic
from tests.support.telemetry.traced_lines import Source, TracedRequest
from tests.support.telemetry.traced_traffic import disturbed
from tests.support.telemetry.traced_verdict import POLICY, verdict_on

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

ALL_SHAPES = (*JOINED_SHAPES, *TRACED_SHAPES)
LOSSES, A_RUN = 1_200, 100


def _policy(source: Source) -> Policy:
    """An HTTP API answers within MaxRequestSeconds; a REST API's limit, and with it the parameter, has been raised."""
    return POLICY if source.is_http else replace(POLICY, max_request=timedelta(seconds=60))


@pytest.mark.parametrize("at_once", [1, 5, 50])
@pytest.mark.parametrize("is_http", [True, False], ids=["http", "rest"])
@pytest.mark.parametrize("has_own_group", [True, False], ids=["own group", "aws/spans"])
def test_the_calls_of_real_shapes_whose_span_came_are_exact(at_once: int, is_http: bool, has_own_group: bool) -> None:
    dice = random.Random(f"{at_once}/{is_http}/{has_own_group}")
    source = Source(is_http=is_http, has_own_group=has_own_group)
    requests = shaped_traffic(dice, source, ALL_SHAPES, requests=150, at_once=at_once)
    lines = [line for request in requests for line in request.lines]

    found = verdict_on(requests, disturbed(lines, dice, share=0.1, latest_ms=45_000), _policy(source))

    api, group = "HTTP" if is_http else "REST", "an agent's own group" if has_own_group else "aws/spans"
    print(f"\n{api} API, {group}, about {at_once} at once: {found.seen} calls of real shapes with a span, ", end="")
    print(f"{found.share:.2%} exact, {len(found.wrong)} wrong, {len(found.incomplete)} false alarms")
    assert found.share >= 0.99
    assert (found.wrong, found.incomplete) == ([], {})


def _each_lost(requests: Sequence[TracedRequest], dice: random.Random) -> dict[str, str]:
    """A call of each request that called Bedrock."""
    return {request.request_id: dice.choice(request.call_ids) for request in requests if request.call_ids}


@pytest.mark.parametrize("is_http", [True, False], ids=["http", "rest"])
def test_each_loss_whose_span_came_is_named_and_nothing_else(is_http: bool) -> None:
    named = due = 0
    for seed in range(LOSSES // A_RUN):
        dice, source = random.Random(f"{seed}/{is_http}"), Source(is_http=is_http, has_own_group=bool(seed % 2))
        requests = shaped_traffic(dice, source, ALL_SHAPES, requests=A_RUN, at_once=(1, 5, 50)[seed % 3])
        lost = _each_lost(requests, dice)
        lossy = [each.without_record_of(lost[each.request_id]) if each.call_ids else each for each in requests]
        lines = disturbed([line for each in lossy for line in each.lines], dice, share=0.1, latest_ms=45_000)
        seen = {line.call_id for line in lines if line.is_span}
        found = verdict_on(requests, lines, _policy(source))
        told = {name: (call_id,) for name, call_id in lost.items() if call_id in seen}
        named, due = named + sum(found.incomplete.get(name) == told[name] for name in told), due + len(told)
        assert found.incomplete.keys() <= told.keys()
        assert found.wrong == []

    print(f"\n{'HTTP' if is_http else 'REST'} API: {named} of {due} calls of real shapes that the log lost are named")
    assert named == due
