"""Conversations that go on from request to request, and tool-use ids that several conversations share."""

import pytest

from request_lens.domain.facts import Fact
from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.policy import Policy
from tests.support.facts import ROLE, call, request, tag
from tests.support.world import World, places, run

AGENTS = Policy(agent_role_names=frozenset({ROLE}))


@pytest.mark.parametrize("tells", ["asker", "returner", "neither"])
def test_an_id_that_tagged_calls_name_as_well_ties_no_untagged_ones(tells: str) -> None:
    """Ids are counted from 0 in each turn: taken as one chain, the two calls could only be the first request's."""
    facts: list[tuple[float, Fact]] = [
        (25, request("first", 5.9, duration_ms=7_400)),
        (43, request("second", 10.5, duration_ms=22_100)),
        (46, request("third", 16, duration_ms=19_300)),
        (28, call("of-second", 11, latency_ms=1_450, produced=["call_0"])),
        (36, call("of-third", 30, latency_ms=5_000, returned=["call_0"])),
    ]
    if tells == "asker":
        facts.append((44, call("tagged", 16, produced=["call_0"], tag=tag("third", 1))))
    if tells == "returner":
        facts.append((44, call("tagged", 18, returned=["call_0"], tag=tag("second", 2))))

    world = run(facts, AGENTS)

    assert world.calls_of("third").get("of-third") == ("window", "inferred")
    if tells == "neither":
        assert world.calls_of("first") == {"of-second": ("window", "inferred")}
    else:
        assert world.decision("of-second") == Unattributed(reason=Reason.AMBIGUOUS, candidates=2)


@pytest.mark.parametrize("tagged_at", [12, 70])
def test_a_chain_that_tagged_calls_part_is_decided_in_all_its_parts(tagged_at: float) -> None:
    """The first call's settle leaves the chain to the last one's, which finds that it is none."""
    world = World(AGENTS)
    world.collect(12, call("a", 1, produced=["call_0"]), call("b", 20, returned=["call_0"]))
    world.collect(tagged_at, call("t", 2, returned=["call_0"], tag=tag("r1", 2)))
    world.collect(tagged_at, request("r1", 0, duration_ms=8_000), request("r2", 19))
    world.run_until()

    assert places(world) == {"a": "r1", "t": "r1", "b": "r2"}
