"""Dense traffic is settled in time, within what DynamoDB gives one partition of the index."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import batched, pairwise
from random import Random
from typing import NamedTuple

import pytest

from request_lens.adapters.dynamodb.attributes import to_item
from request_lens.adapters.dynamodb.items import invocation_times, request_times
from request_lens.adapters.dynamodb.updates import decision_update, record_update, unlinked_update
from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application.settle_batch import collect_and_settle, settle_messages
from request_lens.domain.facts import Fact, Invocation, InvocationId, Request
from request_lens.domain.linking.link import Decision, UnlinkedInvocation
from request_lens.domain.settling.crowds import Crowds
from request_lens.domain.spans import CallSpan
from tests.support.facts import at, call, link, pending, request, tag
from tests.support.metering.dynamo_units import READ_UNIT_BYTES, WRITE_UNIT_BYTES, item_bytes
from tests.support.metering.slotted_queue import SlottedQueue
from tests.support.world import World

READ_UNITS, WRITE_UNITS = 3_000, 1_000
"""Units a second of one partition:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"""

MARGIN = 0.8

PROCESSES = 8
"""Each knows what it has read itself, and takes any of the messages that come."""

INDEX_OVERHEAD = 100
"""Bytes that an index adds to an entry."""

RETENTION = timedelta(days=90)


def _entry_bytes(kind: str) -> int:
    """The bytes of an index entry, with all that may be projected."""
    made = call(
        "1f0e9d7c-2b3a-4c5d-8e9f-0a1b2c3d4e5f", 0, produced=["tooluse_" + "a" * 22], returned=["tooluse_" + "b" * 22]
    )
    if kind == "call":
        update = unlinked_update(made, stored_at=at(10), retention=RETENTION)
        decided = decision_update(pending(made), link("8vyhhrKPTgKzGt2="), retention=RETENTION)
        sets = {**update.sets, **decided.sets}
    else:
        update = record_update(request("8vyhhrKPTgKzGt2="), stored_at=at(10), retention=RETENTION)
        sets = dict(update.sets)
    return item_bytes(to_item({**update.key, **sets})) + INDEX_OVERHEAD


class MeteredStore(MemoryFactStore):
    """Adds up the units of each partition of the index: reads are eventually consistent."""

    def __init__(self) -> None:
        super().__init__()
        self.reads: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        self._partitions: dict[str, str] = {}
        self._call_bytes, self._request_bytes = _entry_bytes("call"), _entry_bytes("request")

    def store_requests(self, records: Sequence[Request], *, stored_at: datetime) -> Sequence[Request]:
        fresh = [record for record in records if self.load_request(record.request_id).record is None]
        self._write((self._of_request(record) for record in fresh), self._request_bytes)
        return super().store_requests(records, stored_at=stored_at)

    def store_unlinked(
        self, invocations: Sequence[Invocation], *, stored_at: datetime
    ) -> Mapping[InvocationId, CallSpan]:
        fresh = [made for made in invocations if self.load_unlinked(made.invocation_id) is None]
        self._write((self._of_call(made) for made in fresh), self._call_bytes)
        return super().store_unlinked(invocations, stored_at=stored_at)

    def decide(self, unlinked: UnlinkedInvocation, decision: Decision) -> Decision:
        self._write([self._of_call(unlinked.invocation)], self._call_bytes)
        return super().decide(unlinked, decision)

    def requests_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        found = super().requests_between(first, last, limit=limit)
        self._read((self._of_request(record) for record in found), self._request_bytes)
        return found

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        found = super().unlinked_between(first, last, limit=limit)
        self._read((self._of_call(made.invocation) for made in found), self._call_bytes)
        return found

    def _write(self, partitions: Iterable[str], entry_bytes: int) -> None:
        for partition in partitions:
            self.writes[partition] += -(-entry_bytes // WRITE_UNIT_BYTES)

    def _read(self, partitions: Iterable[str], entry_bytes: int) -> None:
        for partition, count in Counter(partitions).items():
            self.reads[partition] += -(-count * entry_bytes // (2 * READ_UNIT_BYTES))

    def _of_request(self, record: Request) -> str:
        if record.request_id not in self._partitions:
            self._partitions[record.request_id] = str(request_times(record)["by_time_pk"])
        return self._partitions[record.request_id]

    def _of_call(self, made: Invocation) -> str:
        if made.invocation_id not in self._partitions:
            self._partitions[made.invocation_id] = str(invocation_times(made)["by_time_pk"])
        return self._partitions[made.invocation_id]

    def busiest(self) -> tuple[int, int]:
        """The most that any one partition was read and written since it was asked before."""
        most = max(self.reads.values(), default=0), max(self.writes.values(), default=0)
        self.reads.clear()
        self.writes.clear()
        return most


class Load(NamedTuple):
    """The most units a second of one partition, in one step."""

    reads: float
    writes: float


def _run(world: World, store: MeteredStore, facts: Sequence[tuple[float, Fact]], *, step_s: int) -> Sequence[Load]:
    """Collect and settle facts, each at its second, in steps; the load of each step's busiest partition."""
    chance = Random(12)
    queue = SlottedQueue(world.clock, chance)
    processes = [replace(world.ports, timer=queue, crowds=Crowds()) for _ in range(PROCESSES)]
    arrivals: dict[int, list[Fact]] = {}
    for second, fact in facts:
        arrivals.setdefault(int(second) // step_s, []).append(fact)
    loads: list[Load] = []
    while queue.waiting or len(loads) <= max(arrivals):
        world.clock.moment = at(step_s * (len(loads) + 1) - 1)
        for batch in batched(arrivals.get(len(loads), []), 50, strict=False):
            collect_and_settle(batch, chance.choice(processes), world.policy)
        for keys in queue.take():
            assert settle_messages(keys, chance.choice(processes), world.policy) == []
        reads, writes = store.busiest()
        loads.append(Load(reads / step_s, writes / step_s))
    return loads


def _agents(calls_a_second: int, seconds: int) -> Iterator[tuple[float, Fact]]:
    """Requests of two calls, of which the second goes on from a tool that the first has asked for."""
    for n in range(seconds * calls_a_second):
        begins, asked = n / calls_a_second, n - 1 - 2 * calls_a_second
        if n % 2 == 0:
            yield begins + 9, request(f"r{n:06}", begins - 0.5, duration_ms=4_000)
            yield begins + 8, call(f"i{n:06}", int(begins), produced=[f"tooluse_{n:022}"])
        else:
            yield begins + 8, call(f"i{n:06}", int(begins), returned=[f"tooluse_{asked:022}"] if asked >= 0 else ())


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("calls_a_second", [18, 30, 100])
def test_the_settles_of_dense_untagged_traffic_stay_below_the_limit_of_a_partition(calls_a_second: int) -> None:
    world = World(store=(store := MeteredStore()))
    seconds, step_s = 240, 10  # keys come at the ends of slots of ten seconds

    loads = _run(world, store, list(_agents(calls_a_second, seconds)), step_s=step_s)

    before, after = (
        max(load.reads for load in loads[first // step_s : last // step_s]) for first, last in ((180, 210), (210, 240))
    )
    assert 0.85 * before <= after <= 1.15 * before  # calls and requests are settled all the time by then: it stays so
    assert max(before, after) < MARGIN * READ_UNITS
    # While it begins and breaks off, too, over 20 seconds: for a moment there is what was not used in 5 minutes before.
    assert max((one.reads + next_.reads) / 2 for one, next_ in pairwise(loads)) < READ_UNITS
    assert max(load.writes for load in loads) < MARGIN * WRITE_UNITS
    decided = [made for made in world.store.all_unlinked() if made.decision is not None]
    assert len(decided) == seconds * calls_a_second
    assert world.clock.now() < at(seconds + 260)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_thousand_tagged_requests_a_second_stay_far_below_the_limit_of_a_partition() -> None:
    world = World(store=(store := MeteredStore()))
    seconds, requests_a_second = 10, 1_000
    facts: list[tuple[float, Fact]] = []
    for n in range(seconds * requests_a_second):
        begins, request_id = n / requests_a_second, f"8vyhhrKPT{n:05}="
        facts.append((begins + 8, call(f"i{n:06}", int(begins), tag=tag(request_id, 1), stop_reason="end_turn")))
        facts.append((begins + 9, request(request_id, begins - 0.5, duration_ms=4_000)))

    loads = _run(world, store, facts, step_s=1)

    assert max(load.writes for load in loads) < WRITE_UNITS / 3
    assert {load.reads for load in loads} == {0}
    assert all(state.revision for state in store.all_requests())
    assert len(store.all_requests()) == seconds * requests_a_second
