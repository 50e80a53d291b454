"""A deployed table's index can change: what lay in it before is found, and another one can be made beside it."""

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.dynamodb.items import BY_TIME_INDEX, request_key, request_times
from request_lens.domain.facts import Request
from tests.support.request_table import TABLE_NAME
from tests.support.stored_facts import NOON, STORED_AT, call_at, pending, request_at

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FIRST, LAST = NOON, NOON + timedelta(hours=2)

RECORDS = [request_at(NOON + timedelta(minutes=n), request_id=f"request-{n:03}") for n in range(120)]
BEFORE, SINCE = RECORDS[:70], RECORDS[70:]
"""Requests that an earlier version stored, until ten minutes past one o'clock, and those stored since."""


def _store_as_before(store: DynamoFactStore, client: "DynamoDBClient", records: list[Request]) -> None:
    """Store requests as until 0.1.0: one partition of the index held all of an hour."""
    store.store_requests(records, stored_at=STORED_AT)
    for record in records:
        client.update_item(
            TableName=TABLE_NAME,
            Key={name: {"S": str(value)} for name, value in request_key(record.request_id).items()},
            UpdateExpression="SET by_time_pk = :hour",
            ExpressionAttributeValues={":hour": {"S": f"requests#{record.started_at:%Y-%m-%dT%H}"}},
        )


def test_requests_stored_before_the_hours_were_shared_are_listed_with_those_stored_since(
    dynamo_store: DynamoFactStore, dynamo_client: "DynamoDBClient"
) -> None:
    _store_as_before(dynamo_store, dynamo_client, BEFORE)
    dynamo_store.store_requests(SINCE, stored_at=STORED_AT)

    assert {str(request_times(record)["by_time_pk"]).count("#") for record in BEFORE} == {1, 2}
    assert list(dynamo_store.requests_between(FIRST, LAST, limit=500)) == RECORDS
    assert list(dynamo_store.requests_between(FIRST, LAST, limit=75)) == RECORDS[:75]
    assert list(dynamo_store.iter_requests(FIRST, LAST)) == RECORDS
    assert list(dynamo_store.newest_requests(FIRST, LAST, limit=61)) == RECORDS[-61:]
    assert dynamo_store.count_requests(FIRST, LAST, limit=500) == len(RECORDS)


def test_a_request_stored_before_the_hours_were_shared_stays_where_it_is_when_it_comes_again(
    dynamo_store: DynamoFactStore, dynamo_client: "DynamoDBClient"
) -> None:
    _store_as_before(dynamo_store, dynamo_client, BEFORE)

    assert list(dynamo_store.store_requests(BEFORE, stored_at=STORED_AT)) == []
    assert list(dynamo_store.requests_between(FIRST, LAST, limit=500)) == BEFORE


def test_an_index_that_is_made_beside_the_old_one_holds_what_was_stored_before(
    dynamo_store: DynamoFactStore, dynamo_client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    dynamo_store.store_requests(BEFORE, stored_at=STORED_AT)
    dynamo_store.store_unlinked([call_at()], stored_at=STORED_AT)

    _change_index(dynamo_client, {"Create": _like_the_old_one(dynamo_client, name="by_time_2")})
    dynamo_store.store_requests(SINCE, stored_at=STORED_AT)  # the earlier version still runs
    assert list(dynamo_store.requests_between(FIRST, LAST, limit=500)) == RECORDS
    monkeypatch.setattr("request_lens.adapters.dynamodb.time_index.BY_TIME_INDEX", "by_time_2")
    assert list(dynamo_store.requests_between(FIRST, LAST, limit=500)) == RECORDS
    _change_index(dynamo_client, {"Delete": {"IndexName": BY_TIME_INDEX}})

    assert list(dynamo_store.requests_between(FIRST, LAST, limit=500)) == RECORDS
    assert list(dynamo_store.unlinked_between(NOON, NOON, limit=10)) == [pending(call_at())]


def _like_the_old_one(client: "DynamoDBClient", *, name: str) -> dict[str, object]:
    (index,) = client.describe_table(TableName=TABLE_NAME)["Table"]["GlobalSecondaryIndexes"]
    return {"IndexName": name, "KeySchema": index["KeySchema"], "Projection": index["Projection"]}


def _change_index(client: "DynamoDBClient", change: dict[str, object]) -> None:
    keys = client.describe_table(TableName=TABLE_NAME)["Table"]["AttributeDefinitions"]
    client.update_table(TableName=TABLE_NAME, AttributeDefinitions=keys, GlobalSecondaryIndexUpdates=[change])  # type: ignore[list-item]
