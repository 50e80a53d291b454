"""What a batch may have completed is settled with it; everything else goes through the queue, and nothing is lost."""

from dataclasses import replace
from datetime import timedelta

from request_lens.application.collect import collect
from request_lens.application.settle import settle_at_once
from request_lens.application.settle_batch import INLINE_BUDGET, MAX_INLINE_SETTLES, KeptSettleTimer, settle_or_send
from request_lens.domain.facts import Fact
from request_lens.domain.settling.state import SettleKey
from request_lens.errors import StoreUnavailable
from request_lens.ports import Ports
from tests.support.facts import at, call, request, tag
from tests.support.world import FailingStore, World


class _Handler:
    """Takes a batch as the processor does; each settle takes a while."""

    def __init__(self, world: World, *, settle_takes: timedelta = timedelta(0)) -> None:
        self.world = world
        self.settled: list[str] = []
        self._takes = settle_takes

    def take(self, *facts: Fact) -> None:
        timer = KeptSettleTimer()
        collect(facts, replace(self.world.ports, timer=timer), self.world.policy)
        settle_or_send(timer.keys, self.world.ports, is_settled=self._is_settled)

    def _is_settled(self, key: SettleKey, ports: Ports) -> bool:
        self.world.clock.moment += self._takes
        try:
            settle_at_once(key, ports, self.world.policy)
        except StoreUnavailable:
            return False
        self.settled.append(key.id)
        return True


def _whole(request_id: str) -> tuple[Fact, Fact]:
    """A request's record, and its only call."""
    return request(request_id, duration_ms=3_000), call(f"call-{request_id}", 1, tag=tag(request_id, 1))


def _sent(world: World) -> list[str]:
    """The ids of the keys that are in the queue, in the order of their time."""
    found: list[str] = []
    while world.timer.next_due() is not None:
        found.append(world.timer.take().id)
    return found


def test_a_request_that_a_batch_completes_is_settled_with_it_and_sends_nothing() -> None:
    world = World()

    _Handler(world).take(*_whole("r1"))

    assert world.request().revision == 1
    assert _sent(world) == []


def test_calls_whose_record_is_on_its_way_are_looked_at_again_soon_and_count_when_it_has_come() -> None:
    world = World()
    record, only = _whole("r1")
    handler = _Handler(world)

    handler.take(only)
    assert world.timer.next_due() == at(0) + world.policy.settle_delay
    handler.take(record)

    assert world.request().revision == 1


def test_a_record_that_comes_before_the_last_call_is_revised_with_that_call() -> None:
    world = World()
    handler = _Handler(world)
    handler.take(call("c1", 1, tag=tag("r1", 1), produced=["t"]))
    handler.take(request())
    assert world.request().revision == 0

    handler.take(call("c2", 2, tag=tag("r1", 2), returned=["t"]))

    found = world.request()
    assert (found.revision, found.summary and found.summary.totals.invocations) == (1, 2)


def test_from_the_first_failure_on_all_go_through_the_queue_and_none_is_lost() -> None:
    # Of three requests' writes (records, calls, rejected records), and one revision each, the second revision fails.
    world = World(store=FailingStore(fails_at=6))
    ids = ["r1", "r2", "r3"]

    handler = _Handler(world)
    handler.take(*(fact for each in ids for fact in _whole(each)))

    assert handler.settled == ["r1"]
    world.run_until()
    assert [world.request(each).revision for each in ids] == [1, 1, 1]


def test_where_settles_are_slow_the_rest_goes_through_the_queue_in_time() -> None:
    world = World()
    ids = [f"r{number}" for number in range(5)]

    handler = _Handler(world, settle_takes=INLINE_BUDGET / 2)
    handler.take(*(fact for each in ids for fact in _whole(each)))

    assert handler.settled == ["r0", "r1"]
    assert _sent(world) == ["r2", "r3", "r4"]


def test_a_batch_settles_a_bounded_number_of_requests() -> None:
    world = World()
    ids = [f"r{number:02d}" for number in range(MAX_INLINE_SETTLES + 2)]

    handler = _Handler(world)
    handler.take(*(fact for each in ids for fact in _whole(each)))

    assert handler.settled == ids[:MAX_INLINE_SETTLES]
    assert _sent(world) == ids[MAX_INLINE_SETTLES:]


def test_untagged_calls_wait_for_their_time() -> None:
    world = World()

    handler = _Handler(world)
    handler.take(call("c1", 1))

    assert handler.settled == []
    assert _sent(world) == ["c1"]
