"""What a batch may have completed is settled with it; everything else goes through the queue, and nothing is lost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from request_lens.application.settle_batch import (
    INLINE_BUDGET,
    MAX_INLINE_SETTLES,
    MESSAGES_BUDGET,
    SettleFailure,
    collect_and_settle,
    settle_messages,
)
from request_lens.domain.facts import Fact, InvocationId, RequestId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.settling.state import SettleKey, SettleKind, TimedKey
from request_lens.errors import OutOfTime, StoreUnavailable
from tests.support.facts import at, call, request, tag
from tests.support.world import FailingStore, World


class _SlowStore(FailingStore):
    """A store that tells which requests were revised; each revision takes a while."""

    def __init__(self, *, fails_at: int = 0, revision_takes: timedelta = timedelta(0)) -> None:
        super().__init__(fails_at=fails_at)
        self.world: World | None = None
        self.revised: list[str] = []
        self._takes = revision_takes

    def write_revision(self, request_id: RequestId, *, revision: int, summary: Summary) -> bool:
        if self.world is not None:
            self.world.clock.moment += self._takes
        written = super().write_revision(request_id, revision=revision, summary=summary)
        self.revised.append(request_id)
        return written


class _Handler:
    """Takes a batch as the processor does."""

    def __init__(self, world: World, store: _SlowStore) -> None:
        self._world, self._store = world, store
        store.world = world

    @property
    def settled(self) -> list[str]:
        return self._store.revised

    def take(self, *facts: Fact) -> Sequence[SettleFailure]:
        _, failures = collect_and_settle(facts, self._world.ports, self._world.policy)
        return failures


def _handler(*, fails_at: int = 0, revision_takes: timedelta = timedelta(0)) -> tuple[World, _Handler]:
    store = _SlowStore(fails_at=fails_at, revision_takes=revision_takes)
    world = World(store=store)
    return world, _Handler(world, store)


def _whole(request_id: str) -> tuple[Fact, Fact]:
    """A request's record, and its only call."""
    return request(request_id, duration_ms=3_000), call(f"call-{request_id}", 1, tag=tag(request_id, 1))


def _sent(world: World) -> list[str]:
    """The ids of the keys that are in the queue, in the order of their time."""
    found: list[str] = []
    while world.timer.next_due() is not None:
        found.append(world.timer.take().id)
    return found


def test_a_key_that_several_messages_of_a_batch_name_is_settled_once() -> None:
    world = World()
    world.collect(10, call("c", 1))
    _sent(world)
    key = SettleKey(SettleKind.INVOCATION, InvocationId("c"))

    settle_messages([key, key, key], world.ports, world.policy)

    assert _sent(world) == ["c"]


def test_a_request_that_a_batch_completes_is_settled_with_it_and_sends_nothing() -> None:
    world, handler = _handler()

    handler.take(*_whole("r1"))

    assert world.request().revision == 1
    assert _sent(world) == []


def test_calls_whose_record_is_on_its_way_are_looked_at_again_soon_and_count_when_it_has_come() -> None:
    world, handler = _handler()
    record, only = _whole("r1")

    handler.take(only)
    assert world.timer.next_due() == at(0) + world.policy.settle_delay
    handler.take(record)

    assert world.request().revision == 1


def test_a_record_that_comes_before_the_last_call_is_revised_with_that_call() -> None:
    world, handler = _handler()
    handler.take(call("c1", 1, tag=tag("r1", 1), produced=["t"]))
    handler.take(request())
    assert world.request().revision == 0

    handler.take(call("c2", 2, tag=tag("r1", 2), returned=["t"]))

    found = world.request()
    assert (found.revision, found.summary and found.summary.totals.invocations) == (1, 2)


def test_from_the_first_failure_on_all_go_through_the_queue_and_none_is_lost() -> None:
    # Of three requests' writes (records, calls, rejected records), and one revision each, the second revision fails.
    world, handler = _handler(fails_at=6)
    ids = ["r1", "r2", "r3"]

    failures = handler.take(*(fact for each in ids for fact in _whole(each)))

    assert handler.settled == ["r1"]
    assert [failure.key.id for failure in failures] == ["r2"]
    world.run_until()
    assert [world.request(each).revision for each in ids] == [1, 1, 1]


def test_where_settles_are_slow_the_rest_goes_through_the_queue_in_time() -> None:
    world, handler = _handler(revision_takes=INLINE_BUDGET / 2)
    ids = [f"r{number}" for number in range(5)]

    handler.take(*(fact for each in ids for fact in _whole(each)))

    assert handler.settled == ["r0", "r1"]
    assert _sent(world) == ["r2", "r3", "r4"]


def test_a_batch_settles_a_bounded_number_of_requests() -> None:
    world, handler = _handler()
    ids = [f"r{number:02d}" for number in range(MAX_INLINE_SETTLES + 2)]

    handler.take(*(fact for each in ids for fact in _whole(each)))

    assert handler.settled == ids[:MAX_INLINE_SETTLES]
    assert _sent(world) == ids[MAX_INLINE_SETTLES:]


def test_what_is_due_now_and_not_settled_with_the_batch_does_not_wait_for_what_is() -> None:
    world, handler = _handler(revision_takes=timedelta(seconds=1))
    ids = [f"r{number:02d}" for number in range(MAX_INLINE_SETTLES + 2)]
    revised_when_sent: dict[str, int] = {}

    class Timer:
        def send(self, keys: Sequence[TimedKey]) -> None:
            revised_when_sent.update({key.id: len(handler.settled) for key, _ in keys})

    facts = [fact for each in ids for fact in _whole(each)]
    collect_and_settle(facts, replace(world.ports, timer=Timer()), world.policy)

    assert {revised_when_sent[each] for each in ids[MAX_INLINE_SETTLES:]} == {0}
    assert len(handler.settled) == 15  # INLINE_BUDGET


def test_messages_that_slow_ones_leave_no_time_for_are_named_and_not_begun() -> None:
    store = _SlowStore(revision_takes=MESSAGES_BUDGET / 2)
    world = World(store=store)
    store.world = world
    ids = [f"r{number}" for number in range(4)]
    world.collect(5, *(fact for each in ids for fact in _whole(each)))

    failures = settle_messages(
        [SettleKey(SettleKind.REQUEST, RequestId(each)) for each in ids], world.ports, world.policy
    )

    assert store.revised == ["r0", "r1"]
    assert [(failure.key.id, type(failure.error)) for failure in failures] == [("r2", OutOfTime), ("r3", OutOfTime)]


def test_untagged_calls_wait_for_their_time() -> None:
    world, handler = _handler()

    handler.take(call("c1", 1))

    assert handler.settled == []
    assert _sent(world) == ["c1"]


def test_a_message_that_fails_is_named_and_its_neighbours_are_settled() -> None:
    # Of two requests' writes (records, calls, rejected records), the first revision fails.
    world = World(store=FailingStore(fails_at=5))
    ids = ["r1", "r2"]
    world.collect(0, *(fact for each in ids for fact in _whole(each)))

    failures = settle_messages(
        [SettleKey(SettleKind.REQUEST, RequestId(each)) for each in ids], world.ports, world.policy
    )

    assert [(failure.key.id, type(failure.error)) for failure in failures] == [("r1", StoreUnavailable)]
    assert [world.request(each).revision for each in ids] == [0, 1]
