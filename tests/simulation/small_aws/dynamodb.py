"""A small DynamoDB: one table behind the methods of a boto3 client that the adapters call.

Expressions are evaluated, batches may be done in part, a Query comes in pages, and what is not read consistently lags.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from itertools import islice
from types import SimpleNamespace
from typing import Any

import botocore.session
from botocore.exceptions import ClientError
from botocore.paginate import Paginator

from request_lens.adapters.memory.clock import MemoryClock
from tests.simulation.drawing.faults import Fault
from tests.simulation.small_aws.calls import Calls
from tests.simulation.small_aws.expressions import (
    ExpressionRefused,
    Item,
    Scope,
    assignments,
    check_placeholders,
    condition,
    partition_of,
    paths,
    projected,
    updated,
)
from tests.simulation.small_aws.items import Items, in_order, key_of
from tests.simulation.small_aws.table_schema import Index, request_table_schema

PAGES = (1, 2, 4, 10, 100, 100)
"""Items that a page of a Query holds; one size a schedule."""

MAX_PUTS, MAX_GETS = 25, 100

type Json = Mapping[str, Any]
"""Parameters of a call, or its answer."""


class ConditionalCheckFailed(ClientError):
    """The error that a client's `exceptions` name for a condition that does not hold."""


class SmallDynamo:
    """The client; `on_write` is told of every item that is another one after a write: the item before, and after."""

    exceptions = SimpleNamespace(ConditionalCheckFailedException=ConditionalCheckFailed)

    def __init__(
        self,
        calls: Calls,
        clock: MemoryClock,
        *,
        on_write: Callable[[Item | None, Item], None],
        items: Items | None = None,
    ) -> None:
        self.items = items or Items()
        self._calls = calls
        self._clock = clock
        self._on_write = on_write
        self._schema = request_table_schema()
        self._page = calls.step.faults.chance.choice(PAGES)

    def update_item(self, **asked: Any) -> Json:
        """See UpdateItem."""
        return self._calls.write("UpdateItem", lambda: self._update(asked))

    def get_item(self, **asked: Any) -> Json:
        """See GetItem."""
        key = key_of(asked["Key"], self._schema.table.keys)

        def found(items: Mapping[tuple[str, ...], Item]) -> Json:
            return {"Item": items[key]} if key in items else {}

        return self._calls.read("GetItem", lambda: self._read(found, consistent=asked.get("ConsistentRead", False)))

    def batch_write_item(self, **asked: Any) -> Json:
        """See BatchWriteItem."""
        ((table, requests),) = asked["RequestItems"].items()
        puts = [each["PutRequest"]["Item"] for each in requests]
        _check_batch([key_of(item, self._schema.table.keys) for item in puts], MAX_PUTS)

        def write() -> Json:
            left = self._calls.left_over(puts, self._put_all)
            return {"UnprocessedItems": {table: [{"PutRequest": {"Item": item}} for item in left]} if left else {}}

        return self._calls.write("BatchWriteItem", write)

    def batch_get_item(self, **asked: Any) -> Json:
        """See BatchGetItem."""
        ((table, request),) = asked["RequestItems"].items()
        _check_batch([key_of(key, self._schema.table.keys) for key in request["Keys"]], MAX_GETS)
        consistent = request.get("ConsistentRead", False)
        found: list[Item] = []

        def get(keys: Sequence[Item]) -> None:
            found.extend(self._read(lambda items: self._got(keys, request, items), consistent=consistent))

        def read() -> Json:
            left = self._calls.left_over(request["Keys"], get)
            answer = {"Responses": {table: self._calls.step.faults.chance.sample(found, len(found))}}
            return answer | {"UnprocessedKeys": {table: {**request, "Keys": left}} if left else {}}

        return self._calls.read("BatchGetItem", read)

    def query(self, **asked: Any) -> Json:
        """See Query."""
        consistent = asked.get("ConsistentRead", False)
        if consistent and "IndexName" in asked:
            raise ExpressionRefused("an index is never read consistently")
        return self._calls.read(
            "Query", lambda: self._read(lambda items: self._queried(asked, items.values()), consistent=consistent)
        )

    def get_paginator(self, operation: str) -> "Paginator[Any]":
        """Botocore's own, over `query`."""
        config, model = _paging(operation)
        return Paginator(getattr(self, operation), config, model)

    def _update(self, asked: Json) -> Json:
        names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
        conditions = [condition(asked["ConditionExpression"])] if "ConditionExpression" in asked else []
        assigned, for_update = assignments(asked["UpdateExpression"])
        check_placeholders(for_update.union(*(used for _, used in conditions)), names, values)
        before = self.items.standing.get(key_of(asked["Key"], self._schema.table.keys))
        if not all(holds(Scope(before or {}, names, values)) for holds, _ in conditions):
            wants_item = asked.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD" and before is not None
            error: Any = {
                "Error": {"Code": "ConditionalCheckFailedException"},
                **({"Item": before} if wants_item else {}),
            }
            raise ConditionalCheckFailed(error, "UpdateItem")
        new = updated(assigned, Scope(before or asked["Key"], names, values))
        if any(new[name] != value for name, value in asked["Key"].items()):
            raise ExpressionRefused("a key cannot be updated")
        self._put(new)
        return {"Attributes": new} if asked.get("ReturnValues") == "ALL_NEW" else {}

    def _put_all(self, items: Iterable[Item]) -> None:
        for item in items:
            self._put(item)

    def _put(self, item: Item) -> None:
        before = self.items.write(key_of(item, self._schema.table.keys), item, at=self._clock.now())
        if before != item:
            self._on_write(before, item)

    def _read[Answer](self, read: Callable[[Mapping[tuple[str, ...], Item]], Answer], *, consistent: bool) -> Answer:
        """What is read; where it may lag, and that makes a difference, it may be what was there some seconds ago."""
        answer, faults = read(self.items.standing), self._calls.step.faults
        if consistent or not self.items.recently_written:
            return answer
        behind = read(self.items.behind(self._clock.now(), faults.chance))
        return behind if behind != answer and faults.strike(Fault.INDEX_LAG) else answer

    def _got(self, keys: Sequence[Item], request: Json, items: Mapping[tuple[str, ...], Item]) -> list[Item]:
        found = (items.get(key_of(key, self._schema.table.keys)) for key in keys)
        return [_projected(item, request) for item in found if item is not None]

    def _queried(self, asked: Json, items: Iterable[Item]) -> Json:
        """One page of what the key condition selects."""
        table = self._schema.table
        index = self._schema.indexes[asked["IndexName"]] if "IndexName" in asked else table
        keys = (*index.keys, *(name for name in table.keys if name not in index.keys))
        backwards = not asked.get("ScanIndexForward", True)
        left = in_order(self._selected(asked, index, items), keys, backwards=backwards)
        if "ExclusiveStartKey" in asked:
            after = key_of(asked["ExclusiveStartKey"], keys)
            left = [each for each in left if (key_of(each, keys) < after if backwards else key_of(each, keys) > after)]
        size = min(self._page, asked.get("Limit", self._page))
        page = list(islice(left, size))
        answer: dict[str, Any] = {"Count": len(page), "ScannedCount": len(page)}
        if asked.get("Select") != "COUNT":
            answer["Items"] = [_projected(_held(item, index), asked) for item in page]
        if len(page) == size:  # whether or not more follow, as DynamoDB has it
            answer["LastEvaluatedKey"] = {name: page[-1][name] for name in keys}
        return answer

    def _selected(self, asked: Json, index: Index, items: Iterable[Item]) -> list[Item]:
        names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
        holds, used = condition(asked["KeyConditionExpression"])
        if "ProjectionExpression" in asked:
            used |= paths(asked["ProjectionExpression"])[1]
        check_placeholders(used, names, values)
        first, value = partition_of(asked["KeyConditionExpression"])
        first, value = names.get(first, first), values[value]
        return [
            item
            for item in items
            if item.get(first) == value
            and all(name in item for name in index.keys)
            and holds(Scope(item, names, values))
        ]


@cache
def _paging(operation: str) -> tuple[Any, Any]:
    """How botocore pages an operation, and the operation's model."""
    session = botocore.session.get_session()
    model = session.get_service_model("dynamodb").operation_model(operation.capitalize())
    return session.get_paginator_model("dynamodb").get_paginator(operation.capitalize()), model


def _held(item: Item, index: Index) -> Item:
    """The item as an index holds it."""
    if index.attributes is None:
        return item
    return {name: value for name, value in item.items() if name in index.attributes}


def _projected(item: Item, asked: Json) -> Item:
    if "ProjectionExpression" not in asked:
        return item
    return projected(
        paths(asked["ProjectionExpression"])[0], Scope(item, asked.get("ExpressionAttributeNames", {}), {})
    )


def _check_batch(keys: Sequence[tuple[str, ...]], most: int) -> None:
    if not keys or len(keys) > most or len({*keys}) < len(keys):
        raise ExpressionRefused(f"a batch of {len(keys)} keys, {len({*keys})} of them distinct")
