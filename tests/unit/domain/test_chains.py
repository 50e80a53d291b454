"""Chains: calls joined by tool-use ids, in an order in which each follows those it answers."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from request_lens.domain.facts import Invocation
from request_lens.domain.linking.chains import Chain, chain_with, chains_of
from tests.support.facts import call

TOOLS = ("a", "b", "c")
ids = st.lists(st.sampled_from(TOOLS), max_size=3, unique=True)
HOSTILE_CALLS = st.lists(st.tuples(st.integers(0, 4), ids, ids), max_size=7).map(
    lambda drawn: [call(f"i{n}", logged, returned=back, produced=out) for n, (logged, back, out) in enumerate(drawn)]
)


def names(chain: Chain) -> list[str]:
    return [each.invocation_id for each in chain.calls]


def test_calls_without_tool_use_ids_are_chains_of_their_own() -> None:
    found = chains_of([call("i2", 2), call("i1", 1)])

    assert [names(each) for each in found] == [["i1"], ["i2"]]
    assert [each.previous for each in found] == [((),), ((),)]


def test_a_call_that_returns_a_result_follows_the_call_that_asked_for_it() -> None:
    [chain] = chains_of([call("i2", 3, returned=["a"]), call("i1", 1, produced=["a"])])

    assert names(chain) == ["i1", "i2"]
    assert chain.previous == ((), (0,))
    assert chain.is_linear


def test_within_one_second_the_tool_use_ids_decide_the_order_and_not_the_names() -> None:
    [chain] = chains_of([call("a-second", 1, returned=["x"]), call("z-first", 1, produced=["x"])])

    assert names(chain) == ["z-first", "a-second"]


def test_no_call_follows_one_that_was_logged_later() -> None:
    found = chains_of([call("i1", 1, returned=["a"]), call("i2", 2, produced=["a"])])

    assert [names(each) for each in found] == [["i1"], ["i2"]]


def test_a_later_call_that_claims_the_same_id_does_not_tear_a_chain() -> None:
    loop = [call("i1", 1, produced=["a"]), call("i2", 3, returned=["a"])]

    found = chains_of([*loop, call("stranger", 5, produced=["a"])])

    assert [names(each) for each in found] == [["i1", "i2"], ["stranger"]]


def test_parallel_calls_that_are_answered_by_one_call_are_one_chain_but_not_linear() -> None:
    [chain] = chains_of(
        [call("i1", 1, produced=["a"]), call("i2", 1, produced=["b"]), call("i3", 4, returned=["a", "b"])]
    )

    assert chain.previous == ((), (), (0, 1))
    assert sorted(chain.steps()) == [(0, 2), (1, 2)]
    assert not chain.is_linear


def test_a_call_without_a_readable_body_is_no_part_of_any_chain() -> None:
    throttled = call("i2", 2, error_code="ThrottlingException")

    found = chains_of([call("i1", 1, produced=["a"]), throttled, call("i3", 3, returned=["a"])])

    assert [names(each) for each in found] == [["i1", "i3"], ["i2"]]


def test_a_circle_of_ids_ends_with_the_earliest_call_first() -> None:
    circle = [call("i1", 1, returned=["b"], produced=["a"]), call("i2", 1, returned=["a"], produced=["b"])]

    [chain] = chains_of(circle)

    assert names(chain) == ["i1", "i2"]
    assert chain.previous == ((), (0,))


@settings(deadline=None)
@given(HOSTILE_CALLS)
def test_whatever_the_ids_each_call_is_in_one_chain_after_those_it_follows(calls: list[Invocation]) -> None:
    found = chains_of(calls)

    assert sorted(name for chain in found for name in names(chain)) == sorted(each.invocation_id for each in calls)
    for chain in found:
        assert len(chain.previous) == len(chain.calls)
        assert all(first < second for first, second in chain.steps())


@settings(deadline=None)
@given(HOSTILE_CALLS, st.randoms(use_true_random=False))
def test_chains_do_not_depend_on_the_order_of_the_calls(calls: list[Invocation], chance: random.Random) -> None:
    shuffled = chance.sample(calls, len(calls))

    assert chains_of(shuffled) == chains_of(calls)


@settings(deadline=None)
@given(HOSTILE_CALLS)
def test_the_chain_of_a_call_is_the_one_among_all_chains(calls: list[Invocation]) -> None:
    for chain in chains_of(calls):
        assert all(chain_with(each, calls) == chain for each in chain.calls)


@settings(deadline=None)
@given(HOSTILE_CALLS)
def test_more_calls_never_part_a_chain(calls: list[Invocation]) -> None:
    for few in (calls[:-1], calls[1:], calls[::2]):
        for chain in chains_of(few):
            assert set(names(chain)) <= set(names(chain_with(chain.calls[0], calls)))
