"""The contract of decisions, over both fact stores and what their streams tell."""

from dataclasses import replace
from decimal import Decimal

import pytest

from request_lens.domain.facts import TraceId
from request_lens.domain.linking.link import Decision, Method, Reason, Unattributed
from request_lens.domain.pricing import Quote
from request_lens.domain.publishing.changes import InvocationDecided
from request_lens.ports import FactStore
from tests.support.stored_facts import NOON, STORED_AT, call_at, link_to, pending
from tests.support.under_test import StoreUnderTest

NEVER_SEEN = Unattributed(reason=Reason.REQUEST_NEVER_SEEN)
AMBIGUOUS = Unattributed(reason=Reason.AMBIGUOUS, candidates=3)


@pytest.mark.parametrize("decision", [link_to(), link_to(method=Method.TAG), NEVER_SEEN, AMBIGUOUS])
def test_a_decision_is_kept_with_its_invocation(store: FactStore, decision: Decision) -> None:
    store.store_unlinked([call_at()], stored_at=STORED_AT)

    assert store.decide(pending(call_at()), decision) == decision
    assert store.load_unlinked(call_at().invocation_id) == replace(pending(call_at()), decision=decision)


@pytest.mark.parametrize("cost", [None, Decimal("0.0000123456789")])
@pytest.mark.parametrize("knows_model", [False, True])
def test_what_a_call_was_published_at_is_kept_until_it_is_taken_back(
    tested: StoreUnderTest, cost: Decimal | None, knows_model: bool
) -> None:
    counted = Quote(estimated_cost_usd=cost, knows_model=knows_model)
    tested.store.decide(pending(call_at()), replace(NEVER_SEEN, quote=counted))
    tested.store.decide(pending(call_at()), link_to())

    published, taken_back = tested.changes()
    assert isinstance(published, InvocationDecided)
    assert isinstance(published.decision, Unattributed)
    assert published.decision.quote == counted
    assert isinstance(taken_back, InvocationDecided)
    assert isinstance(taken_back.previous, Unattributed)
    assert taken_back.previous.quote == counted


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (link_to("request-1"), link_to("request-2")),
        (link_to("request-1"), AMBIGUOUS),
        (AMBIGUOUS, link_to("request-1")),
        (AMBIGUOUS, NEVER_SEEN),
        (NEVER_SEEN, AMBIGUOUS),
        (link_to("request-1"), NEVER_SEEN),
    ],
)
def test_the_first_decision_is_final(store: FactStore, first: Decision, second: Decision) -> None:
    store.store_unlinked([call_at()], stored_at=STORED_AT)
    store.decide(pending(call_at()), first)

    assert store.decide(pending(call_at()), second) == first
    assert store.load_unlinked(call_at().invocation_id) == replace(pending(call_at()), decision=first)


def test_only_never_seen_gives_way_to_a_link_and_once(store: FactStore) -> None:
    store.decide(pending(call_at()), NEVER_SEEN)

    assert store.decide(pending(call_at()), link_to("request-1")) == link_to("request-1")
    assert store.decide(pending(call_at()), link_to("request-2")) == link_to("request-1")
    assert store.decide(pending(call_at()), NEVER_SEEN) == link_to("request-1")


@pytest.mark.parametrize("reason", Reason)
def test_any_reason_gives_way_to_the_link_that_takes_it_back_and_once(store: FactStore, reason: Reason) -> None:
    store.decide(pending(call_at()), Unattributed(reason=reason, trace_id=TraceId("a" * 32)))
    by_trace = link_to("request-1", method=Method.TRACE)
    takes_back = replace(by_trace, taken_back=True)

    if reason is not Reason.REQUEST_NEVER_SEEN:
        assert store.decide(pending(call_at()), by_trace) != by_trace
    assert store.decide(pending(call_at()), takes_back) == takes_back
    assert (
        store.decide(pending(call_at()), replace(takes_back, request_id=link_to("request-2").request_id)) == takes_back
    )
    assert store.load_decisions([call_at().invocation_id]) == {call_at().invocation_id: takes_back}


def test_a_link_gives_way_to_none(store: FactStore) -> None:
    store.decide(pending(call_at()), link_to("request-1"))

    assert store.decide(pending(call_at()), replace(link_to("request-2"), taken_back=True)) == link_to("request-1")


def test_a_decision_stores_an_invocation_that_had_no_item(store: FactStore) -> None:
    store.decide(pending(call_at()), NEVER_SEEN)

    expected = replace(pending(call_at()), decision=NEVER_SEEN)
    assert store.load_unlinked(call_at().invocation_id) == expected
    assert list(store.unlinked_between(NOON, NOON, limit=10)) == [expected]


def test_a_decision_does_not_change_the_stored_invocation(store: FactStore) -> None:
    store.store_unlinked([call_at()], stored_at=STORED_AT)
    other = replace(pending(call_at(latency_ms=9)), stored_at=NOON)

    store.decide(other, link_to())

    assert store.load_unlinked(call_at().invocation_id) == replace(pending(call_at()), decision=link_to())


def test_the_stream_tells_each_decision_with_the_one_before(tested: StoreUnderTest) -> None:
    tested.store.store_unlinked([call_at()], stored_at=STORED_AT)
    tested.store.decide(pending(call_at()), NEVER_SEEN)
    tested.store.decide(pending(call_at()), AMBIGUOUS)
    tested.store.store_unlinked([call_at()], stored_at=STORED_AT)
    tested.store.decide(pending(call_at()), link_to())

    assert tested.changes() == [
        InvocationDecided(stored_at=STORED_AT, invocation=call_at(), decision=NEVER_SEEN),
        InvocationDecided(stored_at=STORED_AT, invocation=call_at(), decision=link_to(), previous=NEVER_SEEN),
    ]


def test_many_are_decided_as_one_is_and_their_decisions_are_found(store: FactStore) -> None:
    calls = [call_at(invocation_id=f"call-{n:03}") for n in range(130)]
    store.store_unlinked(calls, stored_at=STORED_AT)
    store.decide(pending(calls[0]), link_to())

    store.decide_all([(pending(call), NEVER_SEEN) for call in calls[:-1]])

    found = store.load_decisions([call.invocation_id for call in calls] + [call_at(invocation_id="x").invocation_id])
    assert found == {call.invocation_id: NEVER_SEEN for call in calls[1:-1]} | {calls[0].invocation_id: link_to()}
