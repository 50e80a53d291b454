"""A runaway without a record is found however many calls it has, though not all of them are read for each."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.adapters.price_list import bedrock_prices
from request_lens.application.settle_batch import collect_and_settle, settle_messages
from request_lens.domain.facts import RequestId
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from tests.support.facts import at, call, tag
from tests.support.metering.slotted_queue import SlottedQueue
from tests.support.world import World


class WholeReads(MemoryFactStore):
    """Counts the calls that were read with whole requests."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    def load_request(self, request_id: RequestId) -> RequestState:
        state = super().load_request(request_id)
        self.calls += len(state.invocations)
        return state


def _run(world: World, how_many: int, *, until: float) -> float | None:
    """One call a second; when the request was flagged, if it was by then."""
    queue = SlottedQueue(world.clock)
    ports = replace(world.ports, timer=queue)
    for second in range(int(until)):
        world.clock.moment = at(second)
        if second < how_many:
            collect_and_settle([call(f"c{second:04}", second, tag=tag("r1", second + 1))], ports, world.policy)
        for keys in queue.take():
            assert settle_messages(keys, ports, world.policy) == []
        (head,) = world.store.load_heads([RequestId("r1")])
        if head.runaway is not None:
            return second
    return None


@pytest.mark.parametrize("limit", [5, 12, 40, 333])
def test_a_request_of_too_many_calls_is_found_with_the_first_of_them(limit: int) -> None:
    world = World(Policy(max_calls_per_request=limit))

    flagged_at = _run(world, limit + 100, until=limit + 100)

    assert flagged_at is not None
    assert limit <= flagged_at <= limit + limit / 100 + 2


def test_the_last_call_is_looked_at_though_others_were_just_before_it() -> None:
    prices = bedrock_prices()
    cost = prices.quote(call("c0001", tag=tag("r1", 1))).estimated_cost_usd
    assert cost is not None
    how_many = 500
    world = World(Policy(max_cost_per_request=cost * how_many - Decimal("1e-12")), prices=prices)

    flagged_at = _run(world, how_many, until=how_many + 100)

    assert flagged_at is not None
    assert how_many - 1 <= flagged_at <= how_many + 40  # its own next message, in its slot


def test_looks_at_all_calls_are_rarer_the_more_there_are() -> None:
    store = WholeReads()
    world = World(Policy(max_cost_per_request=Decimal(1_000)), store=store)

    assert _run(world, 900, until=950) is None

    assert store.calls <= 110 * 900


def test_no_look_is_left_to_an_earlier_one_where_calls_have_no_next_message() -> None:
    world = World(Policy(max_calls_per_request=60, settle_delay=timedelta(0)))

    assert _run(world, 62, until=62) == 60
