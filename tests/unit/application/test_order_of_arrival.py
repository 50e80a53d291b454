"""The same facts give the same links and counts in any order of arrival, where requests run on and chains are long."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest

from request_lens.adapters.memory.settle_timer import MemorySettleTimer
from request_lens.domain.facts import LOG_PRECISION_MS, Fact, Invocation, InvocationId, Request, RequestId
from request_lens.domain.linking.link import Confidence, Decision, Link
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import SettleKey
from tests.support.conversations import Turn
from tests.support.drawn.running_on import draw_turns
from tests.support.facts import ROLE, START, call, request, tag
from tests.support.world import World, places, run

WORLDS = 60
ORDERS = 3
LINK_DELAY_S = 60.0
"""How late logs come, at most: `LinkDelaySeconds`."""

DIFFERED = (165, 467, 598, 635, 719, 724, 796, 826, 1_267, 2_082, 4_687, 5_573, 10_641)
"""Worlds whose links or counts once depended on the order, in which they are drawn by this seed."""


class LateTimer(MemorySettleTimer):
    """A timer whose messages come up to so many seconds late."""

    def __init__(self, chance: random.Random, most_s: float) -> None:
        super().__init__()
        self._chance = chance
        self._most_s = most_s

    def send(self, keys: Sequence[tuple[SettleKey, datetime]]) -> None:
        """See `ports.SettleTimer`."""
        super().send([(key, due_at + timedelta(seconds=self._chance.uniform(0, self._most_s))) for key, due_at in keys])


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was decided of each call, and by request what is linked to it and how many more calls may be its own."""

    decisions: Mapping[InvocationId, Decision | None]
    requests: Mapping[RequestId, tuple[Sequence[InvocationId], int | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What happened, which of it was logged, and how it is looked at; `lacks_bodies`: some calls lack theirs."""

    turns: Sequence[Turn]
    logged: Sequence[Turn]
    policy: Policy
    lacks_bodies: bool = False

    @property
    def facts(self) -> list[Fact]:
        """The records of the requests that were logged, and all calls."""
        return [*(turn.request for turn in self.logged), *(each.call for turn in self.turns for each in turn.calls)]


def drawn_by(seed: int) -> Drawn:
    """The world of a seed; in a quarter of them some requests of conversations are of a route that nobody logs.

    In a fifth of them the API logs starts in whole seconds.
    """
    chance = random.Random(seed)
    turns = draw_turns(chance)
    if random.Random(f"starts of {seed}").random() < 0.2:
        turns = [replace(turn, request=_in_whole_seconds(turn.request)) for turn in turns]
    logged = [turn for turn in turns if turn.request.request_id[0] != "c" or chance.random() >= 0.3]
    return Drawn(
        turns=turns,
        logged=logged if chance.random() < 0.25 else turns,
        policy=Policy(
            agent_role_names=frozenset({ROLE}) if chance.random() < 0.85 else frozenset(),
            one_loop_per_request=chance.random() < 0.12,
        ),
    )


def _in_whole_seconds(record: Request) -> Request:
    return replace(record, started_at=record.started_at.replace(microsecond=0), started_precision_ms=LOG_PRECISION_MS)


def tagged_in_part(seed: int) -> Drawn:
    """The same world, but that most conversations tag the first call of a request; in half of them bodies are missing.

    What is tagged then asks for a tool whose result an untagged call returns, perhaps by an id that others name, too.
    """
    drawn, chance = drawn_by(seed), random.Random(f"tags of {seed}")
    share = chance.choice((0, 0.3))
    turns = [_tagging_its_first(turn, chance, share) for turn in drawn.turns]
    return replace(drawn, turns=turns, logged=turns, lacks_bodies=share > 0)


def _tagging_its_first(turn: Turn, chance: random.Random, share: float) -> Turn:
    is_tagged = all(each.call.tag is None for each in turn.calls) and chance.random() < 0.7
    first = [replace(each.call, tag=tag(turn.request.request_id)) for each in turn.calls[:1] if is_tagged]
    calls = [*first, *(each.call for each in turn.calls[len(first) :])]
    kept = [replace(call, conversation=None) if chance.random() < share else call for call in calls]
    return replace(turn, calls=tuple(replace(each, call=call) for each, call in zip(turn.calls, kept, strict=True)))


def _ended_s(fact: Fact, makers: Mapping[InvocationId, Request], chance: random.Random) -> float:
    """When a fact was there to be logged, in seconds; what has no latency took one that nobody knows.

    A call of a request whose agent did not run on had ended with that.
    """
    if isinstance(fact, Request):
        ended = fact.latest_end or fact.started_at + timedelta(seconds=chance.uniform(0, 30))
    else:
        begun, maker = fact.logged_at + timedelta(seconds=1), makers[fact.invocation_id]
        ended = begun + (timedelta(seconds=chance.uniform(0, 30)) if fact.latency_ms is None else fact.latency)
        if fact.latency_ms is None and maker.latest_end is not None and not maker.may_run_on:
            ended = min(ended, max(begun, maker.latest_end))
    return (ended - START) / timedelta(seconds=1)


def in_order(drawn: Drawn, order: int) -> World:
    """The world after its facts have come: promptly in order 0, else within `LinkDelaySeconds`, some of them twice."""
    chance = random.Random(order)
    world = World(drawn.policy, timer=LateTimer(chance, chance.choice((0, 12, 200)) if order else 0))
    makers = {each.call.invocation_id: turn.request for turn in drawn.turns for each in turn.calls}
    arrivals = [(_ended_s(fact, makers, chance) + (_delay_s(chance) if order else 1), fact) for fact in drawn.facts]
    again = [(seconds + chance.uniform(0, 200), fact) for seconds, fact in arrivals if order and chance.random() < 0.1]
    for seconds, fact in sorted([*arrivals, *again], key=lambda each: each[0]):
        world.collect(seconds, fact)
    world.run_until()
    return world


def _delay_s(chance: random.Random) -> float:
    return chance.choice((0, chance.uniform(0, LINK_DELAY_S), LINK_DELAY_S))


def _result(drawn: Drawn, world: World) -> Result:
    calls = [fact for fact in drawn.facts if isinstance(fact, Invocation)]
    states = world.store.all_requests()
    assert all(state.summary is not None for state in states)
    return Result(
        decisions={each.invocation_id: world.decision(each.invocation_id) for each in calls},
        requests={
            state.request_id: (
                [each.invocation.invocation_id for each in state.invocations],
                state.summary.possible_calls if state.summary is not None else None,
            )
            for state in states
        },
    )


def _wrong(drawn: Drawn, result: Result) -> list[str]:
    """Calls that are linked to another's request for certain, where the assumptions hold.

    Where bodies are missing, a call may seem to go on from another's: that is no more than inferred.
    """
    if drawn.logged is not drawn.turns or not drawn.policy.agent_role_names:
        return []
    truth = {each.call.invocation_id: turn.request.request_id for turn in drawn.turns for each in turn.calls}
    links = {key: made for key, made in result.decisions.items() if isinstance(made, Link)}
    sure = {Confidence.EXACT} if drawn.lacks_bodies else {Confidence.EXACT, Confidence.INFERRED}
    return [
        f"{key}: {link.request_id} for {truth[key]}"
        for key, link in links.items()
        if link.confidence in sure and link.request_id != truth[key]
    ]


def problems_of(seed: int, orders: int = ORDERS, *, draw: Callable[[int], Drawn] = drawn_by) -> list[str]:
    """What is wrong with the world of a seed, in any of so many orders of arrival besides the prompt one."""
    drawn = draw(seed)
    worlds = [in_order(drawn, order) for order in range(orders + 1)]
    results = [_result(drawn, world) for world in worlds]
    untagged = {fact.invocation_id for fact in drawn.facts if isinstance(fact, Invocation) and fact.tag is None}
    found = [f"wrong: {each}" for result in results for each in _wrong(drawn, result)]
    for order, (world, result) in enumerate(zip(worlds, results, strict=True)):
        found += [f"order {order}: {key} is undecided" for key in untagged if result.decisions[key] is None]
        found += [f"order {order}: a call is in no place, or in two"] if not places(world).keys() >= untagged else []
        if result != results[0]:
            found.append(f"order {order}: {result}\n    promptly: {results[0]}")
    return found


@pytest.mark.parametrize("seed", [*range(WORLDS), *DIFFERED])
def test_links_and_counts_do_not_depend_on_the_order_in_which_facts_come_in_time(seed: int) -> None:
    assert problems_of(seed) == []


@pytest.mark.parametrize("seed", range(WORLDS // 2))
def test_nor_do_they_where_a_part_of_the_calls_is_tagged(seed: int) -> None:
    assert problems_of(seed, draw=tagged_in_part) == []


@pytest.mark.parametrize("late_s", [0, 40, LINK_DELAY_S])
def test_a_call_waits_for_the_longest_request_that_may_have_made_it(late_s: float) -> None:
    """Which began as the call's second ended, by a clock that is ahead by the skew, and lasts longer by as much."""
    short, longest = request("short", 0.2), request("longest", 1.24, duration_ms=30_250)
    world = run(
        [(10, call("x", 0)), (10, short), (31.49 + late_s, longest)], Policy(agent_role_names=frozenset({ROLE}))
    )

    assert places(world) == {"x": "ambiguous"}


@pytest.mark.parametrize("late_s", [0, 40, LINK_DELAY_S])
def test_so_does_it_for_one_whose_start_is_known_to_the_second(late_s: float) -> None:
    policy, longest = Policy(agent_role_names=frozenset({ROLE})), request("longest", 1, duration_ms=30_250)
    floored = replace(longest, started_precision_ms=LOG_PRECISION_MS)
    world = run([(10, call("x", 0)), (10, request("short", 0.2)), (32.24 + late_s, floored)], policy)

    assert places(world) == {"x": "ambiguous"}


def test_a_request_whose_start_is_known_to_the_second_may_have_begun_when_another_had_answered() -> None:
    """So it, too, may have made what goes on from that one's call, in its overtime."""
    left, begun = request("left", 0, duration_ms=10_700, status=504), request("begun", 10)
    left, begun = (replace(each, started_precision_ms=LOG_PRECISION_MS) for each in (left, begun))
    asks, returns = call("asks", 2, produced=["t"]), call("returns", 11, returned=["t"])
    world = run([(11, left), (15, asks), (15, returns), (16, begun)], Policy(agent_role_names=frozenset({ROLE})))

    assert places(world) == {"asks": "left", "returns": "begun"}
    assert world.calls_of("begun") == {"returns": ("window", "assumed")}
