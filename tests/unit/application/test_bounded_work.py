"""Bounded work: however many facts overlap, each settle reads and keeps so many and no more."""

import random
from collections.abc import Sequence
from datetime import datetime

import pytest

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application import read_context
from request_lens.application.read_context import MAX_CALLS_READ, MAX_ELSEWHERE
from request_lens.application.settle_batch import settle_messages
from request_lens.domain.facts import Fact, Invocation, InvocationId, Request, RequestId
from request_lens.domain.linking.link import Confidence, Decision, Link, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import READ_LIMIT
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.settling.state import RequestState, SettleKey, SettleKind
from tests.support import world as lens_world
from tests.support.facts import ROLE, at, call, request, tag
from tests.support.world import World, run

AGENTS = Policy(agent_role_names=frozenset({ROLE}), one_loop_per_request=True)
CALLS, REQUESTS = 5_000, 2_000


class ReadingStore(MemoryFactStore):
    """Notes how many facts each read by time gave, and how many requests were read whole or by their heads."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[int] = []
        self.whole = 0
        self.together: list[int] = []
        self.heads = 0
        self.calls_read: list[int] = []

    def load_request(self, request_id: RequestId) -> RequestState:
        self.whole += 1
        return super().load_request(request_id)

    def load_requests(self, request_ids: Sequence[RequestId], *, most: int | None = None) -> Sequence[RequestState]:
        self.together.append(len(request_ids))
        states = super().load_requests(request_ids, most=most)
        self.calls_read += [len(state.invocations) for state in states]
        return states

    def load_heads(self, request_ids: Sequence[RequestId], *, is_consistent: bool = False) -> Sequence[RequestState]:
        self.heads += len(request_ids)
        return super().load_heads(request_ids, is_consistent=is_consistent)

    def requests_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        found = super().requests_between(first, last, limit=limit)
        self.read.append(len(found))
        return found

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        found = super().unlinked_between(first, last, limit=limit)
        self.read.append(len(found))
        return found


@pytest.mark.slow
def test_thousands_of_calls_that_overlap_are_crowded_by_bounded_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lens_world, "MAX_TIMERS", CALLS + 2 * REQUESTS + 1)
    store = ReadingStore()
    world = World(AGENTS, store=store)
    calls: list[Invocation] = [call(f"i{n}", n % 20, produced=[f"t{n}"], returned=[f"t{n - 1}"]) for n in range(CALLS)]
    world.collect(40, *(request(f"r{n}", n / 100, duration_ms=25_000) for n in range(REQUESTS)), *calls)

    world.run_until()

    assert {world.decision(each.invocation_id) for each in calls} == {Unattributed(reason=Reason.CROWDED)}
    assert len(store.read) <= 6 * CALLS + REQUESTS  # each as little as tells a crowd
    assert max(store.read) <= READ_LIMIT
    assert world.sum_of(Metric.LLM_CALLS) == CALLS


def test_a_long_chain_in_a_crowd_that_can_still_be_read_is_not_built_for_each_of_its_calls() -> None:
    store = ReadingStore()
    world = World(AGENTS, store=store)
    how_many = 2_000
    calls = [call(f"i{n:04}", n / 80, produced=[f"t{n}"], returned=[f"t{n - 1}"]) for n in range(how_many)]
    world.collect(40, request("r1", 0, duration_ms=29_000), *calls)

    world.run_until()

    assert {world.decision(each.invocation_id) for each in calls} == {Unattributed(reason=Reason.CROWDED)}
    assert len(store.read) <= 6 * how_many  # each as little as tells a crowd


def test_an_agent_run_of_five_thousand_calls_keeps_the_bars_of_its_first_hundred() -> None:
    world = World()
    calls = [
        call(f"t{n:04}", n // 200, latency_ms=4, tag=tag("r1", n + 1, started=n / 200), stop_reason="tool_use")
        for n in range(CALLS - 1)
    ]
    last = call("t4999", 25, latency_ms=4, tag=tag("r1", CALLS, started=25))
    world.collect(30, request("r1", 0, duration_ms=29_000), *calls, last)

    world.run_until()

    summary = world.request().summary
    assert summary is not None
    assert (summary.totals.llm_calls, len(summary.bars)) == (CALLS, 100)
    assert world.published().keys() == {"r1#1"}
    assert world.sum_of(Metric.LLM_CALLS) == CALLS


def test_calls_of_one_id_do_not_send_each_other_to_be_looked_at_again() -> None:
    """A model that names its calls by their tool has every call share one id: each is looked at by itself."""
    world = World(AGENTS)
    how_many = 60
    for n in range(how_many):
        asking = call(f"i{n}", n, produced=["get_weather"], returned=["get_weather"] if n else ())
        world.collect(n + 10, asking, request(f"r{n}", n - 0.5, duration_ms=9_000))

    world.run_until()

    assert all(world.decision(f"i{n}") is not None for n in range(how_many))
    assert world.fired <= 4 * how_many + 2 * how_many


HOUR = 3_600.0
LATE = 3


@pytest.mark.parametrize("how_many", [5, 20, 40])
@pytest.mark.parametrize("joined", [False, True], ids=["calls by themselves", "one chain"])
def test_late_records_are_asked_by_each_call_once_a_message_however_long_its_chain(how_many: int, joined: bool) -> None:
    """Of a chain of 20 calls and three late records 11,763 requests were read whole while each call asked for all."""
    store = ReadingStore()
    world = World(AGENTS, store=store)
    calls = [_step(n, joined=joined, step_s=20 / how_many) for n in range(how_many)]
    world.collect(30, *calls)
    world.run_until(HOUR)
    store.whole, fired = 0, world.fired

    for n in range(LATE):
        world.collect(HOUR + n, request(f"r{n}", -1 - n, duration_ms=26_000))
    world.run_until()

    messages = world.fired - fired
    assert messages <= 3 * LATE * (how_many + 1)
    assert store.whole <= LATE * messages
    assert store.heads <= 2 * LATE * messages
    assert {world.request(f"r{n}").summary is not None for n in range(LATE)} == {True}


def _step(n: int, *, joined: bool, step_s: float) -> Invocation:
    asked = [f"t{n}"] if joined else []
    return call(
        f"c-{n:02}", n * step_s // 1, latency_ms=300, produced=asked, returned=[f"t{n - 1}"] if joined and n else []
    )


def test_the_records_of_one_batch_of_messages_are_asked_for_once() -> None:
    store = ReadingStore()
    world = World(AGENTS, store=store)
    calls = [_step(n, joined=False, step_s=1) for n in range(20)]
    world.collect(30, *calls)
    world.run_until(HOUR)
    world.collect(HOUR, *(request(f"r{n}", -1 - n, duration_ms=26_000) for n in range(LATE)))

    keys = [SettleKey(SettleKind.INVOCATION, each.invocation_id) for each in calls]
    store.heads = 0
    assert settle_messages(keys, world.ports, AGENTS) == []

    assert store.heads == LATE


def test_the_requests_within_reach_of_a_call_that_follows_a_tagged_one_are_read_together() -> None:
    """One after the other, those of a call among 64 would take as many round trips."""
    store = ReadingStore()
    world = World(AGENTS, store=store)
    others = [request(f"r{n}", -80 + n, duration_ms=500) for n in range(MAX_ELSEWHERE)]
    asking = call("asks", 1, produced=["x"], tag=tag("own"))
    world.collect(20, request("own", 0, duration_ms=9_000), *others, asking, call("i1", 3, returned=["x"]))
    world.clock.moment = at(100)
    store.whole = 0

    assert settle_messages([SettleKey(SettleKind.INVOCATION, InvocationId("i1"))], world.ports, AGENTS) == []

    assert world.calls_of("own") == {"asks": ("tag", "exact"), "i1": ("chain", "exact")}
    assert store.together == [1, MAX_ELSEWHERE]
    assert store.whole - sum(store.together) <= 2  # for its revision


@pytest.mark.parametrize(
    ("tool_use_id", "is_looked_for"), [("get_weather", True), ("tooluse_50nrLqI5R2ChSyM6RY4NFw", False)]
)
def test_the_requests_within_reach_of_a_chain_are_read_where_models_give_its_ids_again_alone(
    tool_use_id: str, is_looked_for: bool
) -> None:
    store = ReadingStore()
    world = World(AGENTS, store=store)
    others = [request(f"r{n}", -80 + n, duration_ms=500) for n in range(MAX_ELSEWHERE)]
    calls = call("asks", 1, produced=[tool_use_id]), call("i1", 3, returned=[tool_use_id])
    world.collect(
        20, request("own", 0, duration_ms=9_000), request("beside", -3, duration_ms=5_800), *others[1:], *calls
    )
    world.clock.moment = at(100)

    assert settle_messages([SettleKey(SettleKind.INVOCATION, InvocationId("i1"))], world.ports, AGENTS) == []

    assert world.calls_of("own") == {"asks": ("window", "inferred"), "i1": ("chain", "inferred")}
    assert store.together == [2, *([MAX_ELSEWHERE - 1] if is_looked_for else [])]


def _beside_many(how_many: int) -> tuple[World, ReadingStore]:
    """A request that made so many tagged calls, and an untagged call that it may have made, or another request."""
    store = ReadingStore()
    world = World(Policy(agent_role_names=frozenset({ROLE})), store=store)
    tagged = [
        call(f"t{n:05}", n * 25 // how_many, latency_ms=4, tag=tag("many", n + 1), stop_reason="tool_use")
        for n in range(how_many - 1)
    ]
    last = call("t-last", 25, latency_ms=4, tag=tag("many", how_many))
    requests = [request("many", 0, duration_ms=29_000), request("other", 2, duration_ms=6_000)]
    world.collect(35, *requests, *tagged, last, call("untagged", 4))
    world.run_until()
    return world, store


def test_a_neighbour_of_a_thousand_calls_is_read_and_proves_that_it_has_all_of_its_own() -> None:
    world, store = _beside_many(MAX_CALLS_READ)

    assert world.calls_of("other") == {"untagged": ("window", "inferred")}
    assert max(store.calls_read) == MAX_CALLS_READ


@pytest.mark.parametrize("how_many", [MAX_CALLS_READ + 1, 3 * MAX_CALLS_READ])
def test_a_neighbour_of_more_calls_is_not_read_and_crowds_what_it_may_have_made(how_many: int) -> None:
    world, store = _beside_many(how_many)

    assert world.decision("untagged") == Unattributed(reason=Reason.CROWDED)
    assert max(store.calls_read) <= MAX_CALLS_READ
    other, many = world.request("other").summary, world.request("many").summary
    assert other is not None
    assert many is not None
    assert (other.totals.llm_calls, other.possible_calls) == (0, 1)
    assert (many.totals.llm_calls, many.possible_calls) == (how_many, 0)
    assert world.sum_of(Metric.LLM_CALLS) == how_many + 1


def test_what_follows_a_tagged_call_is_left_to_time_where_one_of_many_calls_may_have_asked_by_the_same_id() -> None:
    store = ReadingStore()
    world = World(Policy(), store=store)
    asking = call("asks", 1, produced=["x"], tag=tag("own"))
    many = [call(f"t{n:05}", -60, latency_ms=4, tag=tag("many")) for n in range(MAX_CALLS_READ + 1)]
    records = [request("own", 0, duration_ms=9_000), request("many", -61, duration_ms=3_000)]
    world.collect(20, *records, asking, *many, call("i1", 3, returned=["x"]))

    world.run_until()

    assert world.calls_of("own") == {"asks": ("tag", "exact"), "i1": ("window", "assumed")}
    assert max(store.calls_read) <= MAX_CALLS_READ


@pytest.mark.parametrize("seed", range(40))
def test_a_bound_on_what_is_read_of_neighbours_never_gives_a_call_to_another_request(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Drawn worlds with a bound of two calls: what is decided otherwise than without is nobody's, or but assumed."""
    facts = _drawn_neighbours(random.Random(seed))
    calls = [each.invocation_id for _, each in facts if isinstance(each, Invocation) and each.tag is None]

    unbounded = run(facts, AGENTS)
    monkeypatch.setattr(read_context, "MAX_CALLS_READ", 2)
    bounded = run(facts, AGENTS)

    for call_id in calls:
        given, free = bounded.decision(call_id), unbounded.decision(call_id)
        if isinstance(given, Link) and isinstance(free, Link):
            assert given.request_id == free.request_id
        assert isinstance(given, Unattributed) or isinstance(free, Link) or _is_assumed(given)


def _drawn_neighbours(chance: random.Random) -> list[tuple[float, Fact]]:
    """Requests that overlap, with up to five calls each that ask for tools by few ids; a third has untagged calls."""
    facts: list[tuple[float, Fact]] = []
    for n in range(chance.randint(2, 6)):
        began, how_many, tags = chance.uniform(0, 40), chance.randint(1, 5), chance.random() < 2 / 3
        facts.append((100, request(f"r{n}", began, duration_ms=chance.randint(8_000, 25_000))))
        for k in range(how_many):
            ids = chance.choice((f"{n}-", ""))
            asked = [f"{ids}t{k}"] if k < how_many - 1 else []
            own = tag(f"r{n}", k + 1) if tags else None
            brings = [f"{ids}t{k - 1}"] if k else []
            made = call(f"c{n}-{k}", int(began) + 1 + k, latency_ms=300, produced=asked, returned=brings, tag=own)
            facts.append((100, made))
    return facts


def _is_assumed(decision: Decision | None) -> bool:
    return isinstance(decision, Link) and decision.confidence is Confidence.ASSUMED
