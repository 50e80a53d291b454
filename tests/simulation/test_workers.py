"""The simulator's own parts: workers really alternate, and a lagging read shows what was there."""

import random
from itertools import permutations

from request_lens.adapters.memory.fact_store import MemoryFactStore
from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.events import Event, Work, polling
from tests.simulation.snapshots import MAX_LAG, Snapshots
from tests.simulation.workers import Workers
from tests.support.facts import START, at, call, linked, request

CALLS = 2


def steps_of(seed: int) -> str:
    """The order in which worker A makes its calls, and worker B, which joins before the first, makes its own."""
    made: list[str] = []

    def work(event: Event) -> None:
        name = "A" if event.work is Work.SWEEP else "B"
        if name == "A":
            workers.join(polling(0))
        for _ in range(CALLS):
            workers.give_way()
            made.append(name)

    workers = Workers(Faults(random.Random(seed), quiet=True), work, after=lambda: None)
    workers.run(Event(work=Work.SWEEP))
    return "".join(made)


def test_two_workers_make_their_calls_in_every_order() -> None:
    orders = {"".join(order) for order in permutations("AABB")}

    assert {steps_of(seed) for seed in range(300)} == orders


def test_what_is_written_in_a_turn_is_in_the_stream_before_the_next() -> None:
    told: list[str] = []

    def work(event: Event) -> None:
        if event.work is Work.SWEEP:
            workers.join(polling(0))
        told.append(f"write {event.work}")
        workers.give_way()
        told.append(f"end {event.work}")

    faults = Faults(random.Random(1), quiet=True)
    workers = Workers(faults, work, after=lambda: told.append("stream"))
    workers.run(Event(work=Work.SWEEP))

    assert told[1::2] == ["stream"] * 4
    assert faults.fired[Fault.ALTERNATION] <= 2


def test_a_snapshot_holds_what_had_been_written_by_its_moment() -> None:
    store = MemoryFactStore()
    snapshots = Snapshots(store)
    for second in range(4):
        snapshots.before_write(at(second))
        store.store_requests([request(f"r{second}", second)], stored_at=at(second))

    def seen(moment: float) -> list[str]:
        found = snapshots.at(at(moment)).requests_between(START, at(60), limit=10)
        return [str(each.request_id) for each in found]

    assert seen(2) == ["r0", "r1", "r2"]
    assert seen(1.5) == ["r0", "r1"]
    assert seen(60) == ["r0", "r1", "r2", "r3"]


def test_a_snapshot_does_not_see_a_later_copy_under_a_request() -> None:
    store = MemoryFactStore()
    snapshots = Snapshots(store)
    earlier, later = linked(call("i1")), linked(call("i2"))
    store.store_linked([earlier])
    snapshots.before_write(START + MAX_LAG)
    store.store_linked([later])

    assert snapshots.at(START).find_uncounted([earlier, later]) == [later]
    assert store.find_uncounted([earlier, later]) == []


def test_an_event_that_none_can_join_is_run_as_it_is() -> None:
    told: list[object] = []

    def work(event: Event) -> None:
        workers.give_way()
        told.extend([workers.event, workers.is_alone])

    workers = Workers(Faults(random.Random(1), quiet=True), work, lambda: told.append("stream"), lambda: False)
    workers.run(polling(1))

    assert told == [polling(1), True, "stream"]
    assert workers.event is None
