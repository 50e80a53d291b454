"""Records that come after the calls around them were decided, as of an API that was attached late."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application.deciding.late_records import overtaken_by
from request_lens.application.settle_request import recount
from request_lens.domain.facts import Fact, Invocation, Request, RequestId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import Assumption, Decision, Link, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.log_record import LogRecord
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.spans import Span
from tests.support.drawn.attached_late import draw_attached, ended_s
from tests.support.facts import DUE_S, ROLE, at, call, chain_of_two, request
from tests.support.world import World, places, run

AGENTS = Policy(agent_role_names=frozenset({ROLE}))
HOUR = 3_600.0

CALLS = chain_of_two("c", 1, 3)


def late_world(*records: tuple[float, Request], calls: Sequence[Invocation] = CALLS) -> World:
    """A world in which the calls came in time, and these records then."""
    return run([*((10.0, each) for each in calls), *records], AGENTS)


def test_a_late_record_gets_the_calls_that_were_nobodys() -> None:
    world = late_world((HOUR, request("r1", 0, duration_ms=6_000)))

    assert world.calls_of() == {"c-1": ("window", "inferred"), "c-2": ("chain", "inferred")}
    summary = world.request().summary
    assert summary is not None
    assert (summary.totals.llm_calls, summary.possible_calls, world.request().revision) == (2, 0, 1)
    assert places(world) == {"c-1": "r1", "c-2": "r1"}


class _IndexBehind(MemoryFactStore):
    """A store whose index by time shows a record only 5 s after it was stored."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = MemoryClock(at(0))

    def requests_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        shown_until = self.clock.moment - timedelta(seconds=5)
        found = super().requests_between(first, last, limit=limit)
        stored = ((each, self.load_request(each.request_id).stored_at) for each in found)
        return [each for each, stored_at in stored if stored_at is not None and stored_at <= shown_until]


def test_a_late_record_has_them_decided_anew_though_the_index_does_not_show_it_yet() -> None:
    store = _IndexBehind()
    world = World(AGENTS, store=store)
    store.clock = world.clock
    world.collect(10, *CALLS)
    world.collect(HOUR, request("r1", 0, duration_ms=6_000))

    keys = overtaken_by(world.request(), world.ports, AGENTS)

    assert [key.id for key, _ in keys] == ["c-1", "c-2"]


def test_what_was_published_of_nobodys_calls_is_taken_back_once() -> None:
    world = late_world((HOUR, request("r1", 0, duration_ms=6_000)))
    in_time = run([*((10.0, each) for each in CALLS), (11.0, request("r1", 0, duration_ms=6_000))], AGENTS)

    assert {"invocation:c-1#1", "invocation:c-1#2", "invocation:c-2#1", "invocation:c-2#2"} < world.published().keys()
    for metric in (Metric.LLM_CALLS, Metric.INPUT_TOKENS, Metric.OUTPUT_TOKENS, Metric.REQUESTS):
        assert world.sum_of(metric) == in_time.sum_of(metric) > 0
    assert world.sum_of(Metric.UNATTRIBUTED_INVOCATIONS) == 0


def test_a_call_that_fits_two_late_records_stays_nobodys_and_is_possible_for_both() -> None:
    lone = call("lone", 2)
    first, second = request("r1", 0, duration_ms=9_000), request("r2", 1, duration_ms=9_000)
    world = late_world((HOUR, first), (HOUR + 55, second), calls=[lone])

    decision = world.decision("lone")
    assert isinstance(decision, Unattributed)
    assert decision.reason is Reason.NO_REQUEST
    summaries = [world.request(name).summary for name in ("r1", "r2")]
    assert [summary and summary.possible_calls for summary in summaries] == [1, 1]


def test_a_duplicate_of_a_call_without_a_late_record_changes_nothing() -> None:
    arrivals: list[tuple[float, Fact]] = [(10.0, CALLS[0]), (HOUR, CALLS[0]), (2 * HOUR, CALLS[0])]
    world = run(arrivals, AGENTS)

    assert list(world.published()) == ["invocation:c-1#1"]


@pytest.mark.parametrize("again_at", [HOUR - 5, HOUR + 0.5, HOUR + 70, HOUR + 300])
def test_whether_a_call_is_delivered_again_before_a_late_record_or_after_it_changes_nothing(again_at: float) -> None:
    record = request("r1", 0, duration_ms=6_000)
    world = run([*((10.0, each) for each in CALLS), (HOUR, record), (again_at, CALLS[0])], AGENTS)

    assert world.calls_of() == {"c-1": ("window", "inferred"), "c-2": ("chain", "inferred")}
    assert len(world.published()) == 5


def test_a_record_whose_calls_are_another_requests_takes_none_of_them() -> None:
    own, late = request("r1", 0, duration_ms=6_000), request("r2", 0.5, duration_ms=6_000)
    world = run([*((10.0, each) for each in CALLS), (11.0, own), (HOUR, late)], AGENTS)

    assert places(world) == {"c-1": "r1", "c-2": "r1"}


