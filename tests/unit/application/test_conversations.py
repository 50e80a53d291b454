"""Conversations that go on from request to request, and tool-use ids that several conversations share."""

from dataclasses import replace

import pytest

from request_lens.application.read_context import MAX_ELSEWHERE
from request_lens.application.settle import settle
from request_lens.domain.facts import Fact, InvocationId
from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import SettleKey, SettleKind
from tests.support.facts import ROLE, at, call, request, tag
from tests.support.world import World, places, run

AGENTS = Policy(agent_role_names=frozenset({ROLE}))


@pytest.mark.parametrize("tells", ["asker", "returner", "neither"])
def test_an_id_that_tagged_calls_name_as_well_ties_no_untagged_ones(tells: str) -> None:
    """Ids are counted from 0 in each turn: taken as one chain, the two calls could only be the first request's."""
    facts: list[tuple[float, Fact]] = [
        (25, request("first", 5.9, duration_ms=7_400)),
        (43, request("second", 10.5, duration_ms=22_100)),
        (46, request("third", 16, duration_ms=19_300)),
        (28, call("of-second", 11, latency_ms=1_450, produced=["call_0"])),
        (36, call("of-third", 30, latency_ms=5_000, returned=["call_0"])),
    ]
    if tells == "asker":
        facts.append((44, call("tagged", 16, produced=["call_0"], tag=tag("third", 1))))
    if tells == "returner":
        facts.append((44, call("tagged", 18, returned=["call_0"], tag=tag("second", 2))))

    world = run(facts, AGENTS)

    assert world.calls_of("third").get("of-third") == ("window", "inferred")
    if tells == "neither":
        assert world.calls_of("first") == {"of-second": ("window", "inferred")}
    else:
        assert world.decision("of-second") == Unattributed(reason=Reason.AMBIGUOUS, candidates=2)


@pytest.mark.parametrize("asked_before", [True, False])
@pytest.mark.parametrize("tool_use_id", ["get_weather", "0", "functions.find_the_orders:10", "20251204"])
def test_no_call_goes_on_from_another_by_an_id_that_a_tagged_call_around_asked_by_where_models_give_it_again(
    tool_use_id: str, asked_before: bool
) -> None:
    """The request that asked first is over; by its time the answer may be of both others, and it goes on from one."""
    facts: list[tuple[float, Fact]] = [
        (30, request("asking", 24, duration_ms=24_300)),
        (31, call("asked", 27, latency_ms=7_300, produced=[tool_use_id])),
        (65, request("next", 35.8, duration_ms=28_200)),
        (66, call("returns", 42, latency_ms=5_750, returned=[tool_use_id])),
    ]
    if asked_before:
        facts += [
            (22, request("finished", 10.8, duration_ms=10_100, status=500)),
            (22, call("asked-before", 13, latency_ms=2_680, produced=[tool_use_id], tag=tag("finished", 1))),
        ]

    world = run(facts, AGENTS)

    assert world.calls_of("asking").get("asked") == ("window", "inferred")
    if asked_before:
        assert world.decision("returns") == Unattributed(reason=Reason.AMBIGUOUS, candidates=2)
    else:
        assert world.calls_of("asking").get("returns") == ("chain", "inferred")


@pytest.mark.parametrize("late", [2, 59])
def test_a_tagged_call_of_a_request_that_began_later_bears_on_no_chain_whenever_that_ones_record_comes(
    late: float,
) -> None:
    """The record need not have come when the chain is due."""
    facts: list[tuple[float, Fact]] = [
        (30, request("asking", 0, duration_ms=24_300)),
        (30, call("asks", 3, latency_ms=7_300, produced=["get_weather"])),
        (45, request("next", 11.8, duration_ms=28_200)),
        (45, call("returns", 18, latency_ms=5_750, returned=["get_weather"])),
        (55, call("tagged", 46, latency_ms=500, returned=["get_weather"], tag=tag("later", 1))),
        (75 + late, request("later", 45.2, duration_ms=29_800)),
    ]

    world = run(facts, AGENTS)

    assert world.calls_of("asking") == {"asks": ("window", "inferred"), "returns": ("chain", "inferred")}


