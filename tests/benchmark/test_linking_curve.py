"""How many untagged calls are linked, and how many wrongly, as requests come closer together.

`make benchmark` prints the curve; it is repeatable, for the traffic is drawn from a seed.
"""

from dataclasses import dataclass, replace

import pytest
from tests.benchmark.untagged_traffic import AGENT_ROLE, OTHER_ROLE, Mix, Traffic, untagged_traffic

from request_lens.domain.link import Confidence
from request_lens.domain.policy import Policy
from request_lens_cli.virtual_time import Arrival, replay

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

REQUESTS = 300
SEED = 20251204

ALONE = Policy(agent_role_names=frozenset({AGENT_ROLE}))
ONE_LOOP = replace(ALONE, one_loop_per_request=True)

TARGETS = {60: (0.94, 0.97), 20: (0.85, 0.94), 8: (0.70, 0.90), 3: (0.50, 0.80)}
"""By the mean gap in seconds: the share linked by window and chain, and with `OneLoopPerRequest`."""

MIXES = {
    "0.2 other calls a request": Mix(other_callers=0.2),
    "1 other call a request": Mix(other_callers=1),
    "a second loop in 20 %": Mix(second_loops=0.2),
    "10 % throttled": Mix(throttled_calls=0.1),
    "text delivery off": Mix(bodies=False),
    "10 % end with 503": Mix(timed_out=0.1),
    "all of these but the text": Mix(other_callers=1, second_loops=0.2, throttled_calls=0.1, timed_out=0.1),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Shares of all calls of the agent: linked, and linked wrongly by confidence."""

    linked: float
    wrong_inferred: float
    wrong_assumed: float

    def __str__(self) -> str:
        return f"{self.linked:6.1%} linked, wrong: {self.wrong_inferred:.1%} inferred, {self.wrong_assumed:.1%} assumed"


def share(traffic: Traffic, policy: Policy) -> Share:
    result = replay((Arrival(record=fact) for fact in traffic.facts), policy)
    links = [each for state in result.requests for each in state.invocations]
    wrong = [each.link for each in links if traffic.truth[each.invocation.invocation_id] != each.link.request_id]
    calls = sum(request_id is not None for request_id in traffic.truth.values())
    return Share(
        linked=len(links) / calls,
        wrong_inferred=sum(each.confidence is Confidence.INFERRED for each in wrong) / calls,
        wrong_assumed=sum(each.confidence is Confidence.ASSUMED for each in wrong) / calls,
    )


@pytest.mark.parametrize("mean_gap_s", TARGETS)
def test_untagged_calls_are_linked_as_far_as_time_tells(mean_gap_s: int) -> None:
    traffic = untagged_traffic(mean_gap_s=mean_gap_s, requests=REQUESTS, seed=SEED)
    alone, one_loop = share(traffic, ALONE), share(traffic, ONE_LOOP)
    print(f"\nmean gap {mean_gap_s:>3} s: window, chain     {alone}")
    print(f"mean gap {mean_gap_s:>3} s: OneLoopPerRequest {one_loop}")
    assert (alone.wrong_inferred, one_loop.wrong_inferred, one_loop.wrong_assumed) == (0, 0, 0)
    assert alone.linked >= TARGETS[mean_gap_s][0]
    assert one_loop.linked >= TARGETS[mean_gap_s][1]


@pytest.mark.parametrize("mean_gap_s", [20, 3])
@pytest.mark.parametrize("mix", MIXES)
def test_no_inferred_link_is_wrong_while_the_assumptions_hold(mix: str, mean_gap_s: int) -> None:
    traffic = untagged_traffic(mean_gap_s=mean_gap_s, requests=REQUESTS, seed=SEED, mix=MIXES[mix])
    alone, one_loop = share(traffic, ALONE), share(traffic, ONE_LOOP)
    print(f"\n{mix}, mean gap {mean_gap_s} s: window, chain     {alone}")
    print(f"{mix}, mean gap {mean_gap_s} s: OneLoopPerRequest {one_loop}")
    assert (alone.wrong_inferred, one_loop.wrong_inferred) == (0, 0)


@pytest.mark.parametrize("mean_gap_s", [20, 3])
def test_a_strange_role_among_the_agents_makes_links_wrong(mean_gap_s: int) -> None:
    traffic = untagged_traffic(mean_gap_s=mean_gap_s, requests=REQUESTS, seed=SEED, mix=Mix(other_callers=1))
    strange = replace(ALONE, agent_role_names=frozenset({AGENT_ROLE, OTHER_ROLE}))
    found = share(traffic, strange)
    print(f"\nbroken: a strange role listed, mean gap {mean_gap_s} s: {found}")
    assert found.wrong_inferred > 0
