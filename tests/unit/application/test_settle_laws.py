"""Laws of settling under disorder, duplicates and crashes: over drawn traffic, and over every write that can fail."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given, settings

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application.settle import settle
from request_lens.domain.facts import Fact, Invocation, InvocationId, Request, RequestId
from request_lens.domain.folding.fold import fold
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import Decision, LinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.settling.state import RequestState, SettleKey, SettleKind
from tests.support.drawn.traffic import Traffic, traffic
from tests.support.facts import START, at, call, chain_of_two, linked, request, tag
from tests.support.world import FailingStore, World, places, run

LINK_DELAY = 60.0
type Arrivals = list[tuple[float, Fact]]


def _seconds(fact: Fact) -> float:
    """When a fact can be logged first: a record at the response, a call at its timestamp, after START."""
    moment = (fact.ended_at or fact.started_at) if isinstance(fact, Request) else fact.logged_at
    return (moment - START) / timedelta(seconds=1)


def _prompt(facts: Sequence[Fact]) -> Arrivals:
    return [(_seconds(fact) + 30, fact) for fact in facts]


def _within_the_waits(facts: Sequence[Fact], chance: random.Random) -> Arrivals:
    """Each fact once or twice, the first time within `LinkDelaySeconds`."""
    first = [(_seconds(fact) + chance.choice((0, chance.uniform(0, LINK_DELAY), LINK_DELAY)), fact) for fact in facts]
    again = [(seconds + chance.uniform(0, 300), fact) for seconds, fact in first if chance.random() < 0.3]
    return [*first, *again]


def _any_time(facts: Sequence[Fact], chance: random.Random) -> Arrivals:
    """Each fact promptly, late, or hours late, some of them twice, some of the records never."""
    kept = [fact for fact in facts if not isinstance(fact, Request) or chance.random() < 0.8]
    delays = (1, 20, 45, 90, 200, 1_000, 4_000)
    first = [(_seconds(fact) + chance.choice(delays) + chance.random(), fact) for fact in kept]
    return [*first, *((seconds + chance.choice(delays), fact) for seconds, fact in first if chance.random() < 0.3)]


def _result(world: World, drawn: Traffic) -> tuple[list[RequestState], dict[str, Decision | None]]:
    """Links and summaries, without what says when and in how many steps they came."""
    states = [
        RequestState(
            request_id=state.request_id,
            record=state.record,
            summary=replace(state.summary, certain_since=None, sampled=frozenset())
            if state.summary is not None
            else None,
            invocations=state.invocations,
        )
        for state in world.store.all_requests()
    ]
    return states, {each.invocation_id: world.decision(each.invocation_id) for each in drawn.calls}


@settings(deadline=None, max_examples=60)
@given(traffic())
def test_order_and_duplicates_of_arrival_within_the_waits_change_neither_links_nor_summaries(drawn: Traffic) -> None:
    prompt = run(_prompt(drawn.facts))
    disorderly = run(_within_the_waits(drawn.facts, drawn.chance))

    assert _result(disorderly, drawn) == _result(prompt, drawn)


@settings(deadline=None, max_examples=60)
@given(traffic())
def test_whenever_facts_come_each_invocation_ends_in_exactly_one_place(drawn: Traffic) -> None:
    world = run(_any_time(drawn.facts, drawn.chance))

    assert places(world).keys() == {each.invocation_id for each in drawn.calls}


@settings(deadline=None, max_examples=60)
@given(traffic())
def test_publications_add_up_to_the_distinct_invocations_and_requests(drawn: Traffic) -> None:
    arrivals = _any_time(drawn.facts, drawn.chance)
    world = run(arrivals)

    calls, errors = ([each for each in drawn.calls if each.is_llm_call is succeeded] for succeeded in (True, False))
    assert world.sum_of(Metric.LLM_CALLS) == len(calls)
    assert world.sum_of(Metric.LLM_ERRORS) == world.sum_of(Metric.LLM_THROTTLES) == len(errors)
    assert world.sum_of(Metric.INPUT_TOKENS) == sum(each.tokens.input or 0 for each in calls)
    came = {fact.request_id for _, fact in arrivals if isinstance(fact, Request)}
    assert world.sum_of(Metric.REQUESTS) == len(came)
    counted = [each for each in world.published().values() if Metric.LLM_CALLS_PER_REQUEST in each.values]
    certain = {key: summary.certain_since for key in came if (summary := world.request(key).summary) is not None}
    sampled = [f"{key}#{revision}" for key, revision in certain.items() if revision is not None]
    assert sorted(each.publication_id for each in counted) == sorted(sampled)
    uncertain = [key for key in came if (summary := world.request(key).summary) and not summary.is_certain]
    assert world.sum_of(Metric.UNCERTAIN_REQUESTS) == len(uncertain)


@settings(deadline=None, max_examples=60)
@given(traffic())
def test_each_model_adds_up_to_the_same_calls(drawn: Traffic) -> None:
    world = run(_any_time(drawn.facts, drawn.chance))

    by_model = [model.values for each in world.sink.publications for model in each.by_model]
    assert sum(sum(values.get(Metric.LLM_CALLS, ())) for values in by_model) == world.sum_of(Metric.LLM_CALLS)
    assert sum(sum(values.get(Metric.LLM_ERRORS, ())) for values in by_model) == world.sum_of(Metric.LLM_ERRORS)


@settings(deadline=None, max_examples=60)
@given(traffic())
def test_each_call_has_its_latency_once_whenever_facts_come(drawn: Traffic) -> None:
    world = run(_any_time(drawn.facts, drawn.chance))

    by_model = [model.values for each in world.sink.publications for model in each.by_model]
    published = sorted(value for values in by_model for value in values.get(Metric.INVOCATION_LATENCY, ()))
    answered = [each.latency_ms for each in drawn.calls if each.is_llm_call and each.latency_ms is not None]
    assert published == sorted(answered)


CRASH_ARRIVALS: Arrivals = [
    (6, request("r1")),
    (9, call("t1", 1, produced=["x"], tag=tag("r1", 1))),
    (11, call("t2", 3, returned=["x"], tag=tag("r1", 2))),
    (58, request("r2", 50)),
    *((62 + n, each) for n, each in enumerate(chain_of_two("c", 51, 53))),
    (66, call("i1", 54)),
    (70, call("i2", 65)),
    (108, request("r3", 100)),
    (109, request("r4", 101)),
    (112, call("i3", 102)),
    (210, call("t3", 200, tag=tag("r5", 1))),
    (3_000, request("r5", 199)),
]
"""Tagged calls, a chain of two with a lone call beside it, one of no request, an ambiguous one, an orphan."""


def _run_failing(fails_at: int, *, after: bool) -> tuple[World, FailingStore]:
    store = FailingStore(fails_at=fails_at, after=after)
    world = World(store=store)
    for seconds, fact in CRASH_ARRIVALS:
        world.collect(seconds, fact)
    world.run_until()
    return world, store


def _outcome(world: World) -> tuple[dict[str, str], dict[Metric, float]]:
    totals = (Metric.REQUESTS, Metric.LLM_CALLS, Metric.INPUT_TOKENS, Metric.OUTPUT_TOKENS)
    return (
        places(world),
        {metric: world.sum_of(metric) for metric in totals},
    )


def test_whichever_write_fails_the_retry_makes_good_what_is_missing() -> None:
    undisturbed, store = _run_failing(0, after=False)
    expected = _outcome(undisturbed)

    lost = [
        (fails_at, after)
        for fails_at in range(1, store.writes + 1)
        for after in (False, True)
        if _outcome(_run_failing(fails_at, after=after)[0]) != expected
    ]

    assert expected[0] == {
        "t1": "r1", "t2": "r1", "c-1": "r2", "c-2": "r2", "i1": "r2",
        "i2": "no_request", "i3": "ambiguous", "t3": "r5",
    }  # fmt: skip
    assert lost == []


def test_a_crash_between_a_chains_decisions_and_their_copies_loses_no_call() -> None:
    """The first call's own timer has fired, in vain, before the last call's decides both; then the copy fails."""
    collecting, deciding = 3, 2
    world = World(store=FailingStore(fails_at=collecting + deciding + 1))
    world.collect(10, request(), *chain_of_two("c", 0, 2))
    world.run_until()

    assert world.calls_of() == {"c-1": ("window", "assumed"), "c-2": ("chain", "assumed")}
    assert world.sum_of(Metric.LLM_CALLS) == 2


class _RacingStore(MemoryFactStore):
    """A store into which somebody else writes a late call, and the revision that counts it, just before our first."""

    def __init__(self, late: LinkedInvocation) -> None:
        super().__init__()
        self._late: LinkedInvocation | None = late

    def write_revision(self, request_id: RequestId, *, revision: int, summary: Summary) -> bool:
        """Ours, after theirs."""
        late, self._late = self._late, None
        if late is not None:
            self.store_linked([late])
            state = self.load_request(request_id)
            assert state.record is not None
            theirs = fold(state.record, state.invocations, Policy(), NO_PRICES)
            super().write_revision(request_id, revision=revision, summary=theirs)
        return super().write_revision(request_id, revision=revision, summary=summary)


def test_of_two_that_write_one_revision_the_second_sees_that_there_is_no_news_left() -> None:
    world = World(store=_RacingStore(linked(call("t2", 3, tag=tag("r1", 2)))))
    world.collect(12, request(), call("t1", 1, tag=tag("r1", 1)))
    world.run_until()

    assert world.published().keys() == {"r1#1"}
    assert places(world) == {"t1": "r1", "t2": "r1"}


def _hostile(chance: random.Random) -> list[Invocation]:
    """Calls of one account whose tool-use ids run in circles and across each other."""
    tools = ("a", "b", "c", "d")
    return [
        call(f"h{n}", chance.randint(0, 20), returned=chance.sample(tools, 2), produced=chance.sample(tools, 2))
        for n in range(8)
    ]


@settings(deadline=None, max_examples=60)
@given(traffic(most_requests=1))
def test_ids_that_run_in_circles_end_in_one_place_each(drawn: Traffic) -> None:
    calls = _hostile(drawn.chance)
    facts: list[Fact] = [*drawn.requests, *calls]

    world = run(_any_time(facts, drawn.chance))

    assert places(world).keys() == {each.invocation_id for each in calls}
    assert world.clock.now() < at(100_000)


@pytest.mark.parametrize("order", list(permutations(("c1", "c2", "c3"))))
def test_a_chain_longer_than_a_request_is_decided_alike_in_any_order(order: Sequence[str]) -> None:
    """Its calls are decided one by one, and each says how it was linked as if those before it were decided."""
    policy = Policy(agent_role_names=frozenset({"agent-role"}))
    world = World(policy)
    calls = [
        call("c1", 1, produced=["x"]),
        call("c2", 86, returned=["x"], produced=["y"]),
        call("c3", 95, returned=["y"]),
    ]
    records = [request("r1", 0), request("r2", 85, duration_ms=15_000)]
    world.collect(100, *records, *calls)
    world.clock.moment = at(400)

    for call_id in order:
        settle(SettleKey(SettleKind.INVOCATION, InvocationId(call_id)), world.ports, policy)

    assert world.calls_of("r1") == {"c1": ("window", "inferred")}
    assert world.calls_of("r2") == {"c2": ("window", "inferred"), "c3": ("chain", "inferred")}
