"""The connection to the table: conditional updates, batches, consistent reads and reads by time.

Everything that DynamoDB refuses or does not answer is StoreUnavailable, but for a condition that does not hold.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import batched
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

from botocore.exceptions import BotoCoreError, ClientError

from request_lens.adapters.dynamodb.attributes import Item, PlainMap, from_item, to_item
from request_lens.adapters.dynamodb.items import BY_TIME_INDEX
from request_lens.adapters.dynamodb.updates import Update
from request_lens.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import KeysAndAttributesTypeDef, WriteRequestTypeDef


PARALLEL = 8
"""Requests at a time: botocore keeps ten connections a client."""

_BATCH = 25
"""Items that one BatchWriteItem takes."""

_LOOK_UP_BATCH = 100
"""Keys that one BatchGetItem takes."""

_BACKOFF_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Waits before what DynamoDB left unprocessed is sent again; after the last one Lambda retries the whole batch."""


def in_parallel[Asked, Answer](ask: Callable[[Asked], Answer], several: Sequence[Asked]) -> list[Answer]:
    """The answers in their order, some asked for at a time; one alone needs no thread."""
    if len(several) <= 1:
        return [ask(each) for each in several]
    with ThreadPoolExecutor(min(PARALLEL, len(several))) as threads:
        return list(threads.map(ask, several))


class _QueryOptions(TypedDict, total=False):
    """What two Queries of a partition differ in."""

    ConsistentRead: bool
    ProjectionExpression: str
    ExpressionAttributeNames: Mapping[str, str]


class Span(NamedTuple):
    """A part of one index partition, bounds included."""

    partition: str
    first: str
    last: str


_IN_SPAN = "by_time_pk = :partition AND by_time_sk BETWEEN :first AND :last"


def _span_values(span: Span) -> Item:
    return to_item({f":{name}": value for name, value in span._asdict().items()})


