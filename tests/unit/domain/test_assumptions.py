"""Assumptions: whatever the facts show broken is counted once, by name."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

import pytest

from request_lens.domain.facts import Fact, Invocation
from request_lens.domain.linking.link import Assumption
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from tests.support.facts import ROLE, call, chain_of_two, request, tag
from tests.support.world import World, run

AGENTS = Policy(agent_role_names=frozenset({ROLE}))
ONE_LOOP = Policy(agent_role_names=frozenset({ROLE}), one_loop_per_request=True)


def breaches(world: World) -> dict[str, int]:
    """How often each assumption was counted as broken, by the properties of the lines; their sum is the metric's."""
    found: Counter[str] = Counter()
    for each in world.sink.pipeline:
        if Metric.ASSUMPTION_BREACHES in each.values:
            found.update({name: int(count) for name, count in each.properties.items()})
    assert found.total() == world.pipeline_sum(Metric.ASSUMPTION_BREACHES)
    return {name: count for name, count in found.items() if count}


def soon(*facts: Fact) -> Iterable[tuple[float, Fact]]:
    """All of them, twenty seconds after the first began."""
    return [(20, each) for each in facts]


def test_traffic_that_keeps_every_assumption_breaks_none() -> None:
    world = run(soon(request("r1"), *chain_of_two("c", 0, 2), request("r2", 10), call("i1", 11)), ONE_LOOP)

    assert breaches(world) == {}


def test_an_agents_call_outside_every_request_is_a_breach() -> None:
    world = run(soon(request("r1"), call("i1", 9)), AGENTS)

    assert breaches(world) == {Assumption.CALLS_HAVE_REQUESTS: 1}


def test_it_is_none_while_no_agent_role_is_named() -> None:
    world = run(soon(request("r1"), call("i1", 9)), Policy())

    assert breaches(world) == {}


def test_it_is_none_where_a_request_of_unknown_duration_may_have_made_the_call() -> None:
    world = run(soon(request("r1", duration_ms=None), call("i1", 9)), AGENTS)

    assert breaches(world) == {}


def test_a_record_that_comes_twenty_minutes_late_is_a_breach_and_takes_back_what_its_calls_had_shown() -> None:
    world = World(AGENTS)
    world.collect(10, call("i1", 1))
    world.run_until(1_200)
    assert breaches(world) == {Assumption.CALLS_HAVE_REQUESTS: 1}

    world.collect(1_205, request("r1"))
    world.run_until()
    assert breaches(world) == {Assumption.LOGS_COME_IN_TIME: 1}


def test_an_untagged_call_that_comes_late_is_a_breach_and_a_tagged_one_is_none() -> None:
    late = call("i1", 1)
    tagged = call("i2", 2, tag=tag("r1"))
    world = run([(6, request("r1")), (1_200, late), (1_200, tagged)], AGENTS)

    assert breaches(world) == {Assumption.LOGS_COME_IN_TIME: 1}


def test_a_tagged_call_that_was_an_orphan_for_a_while_is_no_breach() -> None:
    world = run([(5, call("i1", 1, tag=tag("r1", 1))), (1_200, request("r1", duration_ms=None))], AGENTS)

    assert breaches(world) == {}


def test_a_request_that_outlasts_the_longest_is_a_breach_once_however_often_it_is_revised() -> None:
    world = run([(50, request("r1", duration_ms=40_000)), (50, call("i1", 1)), (500, call("i2", 2))], AGENTS)

    assert breaches(world) == {Assumption.REQUESTS_END_IN_TIME: 1, Assumption.LOGS_COME_IN_TIME: 1}


def test_a_chain_that_goes_on_in_another_request_is_a_breach() -> None:
    world = World(AGENTS)
    first, second = chain_of_two("c", 1, 61)
    world.collect(20, request("r1"), first)
    world.collect(80, request("r2", 60), second)
    world.run_until()

    assert breaches(world) == {Assumption.CHAINS_HAVE_ONE_REQUEST: 1}


def test_a_call_that_follows_a_tagged_one_into_a_request_of_unknown_duration_is_none() -> None:
    first = call("i1", 1, produced=["x"], tag=tag("r1", 1))
    world = run(soon(request("r1", duration_ms=None), first, call("i2", 3, returned=["x"])), AGENTS)

    assert breaches(world) == {}


