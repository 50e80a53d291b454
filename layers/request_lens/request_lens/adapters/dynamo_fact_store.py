"""The fact store in DynamoDB: facts as a grow-only set with deterministic keys, in one table."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from request_lens.adapters.dynamo_facts import request_from
from request_lens.adapters.dynamo_items import (
    HourlyList,
    hour_partition,
    invocation_key,
    linked_item,
    linked_key,
    rejected_item,
    request_key,
    request_partition,
    request_state,
    stored_rejected_from,
    unlinked_from,
)
from request_lens.adapters.dynamo_table import DynamoTable, Span
from request_lens.adapters.dynamo_updates import (
    decision_update,
    orphan_update,
    record_update,
    revision_update,
    unlinked_update,
)
from request_lens.adapters.dynamo_values import PlainMap, iso, mapping
from request_lens.domain.facts import Invocation, InvocationId, Rejected, Request, RequestId, StoredRejected
from request_lens.domain.link import Decision, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.state import RequestState
from request_lens.domain.summary import Summary
from request_lens.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoFactStore:
    """All facts in one table. Every method raises StoreUnavailable where DynamoDB refuses or does not answer.

    Items expire `retention` after the start of their fact.
    """

    def __init__(self, client: "DynamoDBClient", *, table_name: str, retention: timedelta, clock: Clock) -> None:
        self._table = DynamoTable(client, name=table_name)
        self._retention = retention
        self._clock = clock

    def store_requests(self, records: Sequence[Request], *, stored_at: datetime) -> None:
        """See `ports.FactWriter`."""
        self._table.update_all(
            [record_update(each, stored_at=stored_at, retention=self._retention) for each in records]
        )

    def store_unlinked(self, invocations: Sequence[Invocation], *, stored_at: datetime) -> None:
        """See `ports.FactWriter`."""
        self._table.update_all(
            [unlinked_update(each, stored_at=stored_at, retention=self._retention) for each in invocations]
        )

    def store_linked(self, linked: Sequence[LinkedInvocation]) -> None:
        """See `ports.FactWriter`. Writes whole items: a duplicate brings the same content."""
        self._table.put_all([linked_item(each, retention=self._retention) for each in linked])

    def load_request(self, request_id: RequestId) -> RequestState:
        """See `ports.RequestStore`."""
        return request_state(request_id, self._table.partition(request_partition(request_id)))

    def write_revision(self, request_id: RequestId, *, revision: int, summary: Summary) -> bool:
        """See `ports.RequestStore`."""
        return self._table.update(revision_update(request_id, revision=revision, summary=summary))

    def mark_orphaned(self, request_id: RequestId) -> bool:
        """See `ports.RequestStore`."""
        return self._table.update(orphan_update(request_id, now=self._clock.now(), retention=self._retention))

    def load_unlinked(self, invocation_id: InvocationId) -> UnlinkedInvocation | None:
        """See `ports.DecisionStore`."""
        item = self._table.get(invocation_key(invocation_id))
        return unlinked_from(item) if item is not None else None

    def decide(self, unlinked: UnlinkedInvocation, decision: Decision) -> Decision:
        """See `ports.DecisionStore`."""
        if self._table.update(decision_update(unlinked, decision, retention=self._retention)):
            return decision
        standing = self.load_unlinked(unlinked.invocation.invocation_id)
        return standing.decision if standing is not None and standing.decision is not None else decision

    def requests_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        """See `ports.Neighbourhood`. Reads one index partition for each hour of the span."""
        return [request_from(mapping(item, "record")) for item in self._listed(HourlyList.REQUESTS, first, last, limit)]

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        """See `ports.Neighbourhood`. Reads one index partition for each hour of the span."""
        return [unlinked_from(item) for item in self._listed(HourlyList.UNTAGGED, first, last, limit)]

    def without_revision(self, request_ids: Sequence[RequestId]) -> Sequence[RequestId]:
        """See `ports.Omissions`. One BatchGetItem a hundred: half a read unit a request."""
        distinct = list(dict.fromkeys(request_ids))
        items = self._table.looked_up([request_key(each) for each in distinct], attributes=["pk", "revision"])
        revised = {item["pk"] for item in items if "revision" in item}
        return [each for each in distinct if request_partition(each) not in revised]

    def without_copy(self, linked: Sequence[LinkedInvocation]) -> Sequence[LinkedInvocation]:
        """See `ports.Omissions`. One BatchGetItem a hundred: half a read unit an invocation."""
        keys = {(key["pk"], key["sk"]): each for each in linked for key in [linked_key(each)]}
        items = self._table.looked_up([linked_key(each) for each in linked], attributes=["pk", "sk"])
        stored = {(item["pk"], item["sk"]) for item in items}
        return [each for key, each in keys.items() if key not in stored]

    def store_rejected(self, records: Sequence[Rejected], *, stored_at: datetime) -> None:
        """See `ports.RejectedStore`. Writes whole items: of one that was stored before, only the time is new."""
        self._table.put_all([rejected_item(each, stored_at=stored_at, retention=self._retention) for each in records])

    def rejected_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[StoredRejected]:
        """See `ports.RejectedStore`. Reads one index partition for each hour of the span."""
        return [stored_rejected_from(item) for item in self._listed(HourlyList.REJECTED, first, last, limit)]

    def _listed(self, hourly: HourlyList, first: datetime, last: datetime, limit: int) -> list[PlainMap]:
        found: list[PlainMap] = []
        for span in _spans(hourly, first, last):
            if len(found) >= limit:
                break
            found += self._table.listed(span, limit=limit - len(found))
        return found


def _spans(hourly: HourlyList, first: datetime, last: datetime) -> Iterator[Span]:
    """The spans, one an hour, that hold the sort keys `<time>#<id>` of a time in [first, last].

    "$" follows "#" in the order of characters: it bounds all ids of the last moment.
    """
    begins, ends = f"{iso(_next_millisecond(first))}#", f"{iso(last)}$"
    hour = first.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    while hour <= last and begins <= ends:
        yield Span(partition=hour_partition(hourly, hour), first=begins, last=ends)
        hour += timedelta(hours=1)


def _next_millisecond(moment: datetime) -> datetime:
    """The moment, or the whole millisecond after it: keys hold no finer times."""
    return moment + timedelta(microseconds=-moment.microsecond % 1000)