@pytest.mark.parametrize(
    ("tool_use_id", "confidence"), [("call_0", "assumed"), ("tooluse_50nrLqI5R2ChSyM6RY4NFw", "inferred")]
)
def test_a_chain_by_an_id_that_models_give_again_is_but_assumed_where_a_body_is_missing_around(
    tool_use_id: str, confidence: str
) -> None:
    """The call without one may have asked by the id, too, or have returned the result."""
    silent = replace(call("silent", 22), conversation=None)
    facts: list[tuple[float, Fact]] = [
        (30, request("asking", 24, duration_ms=24_300)),
        (31, call("asked", 27, latency_ms=7_300, produced=[tool_use_id])),
        (50, call("returns", 42, latency_ms=5_750, returned=[tool_use_id])),
        (50, request("beside", 41.5, duration_ms=7_000)),
        (50, silent),
    ]

    world = run(facts, AGENTS)

    assert world.calls_of("asking") == {"asked": ("window", confidence), "returns": ("chain", confidence)}


@pytest.mark.parametrize("asked_before", [True, False])
def test_a_call_goes_on_from_a_tagged_one_only_where_no_tagged_call_around_asked_by_that_id(asked_before: bool) -> None:
    """Each asks the browser for a tool; the request that asked first is over, and `next` may go on from it."""
    facts: list[tuple[float, Fact]] = [
        (60, request("finished", 0, duration_ms=26_000)),
        (90, request("asking", 50, duration_ms=22_000)),
        (90, call("asked", 65, produced=["call_2"], tag=tag("asking", 3))),
        (95, request("next", 71.2, duration_ms=7_000)),
        (96, call("returns", 71, latency_ms=700, returned=["call_2"])),
    ]
    if asked_before:
        facts.append((40, call("asked-before", 20, produced=["call_2"], tag=tag("finished", 3))))

    world = run(facts, AGENTS)

    if asked_before:
        assert world.decision("returns") == Unattributed(reason=Reason.AMBIGUOUS, candidates=2)
    else:
        assert world.calls_of("asking").get("returns") == ("chain", "inferred")


def test_a_call_goes_on_from_no_tagged_one_among_more_requests_than_are_looked_at() -> None:
    crowd = [(95.0, request(f"r{n}", -10 + 0.1 * n, duration_ms=500)) for n in range(MAX_ELSEWHERE + 1)]
    asked = call("asked", 65, produced=["call_2"], tag=tag("asking", 3))
    facts: list[tuple[float, Fact]] = [
        *crowd,
        (90, request("asking", 50, duration_ms=22_000)),
        (90, asked),
        (95, request("next", 71.2)),
        (96, call("returns", 71, latency_ms=700, returned=["call_2"])),
    ]

    world = run(facts, AGENTS)

    assert world.decision("returns") == Unattributed(reason=Reason.AMBIGUOUS, candidates=2)


def test_an_id_of_a_tagged_call_that_is_not_followed_still_ties_no_other() -> None:
    """Two tagged calls ask by `w`, one by `x`, too: among many requests the call that returns both may be either's."""
    crowd = [(95.0, request(f"r{n}", -10 + 0.1 * n, duration_ms=500)) for n in range(MAX_ELSEWHERE + 1)]
    facts: list[tuple[float, Fact]] = [
        *crowd,
        (90, request("a", 50, duration_ms=25_000)),
        (90, request("b", 51, duration_ms=24_000)),
        (90, call("asks-both", 60, produced=["x", "w"], tag=tag("a", 3))),
        (90, call("asks-one", 61, produced=["w"], tag=tag("b", 3))),
        (96, call("returns", 71, latency_ms=700, returned=["x", "w"])),
    ]

    world = run(facts, AGENTS)

    assert world.decision("returns") == Unattributed(reason=Reason.AMBIGUOUS, candidates=2)


