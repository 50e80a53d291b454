"""An outage of DynamoDB is StoreUnavailable: it never looks like "not found", "undecided" or "somebody was first"."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.dynamodb.table import DynamoTable
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.domain.settling.state import BEFORE_ALL
from request_lens.errors import StoreUnavailable
from request_lens.ports import FactStore
from tests.support.request_table import TABLE_NAME
from tests.support.stored_facts import NOON, STORED_AT, call_at, link_to, linked_call, pending, request_at, summary_of
from tests.support.under_test import REGION, RETENTION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

type Use = Callable[[FactStore], object]

USES: dict[str, Use] = {
    "store_requests": lambda store: store.store_requests([request_at()], stored_at=STORED_AT),
    "store_many_requests": lambda store: store.store_requests(
        [request_at(request_id="request-1"), request_at(request_id="request-2")], stored_at=STORED_AT
    ),
    "store_unlinked": lambda store: store.store_unlinked([call_at()], stored_at=STORED_AT),
    "store_linked": lambda store: store.store_linked([linked_call("call-1")]),
    "load_request": lambda store: store.load_request(request_at().request_id),
    "load_waiting": lambda store: store.load_waiting(request_at().request_id, most=8),
    "load_linked": lambda store: store.load_linked(request_at().request_id, after=BEFORE_ALL, limit=8),
    "write_revision": lambda store: store.write_revision(request_at().request_id, revision=1, summary=summary_of()),
    "mark_orphaned": lambda store: store.mark_orphaned(request_at().request_id),
    "mark_watched": lambda store: store.mark_watched(request_at().request_id, until=STORED_AT),
    "load_unlinked": lambda store: store.load_unlinked(call_at().invocation_id),
    "decide": lambda store: store.decide(pending(call_at()), link_to()),
    "requests_between": lambda store: store.requests_between(NOON, NOON, limit=1),
    "unlinked_between": lambda store: store.unlinked_between(NOON, NOON, limit=1),
    "find_unsettled": lambda store: store.find_unsettled([request_at().request_id]),
    "find_unrevised": lambda store: store.find_unrevised([linked_call("call-1")]),
    "find_uncounted": lambda store: store.find_uncounted([linked_call("call-1")]),
}


def _store(client: "DynamoDBClient", table_name: str) -> DynamoFactStore:
    clock = MemoryClock(moment=NOON)
    return DynamoFactStore(client, table_name=table_name, retention=RETENTION, clock=clock)


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_a_refusal_is_named_with_its_code(dynamo_client: "DynamoDBClient", use: Use) -> None:
    with pytest.raises(StoreUnavailable, match="ResourceNotFoundException") as raised:
        use(_store(dynamo_client, "no-such-table"))
    assert raised.value.__cause__ is not None


@pytest.mark.parametrize("use", USES.values(), ids=USES.keys())
def test_silence_is_an_outage_too(use: Use) -> None:
    client = boto3.client(
        "dynamodb",
        region_name=REGION,
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"max_attempts": 0}, connect_timeout=1),
    )
    with pytest.raises(StoreUnavailable, match="did not answer"):
        use(_store(client, TABLE_NAME))


class _Unprocessing:
    """Lets DynamoDB leave all items of a batch but the first unprocessed, so many times."""

    def __init__(self, client: "DynamoDBClient", *, times: int) -> None:
        self.left_times = times
        client.meta.events.register("provide-client-params.dynamodb.BatchWriteItem", self._ask_for_one)
        client.meta.events.register("after-call.dynamodb.BatchWriteItem", self._leave_the_others)
        self._others: dict[str, list[object]] = {}

    def _ask_for_one(self, params: dict[str, dict[str, list[object]]], **_: object) -> None:
        self._others = {}
        if self.left_times <= 0:
            return
        self.left_times -= 1
        asked = params["RequestItems"]
        self._others = {name: requests[1:] for name, requests in asked.items() if requests[1:]}
        params["RequestItems"] = {name: requests[:1] for name, requests in asked.items()}

    def _leave_the_others(self, parsed: dict[str, object], **_: object) -> None:
        parsed["UnprocessedItems"] = self._others


def _items(count: int) -> list[dict[str, str]]:
    return [{"pk": "request#1", "sk": f"invocation#{n:02}"} for n in range(count)]


def test_what_dynamodb_left_unprocessed_is_sent_again(dynamo_client: "DynamoDBClient") -> None:
    waits: list[float] = []
    table = DynamoTable(dynamo_client, name=TABLE_NAME, sleep=waits.append)
    _Unprocessing(dynamo_client, times=3)

    table.put_all(_items(10))

    assert [item["sk"] for item in table.query_partition("request#1")] == [item["sk"] for item in _items(10)]
    assert waits == sorted(waits)
    assert len(waits) == 3


def test_what_stays_unprocessed_is_an_outage(dynamo_client: "DynamoDBClient") -> None:
    table = DynamoTable(dynamo_client, name=TABLE_NAME, sleep=lambda _: None)
    _Unprocessing(dynamo_client, times=100)

    with pytest.raises(StoreUnavailable, match="4 items unprocessed"):
        table.put_all(_items(10))


class _UnprocessingKeys:
    """Lets DynamoDB look up no more than one key of a batch, so many times."""

    def __init__(self, client: "DynamoDBClient", *, times: int) -> None:
        self.left_times = times
        client.meta.events.register("provide-client-params.dynamodb.BatchGetItem", self._ask_for_one)
        client.meta.events.register("after-call.dynamodb.BatchGetItem", self._leave_the_others)
        self._others: dict[str, dict[str, object]] = {}

    def _ask_for_one(self, params: dict[str, dict[str, dict[str, list[object]]]], **_: object) -> None:
        self._others = {}
        if self.left_times <= 0:
            return
        self.left_times -= 1
        asked = params["RequestItems"]
        self._others = {name: {**keys, "Keys": keys["Keys"][1:]} for name, keys in asked.items() if keys["Keys"][1:]}
        params["RequestItems"] = {name: {**keys, "Keys": keys["Keys"][:1]} for name, keys in asked.items()}

    def _leave_the_others(self, parsed: dict[str, object], **_: object) -> None:
        parsed["UnprocessedKeys"] = self._others


def test_keys_that_dynamodb_left_unprocessed_are_asked_again(dynamo_client: "DynamoDBClient") -> None:
    waits: list[float] = []
    table = DynamoTable(dynamo_client, name=TABLE_NAME, sleep=waits.append)
    table.put_all(_items(10))
    _UnprocessingKeys(dynamo_client, times=3)

    items = table.batch_get(_items(10), attributes=["sk"])

    assert sorted(str(item["sk"]) for item in items) == [item["sk"] for item in _items(10)]
    assert len(waits) == 3


def test_keys_that_stay_unprocessed_are_an_outage_and_not_missing(dynamo_client: "DynamoDBClient") -> None:
    table = DynamoTable(dynamo_client, name=TABLE_NAME, sleep=lambda _: None)
    _UnprocessingKeys(dynamo_client, times=100)

    with pytest.raises(StoreUnavailable, match="4 items unprocessed"):
        table.batch_get(_items(10), attributes=["pk"])
