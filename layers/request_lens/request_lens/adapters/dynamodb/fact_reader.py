"""The fact store in DynamoDB as far as it is only read: one request, one invocation, and facts by time."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import batched, islice
from typing import TYPE_CHECKING

from request_lens.adapters.dynamodb.attributes import PlainMap, iso
from request_lens.adapters.dynamodb.items import (
    HEAD_ATTRIBUTES,
    REQUEST_SK,
    HourlyList,
    hour_of,
    hour_partitions,
    invocation_key,
    key_under,
    record_from,
    request_id_of,
    request_key,
    request_partition,
    request_state,
    stored_rejected_from,
    unlinked_from,
)
from request_lens.adapters.dynamodb.table import MAX_PARALLEL, DynamoTable, in_parallel
from request_lens.adapters.dynamodb.time_index import Span, TimeIndex
from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.domain.log_record import StoredRejected
from request_lens.domain.settling.state import RequestState, cut_to_its_head
from request_lens.errors import UnreadableItem

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


_UNLINKED_ATTRIBUTES = ("pk", "fact", "stored_at", "decision", "span")


_ASKED_UNSEEN = 1 + 3 * MAX_PARALLEL
"""Hours of a list that are asked whatever they hold: a busy table's list ends among them."""


def ignore_unreadable(_error: UnreadableItem) -> None:
    """Tell nobody of an item that is left out: for readers beside a processor, which tells of it itself."""


def say_nothing(_hour: datetime) -> None:
    """Tell nobody how far a list has been read: for readers of a few hours."""


