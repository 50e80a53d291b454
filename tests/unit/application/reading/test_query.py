"""Looking at requests: the newest of a range as they stand, with their pending calls where they would go."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.adapters.price_list import bedrock_prices
from request_lens.application.query import (
    MAX_COUNTED,
    ReadPorts,
    RequestPage,
    get_request,
    list_requests,
    possible_calls_of,
    requests_that_fit,
)
from request_lens.domain.facts import Invocation, Request, RequestId, TraceId
from request_lens.domain.folding.fold import fold
from request_lens.domain.linking.link import Link, Reason, Unattributed, tag_link
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES, Unpriced
from tests.support.drawn.traffic import Traffic, traffic
from tests.support.facts import ROLE, at, call, linked, request, tag

POLICY = Policy(agent_role_names=frozenset({ROLE}))
RANGE = (at(-3600), at(3600))


def stored(requests: Sequence[Request], calls: Sequence[Invocation]) -> MemoryFactStore:
    store = MemoryFactStore()
    store.store_requests(requests, stored_at=at(10))
    store.store_unlinked([each for each in calls if each.tag is None], stored_at=at(10))
    store.store_linked([linked(each, tag_link(each)) for each in calls if each.tag is not None])
    return store


def seen_through(store: MemoryFactStore) -> ReadPorts:
    return ReadPorts(reader=store, prices=bedrock_prices())


def looked(store: MemoryFactStore, *, limit: int = 200, now: float = 20, policy: Policy = POLICY) -> RequestPage:
    return list_requests(seen_through(store), policy, span=RANGE, now=at(now), limit=limit)


def test_a_settled_request_is_seen_as_its_last_revision_says() -> None:
    store = stored([request()], [])
    summary = fold(request(), [linked(call())], POLICY, NO_PRICES)
    store.write_revision(RequestId("r1"), revision=1, summary=summary)

    (seen,) = looked(store).requests

    assert (seen.record, seen.summary, seen.is_pending) == (request(), summary, False)


def test_a_pending_call_is_seen_in_the_request_that_it_would_be_linked_to() -> None:
    store = stored([request(), request("r2", 60)], [call("i1", 1), call("i2", 61)])

    seen = looked(store)

    assert [each.summary and each.summary.totals.llm_calls for each in seen.requests] == [1, 1]
    assert [bar.provisional for each in seen.requests if each.summary for bar in each.summary.bars] == [True, True]
    assert not seen.unplaced
    assert all(each.is_pending for each in seen.requests)


def test_looking_stores_nothing() -> None:
    store = stored([request()], [call("i1", 1)])
    looked(store)
    get_request(seen_through(store), POLICY, request_id=RequestId("r1"))

    assert [each.decision for each in store.all_unlinked()] == [None]
    assert store.take_changes() == []


def test_a_pending_call_that_fits_several_requests_is_counted_and_drawn_in_none() -> None:
    store = stored([request(), request("r2", 0.5)], [call("i1", 1)])

    seen = looked(store)

    assert [each.summary for each in seen.requests] == [None, None]
    assert [each.invocation.invocation_id for each in seen.unplaced] == ["i1"]


def test_the_tagged_calls_of_a_pending_request_are_seen_at_once_and_are_not_provisional() -> None:
    store = stored([request()], [call("i1", 1, tag=tag())])

    (seen,) = looked(store).requests

    assert seen.is_pending
    assert seen.summary is not None
    assert [bar.provisional for bar in seen.summary.bars] == [False]


def test_a_call_that_comes_after_a_revision_is_seen_in_it_as_provisional() -> None:
    store = stored([request()], [call("i2", 3)])
    first = linked(call("i1", 1, tag=tag()), tag_link(call("i1", 1, tag=tag())))
    store.store_linked([first])
    store.write_revision(RequestId("r1"), revision=1, summary=fold(request(), [first], POLICY, NO_PRICES))

    (seen,) = looked(store).requests

    assert seen.is_pending
    assert seen.summary is not None
    assert [bar.provisional for bar in seen.summary.bars] == [False, True]


def test_a_call_that_returns_what_a_tagged_call_asked_for_is_seen_in_its_request() -> None:
    asked = call("i1", 1, tag=tag(), produced=["tool"])
    store = stored([request(), request("r2", 0.5)], [asked, call("i2", 3, returned=["tool"])])

    first, second = looked(store).requests

    assert first.summary is not None
    assert [bar.provisional for bar in first.summary.bars] == [False, True]
    assert second.summary is None


def test_another_callers_pending_call_is_drawn_nowhere() -> None:
    seen = looked(stored([request()], [call("i1", 1, role="another-role")]))

    assert [each.summary for each in seen.requests] == [None]
    assert len(seen.unplaced) == 1


def test_a_decided_call_is_no_longer_pending() -> None:
    store = stored([request()], [call("i1", 1)])
    (unlinked,) = store.all_unlinked()
    store.decide(unlinked, Unattributed(reason=Reason.NO_REQUEST))

    assert not looked(store).unplaced


def test_the_calls_that_may_be_an_uncertain_requests_own_are_as_many_as_it_counts() -> None:
    store = stored([request(), request("r2", 0.5), request("r3", 600)], [call("i1", 1), call("i2", 2), call("i3", 601)])
    for unlinked in store.all_unlinked()[:2]:
        store.decide(unlinked, Unattributed(reason=Reason.AMBIGUOUS, candidates=2))
    summary = fold(request(), [], POLICY, NO_PRICES, possible_calls=2)
    store.write_revision(RequestId("r1"), revision=1, summary=summary)
    (state, undecided) = store.load_requests([RequestId("r1"), RequestId("r2")])

    possible = possible_calls_of(store, POLICY, state=state)

    assert [each.invocation.invocation_id for each in possible] == ["i1", "i2"]
    assert possible_calls_of(store, POLICY, state=undecided) == ()


@pytest.mark.parametrize(
    ("decision", "fitting"),
    [
        (None, None),
        (Unattributed(reason=Reason.CROWDED), None),
        (Unattributed(reason=Reason.AMBIGUOUS, candidates=2, trace_id=TraceId("t" * 32)), None),
        (Unattributed(reason=Reason.AMBIGUOUS, candidates=3), None),
        (Unattributed(reason=Reason.AMBIGUOUS, candidates=2), ["r1", "r2"]),
        (Unattributed(reason=Reason.NO_REQUEST), []),
    ],
)
def test_which_requests_a_call_fits_is_told_only_where_it_is_known(
    decision: Unattributed | None, fitting: list[str] | None
) -> None:
    store = stored([request(), request("r2", 0.5), request("r3", 600)], [call("i1", 1)])
    (unlinked,) = store.all_unlinked()

    assert requests_that_fit(store, POLICY, call=replace(unlinked, decision=decision)) == fitting


def test_which_requests_a_call_fits_is_not_told_where_its_role_is_not_listed_any_more() -> None:
    store = stored([request()], [call("i1", 1)])
    (unlinked,) = store.all_unlinked()
    ambiguous = replace(unlinked, decision=Unattributed(reason=Reason.AMBIGUOUS, candidates=1))
    elsewhere = Policy(agent_role_names=frozenset({"another"}))

    assert requests_that_fit(store, POLICY, call=ambiguous) == ["r1"]
    assert requests_that_fit(store, elsewhere, call=ambiguous) is None


def test_the_newest_are_seen_and_the_earlier_ones_counted() -> None:
    store = stored([request(f"r{n:02}", n) for n in range(12)], [])

    seen = looked(store, limit=5)

    assert [each.record.request_id for each in seen.requests] == [f"r{n:02}" for n in range(7, 12)]
    assert seen.earlier == 7 < MAX_COUNTED


def test_calls_of_long_ago_are_not_looked_for() -> None:
    seen = looked(stored([request()], [call("i1", 1)]), now=timedelta(days=2).total_seconds())

    assert (seen.unplaced, [(each.summary, each.is_pending) for each in seen.requests]) == ((), [(None, True)])


@given(traffic())
@settings(max_examples=60, deadline=None)
def test_a_range_and_its_requests_place_the_same_calls(drawn: Traffic) -> None:
    store = stored(drawn.requests, drawn.calls)
    seen = {
        (each.invocation.invocation_id, record.request_id)
        for record in drawn.requests
        for details in [get_request(seen_through(store), POLICY, request_id=record.request_id)]
        for each in details.calls
        if each.invocation.invocation_id in details.provisional
    }
    in_rows = sum(
        bar.provisional for each in looked(store, now=60).requests if each.summary for bar in each.summary.bars
    )

    assert len({invocation for invocation, _ in seen}) == len(seen) == in_rows


def test_the_details_of_a_request_hold_its_calls_and_mark_the_provisional_ones() -> None:
    tagged = call("i1", 1, tag=tag())
    store = stored([request()], [tagged, call("i2", 3)])

    details = get_request(seen_through(store), POLICY, request_id=RequestId("r1"))

    assert [each.invocation.invocation_id for each in details.calls] == ["i1", "i2"]
    assert details.provisional == {"i2"}
    assert isinstance(details.calls[1].link, Link)


def test_a_pending_request_has_the_cost_that_its_provisional_calls_would_have() -> None:
    store = stored([request()], [call("i1", 1), call("i2", 3, model_id="unheard-of")])

    (seen,) = looked(store).requests
    details = get_request(seen_through(store), POLICY, request_id=RequestId("r1"))

    assert seen.summary is not None
    assert (seen.summary.totals.estimated_cost_usd, seen.summary.totals.unpriced_calls) == (Decimal("0.0012826"), 1)
    assert seen.summary.prices == bedrock_prices().source
    assert details.estimates == {"i1": Decimal("0.0012826"), "i2": Unpriced.UNKNOWN_MODEL}


def test_calls_of_a_summary_by_another_price_table_are_not_priced_with_ours() -> None:
    tagged = linked(call("i1", 1, tag=tag()), tag_link(call("i1", 1, tag=tag())))
    store = stored([request()], [tagged.invocation])
    store.write_revision(RequestId("r1"), revision=1, summary=fold(request(), [tagged], POLICY, NO_PRICES))

    details = get_request(seen_through(store), POLICY, request_id=RequestId("r1"))

    assert details.estimates == {"i1": None}


def test_a_request_whose_record_has_not_come_has_its_tagged_calls() -> None:
    details = get_request(seen_through(stored([], [call("i1", 1, tag=tag())])), POLICY, request_id=RequestId("r1"))

    assert details.view is None
    assert len(details.calls) == 1


def test_an_unknown_request_has_nothing() -> None:
    details = get_request(seen_through(MemoryFactStore()), POLICY, request_id=RequestId("unknown"))

    assert (details.view, list(details.calls)) == (None, [])


def test_a_request_of_unknown_duration_is_seen() -> None:
    (seen,) = looked(stored([replace(request(), duration_ms=None)], [])).requests

    assert seen.is_pending
