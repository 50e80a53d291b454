"""How many untagged calls are linked, and how many wrongly, as requests come closer together.

`make benchmark` prints the curve; it is repeatable, for the traffic is drawn from a seed.
"""

from dataclasses import dataclass, replace

import pytest
from tests.benchmark.untagged_traffic import AGENT_ROLE, Traffic, untagged_traffic

from request_lens.domain.link import Method
from request_lens.domain.policy import Policy
from request_lens_cli.virtual_time import Arrival, replay

pytestmark = pytest.mark.benchmark

REQUESTS = 300
SEED = 20251204

ALONE = Policy(agent_role_names=frozenset({AGENT_ROLE}))
ONE_LOOP = replace(ALONE, one_loop_per_request=True)

TARGETS = {60: (0.94, 0.97), 20: (0.85, 0.94), 8: (0.70, 0.90), 3: (0.50, 0.80)}
"""By the mean gap in seconds: the share linked by window and chain, and with `OneLoopPerRequest`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """Shares of all calls: linked, linked wrongly, and linked by elimination's loops."""

    linked: float
    wrong: float
    eliminated: float


def share(traffic: Traffic, policy: Policy) -> Share:
    result = replay((Arrival(record=fact) for fact in traffic.facts), policy)
    links = [each for state in result.requests for each in state.invocations]
    wrong = sum(traffic.truth[each.invocation.invocation_id] != each.link.request_id for each in links)
    eliminated = sum(each.link.method is Method.ELIMINATION for each in links)
    calls = len(traffic.truth)
    return Share(linked=len(links) / calls, wrong=wrong / calls, eliminated=eliminated / calls)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("mean_gap_s", TARGETS)
def test_untagged_calls_are_linked_as_far_as_time_tells(mean_gap_s: int) -> None:
    traffic = untagged_traffic(mean_gap_s=mean_gap_s, requests=REQUESTS, seed=SEED)
    alone, one_loop = share(traffic, ALONE), share(traffic, ONE_LOOP)
    print(
        f"\nmean gap {mean_gap_s:>3} s: window + chain {alone.linked:6.1%} linked, {alone.wrong:.1%} wrong;"
        f" with OneLoopPerRequest {one_loop.linked:6.1%} linked, {one_loop.wrong:.1%} wrong"
    )
    assert (alone.wrong, one_loop.wrong) == (0, 0)
    assert alone.linked >= TARGETS[mean_gap_s][0]
    assert one_loop.linked >= TARGETS[mean_gap_s][1]
