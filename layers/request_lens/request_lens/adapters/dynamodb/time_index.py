"""The index by time, read: items of several partitions as one list."""

import heapq
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import chain, islice
from typing import TYPE_CHECKING, Literal, NamedTuple, TypedDict

from botocore.exceptions import ClientError

from request_lens.adapters.dynamodb.attributes import PlainMap, from_item, text, to_item
from request_lens.adapters.dynamodb.items import BY_TIME_INDEX
from request_lens.adapters.dynamodb.table import in_parallel, outages

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import PaginatorConfigTypeDef, QueryOutputTypeDef, ScanOutputTypeDef

_PAGE_SIZE = 1_000
"""Items that are held of each span where all are read."""

QUERIES_A_PAGE = 256
"""Queries of empty partitions that cost what a page of a Scan does: half a read unit each, and as much for each 4 KB of
the page's 1 MB. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html"""


class Span(NamedTuple):
    """A part of one partition of the index, bounds included."""

    partition: str
    first: str
    last: str


class _QueryOptions(TypedDict, total=False):
    """What two Queries of a span differ in."""

    Select: Literal["COUNT"]
    ScanIndexForward: bool
    PaginationConfig: "PaginatorConfigTypeDef"


class TimeIndex:
    """The index of one table behind a boto3 client; it may lag behind the table. Raises: StoreUnavailable."""

    def __init__(self, client: "DynamoDBClient", *, table_name: str) -> None:
        self._client = client
        self._table_name = table_name

    def iterate(
        self, spans: Sequence[Span], *, page_size: int = _PAGE_SIZE, newest_first: bool = False
    ) -> Iterator[PlainMap]:
        """All items of these spans by sort key, or backwards.

        The first page of each span is read at once, in parallel; the others as their items are asked for.
        """
        begin = partial(self._begin, page_size=page_size, newest_first=newest_first)
        return heapq.merge(*in_parallel(begin, spans), key=_sort_key, reverse=newest_first)

    def _begin(self, span: Span, *, page_size: int, newest_first: bool) -> Iterator[PlainMap]:
        """The items of a span, of which the first page has been read."""
        # Without a page size DynamoDB would read and bill pages of 1 MB, however few items are asked for.
        options: _QueryOptions = {"ScanIndexForward": not newest_first, "PaginationConfig": {"PageSize": page_size}}
        items = (from_item(item) for page in self._pages(span, options) for item in page["Items"])
        return chain(list(islice(items, 1)), items)

    def count(self, span: Span, *, limit: int) -> int:
        """How many items a span holds, or a number of at least `limit`."""
        count = 0
        for page in self._pages(span, {"Select": "COUNT"}):
            count += page["Count"]
            if count >= limit:
                break
        return count

    def used_partitions(self, partitions: frozenset[str]) -> frozenset[str]:
        """Those of these partitions of one list that hold anything; all of them where that is not worth finding out.

        A Scan of keys, of no more pages than a Query of each partition costs: where it has not ended by then the index
        holds so much that the partitions are asked instead. So are they where the caller may not scan.
        """
        used: set[str] = set()
        with outages():
            try:
                for page in islice(self._scanned(partitions), len(partitions) // QUERIES_A_PAGE):
                    used.update(text(from_item(item)["by_time_pk"]) for item in page["Items"])
                    if "LastEvaluatedKey" not in page:
                        return partitions & used
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") != "AccessDeniedException":
                    raise
        return partitions

    def _scanned(self, partitions: Collection[str]) -> "Iterator[ScanOutputTypeDef]":
        """The index page by page, with the names of the partitions from the first of these to the last."""
        bounds = {":first": min(partitions), ":last": max(partitions)}
        yield from self._client.get_paginator("scan").paginate(
            TableName=self._table_name,
            IndexName=BY_TIME_INDEX,
            ProjectionExpression="by_time_pk",
            FilterExpression="by_time_pk BETWEEN :first AND :last",
            ExpressionAttributeValues=to_item(bounds),
        )

    def _pages(self, span: Span, options: _QueryOptions) -> "Iterator[QueryOutputTypeDef]":
        with outages():
            yield from self._client.get_paginator("query").paginate(
                TableName=self._table_name,
                IndexName=BY_TIME_INDEX,
                KeyConditionExpression="by_time_pk = :partition AND by_time_sk BETWEEN :first AND :last",
                ExpressionAttributeValues=to_item({f":{name}": value for name, value in span._asdict().items()}),
                **options,
            )


def _sort_key(item: PlainMap) -> str:
    return text(item["by_time_sk"])