@pytest.mark.parametrize("tagged_at", [12, 70])
def test_a_chain_that_tagged_calls_part_is_decided_in_all_its_parts(tagged_at: float) -> None:
    """The first call's settle leaves the chain to the last one's, which finds that it is none."""
    world = World(AGENTS)
    world.collect(12, call("a", 1, produced=["call_0"]), call("b", 20, returned=["call_0"]))
    world.collect(tagged_at, call("t", 2, returned=["call_0"], tag=tag("r1", 2)))
    world.collect(tagged_at, request("r1", 0, duration_ms=8_000), request("r2", 19))
    world.run_until()

    assert places(world) == {"a": "r1", "t": "r1", "b": "r2"}


def resumed(after_s: float = 11) -> list[tuple[float, Fact]]:
    """A 504 whose tool hung; the user asks again, and the next request's call returns the tool's result."""
    began = 29 + after_s
    return [
        (40, request("given-up", 0, duration_ms=29_000, status=504)),
        (began + 20, request("again", began, duration_ms=6_000)),
        (20, call("asks", 1, produced=["x"])),
        (began + 21, call("returns", int(began) + 1, returned=["x"])),
    ]


def possible(world: World, request_id: str) -> int | None:
    """How many more calls a request says may be its own."""
    summary = world.request(request_id).summary
    assert summary is not None
    return summary.possible_calls


def test_a_session_that_is_resumed_after_a_time_out_goes_on_with_the_request_in_whose_time_it_does() -> None:
    world = run(resumed(), AGENTS)

    assert world.calls_of("given-up") == {"asks": ("window", "inferred")}
    assert world.calls_of("again") == {"returns": ("window", "assumed")}
    assert (possible(world, "given-up"), possible(world, "again")) == (0, 0)


def test_a_chain_that_one_request_held_in_its_time_is_its_own_though_one_before_may_run_on() -> None:
    chain = [(75, call("c-1", 51, produced=["y"])), (76, call("c-2", 53, returned=["y"]))]
    world = run(
        [
            (40, request("given-up", 0, duration_ms=29_000, status=504)),
            (70, request("own", 50)),
            *chain,
        ],
        AGENTS,
    )

    assert world.calls_of("own") == {"c-1": ("window", "assumed"), "c-2": ("chain", "assumed")}
    assert world.calls_of("given-up") == {}


def test_a_time_out_without_calls_is_not_certain_of_it_where_another_is_but_assumed_to_have_made_them() -> None:
    """Its agent may have run on, and made the calls that lay in the other's time."""
    chain = [(75, call("c-1", 51, produced=["y"])), (76, call("c-2", 53, returned=["y"]))]
    given_up = request("given-up", 0, duration_ms=29_000, status=504)

    world = run([(40, given_up), (70, request("own", 50)), *chain], AGENTS)

    assert world.calls_of("own") == {"c-1": ("window", "assumed"), "c-2": ("chain", "assumed")}
    assert (possible(world, "given-up"), possible(world, "own")) == (2, 0)


@pytest.mark.parametrize(
    ("policy", "left"),
    [(AGENTS, 2), (Policy(), 0), (replace(AGENTS, one_loop_per_request=True), 0)],
    ids=["roles are listed", "everybody is considered", "one loop"],
)
def test_a_request_is_not_certain_of_none_whose_calls_another_is_but_assumed_to_have_made(
    policy: Policy, left: int
) -> None:
    """A request that hangs held a whole conversation of two others in its own time: it is assumed to have made it."""
    hung = request("hung", -1, duration_ms=30_000, status=504)
    asked, went_on = request("asked", 5, duration_ms=9_000), request("went-on", 20, duration_ms=6_000)
    first, second = call("c-1", 6, produced=["y"]), call("c-2", 9, returned=["y"], produced=["z"])
    last = call("c-3", 21, returned=["z"])
    world = run([(31, hung), (60, asked), (60, went_on), (60, first), (60, second), (60, last)], policy)

    assert world.calls_of("hung").keys() == {"c-1", "c-2", "c-3"}
    assert {confidence for _, confidence in world.calls_of("hung").values()} == {"assumed"}
    assert (possible(world, "asked"), possible(world, "went-on")) == (left, min(left, 1))


