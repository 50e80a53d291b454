"""Linking: what is decided, once it is due, from the facts around."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from request_lens.domain.facts import Request
from request_lens.domain.linking.context import linking_context
from request_lens.domain.linking.decide import ChainDecision, decide_chain
from request_lens.domain.linking.link import (
    Assumption,
    Confidence,
    Decision,
    Link,
    LinkedInvocation,
    Method,
    Reason,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.linking.neighbourhood import MAX_FACTS_AROUND, NearbyFacts, due_at
from request_lens.domain.policy import Policy
from tests.support.facts import DUE_S, ROLE, at, call, chain_of_two, link, pending, request

EVERYBODY = Policy()
AGENTS = Policy(agent_role_names=frozenset({ROLE}))
MAX_REQUEST_S = 30


def around(
    requests: Sequence[Request], *unlinked: UnlinkedInvocation, complete: bool = True, **links: Link
) -> NearbyFacts:
    """The facts around; for each of the ids, a call under a request has asked for it."""
    askers = [LinkedInvocation(invocation=call(f"asks-{name}", 0, produced=[name]), link=links[name]) for name in links]
    return NearbyFacts(requests=requests, unlinked=unlinked, complete=complete, under_requests=askers)


def chain_decision(facts: NearbyFacts, seconds: float, policy: Policy = AGENTS) -> ChainDecision:
    return decide_chain(linking_context(facts.unlinked[0], facts, policy), now=at(seconds))


def decided(facts: NearbyFacts, seconds: float, policy: Policy = AGENTS) -> dict[str, Decision]:
    return {str(call_id): decision for call_id, decision in chain_decision(facts, seconds, policy).decisions.items()}


def test_an_invocation_is_due_when_every_request_around_it_has_ended_and_its_record_has_come() -> None:
    assert due_at(pending(call(logged=0), stored=10), EVERYBODY) == at(32.5 + 60)


def test_an_invocation_that_came_late_is_due_no_earlier_than_the_link_delay_after_it_was_stored() -> None:
    assert due_at(pending(call(logged=0), stored=3_600), EVERYBODY) == at(3_660)


def test_nothing_is_decided_before_it_is_due() -> None:
    facts = around([request()], pending(call(logged=1)))

    assert decided(facts, 1 + DUE_S - 0.001) == {}
    assert decided(facts, 1 + DUE_S) == {"i1": link("r1", Method.WINDOW, Confidence.INFERRED)}


@pytest.mark.parametrize(("policy", "expected"), [(AGENTS, Confidence.INFERRED), (EVERYBODY, Confidence.ASSUMED)])
def test_a_window_link_is_inferred_only_where_the_agents_roles_are_known(policy: Policy, expected: Confidence) -> None:
    facts = around([request()], pending(call(logged=1)))

    assert decided(facts, 1 + DUE_S, policy) == {"i1": link("r1", Method.WINDOW, expected)}


def test_a_chain_is_due_with_its_last_call() -> None:
    first, second = (pending(each) for each in chain_of_two("c", 1, 4))
    facts = around([request(duration_ms=8_000)], first, second)

    assert decided(facts, 4 + DUE_S - 0.1) == {}
    assert decided(facts, 4 + DUE_S) == {"c-1": link("r1"), "c-2": link("r1", Method.CHAIN)}


def test_two_requests_that_overlap_are_told_apart_by_the_length_of_the_chain() -> None:
    first, second = (pending(each) for each in chain_of_two("c", 1, 4))
    facts = around([request("short", 0.5, duration_ms=2_500), request("long", 0.5, duration_ms=6_000)], first, second)

    assert set(decided(facts, 4 + DUE_S).values()) == {link("long"), link("long", Method.CHAIN)}


def test_a_call_that_fits_several_requests_waits_for_its_neighbours_and_is_then_ambiguous() -> None:
    facts = around([request("r1"), request("r2"), request("r3", 200)], pending(call(logged=1)))

    assert decided(facts, 1 + DUE_S + MAX_REQUEST_S - 0.1) == {}
    assert decided(facts, 1 + DUE_S + MAX_REQUEST_S) == {"i1": Unattributed(reason=Reason.AMBIGUOUS, candidates=2)}


def test_a_call_that_fits_no_request_is_unattributed_at_once() -> None:
    facts = around([request(start=20)], pending(call(logged=1)))

    strange = Unattributed(reason=Reason.NO_REQUEST, violates=Assumption.CALLS_HAVE_REQUESTS)
    assert decided(facts, 1 + DUE_S) == {"i1": strange}


def test_a_call_that_returns_what_a_tagged_call_asked_for_follows_it_among_requests_that_overlap() -> None:
    exact = link("r2", Method.TAG, Confidence.EXACT)
    facts = around([request("r1"), request("r2")], pending(call(logged=1, returned=["x"])), x=exact)

    assert decided(facts, 1 + DUE_S) == {"i1": link("r2", Method.CHAIN, Confidence.INFERRED)}


def test_a_call_does_not_follow_another_into_a_request_that_it_does_not_fit() -> None:
    exact = link("r2", Method.TAG, Confidence.EXACT)
    facts = around([request("r2", 40)], pending(call(logged=1, returned=["x"])), x=exact)

    spanning = Unattributed(reason=Reason.NO_REQUEST, violates=Assumption.CHAINS_HAVE_ONE_REQUEST)
    assert decided(facts, 1 + DUE_S) == {"i1": spanning}


def test_a_late_call_follows_the_decision_that_its_chain_already_has() -> None:
    first, second = chain_of_two("c", 1, 4)
    decided_first = UnlinkedInvocation(
        invocation=first, stored_at=at(11), decision=link("r1", Method.WINDOW, Confidence.ASSUMED)
    )
    facts = around([request("r1"), request("r2")], pending(second, stored=95), decided_first)

    assert decided(facts, 155) == {"c-2": link("r1", Method.CHAIN, Confidence.ASSUMED)}


def test_a_request_of_unknown_duration_takes_no_call_by_time() -> None:
    facts = around([request(duration_ms=None)], pending(call(logged=1)))

    assert decided(facts, 1 + DUE_S) == {"i1": Unattributed(reason=Reason.AMBIGUOUS, candidates=1)}


def test_a_call_is_ambiguous_where_a_request_of_unknown_duration_may_have_made_it() -> None:
    unknown = request("unknown", 1, duration_ms=None)
    facts = around([request("known", duration_ms=10_000), unknown], pending(call(logged=2)))

    assert decided(facts, 2 + DUE_S + MAX_REQUEST_S) == {"i1": Unattributed(reason=Reason.AMBIGUOUS, candidates=2)}


@pytest.mark.parametrize("start", [-40, 3.5])
def test_a_request_of_unknown_duration_takes_nothing_from_others_where_it_cannot_have_made_the_call(
    start: float,
) -> None:
    requests = sorted([request("r1"), request("unknown", start, duration_ms=None)], key=lambda each: each.started_at)

    assert decided(around(requests, pending(call(logged=2))), 2 + DUE_S) == {"i1": link("r1")}


def test_a_call_that_follows_a_tagged_one_of_unknown_duration_is_not_linked_to_its_neighbour() -> None:
    unknown = request("unknown", 1, duration_ms=None)
    facts = around(
        [request("known", duration_ms=10_000), unknown],
        pending(call(logged=4, returned=["x"])),
        x=link("unknown", Method.TAG, Confidence.EXACT),
    )

    assert decided(facts, 4 + DUE_S + MAX_REQUEST_S) == {"i1": Unattributed(reason=Reason.AMBIGUOUS, candidates=2)}


def test_a_start_known_to_the_second_widens_the_request_that_a_call_may_fit() -> None:
    """The true request runs from 2.9 to 5.45, its call from 3.3 to 5.3; another one begins at 3.1."""
    floored = replace(request("r1", 2, duration_ms=2_550), started_precision_ms=1_000)
    facts = around([floored, request("r2", 3.1, duration_ms=4_000)], pending(call(logged=3, latency_ms=2_000)))

    assert decided(facts, 3 + DUE_S + MAX_REQUEST_S) == {"i1": Unattributed(reason=Reason.AMBIGUOUS, candidates=2)}


def test_a_start_known_to_the_second_widens_a_request_of_unknown_duration_too() -> None:
    floored = replace(request("r1", duration_ms=None), started_precision_ms=1_000)
    last = pending(call(logged=28, latency_ms=2_600))
    due = 28 + DUE_S + MAX_REQUEST_S

    beside = decided(around([floored, request("r2", 27.5, duration_ms=4_000)], last), due)
    assert beside == {"i1": Unattributed(reason=Reason.AMBIGUOUS, candidates=2)}
    assert decided(around([floored], last), due) == {"i1": Unattributed(reason=Reason.AMBIGUOUS, candidates=1)}


def test_more_facts_around_a_call_than_time_can_tell_apart_make_it_crowded() -> None:
    quiet = [pending(call(f"s{n}", 25, role="payroll")) for n in range(MAX_FACTS_AROUND - 2)]
    one_more = pending(call("s-more", 25, role="payroll"))

    assert decided(around([request()], pending(call(logged=1)), *quiet), 1 + DUE_S) == {"i1": link("r1")}
    assert decided(around([request()], pending(call(logged=1)), *quiet, one_more), 1 + DUE_S) == {
        "i1": Unattributed(reason=Reason.CROWDED)
    }


def test_facts_that_lie_further_away_than_a_request_can_last_crowd_nobody() -> None:
    far = [pending(call(f"s{n}", 32, role="payroll")) for n in range(MAX_FACTS_AROUND + 1)]

    assert decided(around([request()], pending(call(logged=1)), *far), 1 + DUE_S) == {"i1": link("r1")}


def test_a_call_whose_surroundings_could_not_be_read_whole_is_crowded() -> None:
    facts = around([request()], pending(call(logged=1)), complete=False)

    assert decided(facts, 1 + DUE_S) == {"i1": Unattributed(reason=Reason.CROWDED)}


def test_a_chain_linked_after_its_first_call_was_unattributed_is_linked_by_time() -> None:
    first, second = chain_of_two("c", 1, 4)
    lost = UnlinkedInvocation(invocation=first, stored_at=at(11), decision=Unattributed(reason=Reason.NO_REQUEST))

    found = decided(around([request()], pending(second, stored=95), lost), 155)

    assert found == {"c-2": link("r1", Method.WINDOW)}


def test_the_rest_of_a_chain_is_decided_as_if_nothing_had_been_decided_before() -> None:
    first, second = chain_of_two("c", 1, 4)
    requests = [request()]
    whole = decided(around(requests, pending(first), pending(second)), 4 + DUE_S)
    half = [UnlinkedInvocation(invocation=second, stored_at=at(14), decision=whole["c-2"])]

    assert decided(around(requests, pending(first), *half), 4 + DUE_S) == {"c-1": whole["c-1"]}


def test_a_chain_that_may_go_on_after_a_time_out_waits_for_its_overtime() -> None:
    asks, ends = pending(call("asks", 1, produced=["x"])), pending(call("ends", 1))
    timed_out = [request(duration_ms=29_000, status=503)]

    assert chain_decision(around(timed_out, asks), 1 + DUE_S).retry_at == at(1 + DUE_S + 60)
    assert decided(around(timed_out, asks), 1 + DUE_S + 60) == {"asks": link("r1")}
    assert chain_decision(around(timed_out, ends), 1 + DUE_S).retry_at == at(29 + 60 + 0.25 + 60)
    assert decided(around(timed_out, ends), 29 + 60 + 0.25 + 60) == {"ends": link("r1")}
    assert decided(around([request(duration_ms=29_000)], asks), 1 + DUE_S) == {"asks": link("r1")}


def test_a_chain_that_no_request_can_hold_waits_for_nothing() -> None:
    first, middle, last = (
        pending(call(f"c-{n}", 1 + 50 * n, returned=["x", "y"][n - 1 : n], produced=["x", "y"][n : n + 1]))
        for n in range(3)
    )

    # A chain that is longer than any request has ends that no single settle sees: each call is decided by itself.
    found = decided(around([request()], first, middle, last), 1 + DUE_S)
    assert found == {"c-0": link("r1")}
