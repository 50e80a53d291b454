"""Calls under an id that no request has: each is counted once, at a cost that does not grow with their number."""

from collections.abc import Sequence

import pytest

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application.deciding import settle_orphan as settling
from request_lens.domain.facts import Invocation, InvocationId
from request_lens.domain.linking.link import Decision, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.publishing.metric_names import Metric
from tests.support.facts import call, request, tag
from tests.support.world import World


class CountingStore(MemoryFactStore):
    """Counts the decisions that are written, by invocation."""

    def __init__(self) -> None:
        super().__init__()
        self.decided: list[InvocationId] = []

    def decide(self, unlinked: UnlinkedInvocation, decision: Decision) -> Decision:
        self.decided.append(unlinked.invocation.invocation_id)
        return super().decide(unlinked, decision)


def _named_none(count: int, *, first: int = 0, seconds: float = 0) -> Sequence[Invocation]:
    return [call(f"i{n:04}", seconds, tag=tag("none")) for n in range(first, first + count)]


def test_each_orphan_of_an_id_is_decided_once_however_many_come_later() -> None:
    store = CountingStore()
    world = World(store=store)
    for turn in range(30):
        world.collect(turn * 2_000, *_named_none(1, first=turn, seconds=turn * 2_000))
        world.run_until(turn * 2_000 + 1_999)

    assert len(store.decided) == len(set(store.decided)) == 30
    assert world.sum_of(Metric.LLM_CALLS) == 30


def test_more_orphans_than_one_settle_decides_are_all_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "MAX_DECISIONS", 10)
    world = World(store=(store := CountingStore()))

    world.collect(0, *_named_none(45))
    world.run_until()

    assert len(store.decided) == len(set(store.decided)) == 45
    assert world.sum_of(Metric.LLM_CALLS) == 45


def test_beyond_what_one_request_can_make_calls_under_an_id_are_untagged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "MAX_ORPHANS", 20)
    world = World()
    world.collect(0, *_named_none(21))
    world.run_until()

    world.collect(5_000, request("r1", 4_990, duration_ms=8_000), *_named_none(1, first=21, seconds=4_995))
    world.run_until()

    assert world.decision("i0020") == Unattributed(reason=Reason.REQUEST_NEVER_SEEN)
    assert world.calls_of("r1") == {"i0021": ("window", "assumed")}
    assert world.sum_of(Metric.LLM_CALLS) == 22
    assert len(world.request("none").invocations) == 21


def test_a_long_run_whose_record_comes_in_time_keeps_all_of_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settling, "MAX_ORPHANS", 20)
    world = World()

    world.collect(0, *(call(f"i{n:04}", n, tag=tag("r1", n + 1)) for n in range(40)))
    world.collect(50, request("r1", 0, duration_ms=41_000))
    world.run_until()

    assert len(world.calls_of("r1")) == 40


def test_orphans_that_were_taken_back_are_not_decided_again_at_each_revision() -> None:
    world = World(store=(store := CountingStore()))
    world.collect(0, *(call(f"t{n}", n, tag=tag("r1", n + 1)) for n in range(5)))
    world.run_until(2_000)
    world.collect(2_000, request("r1", 0))
    world.run_until()
    taken_back = len(store.decided)

    world.collect(3_000, call("late", 4, tag=tag("r1", 6)))
    world.run_until()

    assert len(store.decided) == taken_back + 1
    assert world.sum_of(Metric.LLM_CALLS) == 6
