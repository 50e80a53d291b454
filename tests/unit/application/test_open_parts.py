"""Calls that come so late that only a request which may run on keeps others waiting for them."""

import pytest

from request_lens.application.collect import collect
from request_lens.application.settle import settle
from request_lens.domain.facts import Fact, InvocationId, RequestId
from request_lens.domain.linking.link import Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.errors import StoreUnavailable
from tests.support.facts import DUE_S, ROLE, at, call, request, tag
from tests.support.world import FailingStore, World, places, run

AGENTS = Policy(agent_role_names=frozenset({ROLE}))
ASKS = SettleKey(SettleKind.INVOCATION, InvocationId("asks"))


def settle_only(world: World, seconds: float, key: SettleKey) -> None:
    """Take up one message then; the others are lost."""
    world.clock.moment = at(seconds)
    settle(key, world.ports, world.policy)


def test_a_request_that_is_proven_is_no_candidate_for_a_call_far_down_the_chain() -> None:
    """The first call's settle decides both: it looks at the requests that may have made the second one, too."""
    world = World(AGENTS)
    world.collect(20, call("asks", 4, produced=["x"]), request("left", 3, duration_ms=16_000, status=499))
    world.collect(61, request("proven", 46, duration_ms=None))
    world.collect(62, call("p-1", 47, produced=["y"], tag=tag("proven", 1)))
    world.collect(63, call("p-2", 51, returned=["y"], stop_reason="end_turn", tag=tag("proven", 2)))
    world.collect(70, call("returns", 68, returned=["x"]))
    settle_only(world, 68 + DUE_S, ASKS)

    assert world.calls_of("left").keys() == {"asks", "returns"}


def test_a_call_later_than_a_requests_reach_leaves_it_certain() -> None:
    """Nobody links it to that request, and whoever decides it does not look at that."""
    facts: list[tuple[float, Fact]] = [
        (45, request("long", 4, duration_ms=35_000, status=499)),
        (300, call("late", 96, latency_ms=200)),
        (302, call("own", 26, tag=tag("long"))),
    ]
    world = run(facts, AGENTS)

    assert isinstance(world.decision("late"), Unattributed)
    summary = world.request("long").summary
    assert summary is not None
    assert summary.possible_calls == 0


def two_parts(store: FailingStore) -> World:
    """A world in which a request counts a call as possible, which is about to be decided with the chain's first."""
    world = World(AGENTS, store=store)
    world.collect(20, request("accepted", 3, duration_ms=4_000, status=202))
    world.collect(70, call("asks", 4, produced=["x"]), call("returns", 60, returned=["x"]))
    world.collect(80, request("tags", 12, duration_ms=19_000, status=202), call("tagged", 13, tag=tag("tags")))
    settle_only(world, 205, SettleKey(SettleKind.REQUEST, RequestId("tags")))
    return world


@pytest.mark.parametrize("write", [1, 2, 3])
def test_a_settle_that_died_is_made_good_for_the_requests_around_all_calls_that_it_decided(write: int) -> None:
    built = FailingStore()
    two_parts(built)
    world = two_parts(FailingStore(fails_at=built.writes + write, after=True))
    counted = world.request("tags").summary
    with pytest.raises(StoreUnavailable):
        settle_only(world, 215, ASKS)
    settle_only(world, 250, ASKS)

    summary = world.request("tags").summary
    assert counted is not None
    assert summary is not None
    assert (counted.possible_calls, summary.possible_calls) == (1, 0)


def left_behind(store: FailingStore) -> World:
    """A world in which a call that came late parted a chain, whose first call had left it to the second."""
    world = World(AGENTS, store=store)
    world.collect(12, call("asks", 1, produced=["x"]), call("returns", 20, returned=["x"]))
    world.collect(70, call("tagged", 2, tag=tag("one")), call("other", 3, tag=tag("other")))
    world.collect(70, request("one", 0, duration_ms=8_000), request("other", 0, duration_ms=9_000), request("last", 19))
    settle_only(world, 95, ASKS)
    world.clock.moment = at(100)
    collect([call("also", 30, returned=["x"])], world.ports, world.policy)
    for name in ("one", "other"):
        settle_only(world, 150, SettleKey(SettleKind.REQUEST, RequestId(name)))
    return world


@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_a_settle_that_died_is_made_good_for_a_call_that_had_left_its_chain_to_another(write: int) -> None:
    """Its own message has gone, and the one that comes again is the other call's."""
    built = FailingStore()
    left_behind(built)
    world = left_behind(FailingStore(fails_at=built.writes + write, after=True))
    counted = [world.request(name).summary for name in ("one", "other")]
    with pytest.raises(StoreUnavailable):
        settle_only(world, 160, SettleKey(SettleKind.INVOCATION, InvocationId("returns")))
    settle_only(world, 220, SettleKey(SettleKind.INVOCATION, InvocationId("returns")))

    assert world.decision("asks") is not None
    assert [each.possible_calls for each in counted if each is not None] == [1, 1]
    summaries = [world.request(name).summary for name in ("one", "other")]
    assert [each.possible_calls for each in summaries if each is not None] == [0, 0]


