"""The connection to the table: conditional updates, batches, and reads by key.

Everything that DynamoDB refuses or does not answer is StoreUnavailable, but for a condition that does not hold.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import batched, islice
from typing import TYPE_CHECKING, NamedTuple, TypedDict, cast

from botocore.exceptions import BotoCoreError, ClientError

from request_lens.adapters.dynamodb.attributes import Item, PlainMap, from_item, to_item
from request_lens.adapters.dynamodb.updates import Update
from request_lens.errors import StoreUnavailable

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import KeysAndAttributesTypeDef, WriteRequestTypeDef


MAX_PARALLEL = 8
"""Requests at a time: botocore keeps ten connections a client."""

_MAX_PUTS = 25
"""Items that one BatchWriteItem takes."""

_MAX_GETS = 100
"""Keys that one BatchGetItem takes."""

_BACKOFF_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Waits before what DynamoDB left unprocessed is sent again; after the last one Lambda retries the whole batch."""


def in_parallel[Key, Result](query: Callable[[Key], Result], keys: Sequence[Key]) -> list[Result]:
    """The results in the order of the keys, up to MAX_PARALLEL queried at a time; one alone needs no thread."""
    if len(keys) <= 1:
        return [query(key) for key in keys]
    with ThreadPoolExecutor(min(MAX_PARALLEL, len(keys))) as threads:
        return list(threads.map(query, keys))


class _QueryOptions(TypedDict, total=False):
    """What two Queries of a partition differ in."""

    ConsistentRead: bool
    ScanIndexForward: bool
    ProjectionExpression: str
    ExpressionAttributeNames: Mapping[str, str]


class _Condition(TypedDict, total=False):
    """What an update is made on condition of, if anything."""

    ConditionExpression: str


class _Tried(NamedTuple):
    """Whether an update was made, and the item as it stands then, if it was asked for."""

    made: bool
    item: PlainMap


