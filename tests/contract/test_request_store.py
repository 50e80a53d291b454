"""The contract of revisions and orphans, over both fact stores and what their streams tell."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from request_lens.domain.facts import Conversation, InvocationId, RequestId
from request_lens.domain.folding.summary import Totals
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.pricing import PriceSource
from request_lens.domain.publishing.changes import RevisionWritten, RunawayFlagged
from request_lens.domain.settling.runaway import Runaway
from request_lens.domain.settling.state import BEFORE_ALL, OrphanPass, RequestState
from request_lens.ports import FactStore
from tests.support.stored_facts import STORED_AT, call_at, link_to, linked_call, request_at, summary_of
from tests.support.under_test import StoreUnderTest

ID = RequestId("request-1")


def test_no_revision_is_written_without_a_record(store: FactStore) -> None:
    store.store_linked([linked_call("call-1")])

    assert not store.write_revision(ID, revision=1, summary=summary_of())
    assert store.load_request(ID).revision == 0


def test_a_revision_is_written_once_by_whoever_comes_first(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)

    assert store.write_revision(ID, revision=1, summary=summary_of(1))
    assert not store.write_revision(ID, revision=1, summary=summary_of(2))

    state = store.load_request(ID)
    assert (state.revision, state.summary) == (1, summary_of(1))


def test_a_revision_needs_the_one_before(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)

    assert not store.write_revision(ID, revision=2, summary=summary_of(1))
    assert store.write_revision(ID, revision=1, summary=summary_of(1))
    assert store.write_revision(ID, revision=2, summary=summary_of(2))
    assert not store.write_revision(ID, revision=1, summary=summary_of(0))

    state = store.load_request(ID)
    assert (state.revision, state.summary) == (2, summary_of(2))


def test_the_stream_tells_each_revision_with_the_one_before(tested: StoreUnderTest) -> None:
    tested.store.store_requests([request_at()], stored_at=STORED_AT)
    tested.store.store_linked([linked_call("call-1")])
    tested.store.write_revision(ID, revision=1, summary=summary_of(1))
    tested.store.store_requests([request_at()], stored_at=STORED_AT)
    tested.store.write_revision(ID, revision=1, summary=summary_of(0))
    tested.store.write_revision(ID, revision=2, summary=summary_of(2))

    assert tested.changes() == [
        RevisionWritten(stored_at=STORED_AT, request=request_at(), revision=1, summary=summary_of(1)),
        RevisionWritten(
            stored_at=STORED_AT, request=request_at(), revision=2, summary=summary_of(2), previous=summary_of(1)
        ),
    ]


def test_a_request_without_a_record_is_marked_orphaned(store: FactStore) -> None:
    store.store_linked([linked_call("call-1")])

    assert store.mark_orphaned(ID)
    assert store.mark_orphaned(ID)

    state = store.load_request(ID)
    assert state.orphaned
    assert state.record is None
    assert state.invocations == (linked_call("call-1"),)


def test_a_record_keeps_its_request_from_being_orphaned(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)

    assert not store.mark_orphaned(ID)
    assert not store.load_request(ID).orphaned


def test_a_runaway_is_flagged_once_with_or_without_its_record(tested: StoreUnderTest) -> None:
    first = Runaway(llm_calls=51, estimated_cost_usd=Decimal("0.512345678"))

    assert tested.store.flag_runaway(ID, first)
    assert not tested.store.flag_runaway(ID, Runaway(llm_calls=52, estimated_cost_usd=None))
    tested.store.store_requests([request_at()], stored_at=STORED_AT)
    assert not tested.store.flag_runaway(ID, first)
    tested.store.write_revision(ID, revision=1, summary=summary_of(1))

    state = tested.store.load_request(ID)
    assert (state.runaway, state.record, state.revision) == (first, request_at(), 1)
    assert tested.changes() == [
        RunawayFlagged(request_id=ID, runaway=first),
        RevisionWritten(request=request_at(), stored_at=STORED_AT, revision=1, summary=summary_of(1)),
    ]


def test_a_summary_keeps_its_cost_to_the_last_digit_and_the_prices_it_is_by(store: FactStore) -> None:
    prices = PriceSource(name="genai-prices", version="0.2.3", date="2026-11-24")
    totals = Totals(llm_calls=2, unpriced_calls=1, estimated_cost_usd=Decimal("0.000000123456789"))
    summary = replace(summary_of(), totals=totals, by_model=(("model", totals),), prices=prices)
    store.store_requests([request_at()], stored_at=STORED_AT)

    store.write_revision(ID, revision=1, summary=summary)

    assert store.load_request(ID).summary == summary


def test_the_record_of_an_orphan_can_still_come_and_be_revised(store: FactStore) -> None:
    store.mark_orphaned(ID)
    store.store_requests([request_at()], stored_at=STORED_AT)

    assert store.write_revision(ID, revision=1, summary=summary_of())

    state = store.load_request(ID)
    assert state.orphaned
    assert (state.record, state.stored_at, state.revision) == (request_at(), STORED_AT, 1)


def test_a_request_of_more_than_one_page_is_loaded_whole(store: FactStore) -> None:
    ids = tuple(f"tooluse_{n:032}" for n in range(125))  # 5 KB an item; a page of DynamoDB's holds 1 MB
    invocations = [
        replace(call_at(invocation_id=f"call-{n:03}"), conversation=Conversation(produced=ids)) for n in range(300)
    ]
    linked = [LinkedInvocation(invocation=call, link=link_to()) for call in invocations]
    store.store_linked(linked)

    assert store.load_request(ID).invocations == tuple(linked)


def _linked(*invocation_ids: str) -> tuple[LinkedInvocation, ...]:
    return tuple(linked_call(invocation_id) for invocation_id in invocation_ids)


def test_of_a_request_without_a_record_no_more_than_so_many_invocations_are_loaded(store: FactStore) -> None:
    assert store.load_waiting(ID, most=2) == RequestState(request_id=ID)

    store.store_linked(_linked("call-1", "call-2"))
    assert store.load_waiting(ID, most=2).invocations == _linked("call-1", "call-2")

    store.store_linked(_linked("call-0"))
    assert store.load_waiting(ID, most=2) == RequestState(request_id=ID, is_cut=True)

    store.mark_orphaned(ID)
    assert store.load_waiting(ID, most=2) == RequestState(request_id=ID, orphaned=True, is_cut=True)
    assert store.load_waiting(ID, most=3).invocations == _linked("call-0", "call-1", "call-2")


@pytest.mark.parametrize("most", range(7))
def test_with_its_record_a_request_is_loaded_whole_however_many_invocations_it_has(store: FactStore, most: int) -> None:
    store.store_linked(_linked("call-1", "call-2", "call-3", "call-4", "call-5"))
    store.store_requests([request_at()], stored_at=STORED_AT)

    assert store.load_waiting(ID, most=most) == store.load_request(ID)


def test_invocations_are_loaded_in_order_of_their_ids_some_at_a_time(store: FactStore) -> None:
    store.store_linked(_linked("b", "a", "d", "c"))
    store.store_linked([LinkedInvocation(invocation=call_at(invocation_id="aa"), link=link_to("another"))])
    store.mark_orphaned(ID)

    def loaded(after: str, limit: int) -> Sequence[LinkedInvocation]:
        return tuple(store.load_linked(ID, after=InvocationId(after), limit=limit))

    assert loaded(BEFORE_ALL, 3) == _linked("a", "b", "c")
    assert loaded("c", 3) == _linked("d")
    assert loaded("bb", 1) == _linked("c")
    assert loaded("d", 3) == ()


def test_how_far_a_pass_over_orphans_is_stands_until_the_record_comes(store: FactStore) -> None:
    begun = OrphanPass(begun_at=STORED_AT, busy_until=STORED_AT)
    further = OrphanPass(begun_at=STORED_AT, after=InvocationId("call-1"), is_done=True)

    for orphan_pass in (begun, further):
        assert store.mark_orphaned(ID, orphan_pass)
        assert store.load_request(ID) == RequestState(request_id=ID, orphaned=True, orphan_pass=orphan_pass)
    assert store.mark_orphaned(ID)
    store.store_requests([request_at()], stored_at=STORED_AT)
    assert not store.mark_orphaned(ID, begun)

    assert store.load_request(ID).orphan_pass == further


def test_a_request_is_watched_while_its_record_has_not_come(store: FactStore) -> None:
    store.mark_watched(ID, until=STORED_AT)
    assert store.load_request(ID) == RequestState(request_id=ID, watched_until=STORED_AT)

    store.store_requests([request_at()], stored_at=STORED_AT)
    store.mark_watched(ID, until=STORED_AT + timedelta(seconds=1))
    assert store.load_request(ID).watched_until == STORED_AT


def test_an_id_is_overrun_only_without_a_record(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)
    for request_id in (ID, RequestId("none")):
        store.mark_overrun(request_id)

    assert set(store.find_overrun([ID, RequestId("none"), RequestId("unknown")])) == {"none"}
    assert set(store.find_overrun([])) == set()

    store.store_requests([request_at(request_id="none")], stored_at=STORED_AT)
    assert set(store.find_overrun([RequestId("none")])) == set()
