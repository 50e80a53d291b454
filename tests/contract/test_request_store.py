"""The contract of revisions and orphans, over both fact stores and what their streams tell."""

from dataclasses import replace

from tests.contract.sample_facts import STORED_AT, call_at, link_to, linked_call, request_at, summary_of
from tests.contract.under_test import StoreUnderTest

from request_lens.domain.change import RevisionWritten
from request_lens.domain.facts import Conversation, RequestId
from request_lens.domain.link import LinkedInvocation
from request_lens.ports import FactStore

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
    linked = [LinkedInvocation(invocation=each, link=link_to()) for each in invocations]
    store.store_linked(linked)

    assert store.load_request(ID).invocations == tuple(linked)
