"""What a request says is possible holds what is known, also where the list by time is behind the table."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application.settle_request import recount
from request_lens.domain.facts import RequestId
from request_lens.domain.linking.link import Decision, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from tests.support.facts import call, chain_of_two, link, request, tag
from tests.support.world import FailingStore, World

POLICY = Policy(agent_role_names=frozenset({"agent-role"}))


class BehindStore(MemoryFactStore):
    """A store whose list by time does not show any decision yet."""

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        return [replace(found, decision=None) for found in super().unlinked_between(first, last, limit=limit)]


def test_what_was_just_decided_is_possible_for_nobody_that_tags_its_calls() -> None:
    """The untagged call fits two requests, and is ambiguous once it is due: then it bears on neither any more."""
    world = World(POLICY, store=BehindStore())
    world.collect(10, request("r1"), request("r2", 1), call("c1", 1), call("c2", 2, tag=tag("r1")))
    world.run_until()

    assert isinstance(world.decision("c1"), Unattributed)
    assert (world.request("r1").revision, _possible(world, "r1")) == (2, 0)
    assert _possible(world, "r2") == 1


@pytest.mark.parametrize(
    ("decision", "possible"), [(link("r9"), 0), (Unattributed(reason=Reason.AMBIGUOUS, candidates=2), 1)]
)
def test_a_call_that_another_settle_decided_moments_ago_counts_as_it_stands(decision: Decision, possible: int) -> None:
    world = World(POLICY, store=BehindStore())
    world.collect(10, request("r1"), request("r2", 1), call("c1", 1))
    (lone,) = world.store.all_unlinked()
    world.run_until()
    assert _possible(world, "r1") == 1

    world.store._unlinked[lone.invocation.invocation_id] = replace(lone, decision=decision)
    recount(RequestId("r1"), world.ports, POLICY, just_decided={})

    assert _possible(world, "r1") == possible


def _possible(world: World, request_id: str) -> int | None:
    summary = world.request(request_id).summary
    assert summary is not None
    return summary.possible_calls


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fails_at", range(1, 18))
def test_a_settle_that_died_leaves_no_request_counting_a_call_of_the_chain(fails_at: int, after: bool) -> None:
    """The short request counts the first call, and the settle of the second, which links both, fails on its way."""
    world = World(POLICY, store=FailingStore(fails_at=fails_at, after=after))
    first, second = chain_of_two("c", 1, 8)
    world.collect(12, request("long", 0, duration_ms=11_000), request("short", 0, duration_ms=2_500), first)
    world.collect(118, second)  # just before the first is decided without it
    world.run_until()

    assert world.calls_of("long").keys() == {"c-1", "c-2"}
    assert (_possible(world, "long"), _possible(world, "short")) == (0, 0)
