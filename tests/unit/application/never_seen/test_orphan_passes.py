"""Many calls under an id without a record are given up in passes: each once, whoever dies, meets others or is late."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application import settle_request as requests
from request_lens.application.deciding import settle_orphan as orphans
from request_lens.application.settle import settle
from request_lens.domain.facts import Invocation, InvocationId, RequestId
from request_lens.domain.linking.link import Link, LinkedInvocation, Reason, Unattributed
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.settling.state import OrphanPass, SettleKey, SettleKind
from request_lens.errors import StoreUnavailable
from tests.support.facts import at, call, request, tag
from tests.support.world import FailingStore, World

NONE = RequestId("none")
ORPHAN, ORPHANS = SettleKey(SettleKind.ORPHAN, NONE), SettleKey(SettleKind.ORPHANS, NONE)
GIVEN_UP = Unattributed(reason=Reason.REQUEST_NEVER_SEEN)


@pytest.fixture(autouse=True)
def _few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passes begin with four calls, and take three at a time."""
    monkeypatch.setattr(requests, "MAX_WAITING_CALLS", 3)
    monkeypatch.setattr(orphans, "MAX_WAITING_CALLS", 3)
    monkeypatch.setattr(orphans, "MAX_DECISIONS", 3)


def _calls(names: str, *, seconds: float = 0, request_id: str = "none") -> Sequence[Invocation]:
    return [call(name, seconds, tag=tag(request_id)) for name in names]


def _stored(names: str, store: MemoryFactStore | None = None) -> World:
    """A world where these calls were collected 1,000 seconds ago, and nothing was settled since."""
    world = World(store=store)
    world.collect(0, *_calls(names))
    while world.timer.next_due() is not None:
        world.timer.take()
    world.clock.moment = at(1_000)
    return world


def _given_up(world: World) -> str:
    return "".join(made.invocation.invocation_id for made in world.store.all_unlinked() if made.decision == GIVEN_UP)


def _pass_of(world: World) -> OrphanPass | None:
    return world.request("none").orphan_pass


def _settle(key: SettleKey, world: World) -> None:
    settle(key, world.ports, world.policy)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fails_at", range(1, 22))
def test_wherever_the_table_fails_each_call_is_counted_once(fails_at: int, *, after: bool) -> None:
    world = World(store=FailingStore(fails_at=fails_at, after=after))
    world.collect(0, *_calls("abcdefgh"))
    world.collect(400, *_calls("ijkl", seconds=400))

    world.run_until()

    assert "".join(sorted(_given_up(world))) == "abcdefghijkl"
    assert world.sum_of(Metric.LLM_CALLS) == 12


def test_a_message_decides_no_more_than_so_many_and_another_goes_on() -> None:
    world = _stored("abcdefgh")

    _settle(ORPHAN, world)

    assert _given_up(world) == "abc"
    assert _pass_of(world) == OrphanPass(begun_at=at(1_000), after=InvocationId("c"))
    assert world.timer.take() == ORPHANS
    _settle(ORPHANS, world)
    assert _given_up(world) == "abcdef"


def test_others_wait_while_one_is_at_the_next_calls() -> None:
    world = _stored("abcde")
    busy = OrphanPass(begun_at=at(990), busy_until=at(1_050))
    world.store.mark_orphaned(NONE, busy)

    for key in (ORPHAN, ORPHANS):
        _settle(key, world)

        assert (_given_up(world), _pass_of(world)) == ("", busy)
        assert (world.timer.next_due(), world.timer.take()) == (at(1_050), key)


def test_whoever_died_at_it_is_not_waited_for_any_longer() -> None:
    world = _stored("abcde")
    world.store.mark_orphaned(NONE, OrphanPass(begun_at=at(930), busy_until=at(990)))

    _settle(ORPHAN, world)
    world.run_until()

    assert _given_up(world) == "abcde"


def test_calls_that_a_pass_has_gone_through_are_left_to_it() -> None:
    world = _stored("abcd")
    done = OrphanPass(begun_at=at(990), after=InvocationId("d"), is_done=True)
    world.store.mark_orphaned(NONE, done)

    for key in (ORPHAN, ORPHANS):
        _settle(key, world)

    assert (_given_up(world), _pass_of(world), world.timer.next_due()) == ("", done, None)


def test_calls_that_came_since_a_pass_have_another() -> None:
    world = _stored("abcd")
    world.store.mark_orphaned(NONE, OrphanPass(begun_at=at(500), after=InvocationId("d"), is_done=True))

    _settle(ORPHAN, world)
    world.run_until()

    assert _given_up(world) == "abcd"
    assert _pass_of(world) == OrphanPass(begun_at=at(1_000), after=InvocationId("d"), is_done=True)


def test_calls_that_came_behind_a_pass_that_is_not_done_wait_for_the_next() -> None:
    world = _stored("abcdz")
    world.store.mark_orphaned(NONE, OrphanPass(begun_at=at(500), after=InvocationId("d")))

    _settle(ORPHAN, world)

    assert _given_up(world) == "z"
    assert _pass_of(world) == OrphanPass(begun_at=at(500), after=InvocationId("z"), is_done=True)
    assert (world.timer.next_due(), world.timer.take()) == (at(1_060), ORPHAN)
    world.clock.moment = at(1_060)
    _settle(ORPHAN, world)
    world.run_until()
    assert _given_up(world) == "abcdz"


def test_a_pass_ends_where_the_record_comes() -> None:
    world = _stored("abcdefgh")
    _settle(ORPHAN, world)

    world.collect(1_001, request("none", -1))
    world.run_until()

    assert all(isinstance(made.decision, Link) for made in world.store.all_unlinked())
    assert len(world.calls_of("none")) == 8
    assert world.timer.next_due() is None


@pytest.mark.parametrize("came", [300, 2_000])
def test_a_long_run_whose_record_comes_late_has_all_its_calls_and_sums(came: int) -> None:
    world = World()
    how_many = 900
    world.collect(
        260, *(call(f"c{n:04}", n // 4, latency_ms=200, tag=tag("r1", n + 1, started=n / 4)) for n in range(how_many))
    )

    world.collect(came, request("r1", -1, duration_ms=240_000))
    world.run_until()

    summary = world.request().summary
    assert summary is not None
    assert summary.totals.llm_calls == len(world.calls_of()) == how_many
    assert world.sum_of(Metric.LLM_CALLS) == how_many
    assert world.sum_of(Metric.REQUESTS) == 1
    assert timedelta(milliseconds=summary.llm_time_ms or 0) >= timedelta(seconds=how_many / 4 * 0.8)


def test_a_turn_that_fails_leaves_no_message_behind_but_its_own() -> None:
    """Else each receive of a message that cannot succeed would have a successor, and none would be given up."""

    class StuckStore(MemoryFactStore):
        def load_linked(self, request_id: RequestId, *, after: InvocationId, limit: int) -> Sequence[LinkedInvocation]:
            raise StoreUnavailable("refused")

    world = _stored("abcdefgh", StuckStore())
    for moment in (1_000, 1_600):  # the second finds a pass that began long ago, and that nobody is at
        world.clock.moment = at(moment)
        with pytest.raises(StoreUnavailable):
            _settle(ORPHAN, world)

    assert world.timer.next_due() is None
