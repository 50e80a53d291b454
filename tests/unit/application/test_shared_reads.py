"""Reads that a batch shares: what is asked again is not read again, and what was decided since is known."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application.settle_batch import settle_messages
from request_lens.application.shared_reads import SLACK, SharedReads
from request_lens.domain.facts import Request
from request_lens.domain.linking.link import Confidence, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.settling.crowds import MAX_CROWDS, Crowds
from request_lens.domain.settling.state import SettleKey, SettleKind
from tests.support.facts import at, call, link, request
from tests.support.world import World

SECONDS = st.integers(0, 120)


class ReadingStore(MemoryFactStore):
    """Counts what is read by time: how often, and how many facts."""

    def __init__(self) -> None:
        super().__init__()
        self.reads = 0
        self.facts = 0

    def requests_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        return self._count(super().requests_between(first, last, limit=limit))

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        return self._count(super().unlinked_between(first, last, limit=limit))

    def _count[Fact](self, found: Sequence[Fact]) -> Sequence[Fact]:
        self.reads += 1
        self.facts += len(found)
        return found


def _names(calls: Sequence[UnlinkedInvocation]) -> list[str]:
    return [found.invocation.invocation_id for found in calls]


@settings(deadline=None)
@given(
    st.lists(SECONDS, max_size=40),
    st.lists(st.tuples(SECONDS, SECONDS, st.integers(1, 50)), max_size=6),
    st.lists(st.tuples(SECONDS, SECONDS), max_size=2),
)
def test_a_shared_read_is_the_stores_own_or_tells_as_surely_that_there_is_more(
    times: list[int], asked: list[tuple[int, int, int]], dense: list[tuple[int, int]]
) -> None:
    store = MemoryFactStore()
    store.store_unlinked([call(f"i{n:02}", moment) for n, moment in enumerate(times)], stored_at=at(200))
    crowds = Crowds()
    for begins, ends in dense:
        crowds.add((at(begins), at(ends)))
    shared = SharedReads(store, crowds)

    for first, last, limit in asked:
        own = store.unlinked_between(at(first), at(last), limit=limit)
        found = shared.unlinked_between(at(first), at(last), limit=limit)
        assert len(found) == len(own)
        assert len(own) >= limit or _names(found) == _names(own)
        assert all(at(first) <= each.invocation.logged_at <= at(last) for each in found)


def test_spans_that_lie_close_are_read_once() -> None:
    store = ReadingStore()
    shared = SharedReads(store)

    for second in range(int(SLACK.total_seconds())):
        shared.requests_between(at(second), at(60 + second), limit=100)
    assert store.reads == 1

    shared.requests_between(at(30), at(90), limit=100)
    assert store.reads == 2


def test_beside_a_crowd_only_what_is_not_known_yet_is_read() -> None:
    store = ReadingStore()
    store.store_unlinked([call(f"i{n:03}", n / 10) for n in range(1_000)], stored_at=at(200))
    crowds = Crowds()
    crowds.add((at(50), at(90)))
    shared = SharedReads(store, crowds)

    for first, last in ((40, 44), (42, 46), (38, 41), (38, 46)):
        assert len(shared.unlinked_between(at(first), at(last), limit=500)) == 10 * (last - first) + 1

    assert store.facts == 10 * (46 - 38) + 1
    assert store.reads == 3


def test_a_process_keeps_the_latest_crowds_that_it_found() -> None:
    crowds = Crowds()
    for n in range(MAX_CROWDS + 1):
        crowds.add((at(n), at(n)))

    assert not crowds.has_any([(at(0), at(0))])
    assert crowds.has_any([(at(0), at(0)), (at(1), at(1))])
    assert (crowds.touches(at(-9), at(0)), crowds.touches(at(0), at(1))) == (False, True)


def test_what_was_decided_since_is_known() -> None:
    store = MemoryFactStore()
    store.store_unlinked([call("i1", 1), call("i2", 2)], stored_at=at(10))
    shared = SharedReads(store)
    shared.unlinked_between(at(0), at(10), limit=10)

    shared.tell_decision(call("i1").invocation_id, link("r1"))

    assert [each.decision for each in shared.unlinked_between(at(0), at(10), limit=10)] == [link("r1"), None]


def _settled(seconds_apart: float, count: int = 10) -> tuple[World, ReadingStore]:
    world = World(store=(store := ReadingStore()))
    calls = [call(f"i{n:02}", 100 + int(n * seconds_apart)) for n in range(count)]
    world.store.store_unlinked(calls, stored_at=at(150))
    world.store.store_requests([request("r1", 95, duration_ms=29_000)], stored_at=at(150))
    world.clock.moment = at(400)
    keys = [SettleKey(SettleKind.INVOCATION, made.invocation_id) for made in calls]
    assert settle_messages(keys, world.ports, world.policy) == []
    assert all(world.decision(made.invocation_id) == link("r1", confidence=Confidence.ASSUMED) for made in calls)
    return world, store


def test_the_settles_of_a_batch_share_one_look_at_their_neighbourhood() -> None:
    _, batch = _settled(1)
    _, alone = _settled(1, count=1)

    assert batch.reads <= 1.5 * alone.reads


def test_a_crowd_is_found_once_for_a_batch() -> None:
    world = World(store=(store := ReadingStore()))
    crowd = [call(f"i{n:04}", 100 + n // 100) for n in range(6_000)]
    world.store.store_unlinked(crowd, stored_at=at(150))
    world.clock.moment = at(400)
    store.facts = 0

    keys = [SettleKey(SettleKind.INVOCATION, made.invocation_id) for made in crowd[2_000:2_010]]
    settle_messages(keys, world.ports, world.policy)

    assert store.facts <= 2_100


def test_a_crowd_that_a_process_has_found_is_not_looked_for_again() -> None:
    world = World(store=(store := ReadingStore()))
    crowd = [call(f"i{n:04}", 100 + n // 100, returned=[f"t{n}"]) for n in range(6_000)]
    world.store.store_unlinked(crowd, stored_at=at(150))
    world.clock.moment = at(400)
    ports = replace(world.ports, crowds=Crowds())

    facts = []
    for first in (3_000, 3_010, 3_020):
        store.facts = 0
        keys = [SettleKey(SettleKind.INVOCATION, made.invocation_id) for made in crowd[first : first + 10]]
        assert settle_messages(keys, ports, world.policy) == []
        facts.append(store.facts)

    assert facts[0] > 1_000
    assert facts[1:] == [0, 0]
    decisions = {world.decision(made.invocation_id) for made in crowd[3_000:3_030]}
    assert decisions == {Unattributed(reason=Reason.CROWDED)}


def test_a_call_linked_in_a_batch_is_possible_for_nobody_else_of_it() -> None:
    world, _ = _settled(1)
    world.clock.moment += timedelta(hours=1)

    assert settle_messages([SettleKey(SettleKind.REQUEST, request("r1").request_id)], world.ports, world.policy) == []

    summary = world.request("r1").summary
    assert summary is not None
    assert summary.is_certain