def linked_behind(store: FailingStore) -> World:
    """The same, where the call that had left its chain is linked once it is parted from it."""
    world = World(AGENTS, store=store)
    world.collect(12, call("asks", 1, produced=["x"]), call("returns", 20, returned=["x"]))
    world.collect(70, request("one", 0, duration_ms=8_000), request("last", 19))
    settle_only(world, 95, ASKS)
    world.clock.moment = at(100)
    collect([call("also", 30, returned=["x"])], world.ports, world.policy)
    return world


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_a_settle_that_died_is_made_good_for_a_linked_call_that_its_request_did_not_get(
    write: int, *, after: bool
) -> None:
    """It was decided, and not yet stored under its request: nobody else would count it before the sweep."""
    built = FailingStore()
    linked_behind(built)
    world = linked_behind(FailingStore(fails_at=built.writes + write, after=after))
    with pytest.raises(StoreUnavailable):
        settle_only(world, 160, SettleKey(SettleKind.INVOCATION, InvocationId("returns")))
    settle_only(world, 220, SettleKey(SettleKind.INVOCATION, InvocationId("returns")))

    stored = world.request("one").invocations
    assert [linked.invocation.invocation_id for linked in stored] == ["asks"]


def decided_in(order: dict[str, float]) -> dict[str, object]:
    """What is decided of three calls of a chain that is longer than any request, by when the first one comes."""
    facts: list[tuple[float, Fact]] = [
        (30, request("left", -1, duration_ms=29_000, status=504)),
        (5, call("l-1", 1, tag=tag("left", 1, started=1))),
        (51, request("proven", 44, duration_ms=6_000)),
        (50, call("p-1", 45, latency_ms=500, tag=tag("proven", 1, started=45))),
        (26, request("early", 19, duration_ms=6_000)),
        (52, request("late", 43.5, duration_ms=7_000)),
        (order["asks"], call("asks", 20, latency_ms=500, produced=["x"])),
        (50, call("goes on", 45, latency_ms=500, returned=["x"], produced=["y"])),
        (114, call("returns", 112, latency_ms=500, returned=["y"])),
    ]
    world = run(sorted(facts, key=lambda fact: fact[0]), AGENTS)
    return {name: world.decision(name) for name in ("asks", "goes on", "returns")}


def test_whether_a_request_is_proven_is_asked_for_all_calls_of_a_part_longer_than_any_request() -> None:
    """Which call settled the part first, and so where it ended for that one, is chance."""
    assert decided_in({"asks": 22}) == decided_in({"asks": 79})


ARRIVALS = {
    "asks": (12.5, 26.7),
    "c1": (111.0, 111.0),
    "c2": (66.5, 122.0),
    "c3": (95.5, 150.2),
    "c4": (120.5, 120.5),
    "P1": (26.9, 26.9),
    "p1": (27.0, 27.0),
    "P0": (92.6, 35.6),
    "p0": (32.0, 32.0),
    "first": (71.8, 71.8),
    "Q0": (112.2, 128.9),
    "Q1": (83.9, 95.5),
    "q0": (68.0, 68.0),
    "q1": (68.0, 68.0),
    "last": (157.7, 157.7),
}
"""When each fact comes, in two orders."""


@pytest.mark.parametrize("order", [0, 1])
def test_a_call_whose_part_ends_earlier_with_the_requests_looks_again_itself(order: int) -> None:
    """It was not the last of the part that it saw without the requests, and the last one does not decide it."""
    facts: dict[str, Fact] = {
        "asks": call("asks", 6, latency_ms=1813, produced=["x0"]),
        "c1": call("c1", 53, latency_ms=364, returned=["x0"], produced=["x1"]),
        "c2": call("c2", 64, latency_ms=1402, returned=["x1"], produced=["x2"]),
        "c3": call("c3", 93, latency_ms=1158, returned=["x2"], produced=["x3"]),
        "c4": call("c4", 118, latency_ms=549, returned=["x3"], produced=["x4"]),
        "P1": request("P1", 23.07, duration_ms=2_831, status=504),
        "p1": call("p1", 24, latency_ms=300, tag=tag("P1", 1, started=24.2)),
        "P0": request("P0", 28.92, duration_ms=5_634, status=202),
        "p0": call("p0", 29, latency_ms=300, tag=tag("P0", 1, started=29.2)),
        "first": request("first", 5.81, duration_ms=8_000, status=504),
        "Q0": request("Q0", 62.88, duration_ms=8_000),
        "Q1": request("Q1", 64.11, duration_ms=3_000),
        "q0": call("q0", 65, latency_ms=300, tag=tag("Q0", 1, started=65.2)),
        "q1": call("q1", 65, latency_ms=300, tag=tag("Q1", 1, started=65.2)),
        "last": request("last", 91.73, duration_ms=8_000, status=202),
    }
    world = run(
        sorted(((ARRIVALS[name][order], fact) for name, fact in facts.items()), key=lambda each: each[0]), AGENTS
    )

    assert world.calls_of("first").keys() == {"asks", "c1", "c2"}
    assert world.calls_of("last").keys() == {"c3", "c4"}


@pytest.mark.parametrize("came_s", [107, 160])
def test_a_tagged_call_that_ends_after_its_agents_overtime_bears_on_no_other_whenever_it_comes(came_s: float) -> None:
    """Its log comes in time, yet need not be there when all that ends in time is."""
    world = World(AGENTS)
    world.collect(5, call("t1", 1, tag=tag("long", 1)))
    world.collect(31, request("long", duration_ms=29_000, status=503), call("job", 16))
    world.run_until(came_s)
    world.collect(came_s, call("t3", 85, latency_ms=20_000, tag=tag("long", 3)))
    world.run_until()

    assert places(world) == {"t1": "long", "t3": "long", "job": "no_request"}


def test_a_record_of_a_request_that_never_ends_keeps_no_call_waiting() -> None:
    world = World(AGENTS)
    world.collect(7, request("day", duration_ms=86_400_000), call("c1", 5))
    world.run_until(5 + DUE_S + 2)

    assert world.decision("c1") is not None
