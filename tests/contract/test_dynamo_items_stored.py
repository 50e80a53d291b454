"""What lies in the table: keys, states, expiry and size, as queries by hand find them."""

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING

import boto3
import pytest

from request_lens.adapters.dynamodb.attributes import PlainMap, from_item, to_item
from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.domain.facts import RequestId
from request_lens.domain.linking.link import Reason, Unattributed
from tests.support.request_table import TABLE_NAME, table_properties
from tests.support.stored_facts import (
    NOON,
    STORED_AT,
    call_at,
    link_to,
    linked_call,
    pending,
    rejected_line,
    request_at,
    summary_of,
)
from tests.support.under_test import REGION, RETENTION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

REAL_ID = "0f3c8a52-94d1-4c1e-9a41-6f4d0e3b7c55"
EXPIRES_AT = int((NOON + RETENTION).timestamp())


def _item(pk: str, sk: str) -> PlainMap:
    client = boto3.client("dynamodb", region_name=REGION)
    return from_item(client.get_item(TableName=TABLE_NAME, Key=to_item({"pk": pk, "sk": sk}))["Item"])


def _size_bytes(item: "Mapping[str, AttributeValueTypeDef]") -> int:
    """The item's size as DynamoDB counts it, within a few bytes: names, texts, digits, and what holds them together.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: "AttributeValueTypeDef") -> int:
    match value:
        case {"S": str(text)}:
            return len(text.encode())
        case {"N": str(digits)}:
            return (len(digits) + 1) // 2 + 2
        case {"L": list(elements)}:
            return 3 + sum(1 + _value_bytes(element) for element in elements)
        case {"M": dict(entries)}:
            return 3 + sum(1 for _ in entries) + _size_bytes(entries)
        case _:
            return 1


def test_a_request_lies_under_its_id_and_in_a_shard_of_its_hour(dynamo_store: DynamoFactStore) -> None:
    dynamo_store.store_requests([request_at(NOON + timedelta(milliseconds=7))], stored_at=STORED_AT)

    item = _item("request#request-1", "request")
    assert item["by_time_pk"] == "requests#2026-11-24T12#1"
    assert item["by_time_sk"] == "2026-11-24T12:00:00.007Z#request-1"
    assert item["stored_at"] == "2026-11-24T12:00:15.000Z"
    assert item["state"] == "pending"
    assert item["expires_at"] == EXPIRES_AT
    assert item["record"] == {
        "request_id": "request-1",
        "route": "POST /ask",
        "status": 200,
        "started_at": "2026-11-24T12:00:00.007Z",
        "duration_ms": 4711,
    }


def test_a_revision_settles_the_request(dynamo_store: DynamoFactStore) -> None:
    dynamo_store.store_requests([request_at()], stored_at=STORED_AT)
    dynamo_store.write_revision(RequestId("request-1"), revision=1, summary=summary_of())
    dynamo_store.store_requests([request_at()], stored_at=STORED_AT)

    assert _item("request#request-1", "request")["state"] == "settled"


def test_a_linked_invocation_lies_under_its_request(dynamo_store: DynamoFactStore) -> None:
    dynamo_store.store_linked([linked_call("call-1")])

    item = _item("request#request-1", "invocation#call-1")
    assert item["link"] == {"request_id": "request-1", "method": "window", "confidence": "inferred"}
    assert item["expires_at"] == EXPIRES_AT
    assert "by_time_pk" not in item


def test_an_untagged_invocation_lies_under_its_own_id_and_its_hour(dynamo_store: DynamoFactStore) -> None:
    dynamo_store.store_unlinked([call_at()], stored_at=STORED_AT)

    item = _item("invocation#call-1", "invocation")
    assert item["by_time_pk"] == "untagged#2026-11-24T12"
    assert item["by_time_sk"] == "2026-11-24T12:00:00.000Z#call-1"
    assert item["state"] == "pending"
    assert item["expires_at"] == EXPIRES_AT


def test_a_rejected_record_lies_under_its_event_and_the_hour_of_its_delivery(dynamo_store: DynamoFactStore) -> None:
    dynamo_store.store_rejected([rejected_line("event-1")], stored_at=STORED_AT)

    item = _item("rejected#event-1", "rejected")
    assert item["by_time_pk"] == "rejected#2026-11-24T12"
    assert item["by_time_sk"] == "2026-11-24T12:00:15.000Z#event-1"
    assert item["expires_at"] == int((STORED_AT + RETENTION).timestamp())


def test_the_state_follows_the_decision(dynamo_store: DynamoFactStore) -> None:
    never_seen = Unattributed(reason=Reason.REQUEST_NEVER_SEEN)

    dynamo_store.decide(pending(call_at()), never_seen)
    assert _item("invocation#call-1", "invocation")["state"] == "unattributed"

    dynamo_store.decide(pending(call_at()), link_to())
    assert _item("invocation#call-1", "invocation")["state"] == "linked"


def test_the_mark_of_an_orphan_expires_too(dynamo_store: DynamoFactStore) -> None:
    dynamo_store.mark_orphaned(RequestId("request-1"))

    assert _item("request#request-1", "request")["expires_at"] == EXPIRES_AT


@pytest.mark.parametrize("calls", [1, 2])
def test_a_typical_request_takes_less_than_a_kilobyte(dynamo_store: DynamoFactStore, calls: int) -> None:
    dynamo_store.store_requests([request_at(request_id=REAL_ID)], stored_at=STORED_AT)
    dynamo_store.write_revision(RequestId(REAL_ID), revision=1, summary=summary_of(calls))

    key = to_item({"pk": f"request#{REAL_ID}", "sk": "request"})
    item = boto3.client("dynamodb", region_name=REGION).get_item(TableName=TABLE_NAME, Key=key)["Item"]
    assert _size_bytes(item) < 1024


def test_the_table_expires_items_by_the_attribute_that_is_written() -> None:
    assert table_properties()["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
