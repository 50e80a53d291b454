"""The order in which a request's calls are listed: by their start, within a second by their chain."""

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from request_lens.domain.facts import Invocation
from request_lens.domain.folding.bars import bars_by_call
from request_lens.domain.folding.order import in_order
from request_lens.domain.policy import Policy
from tests.support.facts import call, linked, request, tag


def listed(*calls: Invocation) -> list[str]:
    return [ordered.invocation.invocation_id for ordered in in_order([linked(each) for each in calls], Policy())]


def test_a_call_of_one_second_stands_behind_the_tool_use_that_led_to_it_whatever_their_ids() -> None:
    asks, answers = call("z", 1, latency_ms=300, produced=["t"]), call("a", 1, latency_ms=300, returned=["t"])

    assert listed(answers, asks) == ["z", "a"]


def test_a_chain_is_in_order_where_its_calls_take_no_known_time() -> None:
    asks = call("z", 1, latency_ms=None, produced=["t"])
    answers = call("a", 1, latency_ms=None, returned=["t"])

    assert listed(answers, asks) == ["z", "a"]


def test_two_chains_of_one_second_are_interleaved_as_their_calls_can_have_run() -> None:
    slow = [call("s1", 1, latency_ms=900, produced=["s"]), call("s2", 1, returned=["s"])]
    fast = [call("f1", 1, latency_ms=100, produced=["f"]), call("f2", 1, returned=["f"])]

    assert listed(*slow, *fast) == ["f1", "s1", "f2", "s2"]


def test_calls_of_no_chain_are_in_order_of_their_start_then_of_their_ids() -> None:
    calls = [call("b", 2), call("z", 1, tag=tag(started=1.9)), call("a", 2), call("y", 1, tag=tag(started=1.1))]

    assert listed(*calls) == ["y", "z", "a", "b"]


def test_a_call_after_the_response_is_listed_last_though_it_is_drawn_at_the_responses_end() -> None:
    calls = [call("within", 4, latency_ms=500), call("overtime", 9, latency_ms=3_000)]

    bars = bars_by_call(request(duration_ms=5_000, status=504), [linked(each) for each in calls], Policy())

    assert [(drawn.invocation.invocation_id, bar.offset_ms) for drawn, bar in bars] == [
        ("within", 4_000),
        ("overtime", 2_000),
    ]


CHAINS = st.lists(st.lists(st.tuples(st.integers(0, 4), st.none() | st.integers(0, 1_500)), min_size=1, max_size=4))


@settings(deadline=None)
@given(CHAINS, st.randoms(use_true_random=False))
def test_whatever_the_times_no_call_stands_before_one_that_it_follows(
    chains: list[list[tuple[int, int | None]]], chance: random.Random
) -> None:
    calls = [
        call(
            f"{chance.randrange(9)}-{number}-{at}",
            logged,
            latency_ms=latency,
            returned=[f"{number}-{at - 1}"] if at else [],
            produced=[f"{number}-{at}"],
        )
        for number, chain in enumerate(chains)
        for at, (logged, latency) in enumerate(sorted(chain, key=lambda each: each[0]))
    ]

    order = listed(*chance.sample(calls, len(calls)))

    assert order == listed(*calls)
    for before, after in pairwise(calls):
        if before.conversation and after.conversation and before.conversation.produced == after.conversation.returned:
            assert order.index(before.invocation_id) < order.index(after.invocation_id)
