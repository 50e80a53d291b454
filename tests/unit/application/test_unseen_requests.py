"""Chains of which one call's request is not there: its record was lost, or its route is observed by nobody."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from request_lens.domain.facts import Fact, Invocation, Request, RequestId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.chains import lone_chain
from request_lens.domain.linking.fit import fits
from request_lens.domain.linking.link import Assumption, Decision, Link, Reason, Unattributed
from request_lens.domain.policy import Policy
from tests.support.dying_store import DyingStore
from tests.support.facts import ROLE, START, at, call, chain_of_two, request, tag
from tests.support.world import World, run

AGENTS = Policy(agent_role_names=frozenset({ROLE}))

SEEDS = range(60)
"""Drawn worlds: of so many three depended on the order of arrival while such a chain was decided before it was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Calls, and the requests that are there; a call of a name is of the request of that name, if that is there."""

    requests: Sequence[Request]
    calls: Sequence[Invocation]


def _draw(chance: random.Random) -> Drawn:
    """A request that timed out, and a chain of 2 to 4 calls; two of three have a request of their own that is there."""
    requests = [request("around", 0, duration_ms=chance.randint(5_000, 29_000), status=504)]
    calls: list[Invocation] = []
    how_many, began = chance.randint(2, 4), chance.uniform(0, 20)
    for place in range(how_many):
        brings, asks = [f"tool-{place - 1}"] if place else [], [f"tool-{place}"] if place < how_many - 1 else []
        latency_ms = chance.randint(200, 3_000)
        calls.append(call(f"own-{place}", int(began), latency_ms=latency_ms, returned=brings, produced=asks))
        if chance.random() < 0.65:
            duration_ms, status = chance.randint(5_000, 25_000), chance.choice((200, 200, 504))
            requests.append(
                request(f"own-{place}", began - chance.uniform(0.1, 2), duration_ms=duration_ms, status=status)
            )
        began += chance.choice((chance.uniform(3, 10), chance.uniform(28, 62)))
    return Drawn(requests=requests, calls=calls)


def _arriving(drawn: Drawn, chance: random.Random) -> list[tuple[float, Fact]]:
    """Each fact some time within `LinkDelaySeconds`, some at once and some just before it is too late."""
    delays = (1.0, chance.uniform(1, 58), 58.0)
    facts: list[Fact] = [*drawn.requests, *drawn.calls]
    return [(_seconds(fact) + chance.choice(delays), fact) for fact in facts]


def _seconds(fact: Fact) -> float:
    moment = (fact.ended_at or fact.started_at) if isinstance(fact, Request) else fact.logged_at
    return (moment - START) / timedelta(seconds=1)


def _decisions(world: World, drawn: Drawn) -> dict[str, Decision | None]:
    return {each.invocation_id: world.decision(each.invocation_id) for each in drawn.calls}


def _summaries(world: World) -> dict[RequestId, Summary | None]:
    """What the requests say of themselves, but for when they became certain."""
    states = world.store.all_requests()
    return {
        each.request_id: each.summary and replace(each.summary, certain_since=None, sampled=frozenset())
        for each in states
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_the_order_of_arrival_changes_neither_decisions_nor_summaries(seed: int) -> None:
    chance = random.Random(seed)
    drawn = _draw(chance)

    first, second, third = (run(_arriving(drawn, chance), AGENTS) for _ in range(3))

    assert _decisions(first, drawn) == _decisions(second, drawn) == _decisions(third, drawn)
    assert _summaries(first) == _summaries(second) == _summaries(third)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_call_that_nobody_has_is_possible_for_each_request_that_it_fits_and_says_how_many_those_are(
    seed: int,
) -> None:
    chance = random.Random(seed)
    drawn = _draw(chance)

    world = run(_arriving(drawn, chance), AGENTS)

    lone = {
        each: {record.request_id for record in drawn.requests if fits(lone_chain(each), record, AGENTS)}
        for each in drawn.calls
        if isinstance(world.decision(each.invocation_id), Unattributed)
    }
    for each, fitting in lone.items():
        decision = world.decision(each.invocation_id)
        assert isinstance(decision, Unattributed)
        assert decision.reason is (Reason.AMBIGUOUS if fitting else Reason.NO_REQUEST)
        assert decision.candidates <= len(fitting)
    for key, summary in _summaries(world).items():
        possible = sum(key in fitting for fitting in lone.values())
        assert summary is not None
        assert summary.possible_calls is not None
        assert summary.possible_calls >= possible


@pytest.mark.parametrize("after_s", [6, 40, 70])
def test_what_follows_a_call_without_a_request_is_ambiguous_where_it_fits_one(after_s: int) -> None:
    """Whoever made the first call may have made the second, too, whatever request lay there by then."""
    first, second = chain_of_two("c", 1, 1 + after_s)

    world = run([(20, first), (20 + after_s, second), (20 + after_s, request("r1", after_s + 0.5))], AGENTS)

    breaks = Assumption.CALLS_HAVE_REQUESTS
    assert world.decision("c-1") == Unattributed(reason=Reason.NO_REQUEST, violates=breaks)
    assert world.decision("c-2") == Unattributed(reason=Reason.AMBIGUOUS, candidates=1, violates=breaks)
    summary = world.request("r1").summary
    assert summary is not None
    assert (summary.totals.llm_calls, summary.possible_calls) == (0, 1)


def test_what_does_not_go_on_from_it_is_linked_as_ever() -> None:
    first, second = chain_of_two("c", 1, 41)

    world = run([(20, first), (70, second), (70, request("r1", 40.5)), (70, call("alone", 42))], AGENTS)

    found = world.decision("alone")
    assert isinstance(found, Link)
    assert world.calls_of("r1") == {"alone": ("window", "inferred")}
    assert world.clock.now() < at(400)


@pytest.mark.parametrize("latency_ms", [500, None])
def test_a_request_whose_tags_prove_all_of_its_calls_takes_none_of_a_request_that_has_no_record(
    latency_ms: int | None,
) -> None:
    """Calls of unknown latency have ended with their request: so they prove it by the time a neighbour is decided."""
    ends = {1: ["t0"], 2: ["t1"], 3: []}
    tagged = [
        call(f"t{n}", 7 * n - 6, latency_ms=latency_ms, produced=asked, tag=tag("r1", n)) for n, asked in ends.items()
    ]
    own: list[tuple[float, Fact]] = [(50, each) for each in tagged]

    world = run([(40, request("r1", 0, duration_ms=19_500)), *own, (30, call("strange", 2))], AGENTS)

    found = world.decision("strange")
    assert isinstance(found, Unattributed)
    assert found.reason is Reason.NO_REQUEST
    assert set(world.calls_of("r1")) == {"t1", "t2", "t3"}


def test_a_request_that_may_have_run_on_doubts_its_0_though_whoever_linked_a_late_call_died_before_it_counted() -> None:
    """The call lies in another's own time, and so is assumed to be that one's; its message comes again."""
    store = DyingStore()
    world = World(Policy(), store=store)
    asking, late = call("asking", -33, produced=["x"]), call("late", 12, latency_ms=2_000, returned=["x"])
    gone = request("gone", 0, duration_ms=1_000, status=499)
    world.collect(20, request("r1", -35), asking, gone, request("beside", 5, duration_ms=10_000))
    world.run_until()
    before = world.request("gone").summary
    assert before is not None
    assert before.possible_calls == 0

    world.collect(4_000, late)
    store.die("gone", after_decision=True)
    world.run_until()
    assert store.has_died
    assert world.calls_of("beside") == {"late": ("window", "assumed")}

    after = world.request("gone").summary
    assert after is not None
    assert after.possible_calls == 1
