"""Chains: calls joined by tool-use ids, in an order in which each follows those it answers."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from request_lens.domain.facts import Invocation, InvocationId
from request_lens.domain.linking.chains import Chain, chain_with, chains_of, sharing_ids
from request_lens.domain.policy import Policy
from tests.support.facts import call

TOOLS = ("a", "b", "c")
ids = st.lists(st.sampled_from(TOOLS), max_size=3, unique=True)
HOSTILE_CALLS = st.lists(st.tuples(st.integers(0, 4), ids, ids), max_size=7).map(
    lambda drawn: [call(f"i{n}", logged, returned=back, produced=out) for n, (logged, back, out) in enumerate(drawn)]
)


REACH = Policy().reach


def chains(calls: Sequence[Invocation]) -> list[Chain]:
    return chains_of(calls, policy=Policy())


def chain_around(target: Invocation, calls: Sequence[Invocation]) -> Chain:
    return chain_with(target, calls, policy=Policy())


def names(chain: Chain) -> list[str]:
    return [each.invocation_id for each in chain.calls]


def test_calls_without_tool_use_ids_are_chains_of_their_own() -> None:
    found = chains([call("i2", 2), call("i1", 1)])

    assert [names(each) for each in found] == [["i1"], ["i2"]]
    assert [each.previous for each in found] == [((),), ((),)]


def test_a_call_that_returns_a_result_follows_the_call_that_asked_for_it() -> None:
    [chain] = chains([call("i2", 3, returned=["a"]), call("i1", 1, produced=["a"])])

    assert names(chain) == ["i1", "i2"]
    assert chain.previous == ((), (0,))
    assert chain.is_linear


def test_within_one_second_the_tool_use_ids_decide_the_order_and_not_the_names() -> None:
    [chain] = chains([call("a-second", 1, returned=["x"]), call("z-first", 1, produced=["x"])])

    assert names(chain) == ["z-first", "a-second"]


def test_no_call_follows_one_that_was_logged_later() -> None:
    found = chains([call("i1", 1, returned=["a"]), call("i2", 2, produced=["a"])])

    assert [names(each) for each in found] == [["i1"], ["i2"]]


def test_a_later_call_that_claims_the_same_id_does_not_tear_a_chain() -> None:
    loop = [call("i1", 1, produced=["a"]), call("i2", 3, returned=["a"])]

    found = chains([*loop, call("stranger", 5, produced=["a"])])

    assert [names(each) for each in found] == [["i1", "i2"], ["stranger"]]


def test_parallel_calls_that_are_answered_by_one_call_are_one_chain_but_not_linear() -> None:
    [chain] = chains([call("i1", 1, produced=["a"]), call("i2", 1, produced=["b"]), call("i3", 4, returned=["a", "b"])])

    assert chain.previous == ((), (), (0, 1))
    assert sorted(chain.steps()) == [(0, 2), (1, 2)]
    assert not chain.is_linear


def test_a_call_without_a_readable_body_is_no_part_of_any_chain() -> None:
    throttled = call("i2", 2, error_code="ThrottlingException")

    found = chains([call("i1", 1, produced=["a"]), throttled, call("i3", 3, returned=["a"])])

    assert [names(each) for each in found] == [["i1", "i3"], ["i2"]]


def test_a_circle_of_ids_ends_with_the_earliest_call_first() -> None:
    circle = [call("i1", 1, returned=["b"], produced=["a"]), call("i2", 1, returned=["a"], produced=["b"])]

    [chain] = chains(circle)

    assert names(chain) == ["i1", "i2"]
    assert chain.previous == ((), (0,))


@settings(deadline=None)
@given(HOSTILE_CALLS)
def test_whatever_the_ids_each_call_is_in_one_chain_after_those_it_follows(calls: list[Invocation]) -> None:
    found = chains(calls)

    assert sorted(name for chain in found for name in names(chain)) == sorted(each.invocation_id for each in calls)
    for chain in found:
        assert len(chain.previous) == len(chain.calls)
        assert all(first < second for first, second in chain.steps())


@settings(deadline=None)
@given(HOSTILE_CALLS, st.randoms(use_true_random=False))
def test_chains_do_not_depend_on_the_order_of_the_calls(calls: list[Invocation], chance: random.Random) -> None:
    shuffled = chance.sample(calls, len(calls))

    assert chains(shuffled) == chains(calls)


@settings(deadline=None)
@given(HOSTILE_CALLS)
def test_the_chain_of_a_call_is_the_one_among_all_chains(calls: list[Invocation]) -> None:
    for chain in chains(calls):
        assert all(chain_around(each, calls) == chain for each in chain.calls)


def test_an_id_that_two_calls_asked_for_within_reach_joins_nothing() -> None:
    calls = [
        call("a1", 1, produced=["tool:0"]),
        call("b1", 10, produced=["tool:0"]),
        call("a2", 4, returned=["tool:0"]),
        call("b2", 13, returned=["tool:0"]),
    ]

    assert [names(chain) for chain in chains(calls)] == [["a1"], ["a2"], ["b1"], ["b2"]]


def test_an_id_that_two_calls_returned_within_reach_joins_nothing() -> None:
    resent = [call("asks", 1, produced=["x"]), call("once", 4, returned=["x"]), call("again", 9, returned=["x"])]

    assert [names(chain) for chain in chains(resent)] == [["asks"], ["once"], ["again"]]


def test_calls_beside_are_in_no_chain_and_name_tool_use_ids_like_any() -> None:
    calls = [
        call("i1", 1, produced=["x"]),
        call("i2", 4, returned=["x"], produced=["y"]),
        call("i3", 7, returned=["y"]),
    ]
    beside = [call("b1", 2, produced=["x"]), call("b2", 5, returned=["z"])]

    found = chains_of(calls, policy=Policy(), beside=beside)

    assert [names(chain) for chain in found] == [["i1"], ["i2", "i3"]]
    assert chain_with(calls[2], calls, policy=Policy(), beside=beside) == found[1]


def test_the_same_id_in_another_turn_beyond_reach_changes_nothing() -> None:
    far = REACH.total_seconds() + 10
    turns = [
        call("a1", 0, produced=["tool:0"]),
        call("a2", 3, returned=["tool:0"]),
        call("b1", far, produced=["tool:0"]),
        call("b2", far + 3, returned=["tool:0"]),
    ]

    assert [names(chain) for chain in chains(turns)] == [["a1", "a2"], ["b1", "b2"]]


def test_a_result_that_comes_later_than_the_reach_follows_nothing() -> None:
    far = REACH.total_seconds()

    assert len(chains([call("i1", 0, produced=["a"]), call("i2", int(far), returned=["a"])])) == 1
    assert len(chains([call("i1", 0, produced=["a"]), call("i2", int(far) + 1, returned=["a"])])) == 2


def test_a_call_that_asks_again_for_the_id_whose_result_it_brings_is_no_second_asker_of_that_result() -> None:
    calls = [call("i1", 1, produced=["tool:0"]), call("i2", 4, returned=["tool:0"], produced=["tool:0"])]

    [chain] = chains(calls)

    assert names(chain) == ["i1", "i2"]


@settings(deadline=None)
@given(HOSTILE_CALLS, HOSTILE_CALLS)
def test_calls_beyond_both_reaches_change_no_chain(calls: list[Invocation], others: list[Invocation]) -> None:
    far = 2 * REACH + timedelta(seconds=5)
    strangers = [
        replace(each, invocation_id=InvocationId(f"far-{each.invocation_id}"), logged_at=each.logged_at + far)
        for each in others
    ]

    for chain in chains(calls):
        assert chain_around(chain.calls[0], [*calls, *strangers]) == chain


def test_calls_that_share_ids_come_in_the_order_in_which_these_are_named() -> None:
    named = ["t3", "t1", "t4", "t2", "t0"]
    target = call("target", 0, produced=named)
    others = [call(f"of-{name}", 1, returned=[name]) for name in sorted(named)]

    assert [each.invocation_id for each in sharing_ids(target, others)] == ["target", *(f"of-{name}" for name in named)]


def test_chains_of_fewer_calls_than_asked_for_are_left_out() -> None:
    calls = [call("i1", 1, produced=["a"]), call("i2", 2, returned=["a"]), call("alone", 3)]

    assert [names(each) for each in chains_of(calls, policy=Policy(), least=2)] == [["i1", "i2"]]
    assert chains_of(calls[2:], policy=Policy(), least=2) == []
