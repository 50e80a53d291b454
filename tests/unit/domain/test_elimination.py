"""Elimination: held against every assignment that there is, one by one."""

from collections.abc import Iterator
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from request_lens.domain.facts import Fact, Invocation, InvocationId, Request, RequestId
from request_lens.domain.linking.chains import chains_of
from request_lens.domain.linking.elimination import MAX_LOOPS, Elimination, Fits, LoopId, eliminated, is_loop
from request_lens.domain.linking.link import Confidence, Method
from request_lens.domain.policy import Policy
from tests.support.facts import ROLE, call, chain_of_two, request
from tests.support.world import FailingStore, World, places, run

ONE_LOOP = Policy(agent_role_names=frozenset({ROLE}), one_loop_per_request=True)

fits_drawn = st.dictionaries(
    st.sampled_from([InvocationId(f"i{n}") for n in range(5)]),
    st.lists(st.sampled_from([RequestId(f"r{n}") for n in range(6)]), unique=True, max_size=4),
    min_size=1,
)


def assignments(fits: Fits) -> Iterator[dict[LoopId, RequestId]]:
    """Every way to give each loop a request of its own."""
    requests = sorted({request for found in fits.values() for request in found})
    for chosen in permutations(requests, len(fits)):
        assigned = dict(zip(fits, chosen, strict=True))
        if all(request in fits[loop] for loop, request in assigned.items()):
            yield assigned


@given(fits_drawn)
def test_what_is_eliminated_stands_in_every_assignment_and_nothing_else_does(fits: Fits) -> None:
    found = list(assignments(fits))
    for loop in fits:
        requests = {assigned[loop] for assigned in found}
        if found:
            expected = requests.pop() if len(requests) == 1 else None
            assert eliminated(loop, fits) == Elimination(request_id=expected, is_possible=True)


@given(fits_drawn)
def test_loops_that_share_no_request_do_not_matter(fits: Fits) -> None:
    elsewhere = {InvocationId("far-1"): [RequestId("far")], InvocationId("far-2"): [RequestId("far")]}
    for loop in fits:
        assert eliminated(loop, {**fits, **elsewhere}) == eliminated(loop, fits)


def test_where_no_assignment_exists_nothing_is_eliminated() -> None:
    only = [RequestId("r1")]
    assert eliminated(InvocationId("i1"), {InvocationId("i1"): only, InvocationId("i2"): only}) == Elimination(
        is_possible=False
    )


def test_more_loops_than_can_be_weighed_leave_all_open() -> None:
    fits = {InvocationId(f"i{n}"): [RequestId(f"r{n}")] for n in range(MAX_LOOPS + 1)}
    assert eliminated(InvocationId("i0"), fits) == Elimination()


def test_a_loop_begins_with_a_conversation_that_returns_no_tool_result() -> None:
    headless = call("i1", 0, returned=["from elsewhere"])
    throttled = call("i2", 0, error_code="ThrottlingException")
    assert is_loop(chains_of(chain_of_two("c", 0, 2), policy=Policy())[0])
    assert not is_loop(chains_of([headless], policy=Policy())[0])
    assert not is_loop(chains_of([throttled], policy=Policy())[0])


def arriving(*facts: Fact) -> list[tuple[float, Fact]]:
    """All of them, twenty seconds after the first began."""
    return [(20, each) for each in facts]


def overlapping() -> tuple[list[Request], list[Invocation]]:
    """A short request inside a long one: the first call fits the long one only, the second both."""
    requests = [request("long", 0, duration_ms=10_000), request("short", 4, duration_ms=3_000)]
    return requests, [call("i1", 1), call("i2", 5)]


def test_a_call_that_fits_two_requests_belongs_to_the_one_that_the_other_loop_leaves() -> None:
    requests, calls = overlapping()
    world = run(arriving(*requests, *calls), ONE_LOOP)

    assert places(world) == {"i1": "long", "i2": "short"}
    assert world.calls_of("short") == {"i2": (Method.ELIMINATION, Confidence.ASSUMED)}


def test_nothing_is_eliminated_in_favour_of_a_request_of_unknown_duration_or_beside_it() -> None:
    requests, calls = overlapping()
    unknown = request("unknown", 0.5, duration_ms=None)
    world = run(arriving(*requests, unknown, *calls), ONE_LOOP)

    assert places(world) == {"i1": "ambiguous", "i2": "ambiguous"}


def test_the_other_loop_may_leave_only_a_request_of_unknown_duration() -> None:
    known, unknown = request("known", 0, duration_ms=3_500), request("unknown", 2, duration_ms=None)
    world = run(arriving(known, unknown, call("i1", 0.5), call("i2", 2)), ONE_LOOP)

    assert places(world) == {"i1": "known", "i2": "ambiguous"}


def test_without_the_assumption_it_stays_ambiguous() -> None:
    requests, calls = overlapping()
    world = run(arriving(*requests, *calls), Policy(agent_role_names=frozenset({ROLE})))

    assert places(world) == {"i1": "long", "i2": "ambiguous"}


def test_the_calls_that_follow_an_eliminated_loop_are_chained_to_it() -> None:
    requests, calls = overlapping()
    loop = [call("c-1", 4, latency_ms=500, produced=["x"]), call("c-2", 5, latency_ms=500, returned=["x"])]
    world = run(arriving(*requests, calls[0], *loop), ONE_LOOP)

    assert world.calls_of("short") == {
        "c-1": (Method.ELIMINATION, Confidence.ASSUMED),
        "c-2": (Method.CHAIN, Confidence.ASSUMED),
    }


def test_a_call_without_a_body_neither_eliminates_nor_is_eliminated() -> None:
    requests, calls = overlapping()
    failed = call("i3", 5, error_code="ThrottlingException")
    world = run(arriving(*requests, *calls, failed), ONE_LOOP)

    assert places(world) == {"i1": "long", "i2": "short", "i3": "ambiguous"}


def test_a_loop_that_was_decided_in_part_is_decided_all_the_same() -> None:
    """A write fails between the decisions of a chain whose calls came at different times."""
    world = World(Policy(one_loop_per_request=True), store=FailingStore(fails_at=13))
    world.collect(20, request("r1", 0, duration_ms=15_000), request("r2", 1, duration_ms=15_000))
    world.collect(21, call("c2", 5, returned=["t"]))
    world.collect(100, call("c1", 2, produced=["t"]))
    world.run_until()

    assert places(world) == {"c1": "ambiguous", "c2": "ambiguous"}