def test_an_attempt_that_failed_does_not_make_a_request_certain_of_no_llm_call() -> None:
    hung = request("hung", -1, duration_ms=30_000, status=504)
    asked, went_on = request("asked", -3, duration_ms=17_000), request("went-on", 20, duration_ms=6_000)
    first, second = call("c-1", 6, produced=["y"]), call("c-2", 9, returned=["y"], produced=["z"])
    last, failed = call("c-3", 21, returned=["z"]), call("f", -3, error_code="ThrottlingException")
    facts: list[Fact] = [hung, asked, went_on, first, second, last, failed]
    world = run([(60, fact) for fact in facts], AGENTS)

    assert world.calls_of("asked").keys() == {"f"}
    assert possible(world, "asked") == 2


def test_a_time_out_that_has_a_call_counts_none_that_lay_in_anothers_time() -> None:
    chain = [(75, call("c-1", 51, produced=["y"])), (76, call("c-2", 53, returned=["y"]))]
    given_up = request("given-up", 0, duration_ms=29_000, status=504)

    world = run([(40, given_up), (20, call("first", 1)), (70, request("own", 50)), *chain], AGENTS)

    assert world.calls_of("given-up") == {"first": ("window", "inferred")}
    assert possible(world, "given-up") == 0


def test_a_call_alone_that_an_agent_may_have_made_after_its_request_is_ambiguous() -> None:
    given_up = request("given-up", 0, duration_ms=29_000, status=504)
    world = run([(40, given_up), (70, request("own", 50)), (75, call("alone", 51))], AGENTS)

    assert world.decision("alone") == Unattributed(reason=Reason.AMBIGUOUS, candidates=2)


@pytest.mark.parametrize(("given_up", "linked"), [(2, True), (3, False)])
def test_of_more_than_three_requests_that_may_have_made_a_chain_none_is_assumed(given_up: int, linked: bool) -> None:
    records: list[tuple[float, Fact]] = [
        (40, request(f"given-up-{n}", n, duration_ms=29_000, status=504)) for n in range(given_up)
    ]
    chain = [(75, call("c-1", 51, produced=["y"])), (76, call("c-2", 53, returned=["y"]))]

    world = run([*records, (70, request("own", 50)), *chain], AGENTS)

    assert bool(world.calls_of("own")) is linked


def test_a_request_of_unknown_duration_in_whose_time_a_chain_was_leaves_it_ambiguous() -> None:
    given_up = request("given-up", 0, duration_ms=29_000, status=504)
    chain = [(75, call("c-1", 51, produced=["y"])), (76, call("c-2", 53, returned=["y"]))]
    world = run([(40, given_up), (70, request("own", 50, duration_ms=None)), *chain], AGENTS)

    assert world.decision("c-1") == Unattributed(reason=Reason.AMBIGUOUS, candidates=2)


@pytest.mark.parametrize("first", ["asks", "goes-on"])
def test_a_chain_is_decided_by_the_same_rivals_whichever_of_its_calls_settles_first(first: str) -> None:
    """A request that ran on joins two parts; another, that fits the second call alone, has all of its calls by tags."""
    world = World(AGENTS)
    own = [call("asks", 7, produced=["x"]), call("goes-on", 40, returned=["x"])]
    tagged = [call(f"t{n}", 39 + n, latency_ms=500, tag=tag("proven", n, started=39 + n)) for n in (1, 2)]
    given_up, proven = request("given-up", 0, duration_ms=29_000, status=504), request("proven", 39)
    world.collect(70, given_up, proven, request("next", 39.5), *own, *tagged)
    world.clock.moment = at(400)

    settle(SettleKey(SettleKind.INVOCATION, InvocationId(first)), world.ports, AGENTS)

    assert world.calls_of("given-up") == {"asks": ("window", "inferred")}
    assert world.calls_of("next") == {"goes-on": ("window", "assumed")}
