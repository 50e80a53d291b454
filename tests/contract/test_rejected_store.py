"""The contract of keeping what was set aside, over both fact stores."""

from datetime import timedelta

from request_lens.domain.log_record import Rejected, RejectedReason, StoredRejected
from request_lens.ports import FactStore
from tests.support.stored_facts import NOON, STORED_AT, rejected_line
from tests.support.under_test import StoreUnderTest

LATER = STORED_AT + timedelta(hours=3)
TOO_OLD = Rejected(reason=RejectedReason.TOO_OLD, detail="request r1 of 2026-01-01T00:00:00+00:00")


def test_a_rejected_record_is_kept_with_all_that_identifies_it(store: FactStore) -> None:
    store.store_rejected([rejected_line()], stored_at=STORED_AT)

    assert store.rejected_between(NOON, LATER, limit=10) == [
        StoredRejected(record=rejected_line(), stored_at=STORED_AT)
    ]


def test_a_fact_that_is_out_of_bounds_has_neither_size_nor_hash(store: FactStore) -> None:
    store.store_rejected([TOO_OLD], stored_at=STORED_AT)

    assert [stored.record for stored in store.rejected_between(NOON, LATER, limit=10)] == [TOO_OLD]


def test_one_that_is_delivered_again_is_still_one_of_the_later_time(store: FactStore) -> None:
    store.store_rejected([rejected_line(), rejected_line()], stored_at=STORED_AT)
    store.store_rejected([rejected_line()], stored_at=LATER)

    stored = store.rejected_between(NOON, LATER, limit=10)
    assert stored == [StoredRejected(record=rejected_line(), stored_at=LATER)]


def test_they_are_listed_by_time_and_key_over_the_hours_and_up_to_a_limit(store: FactStore) -> None:
    lines = [rejected_line(f"event-{n:02}") for n in range(30)]
    store.store_rejected(lines[20:], stored_at=LATER)
    store.store_rejected([*reversed(lines[:20])], stored_at=STORED_AT)

    assert [stored.record for stored in store.rejected_between(STORED_AT, LATER, limit=25)] == lines[:25]
    assert [stored.record for stored in store.rejected_between(LATER, LATER, limit=25)] == lines[20:]


def test_nothing_to_keep_is_no_error(store: FactStore) -> None:
    store.store_rejected([], stored_at=STORED_AT)

    assert store.rejected_between(NOON, LATER, limit=10) == []


def test_keeping_tells_the_stream_nothing_and_touches_no_fact(tested: StoreUnderTest) -> None:
    store = tested.store
    store.store_rejected([rejected_line()], stored_at=STORED_AT)

    assert tested.changes() == []
    assert store.requests_between(NOON, LATER, limit=10) == []
    assert store.unlinked_between(NOON, LATER, limit=10) == []
