"""Tens of thousands of calls under an id that no request has: each costs a constant, and all are counted."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import batched

import pytest

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application.settle_batch import collect_and_settle, settle_messages
from request_lens.domain.facts import InvocationId, RequestId
from request_lens.domain.linking.link import Decision, LinkedInvocation, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from tests.support.facts import at, call, tag
from tests.support.metering.slotted_queue import SlottedQueue
from tests.support.world import World

SECONDS = 600

MOST_A_CALL = 50


class ItemCountingStore(MemoryFactStore):
    """Adds up the items that the table reads for each of what is asked, and how often each call is decided."""

    def __init__(self) -> None:
        super().__init__()
        self.items: Counter[str] = Counter()
        self.decided: Counter[InvocationId] = Counter()

    def load_request(self, request_id: RequestId) -> RequestState:
        state = super().load_request(request_id)
        self.items["whole"] += 1 + len(state.invocations)
        return state

    def load_waiting(self, request_id: RequestId, *, most: int) -> RequestState:
        state = super().load_waiting(request_id, most=most)
        self.items["waiting"] += most + 2 if state.is_cut else 0  # else it is read by the method above
        return state

    def load_linked(self, request_id: RequestId, *, after: InvocationId, limit: int) -> Sequence[LinkedInvocation]:
        linked = super().load_linked(request_id, after=after, limit=limit)
        self.items["linked"] += 1 + len(linked)
        return linked

    def load_decisions(self, invocation_ids: Sequence[InvocationId]) -> Mapping[InvocationId, Decision]:
        self.items["decisions"] += len(invocation_ids)
        return super().load_decisions(invocation_ids)

    def find_overrun(self, request_ids: Collection[RequestId]) -> Collection[RequestId]:
        self.items["overrun"] += len(request_ids)
        return super().find_overrun(request_ids)

    def decide(self, unlinked: UnlinkedInvocation, decision: Decision) -> Decision:
        self.decided[unlinked.invocation.invocation_id] += 1
        return super().decide(unlinked, decision)


def _settled(store: ItemCountingStore, how_many: int, *, a_batch: int, policy: Policy) -> None:
    """Collect so many calls under one id, evenly over ten minutes, and settle all that comes of them."""
    world = World(policy, store=store)
    queue = SlottedQueue(world.clock)
    ports = replace(world.ports, timer=queue)
    calls = [call(f"{n * 7919 % how_many:06}", n * SECONDS // how_many, tag=tag("none")) for n in range(how_many)]
    arriving = list(batched(calls, how_many // SECONDS, strict=False))
    for second in range(5_000):
        world.clock.moment = at(second)
        if second < len(arriving):
            for batch in batched(arriving[second], a_batch, strict=False):
                collect_and_settle(batch, ports, world.policy)
        for keys in queue.take():
            assert settle_messages(keys, ports, world.policy) == []
    assert not queue.waiting


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("how_many", "a_batch", "limit"),
    [(50_400, 10, "0"), (3_000, 1, "0"), (3_000, 1, "1000")],
    ids=["many", "one by one", "one by one, looked at for a limit on cost that they never reach"],
)
def test_each_call_under_an_id_that_no_request_has_costs_a_constant(how_many: int, a_batch: int, limit: str) -> None:
    store = ItemCountingStore()

    _settled(store, how_many, a_batch=a_batch, policy=Policy(max_cost_per_request=Decimal(limit)))

    assert store.items.total() <= MOST_A_CALL * how_many, store.items
    assert set(store.decided.values()) == {1}
    decisions = [made.decision for made in store.all_unlinked()]
    assert [each.reason for each in decisions if isinstance(each, Unattributed)] == [
        Reason.REQUEST_NEVER_SEEN
    ] * how_many
