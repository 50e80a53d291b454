"""The fact store in DynamoDB: facts as a grow-only set with deterministic keys, in one table."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from request_lens.adapters.dynamodb.attributes import PlainMap, iso
from request_lens.adapters.dynamodb.codec import encode
from request_lens.adapters.dynamodb.fact_reader import ignore_unreadable, reading
from request_lens.adapters.dynamodb.items import (
    FIRST_LINKED_SK,
    LAST_LINKED_SK,
    REQUEST_SK,
    SETTLED_BY,
    decision_from,
    invocation_key,
    is_settled,
    linked_from,
    linked_item,
    linked_key,
    linked_sk,
    record_from,
    rejected_item,
    request_key,
    request_partition,
    request_state,
)
from request_lens.adapters.dynamodb.table import in_parallel
from request_lens.adapters.dynamodb.trace_items import call_span_from
from request_lens.adapters.dynamodb.trace_store import DynamoTraceStore
from request_lens.adapters.dynamodb.updates import (
    decision_update,
    mark_update,
    record_update,
    revision_update,
    unlinked_update,
)
from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import Decision, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.log_record import Rejected
from request_lens.domain.settling.answers import Unrevised
from request_lens.domain.settling.runaway import Runaway
from request_lens.domain.settling.state import OrphanPass, RequestState, cut_to_its_head
from request_lens.domain.spans import CallSpan
from request_lens.errors import UnreadableItem
from request_lens.ports import Clock

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoFactStore(DynamoTraceStore):
    """All facts in one table. Every method raises StoreUnavailable where DynamoDB refuses or does not answer.

    Items expire `retention` after the start of their fact.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        table_name: str,
        retention: timedelta,
        clock: Clock,
        on_unreadable: Callable[[UnreadableItem], None] = ignore_unreadable,
    ) -> None:
        super().__init__(client, table_name=table_name, retention=retention, on_unreadable=on_unreadable)
        self._clock = clock

    def store_requests(self, records: Sequence[Request], *, stored_at: datetime) -> Sequence[Request]:
        """See `ports.FactWriter`. Of records with one id, the first of them is stored before the others are tried."""
        first_of = {record.request_id: place for place, record in reversed(list(enumerate(records)))}
        first: list[Request] = []
        later: list[Request] = []
        for place, record in enumerate(records):
            (first if place == first_of[record.request_id] else later).append(record)
        return [record for some in (first, later) for record in self._store_records(some, stored_at)]

    def _store_records(self, records: Sequence[Request], stored_at: datetime) -> list[Request]:
        """Store records of different ids, or of ids that are taken; the record that stands comes with a refusal."""
        found = self._table.update_or_find(
            [record_update(record, stored_at=stored_at, retention=self._retention) for record in records]
        )
        refused = [(record, item) for record, item in zip(records, found, strict=True) if item]
        return [record for record, item in refused if any(map(record.is_another_than, self._read(record_from, [item])))]

    def store_unlinked(
        self, invocations: Sequence[Invocation], *, stored_at: datetime
    ) -> Mapping[InvocationId, CallSpan]:
        """See `ports.FactWriter`."""
        items = self._table.update_and_read(
            [unlinked_update(call, stored_at=stored_at, retention=self._retention) for call in invocations]
        )
        spans = ((call.invocation_id, call_span_from(item)) for call, item in zip(invocations, items, strict=True))
        return {call_id: span for call_id, span in spans if span is not None}

    def store_linked(self, linked: Sequence[LinkedInvocation]) -> None:
        """See `ports.FactWriter`. Writes whole items: a duplicate brings the same content."""
        self._table.put_all([linked_item(call, retention=self._retention) for call in linked])

    def load_waiting(self, request_id: RequestId, *, most: int) -> RequestState:
        """See `ports.RequestStore`. One Query; where there are more than `most` and the record, another for these.

        The request's own item comes last in its partition, and so is read first.
        """
        partition = request_partition(request_id)
        items = self._table.query_last(partition, limit=most + 2)
        head = [item for item in items if item["sk"] == REQUEST_SK]
        is_waiting = not any("record" in item for item in head)
        with reading(partition):
            if is_waiting and len(items) - len(head) > most:
                return cut_to_its_head(request_state(request_id, head))
            if len(items) < most + 2:
                return request_state(request_id, items)
        rest = self._table.query_range(partition, FIRST_LINKED_SK, str(items[0]["sk"]))
        with reading(partition):
            return request_state(request_id, [*rest, *items[1:]])

    def load_linked(self, request_id: RequestId, *, after: InvocationId, limit: int) -> Sequence[LinkedInvocation]:
        """See `ports.RequestStore`. One Query."""
        partition, first = request_partition(request_id), linked_sk(after)
        items = self._table.query_range(partition, first, LAST_LINKED_SK, limit=limit + 1)
        with reading(partition):
            return [linked_from(item) for item in items if item["sk"] != first][:limit]

    def write_revision(self, request_id: RequestId, *, revision: int, summary: Summary) -> bool:
        """See `ports.RequestStore`."""
        return self._table.update(revision_update(request_id, revision=revision, summary=summary))

    def flag_runaway(self, request_id: RequestId, runaway: Runaway) -> bool:
        """See `ports.RequestStore`."""
        return self._mark(request_id, {"runaway": encode(runaway)}, unless="runaway")

    def mark_watched(self, request_id: RequestId, *, until: datetime) -> None:
        """See `ports.RequestStore`."""
        self._mark(request_id, {"watched_until": iso(until)}, unless="record")

    def mark_orphaned(self, request_id: RequestId, orphan_pass: OrphanPass | None = None) -> bool:
        """See `ports.RequestStore`."""
        progress = {"orphan_pass": encode(orphan_pass)} if orphan_pass is not None else {}
        return self._mark(request_id, {"orphaned": True, **progress}, unless="record")

    def mark_overrun(self, request_id: RequestId) -> None:
        """See `ports.RequestStore`."""
        self._mark(request_id, {"overrun": True}, unless="record")

    def _mark(self, request_id: RequestId, marks: PlainMap, *, unless: str) -> bool:
        now, retention = self._clock.now(), self._retention
        return self._table.update(mark_update(request_id, marks, unless=unless, now=now, retention=retention))

    def find_overrun(self, request_ids: Collection[RequestId]) -> Collection[RequestId]:
        """See `ports.RequestStore`. One BatchGetItem a hundred: half a read unit a request."""
        by_partition = {request_partition(request_id): request_id for request_id in request_ids}
        keys = [request_key(request_id) for request_id in request_ids]
        items = self._table.batch_get(keys, attributes=["pk", "overrun", "stored_at"])
        return {by_partition[str(item["pk"])] for item in items if "overrun" in item and "stored_at" not in item}

    def decide_all(self, decisions: Sequence[tuple[UnlinkedInvocation, Decision]]) -> None:
        """See `ports.DecisionStore`. Eight at a time."""
        self._table.update_all([decision_update(*decided, retention=self._retention) for decided in decisions])

    def load_decisions(self, invocation_ids: Sequence[InvocationId]) -> Mapping[InvocationId, Decision]:
        """See `ports.DecisionStore`. One BatchGetItem a hundred: half a read unit an invocation."""
        by_partition = {str(invocation_key(call_id)["pk"]): call_id for call_id in invocation_ids}
        keys = [invocation_key(call_id) for call_id in invocation_ids]
        items = self._table.batch_get(keys, attributes=["pk", "decision"])
        decided = (item for item in items if "decision" in item)
        return dict(self._read(lambda item: (by_partition[str(item["pk"])], decision_from(item["decision"])), decided))

    def decide(self, unlinked: UnlinkedInvocation, decision: Decision) -> Decision:
        """See `ports.DecisionStore`."""
        if self._table.update(decision_update(unlinked, decision, retention=self._retention)):
            return decision
        standing = self.load_unlinked(unlinked.invocation.invocation_id)
        return standing.decision if standing is not None and standing.decision is not None else decision

    def find_unsettled(self, request_ids: Sequence[RequestId]) -> Sequence[RequestId]:
        """See `ports.SweepQueries`. One Query a request, eight at a time: half a read unit for each 4 KB of items."""
        distinct = list(dict.fromkeys(request_ids))
        settled = in_parallel(self._is_settled, distinct)
        return [request_id for request_id, is_settled in zip(distinct, settled, strict=True) if not is_settled]

    def _is_settled(self, request_id: RequestId) -> bool:
        return self._are_settled(self._settled_by(request_id))

    def _settled_by(self, request_id: RequestId) -> Sequence[PlainMap]:
        return self._table.query_projection(request_partition(request_id), attributes=SETTLED_BY)

    def _are_settled(self, items: Sequence[PlainMap]) -> bool:
        """Whether they are, as far as they can be read: else the settle of their request tells of them."""
        return next(self._read(lambda _: is_settled(items), items[:1]), False)

    def find_unrevised(self, linked: Sequence[LinkedInvocation]) -> Unrevised:
        """See `ports.SweepQueries`. One Query a request, as `find_unsettled`."""
        request_ids = list(dict.fromkeys(call.link.request_id for call in linked))
        items = dict(zip(request_ids, in_parallel(self._settled_by, request_ids), strict=True))
        stored = {(request_id, item["sk"]) for request_id, its_items in items.items() for item in its_items}
        missing = [call for call in linked if (call.link.request_id, linked_key(call)["sk"]) not in stored]
        unsettled = {request_id for request_id, its_items in items.items() if not self._are_settled(its_items)}
        return Unrevised(missing, unsettled | {call.link.request_id for call in missing})

    def find_uncounted(self, linked: Sequence[LinkedInvocation]) -> Sequence[LinkedInvocation]:
        """See `ports.SweepQueries`. One BatchGetItem a hundred: half a read unit an invocation."""
        keys = [linked_key(call) for call in linked]
        stored = {(item["pk"], item["sk"]) for item in self._table.batch_get(keys, attributes=["pk", "sk"])}
        return [call for call, key in zip(linked, keys, strict=True) if (key["pk"], key["sk"]) not in stored]

    def store_rejected(self, records: Sequence[Rejected], *, stored_at: datetime) -> None:
        """See `ports.RejectedStore`. Writes whole items: of one that was stored before, only the time is new."""
        self._table.put_all(
            [rejected_item(record, stored_at=stored_at, retention=self._retention) for record in records]
        )
