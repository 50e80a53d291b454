"""The contract of storing facts, over both fact stores."""

from dataclasses import replace
from datetime import timedelta

from request_lens.domain.facts import RequestId
from request_lens.ports import FactStore
from tests.support.stored_facts import NOON, STORED_AT, call_at, link_to, linked_call, pending, request_at, summary_of

LATER = STORED_AT + timedelta(minutes=5)


def test_an_unknown_request_has_no_record_and_no_invocations(store: FactStore) -> None:
    state = store.load_request(RequestId("never-heard-of"))

    assert state.record is None
    assert state.stored_at is None
    assert state.invocations == ()
    assert (state.revision, state.summary, state.orphaned) == (0, None, False)


def test_a_stored_record_is_there_at_once_and_pending(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)

    state = store.load_request(RequestId("request-1"))
    assert state.record == request_at()
    assert state.stored_at == STORED_AT
    assert state.revision == 0


def test_the_first_stored_record_stays(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)
    store.store_requests([request_at(status=503)], stored_at=LATER)

    state = store.load_request(RequestId("request-1"))
    assert state.record == request_at(status=200)
    assert state.stored_at == STORED_AT


def test_a_record_that_another_request_has_the_id_of_is_not_stored_and_told(store: FactStore) -> None:
    another = request_at(NOON + timedelta(milliseconds=1))
    assert store.store_requests([request_at()], stored_at=STORED_AT) == []

    assert store.store_requests([another, request_at(status=503), another], stored_at=LATER) == [another, another]

    assert store.load_request(RequestId("request-1")).record == request_at()
    assert list(store.requests_between(NOON, LATER, limit=10)) == [request_at()]


def test_of_two_requests_of_one_id_in_one_batch_one_is_stored(store: FactStore) -> None:
    both = [request_at(), request_at(NOON + timedelta(seconds=9))]

    told = store.store_requests(both, stored_at=STORED_AT)

    stored = store.load_request(RequestId("request-1")).record
    assert stored is not None
    assert sorted([*told, stored], key=lambda record: record.started_at) == both


def test_an_id_that_is_known_from_its_calls_is_free_for_its_record(store: FactStore) -> None:
    store.store_linked([linked_call("call-1")])
    store.mark_orphaned(RequestId("request-1"))

    assert store.store_requests([request_at()], stored_at=STORED_AT) == []
    assert store.load_request(RequestId("request-1")).record == request_at()


def test_a_duplicate_record_does_not_erase_a_revision(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)
    store.write_revision(RequestId("request-1"), revision=1, summary=summary_of(2))

    store.store_requests([request_at()], stored_at=LATER)

    state = store.load_request(RequestId("request-1"))
    assert (state.revision, state.summary) == (1, summary_of(2))


def test_a_record_that_comes_twice_in_one_batch_is_stored_once(store: FactStore) -> None:
    store.store_requests([request_at(), request_at()], stored_at=STORED_AT)

    assert list(store.requests_between(NOON, NOON, limit=10)) == [request_at()]


def test_many_records_of_one_batch_are_all_stored(store: FactStore) -> None:
    records = [request_at(NOON + timedelta(seconds=n), request_id=f"request-{n}") for n in range(40)]

    store.store_requests(records, stored_at=STORED_AT)

    assert list(store.requests_between(NOON, NOON + timedelta(minutes=1), limit=100)) == records


def test_a_record_without_a_duration_keeps_it_unknown(store: FactStore) -> None:
    record = replace(request_at(), duration_ms=None)
    store.store_requests([record], stored_at=STORED_AT)

    assert store.load_request(record.request_id).record == record


def test_an_untagged_invocation_is_pending_once_stored(store: FactStore) -> None:
    store.store_unlinked([call_at()], stored_at=STORED_AT)

    assert store.load_unlinked(call_at().invocation_id) == pending(call_at())


def test_an_unknown_untagged_invocation_is_none(store: FactStore) -> None:
    assert store.load_unlinked(call_at().invocation_id) is None


def test_the_first_stored_invocation_stays(store: FactStore) -> None:
    store.store_unlinked([call_at()], stored_at=STORED_AT)
    store.store_unlinked([call_at(latency_ms=9)], stored_at=LATER)

    assert store.load_unlinked(call_at().invocation_id) == pending(call_at())


def test_a_duplicate_invocation_does_not_erase_its_decision(store: FactStore) -> None:
    store.store_unlinked([call_at()], stored_at=STORED_AT)
    store.decide(pending(call_at()), link_to())

    store.store_unlinked([call_at()], stored_at=LATER)

    unlinked = store.load_unlinked(call_at().invocation_id)
    assert unlinked == replace(pending(call_at()), decision=link_to())


def test_linked_invocations_are_loaded_with_their_request(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)
    store.store_linked([linked_call("call-2"), linked_call("call-1"), linked_call("other", request_id="request-2")])

    state = store.load_request(RequestId("request-1"))
    assert state.record == request_at()
    assert state.invocations == (linked_call("call-1"), linked_call("call-2"))


def test_linked_invocations_are_kept_before_the_record_comes(store: FactStore) -> None:
    store.store_linked([linked_call("call-1")])

    state = store.load_request(RequestId("request-1"))
    assert state.record is None
    assert state.invocations == (linked_call("call-1"),)


def test_more_linked_invocations_than_one_batch_takes_are_all_stored_once(store: FactStore) -> None:
    linked = [linked_call(f"call-{n:03}") for n in range(63)]

    store.store_linked([*linked, *reversed(linked)])
    store.store_linked(linked[:5])

    assert store.load_request(RequestId("request-1")).invocations == tuple(linked)


def test_nothing_to_store_is_no_error(store: FactStore) -> None:
    store.store_requests([], stored_at=STORED_AT)
    store.store_unlinked([], stored_at=STORED_AT)
    store.store_linked([])

    assert store.requests_between(STORED_AT - timedelta(days=1), STORED_AT + timedelta(days=1), limit=1) == []