class DynamoTable:
    """One table behind a boto3 client."""

    def __init__(self, client: "DynamoDBClient", *, name: str, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._name = name
        self._sleep = sleep

    def update(self, update: Update) -> bool:
        """Make the update if its condition holds; False if it does not. Raises: StoreUnavailable.

        False may also answer the client's own retry of an update that had succeeded: read again to know.
        """
        return self._try_update(update).made

    def update_or_find(self, updates: Sequence[Update]) -> Sequence[PlainMap | None]:
        """Make these updates in any order; of each whose condition does not hold, the item as it stands, else None.

        That item may be what the client's own retry of an update finds. Raises: StoreUnavailable.
        """
        return [None if tried.made else tried.item for tried in self._try_all(updates)]

    def update_and_read(self, updates: Sequence[Update]) -> Sequence[PlainMap]:
        """Make these updates in any order; of each the item as it stands then, whether or not its condition held.

        Raises: StoreUnavailable.
        """
        return [tried.item for tried in self._try_all(updates)]

    def _try_all(self, updates: Sequence[Update]) -> Sequence[_Tried]:
        return in_parallel(partial(self._try_update, reads=True), updates)

    def _try_update(self, update: Update, *, reads: bool = False) -> _Tried:
        """Make the update if its condition holds; the item as it stands then is told where it is asked for."""
        condition: _Condition = {"ConditionExpression": update.condition} if update.condition else {}
        with outages():
            try:
                response = self._client.update_item(
                    TableName=self._name,
                    Key=to_item(update.key),
                    UpdateExpression=update.expression,
                    ExpressionAttributeNames=update.names,
                    ExpressionAttributeValues=to_item(update.values),
                    ReturnValues="ALL_NEW" if reads else "NONE",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD" if reads else "NONE",
                    **condition,
                )
            except self._client.exceptions.ConditionalCheckFailedException as error:
                return _Tried(made=False, item=from_item(cast("Item", error.response.get("Item", {}))))
        return _Tried(made=True, item=from_item(response.get("Attributes", {})))

    def update_all(self, updates: Sequence[Update]) -> None:
        """Make these updates in any order, whether or not their conditions hold. Raises: StoreUnavailable."""
        in_parallel(self.update, updates)

    def put_all(self, items: Sequence[PlainMap]) -> None:
        """Write whole items; of those with one key, the last. Raises: StoreUnavailable."""
        distinct = {(item["pk"], item["sk"]): item for item in items}
        for batch in batched(distinct.values(), _MAX_PUTS, strict=False):
            requests: Sequence[WriteRequestTypeDef] = [{"PutRequest": {"Item": to_item(item)}} for item in batch]
            self._send_until_processed(self._write_batch, requests)

    def _write_batch(self, requests: "Sequence[WriteRequestTypeDef]") -> "Sequence[WriteRequestTypeDef]":
        """Send one batch; the requests that DynamoDB left unprocessed."""
        with outages():
            response = self._client.batch_write_item(RequestItems={self._name: requests})
        return cast("Sequence[WriteRequestTypeDef]", response.get("UnprocessedItems", {}).get(self._name, []))

    def get(self, key: PlainMap) -> PlainMap | None:
        """The item with this key, strongly consistent; None if there is none. Raises: StoreUnavailable."""
        with outages():
            response = self._client.get_item(TableName=self._name, Key=to_item(key), ConsistentRead=True)
        return from_item(response["Item"]) if "Item" in response else None

    def batch_get(
        self, keys: Sequence[PlainMap], *, attributes: Sequence[str], is_consistent: bool = False
    ) -> list[PlainMap]:
        """These attributes of the items that there are with these keys, in any order. Raises: StoreUnavailable.

        Eventually consistent, at half the price, for readers that come long after the writes; others say so.
        """
        distinct = {(key["pk"], key["sk"]): to_item(key) for key in keys}
        names = {f"#{name}": name for name in attributes}
        items: list[PlainMap] = []

        def read_batch(batch: Sequence[Item]) -> Sequence[Item]:
            """Read one batch into `items`; the keys that DynamoDB left unprocessed."""
            request: KeysAndAttributesTypeDef = {
                "Keys": batch,
                "ProjectionExpression": ", ".join(names),
                "ExpressionAttributeNames": names,
                "ConsistentRead": is_consistent,
            }
            with outages():
                response = self._client.batch_get_item(RequestItems={self._name: request})
            items.extend(from_item(item) for item in response.get("Responses", {}).get(self._name, []))
            left = response.get("UnprocessedKeys", {}).get(self._name)
            return cast("Sequence[Item]", left["Keys"]) if left is not None else []

        for batch in batched(distinct.values(), _MAX_GETS, strict=False):
            self._send_until_processed(read_batch, batch)
        return items

    def _send_until_processed[Entry](
        self, send: Callable[[Sequence[Entry]], Sequence[Entry]], batch: Sequence[Entry]
    ) -> None:
        """Send a batch, and after a wait again what `send` returns as left of it. Raises: StoreUnavailable."""
        left = send(batch)
        for wait_s in _BACKOFF_S:
            if not left:
                return
            self._sleep(wait_s)
            left = send(left)
        if left:
            raise StoreUnavailable(f"DynamoDB left {len(left)} items unprocessed")

    def query_partition(
        self, pk: str, *, begins: str = "", limit: int | None = None, is_consistent: bool = True
    ) -> list[PlainMap]:
        """The items of one partition, or those whose sort key begins so, by that key, strongly consistent unless told.

        With a `limit` the first so many of them. Raises: StoreUnavailable.
        """
        return self._query(pk, {"ConsistentRead": is_consistent}, begins=begins, limit=limit)

    def query_range(self, pk: str, first: str, last: str, *, limit: int | None = None) -> list[PlainMap]:
        """The items of one partition whose sort keys lie in [first, last], by that key, strongly consistent.

        With a `limit` the first so many of them. Raises: StoreUnavailable.
        """
        return self._query(pk, {"ConsistentRead": True}, within=(first, last), limit=limit)

    def query_last(self, pk: str, *, limit: int) -> list[PlainMap]:
        """The last `limit` items of one partition, by sort key, strongly consistent. Raises: StoreUnavailable."""
        return self._query(pk, {"ConsistentRead": True, "ScanIndexForward": False}, limit=limit)[::-1]

    def query_projection(self, pk: str, *, attributes: Sequence[str]) -> list[PlainMap]:
        """These attributes of all items of one partition, eventually consistent. Raises: StoreUnavailable.

        A dot leads into a map: `summary.totals`.
        """
        projection = ", ".join("#" + path.replace(".", ".#") for path in attributes)
        names = {f"#{name}": name for path in attributes for name in path.split(".")}
        return self._query(pk, {"ProjectionExpression": projection, "ExpressionAttributeNames": names})

    def _query(
        self,
        pk: str,
        options: _QueryOptions,
        *,
        begins: str = "",
        within: tuple[str, str] | None = None,
        limit: int | None = None,
    ) -> list[PlainMap]:
        condition, values = "pk = :pk", {":pk": pk}
        if begins:
            condition, values[":begins"] = f"{condition} AND begins_with(sk, :begins)", begins
        if within is not None:
            condition, (values[":first"], values[":last"]) = f"{condition} AND sk BETWEEN :first AND :last", within
        pages = self._client.get_paginator("query").paginate(
            TableName=self._name,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=to_item(values),
            PaginationConfig={} if limit is None else {"PageSize": limit},
            **options,
        )
        with outages():
            return [from_item(item) for item in islice((item for page in pages for item in page["Items"]), limit)]


@contextmanager
def outages() -> Iterator[None]:
    """Turns what botocore raises inside it into StoreUnavailable."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "unknown")
        raise StoreUnavailable(f"DynamoDB refused {error.operation_name}: {code}") from error
    except BotoCoreError as error:
        raise StoreUnavailable(f"DynamoDB did not answer: {type(error).__name__}") from error