class DynamoFactReader:
    """The table's read side. Every method raises StoreUnavailable in an outage.

    An item that this version cannot read is left out of lists, and told to `on_unreadable`; where it is asked for by
    its id alone, UnreadableItem is raised. A list by time tells `on_hour` of the first of the hours that it reads next.
    Where it `skips_empty_hours`, a list of many hours first looks, by a short Scan of the index, which hold anything.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        table_name: str,
        on_unreadable: Callable[[UnreadableItem], None] = ignore_unreadable,
        on_hour: Callable[[datetime], None] = say_nothing,
        skips_empty_hours: bool = False,
    ) -> None:
        self._table = DynamoTable(client, name=table_name)
        self._index = TimeIndex(client, table_name=table_name)
        self._on_unreadable = on_unreadable
        self._on_hour = on_hour
        self._skips_empty_hours = skips_empty_hours

    def load_request(self, request_id: RequestId) -> RequestState:
        """See `ports.RequestStore`."""
        items = self._table.query_partition(request_partition(request_id))
        with reading(request_partition(request_id)):
            return request_state(request_id, items)

    def load_unlinked(self, invocation_id: InvocationId) -> UnlinkedInvocation | None:
        """See `ports.DecisionStore`."""
        item = self._table.get(invocation_key(invocation_id))
        with reading(invocation_id):
            return unlinked_from(item) if item is not None and "fact" in item else None

    def load_all_unlinked(self, invocation_ids: Sequence[InvocationId]) -> Sequence[UnlinkedInvocation]:
        """See `ports.DecisionStore`. One BatchGetItem a hundred, a read unit an invocation."""
        keys = [invocation_key(invocation_id) for invocation_id in dict.fromkeys(invocation_ids)]
        items = self._table.batch_get(keys, attributes=_UNLINKED_ATTRIBUTES, is_consistent=True)
        return list(self._read(unlinked_from, (item for item in items if "fact" in item)))

    def request_of(self, invocation_id: InvocationId, request_ids: Sequence[RequestId]) -> RequestId | None:
        """Which of these requests has the invocation. One BatchGetItem a hundred, half a read unit a request."""
        keys = [key_under(request_id, invocation_id) for request_id in request_ids]
        return next((request_id_of(item) for item in self._table.batch_get(keys, attributes=("pk",))), None)

    def requests_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        """See `ports.Neighbourhood`. Reads the hours forwards, as `newest_requests` does backwards."""
        return self._facts_between(HourlyList.REQUESTS, record_from, first, last, limit)

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        """See `ports.Neighbourhood`. Reads each hour's index partitions."""
        return self._facts_between(HourlyList.UNTAGGED, unlinked_from, first, last, limit)

    def iter_requests(self, first: datetime, last: datetime) -> Iterator[Request]:
        """See `ports.SweepQueries`."""
        for hour in _hours(HourlyList.REQUESTS, first, last):
            yield from self._read(record_from, self._index.iterate(hour))

    def iter_unlinked(self, first: datetime, last: datetime) -> Iterator[UnlinkedInvocation]:
        """See `ports.SweepQueries`."""
        for hour in _hours(HourlyList.UNTAGGED, first, last):
            yield from self._read(unlinked_from, self._index.iterate(hour))

    def rejected_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[StoredRejected]:
        """See `ports.RejectedStore`. Reads each hour's index partitions."""
        return self._facts_between(HourlyList.REJECTED, stored_rejected_from, first, last, limit)

    def load_requests(self, request_ids: Sequence[RequestId], *, most: int | None = None) -> Sequence[RequestState]:
        """See `ports.RequestReader`. One Query a request, eight at a time; no more than two items beyond `most`."""
        return in_parallel(partial(self._load_if_readable, most=most), request_ids)

    def _load_if_readable(self, request_id: RequestId, *, most: int | None) -> RequestState:
        try:
            return self.load_request(request_id) if most is None else self._load_up_to(request_id, most)
        except UnreadableItem as error:
            self._on_unreadable(error)
            return RequestState(request_id=request_id)

    def _load_up_to(self, request_id: RequestId, most: int) -> RequestState:
        """The request with its calls, or without any where they are more; its own item comes after theirs."""
        partition = request_partition(request_id)
        items = self._table.query_partition(partition, limit=most + 2)
        calls = sum(item["sk"] != REQUEST_SK for item in items)
        if calls <= most:
            with reading(partition):
                return request_state(request_id, items)
        head = self._table.get(request_key(request_id))
        with reading(partition):
            return cut_to_its_head(request_state(request_id, [head] if head is not None else []))

    def _read[Read](self, read: Callable[[PlainMap], Read], items: Iterable[PlainMap]) -> Iterator[Read]:
        """What the items hold that this version can read; of the others it is told."""
        for item in items:
            try:
                with reading(str(item.get("pk"))):
                    value = read(item)
            except UnreadableItem as error:
                self._on_unreadable(error)
            else:
                yield value

    def load_heads(self, request_ids: Sequence[RequestId], *, is_consistent: bool = False) -> Sequence[RequestState]:
        """See `ports.RequestReader`. One BatchGetItem a hundred."""
        keys = [request_key(request_id) for request_id in request_ids]
        items = self._table.batch_get(keys, attributes=HEAD_ATTRIBUTES, is_consistent=is_consistent)
        heads = {item["pk"]: [item] for item in items}
        return [self._head(request_id, heads.get(request_partition(request_id), [])) for request_id in request_ids]

    def _head(self, request_id: RequestId, items: Sequence[PlainMap]) -> RequestState:
        found = self._read(lambda item: request_state(request_id, [item]), items)
        return next(found, RequestState(request_id=request_id))

    def newest_requests(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        """See `ports.FactReader`. Reads the hours backwards: the last one, then eight at a time, as far as needed."""
        hours = list(_hours(HourlyList.REQUESTS, first, last))[::-1]
        lists = (self._index.iterate(spans, page_size=limit, newest_first=True) for spans in self._to_read(hours))
        records = (record for items in lists for record in self._read(record_from, items))
        return list(islice(records, limit))[::-1]

    def count_requests(self, first: datetime, last: datetime, *, limit: int) -> int:
        """See `ports.FactReader`. Counts the hours backwards, eight partitions at a time."""
        count = 0
        hours = list(_hours(HourlyList.REQUESTS, first, last))[::-1]
        for some in batched((span for hour in self._used(hours) for span in hour), MAX_PARALLEL, strict=False):
            count += sum(in_parallel(partial(self._index.count, limit=limit), some))
            if count >= limit:
                break
        return min(count, limit)

    def _facts_between[Fact](
        self, hourly: HourlyList, read: Callable[[PlainMap], Fact], first: datetime, last: datetime, limit: int
    ) -> Sequence[Fact]:
        """The earliest `limit` facts that can be read: fewer of them are all there are, whatever could not be read."""
        hours = list(_hours(hourly, first, last))
        lists = (self._index.iterate(spans, page_size=limit) for spans in self._to_read(hours))
        return list(islice((fact for items in lists for fact in self._read(read, items)), limit))

    def _to_read(self, hours: Sequence[Sequence[Span]]) -> Iterator[Sequence[Span]]:
        """The spans that are read at once, each told of when it is asked for."""
        for spans in _together(self._used(hours)):
            self._on_hour(hour_of(spans[0].partition))
            yield spans

    def _used(self, hours: Sequence[Sequence[Span]]) -> Iterator[Sequence[Span]]:
        """These hours in their order, of many the later ones only as far as they hold anything."""
        yield from hours[:_ASKED_UNSEEN]
        rest = hours[_ASKED_UNSEEN:]
        partitions = frozenset(span.partition for hour in rest for span in hour)
        if self._skips_empty_hours:
            partitions = self._index.used_partitions(partitions)
        for hour in rest:
            if spans := [span for span in hour if span.partition in partitions]:
                yield spans


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turns what reading an item raises inside it into UnreadableItem; the message has no value of the item."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnreadableItem(f"the item of {name} is of another version: {type(error).__name__}") from error


def _hours(hourly: HourlyList, first: datetime, last: datetime) -> Iterator[Sequence[Span]]:
    """By hour the spans, one a partition, that hold the sort keys `<time>#<id>` of a time in [first, last].

    "$" follows "#" in the order of characters: it bounds all ids of the last moment.
    """
    begins, ends = f"{iso(_next_millisecond(first))}#", f"{iso(last)}$"
    hour = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour <= last and begins <= ends:
        partitions = hour_partitions(hourly, hour)
        yield [Span(partition=partition, first=begins, last=ends) for partition in partitions]
        hour += timedelta(hours=1)


def _together(hours: Iterator[Sequence[Span]]) -> Iterator[Sequence[Span]]:
    """The spans that are read at once: the first hour's, then those of eight hours at a time."""
    # The first hour is read alone: of a busy table it holds all that is asked for. Of a quiet one the others are mostly
    # empty, and would take a round trip each if they were not read together.
    # Which of them holds how many is not known before, so each is asked for the whole limit: all but one in vain.
    yield from islice(hours, 1)
    for some in batched(hours, MAX_PARALLEL, strict=False):
        yield [span for hour in some for span in hour]


def _next_millisecond(moment: datetime) -> datetime:
    """The moment, or the whole millisecond after it: keys hold no finer times."""
    return moment + timedelta(microseconds=-moment.microsecond % 1000)
