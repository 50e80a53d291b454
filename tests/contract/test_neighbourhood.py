"""The contract of reading facts by time, over both fact stores."""

from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.ports import FactStore
from tests.support.stored_facts import NOON, STORED_AT, call_at, link_to, pending, request_at

MILLISECOND = timedelta(milliseconds=1)


def _minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def test_requests_come_by_start_then_id_across_hours(store: FactStore) -> None:
    records = [
        request_at(_minutes(-61), request_id="z"),
        request_at(_minutes(-1), request_id="y"),
        request_at(_minutes(0), request_id="a"),
        request_at(_minutes(0), request_id="b"),
        request_at(_minutes(75), request_id="x"),
    ]
    store.store_requests(list(reversed(records)), stored_at=STORED_AT)

    assert list(store.requests_between(_minutes(-61), _minutes(75), limit=100)) == records


def test_the_bounds_of_the_span_belong_to_it_and_nothing_beyond(store: FactStore) -> None:
    first, last = NOON + 3 * MILLISECOND, NOON + 7 * MILLISECOND
    records = [request_at(NOON + n * MILLISECOND, request_id=f"request-{n}") for n in (2, 3, 7, 8)]
    store.store_requests(records, stored_at=STORED_AT)

    assert list(store.requests_between(first, last, limit=10)) == records[1:3]
    assert list(store.requests_between(first + timedelta(microseconds=1), last, limit=10)) == records[2:3]


def test_an_empty_or_reversed_span_holds_nothing(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)

    assert list(store.requests_between(_minutes(5), _minutes(6), limit=10)) == []
    assert list(store.requests_between(_minutes(1), _minutes(-1), limit=10)) == []


def test_the_limit_keeps_the_earliest_of_all_hours(store: FactStore) -> None:
    records = [request_at(_minutes(20 * n), request_id=f"request-{n}") for n in range(9)]
    store.store_requests(records, stored_at=STORED_AT)

    assert list(store.requests_between(_minutes(0), _minutes(300), limit=5)) == records[:5]
    assert list(store.requests_between(_minutes(0), _minutes(300), limit=3)) == records[:3]


def test_the_doctors_own_request_is_stored_and_in_no_list(store: FactStore) -> None:
    record = request_at(request_id="request-lens-doctor-1")
    store.store_requests([record], stored_at=STORED_AT)

    assert store.load_request(record.request_id).record == record
    assert list(store.requests_between(_minutes(-60), _minutes(60), limit=10)) == []


def test_an_orphan_without_a_record_is_not_listed(store: FactStore) -> None:
    store.mark_orphaned(request_at().request_id)

    assert list(store.requests_between(_minutes(-60), _minutes(60), limit=10)) == []


def test_untagged_invocations_come_with_their_decisions(store: FactStore) -> None:
    calls = [call_at(_minutes(n), invocation_id=f"call-{n}") for n in (-1, 0, 1)]
    store.store_unlinked(list(reversed(calls)), stored_at=STORED_AT)
    ambiguous = Unattributed(reason=Reason.AMBIGUOUS, candidates=2)
    store.decide(pending(calls[0]), link_to())
    store.decide(pending(calls[2]), ambiguous)

    assert list(store.unlinked_between(_minutes(-1), _minutes(1), limit=10)) == [
        replace(pending(calls[0]), decision=link_to()),
        pending(calls[1]),
        replace(pending(calls[2]), decision=ambiguous),
    ]


def test_the_limit_keeps_the_earliest_untagged_invocations(store: FactStore) -> None:
    calls = [call_at(_minutes(40 * n), invocation_id=f"call-{n}") for n in range(5)]
    store.store_unlinked(calls, stored_at=STORED_AT)

    unlinked = store.unlinked_between(_minutes(0), _minutes(300), limit=2)
    assert [call.invocation for call in unlinked] == calls[:2]


def test_requests_and_untagged_invocations_do_not_mix(store: FactStore) -> None:
    store.store_requests([request_at()], stored_at=STORED_AT)
    store.store_unlinked([call_at()], stored_at=STORED_AT)

    assert list(store.requests_between(NOON, NOON, limit=10)) == [request_at()]
    assert list(store.unlinked_between(NOON, NOON, limit=10)) == [pending(call_at())]


def test_all_facts_of_a_span_are_iterated_in_order_across_pages_and_hours(store: FactStore) -> None:
    records = [request_at(_minutes(n), request_id=f"request-{n:03}") for n in range(130)]
    calls = [call_at(_minutes(n), invocation_id=f"call-{n:03}") for n in range(130)]
    store.store_requests(records[::-1], stored_at=STORED_AT)
    store.store_unlinked(calls[::-1], stored_at=STORED_AT)

    assert list(store.iter_requests(_minutes(1), _minutes(128))) == records[1:129]
    assert [call.invocation for call in store.iter_unlinked(_minutes(1), _minutes(128))] == calls[1:129]
    assert list(store.iter_requests(_minutes(200), _minutes(300))) == []
