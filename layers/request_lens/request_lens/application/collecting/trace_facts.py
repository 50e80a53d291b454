"""What a log batch says of traces: its spans, and which requests' records name a trace, stored."""

from collections.abc import Collection, Iterable
from datetime import datetime

from request_lens.application.collecting.sorted_batch import SortedBatch
from request_lens.domain.facts import TraceId
from request_lens.domain.spans import CallSpan
from request_lens.ports import NamedTrace, Ports


def store_trace_facts(batch: SortedBatch, ports: Ports, *, stored_at: datetime) -> Collection[TraceId]:
    """Store what the batch says of traces; answers with those that a record names by it.

    Of a request whose own line names no trace, a Lambda function's log may, whichever of the two comes second.
    """
    if batch.spans:
        ports.store.store_spans(batch.spans, stored_at=stored_at)
    named: list[NamedTrace] = [(record.trace_id, record) for record in batch.records if record.trace_id is not None]
    answered = [record for record in batch.records if record.trace_id is None and record.lambda_request_id is not None]
    if batch.runs or answered:
        named += ports.store.join_runs(batch.runs, answered)
    if named:
        ports.store.name_traces(named)
    return {trace_id for trace_id, _ in named}


def traces_to_settle(
    named: Collection[TraceId], batch: SortedBatch, calls: Iterable[CallSpan], ports: Ports
) -> Collection[TraceId]:
    """The traces that a record names, and that the batch said anything of; `calls` are the spans of its invocations.

    To be asked when all of the batch is stored: of two batches that meet, the later one then sees what both know.
    Whether anything was new is not asked, for a batch may have died after it was stored.
    """
    touched = {span.trace_id for span in batch.spans} | {span.trace_id for span in calls}
    others = touched.difference(named)
    return {*named, *(ports.store.find_named(sorted(others)) if others else ())}
