"""Dense untagged traffic is decided in time: what its settles read stays below what one index partition gives."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import batched

import pytest

from request_lens.adapters.dynamodb.attributes import to_item
from request_lens.adapters.dynamodb.updates import decision_update, record_update, unlinked_update
from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.adapters.sqs_settle_timer import delay_of
from request_lens.application.settle_batch import collect_and_settle, settle_messages
from request_lens.domain.facts import Fact, Request
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.domain.settling.state import SettleKey, TimedKey
from tests.support.facts import at, call, link, pending, request
from tests.support.metering.dynamo_units import READ_UNIT_BYTES, item_bytes
from tests.support.world import World

PARTITION_UNITS = 3_000
"""Read units a second of one partition:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html"""

INDEX_OVERHEAD = 100
"""Bytes that an index adds to an entry."""

SLOT = timedelta(seconds=10)
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
    """Adds up the read units of the index, eventually consistent."""

    def __init__(self) -> None:
        super().__init__()
        self.units = 0.0
        self._call_bytes, self._request_bytes = _entry_bytes("call"), _entry_bytes("request")

    def requests_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        found = super().requests_between(first, last, limit=limit)
        self.units += max(len(found) * self._request_bytes / (2 * READ_UNIT_BYTES), 0.5)
        return found

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        found = super().unlinked_between(first, last, limit=limit)
        self.units += max(len(found) * self._call_bytes / (2 * READ_UNIT_BYTES), 0.5)
        return found


class Queue:
    """The settle queue: keys come at the ends of their slots, ten a receive."""

    def __init__(self, world: World) -> None:
        self.waiting: list[TimedKey] = []
        self._world = world

    def send(self, keys: Sequence[TimedKey]) -> None:
        now = self._world.clock.now()
        self.waiting += [(key, now + timedelta(seconds=delay_of(due_at, now))) for key, due_at in keys]

    def take(self) -> list[SettleKey]:
        """The keys that have come by now."""
        now = self._world.clock.now()
        come = [key for key, due_at in self.waiting if due_at <= now]
        self.waiting = [(key, due_at) for key, due_at in self.waiting if due_at > now]
        return come


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("calls_a_second", [15, 100])
def test_the_settles_of_dense_untagged_traffic_stay_below_the_limit_of_a_partition(calls_a_second: int) -> None:
    world = World(store=(store := MeteredStore()))
    queue = Queue(world)
    ports = replace(world.ports, timer=queue)
    seconds = 60
    facts: list[tuple[float, Fact]] = []
    for n in range(seconds * calls_a_second):
        begins = n / calls_a_second
        facts.append((begins + 8, call(f"i{n:06}", int(begins))))
        if n % 2 == 0:
            facts.append((begins + 9, request(f"r{n:06}", begins - 0.5, duration_ms=4_000)))
    arrivals = {
        int(seconds) // 10: [fact for when, fact in facts if int(when) // 10 == int(seconds) // 10]
        for seconds, _ in facts
    }

    most, slot = 0.0, 0
    while queue.waiting or slot <= max(arrivals):
        world.clock.moment = at(10 * slot + 9)
        store.units = 0.0
        for batch in batched(arrivals.get(slot, []), 50, strict=False):
            collect_and_settle(batch, ports, world.policy)
        for keys in batched(queue.take(), 10, strict=False):
            assert settle_messages(keys, ports, world.policy) == []
        most, slot = max(most, store.units / SLOT.total_seconds()), slot + 1

    assert most < PARTITION_UNITS, f"{most:,.0f} read units a second"
    undecided = [made for made in world.store.all_unlinked() if made.decision is None]
    assert undecided == []
    assert slot < (seconds + 260) / SLOT.total_seconds()
