"""The contract of looking at requests: the newest of a span, their number, and what is known of each."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.domain.facts import RequestId
from request_lens.domain.settling.runaway import Runaway
from tests.support.stored_facts import NOON, STORED_AT, linked_call, request_at, summary_of
from tests.support.under_test import LookedAt

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


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


MOST = 20


def _stored_calls(store: LookedAt, how_many: int) -> RequestId:
    request_id = request_at().request_id
    store.store_linked([linked_call(f"call-{n:03}", request_id=request_id) for n in range(how_many)])
    return request_id


@pytest.mark.parametrize("has_record", [True, False], ids=["with its record", "without"])
@pytest.mark.parametrize(
    ("how_many", "is_cut"), [(0, False), (MOST, False), (MOST + 1, True), (MOST + 2, True), (3 * MOST, True)]
)
def test_a_request_with_more_calls_than_are_to_be_read_comes_without_any_and_says_so(
    looked_at: LookedAt, how_many: int, *, is_cut: bool, has_record: bool
) -> None:
    request_id = _stored_calls(looked_at, how_many)
    if has_record:
        looked_at.store_requests([request_at()], stored_at=STORED_AT)
        looked_at.write_revision(request_id, revision=1, summary=summary_of(1))

    whole, (state,) = looked_at.load_request(request_id), looked_at.load_requests([request_id], most=MOST)

    assert len(whole.invocations) == how_many
    assert state == (replace(whole, invocations=(), is_cut=True) if is_cut else whole)


def test_no_more_of_a_request_s_partition_is_read_than_tells_that_its_calls_are_too_many(
    dynamo_store: DynamoFactStore, dynamo_client: "DynamoDBClient"
) -> None:
    """A page has up to 1 MB of items, and a request may have any number of pages."""
    request_id = _stored_calls(dynamo_store, 30 * MOST)
    dynamo_store.store_requests([request_at()], stored_at=STORED_AT)
    pages: list[int] = []
    dynamo_client.meta.events.register(
        "after-call.dynamodb.Query", lambda parsed, **_: pages.append(parsed["ScannedCount"])
    )

    (state,) = dynamo_store.load_requests([request_id], most=MOST)

    assert (state.record, state.is_cut, state.invocations) == (request_at(), True, ())
    assert pages == [MOST + 2]
