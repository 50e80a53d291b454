"""Sweep: lost settle messages are made good, exactly once, and nothing is sent where none is missing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta

import pytest

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application import sweep as sweeping
from request_lens.application.settle import settle
from request_lens.application.sweep import AGE, SLICE, SweepReport, sweep
from request_lens.domain.facts import Fact, Invocation, RequestId
from request_lens.domain.linking.link import LinkedInvocation, Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.errors import StoreUnavailable
from tests.support.facts import ROLE, at, call, chain_of_two, link, request, tag
from tests.support.world import World, places

AGENTS = Policy(agent_role_names=frozenset({ROLE}))
HOUR = datetime(2025, 12, 4, 18, tzinfo=at(0).tzinfo)
SWEPT = (HOUR + timedelta(hours=3, minutes=5) - at(0)).total_seconds()
"""When the hour has been swept that the facts are of, in seconds after START."""

FACTS: list[Fact] = [
    request("r1"),
    *chain_of_two("c", 1, 3),
    request("r2", 300),
    call("t1", 301, tag=tag("r2", 1)),
    request("r3", 600),
    request("r4", 600.5),
    call("i1", 602),
    call("i2", 900, role="payroll"),
]
PLACES = {"c-1": "r1", "c-2": "r1", "t1": "r2", "i1": "ambiguous", "i2": "other_caller"}


def lose_messages(world: World) -> list[SettleKey]:
    """Lose every message that is on its way."""
    lost: list[SettleKey] = []
    while world.timer.next_due() is not None:
        lost.append(world.timer.take())
    return lost


def swept(world: World) -> SweepReport:
    """Sweep the hour, slice by slice, and add the reports up."""
    world.clock.moment = at(SWEPT)
    found = Counter[str]()
    for place in range(int(timedelta(hours=1) / SLICE)):
        report = asdict(sweep(world.ports, world.policy, moment=HOUR + (place + 1) * SLICE + AGE))
        assert report.pop("begins") == HOUR + place * SLICE
        found.update(report)
    return SweepReport(begins=HOUR, **found)


def collected(facts: Sequence[Fact], *, lost: bool, policy: Policy = AGENTS) -> World:
    """A world that stored these facts in one batch, 10 s after the last of them began; without its messages if lost."""
    world = World(policy)
    world.collect(910, *facts)
    if lost:
        lose_messages(world)
    world.run_until()
    return world


def test_a_sweep_makes_every_lost_message_good_and_everything_counts_once() -> None:
    world = collected(FACTS, lost=True)
    assert world.sink.publications == []

    report = swept(world)
    world.run_until()

    assert report == SweepReport(begins=HOUR, requests=4, invocations=4, unsettled=4, undecided=4)
    assert places(world) == PLACES
    assert world.published().keys() == {"r1#1", "r2#1", "r3#1", "r4#1", "invocation:i1#1", "invocation:i2#1"}
    assert (world.sum_of(Metric.LLM_CALLS), world.sum_of(Metric.REQUESTS)) == (5, 4)


def test_a_world_that_was_swept_ends_as_one_that_lost_nothing() -> None:
    without_loss, with_loss = collected(FACTS, lost=False), collected(FACTS, lost=True)
    swept(with_loss)
    with_loss.run_until()

    assert with_loss.published() == without_loss.published()


def test_nothing_is_sent_where_nothing_is_missing() -> None:
    world = collected(FACTS, lost=False)

    assert swept(world) == SweepReport(begins=HOUR, requests=4, invocations=4)
    assert world.timer.next_due() is None


def test_a_second_sweep_changes_nothing() -> None:
    world = collected(FACTS, lost=True)
    swept(world)
    swept(world)
    world.run_until()
    published = dict(world.published())

    assert swept(world) == SweepReport(begins=HOUR, requests=4, invocations=4)
    world.run_until()
    assert world.published() == published


@pytest.mark.parametrize("keep", range(len(FACTS)))
def test_the_loss_of_all_messages_but_one_is_made_good(keep: int) -> None:
    world = World(AGENTS)
    world.collect(910, *FACTS)
    messages = lose_messages(world)
    world.timer.send([(each, at(1_200)) for each in messages[keep : keep + 1]])
    world.run_until()
    lose_messages(world)

    swept(world)
    world.run_until()

    assert places(world) == PLACES
    assert (world.sum_of(Metric.LLM_CALLS), world.sum_of(Metric.REQUESTS)) == (5, 4)


def test_a_call_that_was_decided_and_never_counted_is_counted() -> None:
    class Forgetful(MemoryFactStore):
        """Stores no call under its request until it is told to."""

        remembers = False

        def store_linked(self, linked: Sequence[LinkedInvocation]) -> None:
            if not self.remembers:
                raise StoreUnavailable("the test's outage, between the decision and its count")
            super().store_linked(linked)

    store = Forgetful()
    world = World(AGENTS, store=store)
    world.store.store_requests([request()], stored_at=at(8))
    world.store.store_unlinked([call("i1", 1)], stored_at=at(8))
    world.clock.moment = at(155)
    with pytest.raises(StoreUnavailable):
        settle(SettleKey(SettleKind.INVOCATION, call("i1").invocation_id), world.ports, world.policy)
    settle(SettleKey(SettleKind.REQUEST, RequestId("r1")), world.ports, world.policy)
    assert (world.request().revision, world.decision("i1")) == (1, link())

    store.remembers = True
    report = swept(world)
    world.run_until()

    assert report == SweepReport(begins=HOUR, requests=1, invocations=1, uncounted=1)
    assert world.calls_of() == {"i1": ("window", "inferred")}
    assert world.published().keys() == {"r1#1", "r1#2"}
    assert swept(world).uncounted == 0


def test_a_record_that_came_after_its_orphans_takes_them_back_though_its_message_was_lost() -> None:
    world = World()
    world.collect(10, call("t1", 1, tag=tag("r1", 1)))
    world.run_until()
    world.collect(1_500, request())
    lose_messages(world)

    assert swept(world).unsettled == 1
    world.run_until()

    assert world.published().keys() == {"invocation:t1#1", "invocation:t1#2", "r1#1"}
    assert world.sum_of(Metric.LLM_CALLS) == 1


@pytest.mark.parametrize("later", [timedelta(0), timedelta(seconds=59)])
def test_the_last_minute_that_ended_two_hours_ago_is_swept_and_no_other(later: timedelta) -> None:
    edges = {
        "before": HOUR - timedelta(milliseconds=1),
        "first": HOUR,
        "last": HOUR + timedelta(minutes=1, milliseconds=-1),
        "after": HOUR + timedelta(minutes=1),
    }
    world = World()
    records = [replace(request(request_id), started_at=moment) for request_id, moment in edges.items()]
    world.store.store_requests(records, stored_at=at(0))
    world.clock.moment = HOUR + timedelta(hours=2, minutes=1) + later

    sweep(world.ports, world.policy)

    assert lose_messages(world) == [SettleKey(SettleKind.REQUEST, RequestId(each)) for each in ("first", "last")]


def test_another_time_is_swept_on_demand() -> None:
    world = collected(FACTS, lost=True)
    world.clock.moment = at(SWEPT + 30 * 3_600)

    assert sweep(world.ports, world.policy).requests == 0
    assert sweep(world.ports, world.policy, moment=at(0) + SLICE + AGE).unsettled == 1


@pytest.mark.parametrize("late", [call("t2", 2, tag=tag("r1", 2)), call("t2", 200, tag=tag("r1"))])
def test_a_call_that_came_after_its_requests_revision_is_counted_though_its_message_was_lost(late: Invocation) -> None:
    world = World(AGENTS)
    world.collect(8, request(), call("t1", 1, tag=tag("r1", 1)))
    world.run_until()
    world.collect(900, late)
    lose_messages(world)
    assert world.sum_of(Metric.LLM_CALLS) == 1

    assert swept(world).unsettled == 1
    world.run_until()

    assert world.published().keys() == {"r1#1", "r1#2"}
    assert world.sum_of(Metric.LLM_CALLS) == 2
    assert swept(world).unsettled == 0


class PagedStore(MemoryFactStore):
    """Notes how many requests, and how many linked calls, are looked up at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.pages: list[int] = [0]

    def find_unsettled(self, request_ids: Sequence[RequestId]) -> Sequence[RequestId]:
        self.pages.append(len(request_ids))
        return super().find_unsettled(request_ids)


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 19, 20, 95])
@pytest.mark.parametrize("a_second", [1, 3, 10, 11, 40, 95])
def test_an_hour_of_many_pages_is_swept_page_by_page_and_each_fact_once(
    monkeypatch: pytest.MonkeyPatch, count: int, a_second: int
) -> None:
    monkeypatch.setattr(sweeping, "PAGE", 10)
    store = PagedStore()
    world = World(store=store)
    calls: list[Invocation] = [call(f"i{n}", n // a_second) for n in range(count)]
    store.store_unlinked(calls, stored_at=at(10))
    store.store_requests([request(f"r{n}", n // a_second) for n in range(count)], stored_at=at(10))

    report = swept(world)

    sent = lose_messages(world)
    assert len(sent) == len(set(sent)) == 2 * count
    assert (report.requests, report.invocations) == (count, count)
    assert max(store.pages) <= 10


def test_what_was_stored_late_and_is_not_due_is_sent_for_its_time() -> None:
    world = World()
    world.store.store_unlinked([call("i1", 1)], stored_at=at(SWEPT - 5))

    assert swept(world).undecided == 1
    assert world.timer.next_due() == at(SWEPT - 5) + world.policy.link_delay
    world.run_until()
    assert world.decision("i1") == Unattributed(reason=Reason.NO_REQUEST)