def test_two_loops_in_one_request_are_a_breach_where_one_is_assumed() -> None:
    facts: list[Fact] = [request("r1"), call("i1", 1), call("i2", 1)]

    assert breaches(run(soon(*facts), ONE_LOOP)) == {Assumption.ONE_LOOP_PER_REQUEST: 2}
    assert breaches(run(soon(*facts), AGENTS)) == {}


def test_a_tagged_call_outside_its_request_is_a_breach_for_the_calls_that_have_no_tag() -> None:
    late = call("t2", 300, tag=tag("r1", 2))
    world = run([(12, request("r1")), (12, call("t1", 1, tag=tag("r1", 1))), (310, late), (500, late)], AGENTS)

    assert breaches(world) == {Assumption.CALLS_HAVE_REQUESTS: 1}


def test_a_tagged_call_of_another_role_may_run_when_it_likes() -> None:
    world = run(soon(request("r1"), call("t1", 9, role="other", tag=tag("r1", 1))), AGENTS)

    assert breaches(world) == {}


def test_an_agents_tagged_call_whose_request_is_never_seen_is_a_breach() -> None:
    calls = [call("t1", 1, tag=tag("r1", 1)), call("t2", 1, role="other", tag=tag("r2", 1))]

    assert breaches(run(soon(*calls), AGENTS)) == {Assumption.CALLS_HAVE_REQUESTS: 1}
    assert breaches(run(soon(*calls), Policy())) == {}


def test_two_tagged_loops_in_one_request_are_a_breach_where_one_is_assumed() -> None:
    facts: list[Fact] = [request("r1"), call("t1", 1, tag=tag("r1", 1)), call("t2", 3, tag=tag("r1", 2))]

    assert breaches(run(soon(*facts), ONE_LOOP)) == {Assumption.ONE_LOOP_PER_REQUEST: 1}
    assert breaches(run(soon(*facts), AGENTS)) == {}


def test_a_tagged_call_that_returns_what_no_call_of_its_request_asked_for_is_a_breach() -> None:
    first, second = chain_of_two("c", 1, 3)
    later = replace(second, tag=tag("r2", 1))
    world = run(soon(request("r1"), request("r2", 2), replace(first, tag=tag("r1", 1)), later), AGENTS)

    assert breaches(world) == {Assumption.CHAINS_HAVE_ONE_REQUEST: 1}


def test_it_is_none_while_the_call_that_asked_may_be_missing() -> None:
    _, second = chain_of_two("c", 1, 3)
    world = run(soon(request("r1"), replace(second, tag=tag("r1", 2))), AGENTS)

    assert breaches(world) == {}


@pytest.mark.parametrize(
    "others",
    [
        [replace(call("t2", 2, tag=tag("r1", 2)), stop_reason=None)],  # its answer could not be read
        [call("t2", 2, tag=tag("r1", 1)), call("t3", 3, tag=tag("r1", 2))],  # a sub-agent counts for itself
    ],
)
def test_it_is_none_where_another_call_of_the_request_may_have_asked(others: list[Invocation]) -> None:
    asked = call("t1", 1, returned=["x"], tag=tag("r1", 1))

    assert breaches(run(soon(request("r1"), asked, *others), AGENTS)) == {}


def test_a_breach_that_later_facts_explain_is_taken_back() -> None:
    heads = [call("t1", 0, produced=["x"], tag=tag("r1", 1)), call("t2", 0, produced=["y"], tag=tag("r1", 2))]
    joined = call("t3", 2, returned=["x", "y"], tag=tag("r1", 3))
    late = run([(20, request("r1")), *((20, each) for each in heads), (400, joined)], ONE_LOOP)
    in_time = run(soon(request("r1"), *heads, joined), ONE_LOOP)

    assert breaches(late) == breaches(in_time) == {}


def test_a_start_in_whole_seconds_does_not_make_a_log_late() -> None:
    floored = replace(request("r1"), started_precision_ms=1_000)

    assert breaches(run([(65.9, floored)], AGENTS)) == {}
    assert breaches(run([(66.1, floored)], AGENTS)) == {Assumption.LOGS_COME_IN_TIME: 1}