def links(world: World, calls: Sequence[Invocation]) -> dict[str, Decision | None]:
    """The links of the calls, without what they took back; None of those that belong to nobody."""
    found = {each.invocation_id: world.decision(each.invocation_id) for each in calls}
    return {key: replace(made, taken_back=False) if isinstance(made, Link) else None for key, made in found.items()}


def summaries(world: World) -> dict[RequestId, Summary | None]:
    """What the requests say of themselves, but for what depends on when facts came."""
    return {state.request_id: as_in_time(state.summary) for state in world.store.all_requests()}


def as_in_time(summary: Summary | None) -> Summary | None:
    if summary is None:
        return None
    bars = tuple(replace(bar, taken_back=False) for bar in summary.bars)
    return replace(summary, certain_since=None, sampled=frozenset(), bars=bars)


@pytest.mark.parametrize("seed", range(150))
def test_records_that_are_all_an_hour_late_end_as_if_they_had_come_in_time(seed: int) -> None:
    chance = random.Random(seed)
    drawn = draw_attached(chance)
    written: list[Invocation | Span] = [*drawn.calls, *drawn.spans]
    prompt: list[tuple[float, LogRecord]] = [(ended_s(each) + chance.uniform(1, 55), each) for each in written]
    records = [(ended_s(each) + chance.uniform(1, 55), each) for each in drawn.requests]
    again: list[tuple[float, LogRecord]] = [
        (max(chance.uniform(0, HOUR + 900), ended_s(each) + 60), each) for each in drawn.calls if chance.random() < 0.3
    ]
    policy = replace(AGENTS, reads_spans=bool(drawn.spans))
    in_time = run([*prompt, *records], policy)
    late = run([*prompt, *again, *((HOUR + when, each) for when, each in records)], policy)

    assert links(late, drawn.calls) == links(in_time, drawn.calls)
    assert summaries(late) == summaries(in_time)
    places(late)
    for metric in (Metric.LLM_CALLS, Metric.INPUT_TOKENS, Metric.UNATTRIBUTED_INVOCATIONS, Metric.INVOCATION_LATENCY):
        assert late.sum_of(metric) == in_time.sum_of(metric)


def test_a_call_that_goes_on_from_one_that_was_nobodys_is_not_taken_back_itself() -> None:
    """The first was nobody's until a record came, the second comes after another request that it would fit, too."""
    first, second = CALLS
    records = ((400.0, request("r1", 0, duration_ms=6_000)), (800.0, request("r2", 0, duration_ms=6_000)))
    world = run([(10.0, first), *records, (900.0, second)], AGENTS)

    links = [world.decision(each.invocation_id) for each in CALLS]
    assert [(made.request_id, made.taken_back) for made in links if isinstance(made, Link)] == [
        ("r1", True), ("r1", False),
    ]  # fmt: skip
    by_model = [model.values for each in world.sink.publications for model in each.by_model]
    assert [value for values in by_model for value in values.get(Metric.INVOCATION_LATENCY, ())] == [1_000, 1_000]


class _ListBehind(MemoryFactStore):
    """A store whose list by time says of all calls, once it lags, that they are nobody's."""

    lags = False

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        found = super().unlinked_between(first, last, limit=limit)
        nobodys = Unattributed(reason=Reason.NO_REQUEST)
        return [replace(each, decision=nobodys) for each in found] if self.lags else found


def test_however_many_nobodys_calls_a_late_record_got_moments_ago_no_other_request_says_that_they_may_be_its_own() -> (
    None
):
    """Twelve of the chain fit a shorter request each, but another has them all. A wrong count would stay."""
    store = _ListBehind()
    world = World(AGENTS, store=store)
    names = [f"t{n}" for n in range(14)]
    chain = [
        call(f"c-{n:02}", n, latency_ms=500, produced=[name], returned=names[n - 1 : n] if n else [])
        for n, name in enumerate(names)
    ]
    world.collect(20, *chain)
    world.collect(HOUR, request("short", 0, duration_ms=12_400), request("r1", -0.5, duration_ms=16_000))
    world.run_until()
    assert (len(world.calls_of("r1")), world.calls_of("short")) == (14, {})
    summary = world.request("short").summary
    assert summary is not None
    assert summary.possible_calls == 0

    store.lags = True
    recount(RequestId("short"), world.ports, AGENTS, just_decided={})

    assert world.request("short").summary == summary


class BehindStore(MemoryFactStore):
    """A store whose list by time does not show requests while it is behind."""

    is_behind = True

    def requests_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        return [] if self.is_behind else super().requests_between(first, last, limit=limit)


def test_a_record_that_came_when_the_call_was_due_and_that_the_list_did_not_show_yet_is_looked_at_again() -> None:
    """The call is due when the record is stored: the list by time shows that some seconds later."""
    store = BehindStore()
    world = World(AGENTS, store=store)
    world.collect(10, call("c1", 1))
    world.collect(1 + DUE_S, request("r1"))
    world.run_until(1 + DUE_S + 1)
    assert world.decision("c1") == Unattributed(reason=Reason.NO_REQUEST, violates=Assumption.CALLS_HAVE_REQUESTS)

    store.is_behind = False
    world.run_until()

    assert world.calls_of("r1") == {"c1": ("window", "inferred")}
