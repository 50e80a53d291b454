"""The contract of looking at requests: the newest of a span, their number, and what is known of each."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from request_lens.domain.facts import RequestId
from request_lens.domain.settling.runaway import Runaway
from tests.support.stored_facts import NOON, STORED_AT, linked_call, request_at, summary_of
from tests.support.under_test import LookedAt


def _minutes(number: float) -> datetime:
    return NOON + timedelta(minutes=number)


def test_the_newest_of_all_hours_come_in_order_of_their_start(looked_at: LookedAt) -> None:
    records = [request_at(_minutes(20 * n), request_id=f"request-{n}") for n in range(12)]
    looked_at.store_requests(records, stored_at=STORED_AT)

    assert list(looked_at.newest_requests(_minutes(0), _minutes(500), limit=5)) == records[-5:]
    assert list(looked_at.newest_requests(_minutes(0), _minutes(100), limit=2)) == records[4:6]
    assert list(looked_at.newest_requests(_minutes(0), _minutes(500), limit=100)) == records


@pytest.mark.parametrize(("limit", "count"), [(100, 12), (12, 12), (7, 7)])
def test_requests_are_counted_up_to_a_limit(looked_at: LookedAt, limit: int, count: int) -> None:
    records = [request_at(_minutes(20 * n), request_id=f"request-{n}") for n in range(12)]
    looked_at.store_requests(records, stored_at=STORED_AT)

    assert looked_at.count_requests(_minutes(0), _minutes(500), limit=limit) == count
    assert looked_at.count_requests(_minutes(-90), _minutes(-1), limit=limit) == 0


def test_the_heads_of_more_requests_than_a_batch_come_in_the_order_asked_for(looked_at: LookedAt) -> None:
    records = [request_at(_minutes(n), request_id=f"request-{n}") for n in range(130)]
    looked_at.store_requests(records, stored_at=STORED_AT)
    looked_at.store_linked([linked_call("call-1", request_id="request-7")])
    looked_at.write_revision(RequestId("request-7"), revision=1, summary=summary_of(1))
    ids = [record.request_id for record in reversed(records)]

    heads = looked_at.load_heads(ids)

    assert [head.record for head in heads] == records[::-1]
    assert {head.request_id: head.summary for head in heads if head.revision} == {"request-7": summary_of(1)}
    assert all(head.invocations == () for head in heads)


def test_whole_requests_come_with_their_invocations(looked_at: LookedAt) -> None:
    looked_at.store_requests([request_at()], stored_at=STORED_AT)
    looked_at.store_linked([linked_call("call-1"), linked_call("call-2")])

    stored, unknown = looked_at.load_requests([request_at().request_id, RequestId("unknown")])

    assert (stored.record, stored.invocations) == (request_at(), (linked_call("call-1"), linked_call("call-2")))
    assert (unknown.record, unknown.invocations) == (None, ())


def test_an_unknown_request_has_an_empty_head(looked_at: LookedAt) -> None:
    (head,) = looked_at.load_heads([RequestId("unknown")])

    assert (head.request_id, head.record, head.revision) == ("unknown", None, 0)


def test_a_head_is_the_whole_request_without_its_invocations(looked_at: LookedAt) -> None:
    ids = [RequestId(name) for name in ("pending", "settled", "runaway", "flagged early", "orphaned", "unknown")]
    runaway = Runaway(llm_calls=51, estimated_cost_usd=Decimal("1.25"), unpriced_calls=2)
    recorded = [request_at(request_id=request_id) for request_id in ids[:3]]
    looked_at.store_requests(recorded, stored_at=STORED_AT)
    looked_at.store_linked([linked_call(f"call of {request_id}", request_id=request_id) for request_id in ids[:-1]])
    for request_id in ids[1:3]:
        looked_at.write_revision(request_id, revision=1, summary=summary_of(1))
    for request_id in ids[2:4]:
        looked_at.flag_runaway(request_id, runaway)
    looked_at.mark_orphaned(ids[4])

    heads, whole = looked_at.load_heads(ids), looked_at.load_requests(ids)

    assert list(heads) == [replace(state, invocations=()) for state in whole]
    assert looked_at.load_heads(ids, is_consistent=True) == heads
    assert [head.runaway for head in heads] == [None, None, runaway, runaway, None, None]
    assert [head.orphaned for head in heads] == [False, False, False, False, True, False]
