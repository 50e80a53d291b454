"""The contract of looking up in bulk what was left undone, over both fact stores."""

from dataclasses import replace

from request_lens.domain.facts import RequestId
from request_lens.ports import FactStore
from tests.support.stored_facts import STORED_AT, call_at, linked_call, request_at, summary_of

MANY = 230
"""More than one BatchGetItem takes, and not a multiple of it."""


def test_requests_without_a_revision_are_unsettled(store: FactStore) -> None:
    ids = [RequestId(f"request-{n}") for n in range(30)]
    store.store_requests([request_at(request_id=request_id) for request_id in ids], stored_at=STORED_AT)
    for request_id in ids[::2]:
        store.write_revision(request_id, revision=1, summary=summary_of())
    store.write_revision(ids[0], revision=2, summary=summary_of(3))

    assert list(store.find_unsettled(ids)) == ids[1::2]


def test_a_request_with_more_calls_than_its_last_revision_counts_is_unsettled(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)
    store.store_linked([linked_call(f"call-{n}") for n in range(2)])
    store.write_revision(request_at().request_id, revision=1, summary=summary_of(2))
    assert list(store.find_unsettled([request_at().request_id])) == []

    store.store_linked([linked_call("call-2")])
    assert list(store.find_unsettled([request_at().request_id])) == [request_at().request_id]

    store.write_revision(request_at().request_id, revision=2, summary=summary_of(3))
    assert list(store.find_unsettled([request_at().request_id])) == []


def test_an_unknown_request_and_an_orphan_are_unsettled(store: FactStore) -> None:
    store.mark_orphaned(RequestId("orphan"))

    assert list(store.find_unsettled([RequestId("unknown"), RequestId("orphan")])) == ["unknown", "orphan"]


def test_a_request_that_is_asked_for_twice_is_told_once(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)

    assert list(store.find_unsettled([request_at().request_id] * 2)) == [request_at().request_id]


def test_nothing_is_missing_of_nothing(store: FactStore) -> None:
    assert list(store.find_unsettled([])) == []
    assert list(store.find_uncounted([])) == []


def test_calls_without_a_copy_are_those_that_are_not_under_their_request(store: FactStore) -> None:
    calls = [linked_call(f"call-{n}", request_id=f"request-{n % 7}") for n in range(MANY)]
    store.store_linked(calls[::3])

    assert list(store.find_uncounted(calls)) == [call for place, call in enumerate(calls) if place % 3]


def test_a_copy_under_another_request_is_none(store: FactStore) -> None:
    store.store_linked([linked_call("call-1", request_id="request-1")])
    elsewhere = linked_call("call-1", request_id="request-2")

    assert list(store.find_uncounted([elsewhere])) == [elsewhere]


def test_an_item_of_its_own_is_no_copy(store: FactStore) -> None:
    store.store_unlinked([call_at(invocation_id="call-1")], stored_at=STORED_AT)
    linked = replace(linked_call("call-1"), invocation=call_at(invocation_id="call-1"))

    assert list(store.find_uncounted([linked])) == [linked]


def test_calls_that_are_not_under_their_request_want_a_revision_of_it(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)
    store.write_revision(request_at().request_id, revision=1, summary=summary_of(1))
    store.store_linked([linked_call("call-1")])
    calls = [linked_call("call-1"), linked_call("call-2")]

    assert store.find_unrevised(calls) == ([calls[1]], {request_at().request_id})


def test_calls_that_the_last_revision_does_not_count_want_another(store: FactStore) -> None:
    counted, waiting = RequestId("request-1"), RequestId("request-2")
    calls = [
        linked_call(f"call-{n}", request_id=request_id) for n, request_id in enumerate((counted, waiting, waiting))
    ]
    store.store_linked(calls)
    store.store_requests([request_at(request_id=each) for each in (counted, waiting)], stored_at=STORED_AT)
    for each in (counted, waiting):
        store.write_revision(each, revision=1, summary=summary_of(1))

    assert store.find_unrevised(calls) == ([], {waiting})


def test_calls_want_a_revision_of_a_request_without_one(store: FactStore) -> None:
    store.store_linked([linked_call("call-1", request_id="unknown")])

    assert store.find_unrevised([linked_call("call-1", request_id="unknown")]) == ([], {"unknown"})
    assert store.find_unrevised([]) == ([], set())
