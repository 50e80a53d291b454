"""Traces in DynamoDB: the part of the fact store that keeps spans, and which requests' records name their traces."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from request_lens.adapters.dynamodb.fact_reader import DynamoFactReader, ignore_unreadable, reading
from request_lens.adapters.dynamodb.items import invocation_key
from request_lens.adapters.dynamodb.table import in_parallel
from request_lens.adapters.dynamodb.trace_items import (
    MAX_TRACE_ITEMS,
    NAMING,
    answered_update,
    bridge_from,
    bridge_key,
    call_span_from,
    call_span_update,
    naming_item,
    run_update,
    spans_items,
    trace_from,
    trace_partition,
)
from request_lens.domain.facts import InvocationId, Request, TraceId
from request_lens.domain.spans import CallSpan, LambdaRun, Span, SpanKind, Trace
from request_lens.errors import UnreadableItem
from request_lens.ports import NamedTrace

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoTraceStore(DynamoFactReader):
    """Spans as a grow-only set. Every method raises StoreUnavailable where DynamoDB refuses or does not answer.

    Items expire `retention` after the start of their spans.
    """

    def __init__(
        self,
        client: "DynamoDBClient",
        *,
        table_name: str,
        retention: timedelta,
        on_unreadable: Callable[[UnreadableItem], None] = ignore_unreadable,
    ) -> None:
        super().__init__(client, table_name=table_name, on_unreadable=on_unreadable)
        self._retention = retention

    def store_spans(self, spans: Sequence[Span], *, stored_at: datetime) -> None:  # noqa: ARG002 - they have times
        """See `ports.TraceStore`. One item a trace, and one update a call."""
        calls = {span.invocation_id: span.call for span in reversed(spans) if span.kind is SpanKind.CALL}
        self._table.put_all(spans_items(spans, retention=self._retention))
        self._table.update_all(
            [
                call_span_update(call_id, call, retention=self._retention)
                for call_id, call in calls.items()
                if call_id is not None
            ]
        )

    def name_traces(self, named: Sequence[NamedTrace]) -> None:
        """See `ports.TraceStore`."""
        self._table.put_all([naming_item(*each, retention=self._retention) for each in named])

    def join_runs(self, runs: Sequence[LambdaRun], records: Sequence[Request]) -> Sequence[NamedTrace]:
        """See `ports.TraceStore`. One update a run, and one a record whose run's line has not come yet.

        A record that finds its run's trace there needs no write: it is the second side, however often it comes. Where
        it finds none, its update does that comes between the two.
        """
        items = self._table.update_and_read([run_update(run, retention=self._retention) for run in runs])
        answered = {
            record.lambda_request_id: record for record in reversed(records) if record.lambda_request_id is not None
        }
        told = self._told_of(answered) if answered else {}
        others = [
            answered_update(run_id, record, retention=self._retention)
            for run_id, record in answered.items()
            if run_id not in told
        ]
        items = [*items, *self._table.update_and_read(others)]
        with reading("a bridge"):
            bridges = [bridge for item in items if (bridge := bridge_from(item)) is not None]
        joined = [*told.values(), *bridges]
        return list({(trace_id, record.request_id): (trace_id, record) for trace_id, record in joined}.values())

    def _told_of(self, answered: Mapping[str, Request]) -> Mapping[str, NamedTrace]:
        """By its run what trace is known of a request; its bridge's own record stays. One BatchGetItem a hundred."""
        by_partition = {str(bridge_key(run_id)["pk"]): run_id for run_id in answered}
        keys = [bridge_key(run_id) for run_id in answered]
        items = self._table.batch_get(keys, attributes=["pk", "trace_id", "record"], is_consistent=True)
        told = ((by_partition[str(item["pk"])], item) for item in items if "trace_id" in item)
        with reading("a bridge"):
            return {
                run_id: bridge_from(item) or (TraceId(str(item["trace_id"])), answered[run_id]) for run_id, item in told
            }

    def traces_of(self, requests: Sequence[Request]) -> Sequence[TraceId | None]:
        """See `ports.TraceStore`. One BatchGetItem a hundred of those of which only a function's run can tell."""
        run_ids = [request.lambda_request_id for request in requests if request.trace_id is None]
        keys = [bridge_key(run_id) for run_id in run_ids if run_id is not None]
        items = self._table.batch_get(keys, attributes=["pk", "trace_id"], is_consistent=True) if keys else []
        by_partition = {item["pk"]: TraceId(str(item["trace_id"])) for item in items if "trace_id" in item}
        return [
            request.trace_id or by_partition.get(bridge_key(request.lambda_request_id or "")["pk"])
            for request in requests
        ]

    def find_named(self, trace_ids: Collection[TraceId]) -> Collection[TraceId]:
        """See `ports.TraceStore`. A Query a trace, eight at a time."""
        ids = list(trace_ids)
        named = in_parallel(
            lambda trace_id: self._table.query_partition(trace_partition(trace_id), begins=NAMING, limit=1), ids
        )
        return {trace_id for trace_id, items in zip(ids, named, strict=True) if items}

    def load_trace(self, trace_id: TraceId) -> Trace:
        """See `ports.TraceStore`."""
        return self._load_trace(trace_id, is_consistent=True)

    def _load_trace(self, trace_id: TraceId, *, is_consistent: bool) -> Trace:
        partition = trace_partition(trace_id)
        with reading(partition):
            items = self._table.query_partition(partition, limit=MAX_TRACE_ITEMS, is_consistent=is_consistent)
            return trace_from(trace_id, items)

    def load_traces(self, trace_ids: Sequence[TraceId]) -> Sequence[Trace]:
        """See `ports.TraceStore`. One Query a trace, eventually consistent, eight at a time."""
        return [trace for trace in in_parallel(self._load_trace_if_readable, trace_ids) if trace is not None]

    def _load_trace_if_readable(self, trace_id: TraceId) -> Trace | None:
        try:
            return self._load_trace(trace_id, is_consistent=False)
        except UnreadableItem as error:
            self._on_unreadable(error)
            return None

    def load_call_spans(self, invocation_ids: Sequence[InvocationId]) -> Mapping[InvocationId, CallSpan]:
        """See `ports.TraceStore`."""
        by_partition = {str(invocation_key(call_id)["pk"]): call_id for call_id in invocation_ids}
        keys = [invocation_key(call_id) for call_id in invocation_ids]
        items = self._table.batch_get(keys, attributes=["pk", "span"], is_consistent=True)
        spans = ((by_partition[str(item["pk"])], call_span_from(item)) for item in items)
        return {call_id: span for call_id, span in spans if span is not None}
