"""Parts: the same calls are decided together, whichever of those that follow have come when it is done."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.linking.chains import chains_of
from request_lens.domain.linking.context import linking_context
from request_lens.domain.linking.decide import decide_chain
from request_lens.domain.linking.link import Assumption, Decision, Method, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import NearbyFacts
from request_lens.domain.linking.parts import parts_of
from request_lens.domain.policy import Policy
from tests.support.facts import DUE_S, ROLE, at, call, link, pending, request

AGENTS = Policy(agent_role_names=frozenset({ROLE}))
MAX_REQUEST_S, REACH_S = 30, 91


def conversation(*logged: float) -> list[Invocation]:
    """Calls at these times, each of which returns what the one before asked for, and asks for more."""
    return [
        call(f"c-{at}", seconds, latency_ms=500, returned=[f"x-{at - 1}"][: min(at, 1)], produced=[f"x-{at}"])
        for at, seconds in enumerate(logged)
    ]


def parts(calls: Sequence[Invocation], *requests: Request) -> list[list[str]]:
    """The calls of each part of the only chain that these are."""
    (chain,) = chains_of(calls, policy=AGENTS)
    return [[str(each.invocation_id) for each in part.own.calls] for part in parts_of(chain, requests, AGENTS)]


def first_decisions(calls: Sequence[UnlinkedInvocation], *requests: Request) -> dict[str, Decision]:
    """What the first call's settle decides, long after it was due."""
    in_time = sorted(calls, key=lambda each: each.invocation.logged_at)
    context = linking_context(calls[0], NearbyFacts(unlinked=in_time, requests=requests), AGENTS)
    return {str(key): decision for key, decision in decide_chain(context, now=at(1_000)).decisions.items()}


@pytest.mark.parametrize(
    ("gap", "expected"), [(MAX_REQUEST_S + 1, [["c-0", "c-1", "c-2"]]), (MAX_REQUEST_S + 2, [["c-0", "c-1"], ["c-2"]])]
)
def test_a_call_is_of_a_part_that_it_came_in_time_for(gap: int, expected: list[list[str]]) -> None:
    """Its log comes within `LinkDelaySeconds` of its end, half a second after its start."""
    assert parts(conversation(0, 2, 2 + gap)) == expected


@pytest.mark.parametrize(("gap", "together"), [(REACH_S, True), (REACH_S + 0.5, False)])
def test_a_part_that_waits_for_an_agent_to_run_on_takes_what_comes_meanwhile(gap: float, *, together: bool) -> None:
    timed_out = request(duration_ms=29_000, status=504)

    assert len(parts(conversation(0, gap), timed_out)) == (1 if together else 2)


@pytest.mark.parametrize(("latency_ms", "together"), [(21_500, True), (21_501, False), (None, False)])
def test_a_long_call_or_one_of_unknown_latency_may_come_after_its_part_is_decided(
    latency_ms: int | None, *, together: bool
) -> None:
    calls = [call("asks", 0, produced=["x"]), call("long", 10, latency_ms=latency_ms, returned=["x"])]

    assert len(parts(calls)) == (1 if together else 2)


def test_a_call_that_follows_two_parts_joins_only_the_one_that_still_waited() -> None:
    asks = [call("early", 0, produced=["x"]), call("late", 20, produced=["y"])]

    assert parts([*asks, call("both", 40, returned=["x", "y"])]) == [["early"], ["late", "both"]]


def test_a_call_that_follows_two_parts_in_time_makes_them_one() -> None:
    asks = [call("early", 0, produced=["x"]), call("late", 20, produced=["y"])]

    assert parts([*asks, call("both", 29, returned=["x", "y"])]) == [["early", "late", "both"]]


def test_a_part_sees_all_that_it_goes_on_from_and_nothing_that_follows() -> None:
    (chain,) = chains_of(conversation(0, 40, 80, 120), policy=AGENTS)
    part = parts_of(chain, (), AGENTS)[2]

    assert [each.invocation_id for each in part.seen.calls] == ["c-0", "c-1", "c-2"]


@pytest.mark.parametrize("gap", [MAX_REQUEST_S + 2, 54, REACH_S])
def test_calls_are_decided_alike_whether_or_not_a_later_one_has_come(gap: int) -> None:
    """Alone the first call fits both requests; only with the second, which ends the other's time, it is told apart."""
    requests = [request("other", -16, duration_ms=18_000, status=500), request("own", 0, duration_ms=4_000)]
    first, second, later = (pending(each) for each in conversation(0, 2, 2 + gap))

    prompt = first_decisions([first, second], *requests)

    assert prompt == {"c-0": link("own"), "c-1": link("own", Method.CHAIN)}
    assert first_decisions([first, second, later], *requests) == prompt


@pytest.mark.parametrize("is_decided", [False, True])
def test_what_a_part_goes_on_from_is_told_by_the_facts_whether_or_not_it_is_decided(*, is_decided: bool) -> None:
    """The first call fits two requests by itself, one of which runs on into the second call's."""
    requests = [request("own", 0, duration_ms=4_000), request("long", 0, duration_ms=29_000), request("next", 28)]
    first, later = conversation(0, 32)
    ambiguous = Unattributed(reason=Reason.AMBIGUOUS, candidates=2) if is_decided else None
    before = UnlinkedInvocation(invocation=first, stored_at=at(10), decision=ambiguous)

    found = first_decisions([pending(later), before], *requests)

    assert found == {"c-1": replace(link("next"), violates=Assumption.CHAINS_HAVE_ONE_REQUEST)}


@pytest.mark.parametrize("decision", [None, link("own"), Unattributed(reason=Reason.AMBIGUOUS, candidates=2)])
def test_what_a_call_without_a_request_shows_broken_does_not_depend_on_what_was_decided_before(
    decision: Decision | None,
) -> None:
    """The call that it goes on from is of an earlier part, which may be decided before it or after."""
    first, later = conversation(0, 32)
    before = UnlinkedInvocation(invocation=first, stored_at=at(10), decision=decision)

    found = first_decisions([pending(later), before], request("own", 0, duration_ms=4_000))

    assert found == {"c-1": Unattributed(reason=Reason.NO_REQUEST, violates=Assumption.CALLS_HAVE_REQUESTS)}


def test_a_part_that_nothing_explains_yet_waits_for_the_last_of_its_calls() -> None:
    """The second call is due; the third is of its part by a request that ran on, and its own one runs still."""
    given_up = request("given-up", 0, duration_ms=10_000, status=504)
    first, second, third = (pending(each) for each in conversation(1, 37, 70))
    facts = NearbyFacts(unlinked=[first, second, third], requests=[given_up])

    found = decide_chain(linking_context(second, facts, AGENTS), now=at(37 + DUE_S))

    assert (found.decisions, found.retry_at) == ({}, at(70 + DUE_S))