class DynamoTable:
    """One table behind a boto3 client."""

    def __init__(self, client: "DynamoDBClient", *, name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep

    def update(self, update: Update) -> bool:
        """Whether the update's condition held, and with it the update. Raises: StoreUnavailable.

        False may also answer the client's own retry of an update that had succeeded: read again to know.
        """
        with _outages():
            try:
                self._client.update_item(
                    TableName=self._name,
                    Key=to_item(update.key),
                    UpdateExpression=update.expression,
                    ConditionExpression=update.condition,
                    ExpressionAttributeNames=update.names,
                    ExpressionAttributeValues=to_item(update.values),
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                return False
        return True

    def update_all(self, updates: Sequence[Update]) -> None:
        """Make these updates in any order, whether or not their conditions hold. Raises: StoreUnavailable."""
        in_parallel(self.update, updates)

    def put_all(self, items: Sequence[PlainMap]) -> None:
        """Write whole items, of equal keys one. Raises: StoreUnavailable."""
        distinct = {(item["pk"], item["sk"]): item for item in items}
        for batch in batched(distinct.values(), _BATCH, strict=False):
            self._put_batch([{"PutRequest": {"Item": to_item(item)}} for item in batch])

    def get(self, key: PlainMap) -> PlainMap | None:
        """The item with this key, strongly consistent; None if there is none. Raises: StoreUnavailable."""
        with _outages():
            answer = self._client.get_item(TableName=self._name, Key=to_item(key), ConsistentRead=True)
        return from_item(answer["Item"]) if "Item" in answer else None

    def partition(self, pk: str) -> list[PlainMap]:
        """All items of one partition by their sort key, strongly consistent. Raises: StoreUnavailable."""
        return self._items_of(pk, {"ConsistentRead": True})

    def outline(self, pk: str, *, attributes: Sequence[str]) -> list[PlainMap]:
        """These attributes of all items of one partition, eventually consistent. Raises: StoreUnavailable.

        A dot leads into a map: `summary.totals`.
        """
        projection = ", ".join("#" + each.replace(".", ".#") for each in attributes)
        names = {f"#{part}": part for each in attributes for part in each.split(".")}
        return self._items_of(pk, {"ProjectionExpression": projection, "ExpressionAttributeNames": names})

    def _items_of(self, pk: str, options: "_QueryOptions") -> list[PlainMap]:
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues=to_item({":pk": pk}),
            **options,
        )
        with _outages():
            return [from_item(item) for page in pages for item in page["Items"]]

    def listed(self, span: Span, *, limit: int, newest_first: bool = False) -> list[PlainMap]:
        """The first `limit` items of a span of the index, or the last, backwards. Raises: StoreUnavailable."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            IndexName=BY_TIME_INDEX,
            KeyConditionExpression=_IN_SPAN,
            ExpressionAttributeValues=_span_values(span),
            ScanIndexForward=not newest_first,
            PaginationConfig={"MaxItems": limit, "PageSize": limit},
        )
        with _outages():
            return [from_item(item) for page in pages for item in page["Items"]]

    def counted(self, span: Span, *, limit: int) -> int:
        """How many items a span of the index holds, or a number of at least `limit`. Raises: StoreUnavailable."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            IndexName=BY_TIME_INDEX,
            KeyConditionExpression=_IN_SPAN,
            ExpressionAttributeValues=_span_values(span),
            Select="COUNT",
        )
        count = 0
        with _outages():
            for page in pages:
                count += page["Count"]
                if count >= limit:
                    break
        return count

    def looked_up(self, keys: Sequence[PlainMap], *, attributes: Sequence[str]) -> list[PlainMap]:
        """These attributes of the items that there are with these keys, in any order. Raises: StoreUnavailable.

        Eventually consistent: half the price, for those who ask long after the writes.
        """
        distinct = {(key["pk"], key["sk"]): key for key in keys}
        names = {f"#{name}": name for name in attributes}
        found: list[PlainMap] = []
        for batch in batched(distinct.values(), _LOOK_UP_BATCH, strict=False):
            asked: KeysAndAttributesTypeDef = {
                "Keys": [to_item(key) for key in batch],
                "ProjectionExpression": ", ".join(names),
                "ExpressionAttributeNames": names,
            }
            found += self._look_up_batch(asked)
        return found

    def _look_up_batch(self, asked: "KeysAndAttributesTypeDef") -> list[PlainMap]:
        found, left = self._look_up(asked)
        for wait_s in _BACKOFF_S:
            if left is None:
                return found
            self._sleep(wait_s)
            more, left = self._look_up(left)
            found += more
        if left is not None:
            raise StoreUnavailable(f"DynamoDB left {len(left['Keys'])} keys unprocessed")
        return found

    def _look_up(self, asked: "KeysAndAttributesTypeDef") -> "tuple[list[PlainMap], KeysAndAttributesTypeDef | None]":
        """Read one batch; what was found, and what DynamoDB did not get to."""
        with _outages():
            answer = self._client.batch_get_item(RequestItems={self._name: asked})
        items = [from_item(item) for item in answer.get("Responses", {}).get(self._name, [])]
        left = answer.get("UnprocessedKeys", {}).get(self._name)
        return items, cast("KeysAndAttributesTypeDef | None", left)

    def _put_batch(self, requests: "Sequence[WriteRequestTypeDef]") -> None:
        left = self._unprocessed(requests)
        for wait_s in _BACKOFF_S:
            if not left:
                return
            self._sleep(wait_s)
            left = self._unprocessed(left)
        if left:
            raise StoreUnavailable(f"DynamoDB left {len(left)} items unprocessed")

    def _unprocessed(self, requests: "Sequence[WriteRequestTypeDef]") -> "Sequence[WriteRequestTypeDef]":
        """Send one batch; what DynamoDB did not get to."""
        with _outages():
            answer = self._client.batch_write_item(RequestItems={self._name: requests})
        left = answer.get("UnprocessedItems", {}).get(self._name, [])
        return cast("Sequence[WriteRequestTypeDef]", left)


@contextmanager
def _outages() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise StoreUnavailable(f"DynamoDB refused {error.operation_name}: {code}") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"DynamoDB did not answer: {type(error).__name__}") from error
