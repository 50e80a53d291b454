"""Traces in memory, as part of the fact store there."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from request_lens.domain.facts import InvocationId, Request, RequestId, TraceId
from request_lens.domain.spans import MAX_TRACE_SPANS, CallSpan, LambdaRun, Span, SpanId, SpanKind, Trace, join_spans
from request_lens.ports import NamedTrace


class MemoryTraceStore:
    """All spans in dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self._spans: dict[TraceId, dict[SpanId, Span]] = {}
        self._naming: dict[TraceId, dict[RequestId, Request]] = {}
        self._runs: dict[str, TraceId] = {}
        self._answered: dict[str, Request] = {}
        self._calls: dict[InvocationId, CallSpan] = {}

    def store_spans(self, spans: Sequence[Span], *, stored_at: datetime) -> None:  # noqa: ARG002 - nothing expires here
        """See `ports.TraceStore`."""
        for span in spans:
            self._spans.setdefault(span.trace_id, {}).setdefault(span.span_id, span)
            if span.kind is SpanKind.CALL and span.invocation_id is not None:
                self._calls.setdefault(span.invocation_id, span.call)

    def name_traces(self, named: Sequence[NamedTrace]) -> None:
        """See `ports.TraceStore`."""
        for trace_id, record in named:
            self._naming.setdefault(trace_id, {})[record.request_id] = record

    def join_runs(self, runs: Sequence[LambdaRun], records: Sequence[Request]) -> Sequence[NamedTrace]:
        """See `ports.TraceStore`."""
        touched: dict[str, None] = {}
        for run in runs:
            self._runs.setdefault(run.lambda_request_id, run.trace_id)
            touched[run.lambda_request_id] = None
        for record in records:
            if record.lambda_request_id is not None:
                self._answered.setdefault(record.lambda_request_id, record)
                touched[record.lambda_request_id] = None
        known = (key for key in touched if key in self._runs and key in self._answered)
        return [(self._runs[key], self._answered[key]) for key in known]

    def traces_of(self, requests: Sequence[Request]) -> Sequence[TraceId | None]:
        """See `ports.TraceStore`."""
        return [request.trace_id or self._runs.get(request.lambda_request_id or "") for request in requests]

    def find_named(self, trace_ids: Collection[TraceId]) -> Collection[TraceId]:
        """See `ports.TraceStore`."""
        return {trace_id for trace_id in trace_ids if trace_id in self._naming}

    def load_trace(self, trace_id: TraceId) -> Trace:
        """See `ports.TraceStore`."""
        spans = join_spans(self._spans.get(trace_id, {}).values())
        naming = self._naming.get(trace_id, {})
        requests = tuple(sorted(naming))
        return Trace(
            trace_id=trace_id,
            spans=spans[:MAX_TRACE_SPANS],
            requests=requests,
            records=tuple(naming[each] for each in requests),
            is_cut=len(spans) > MAX_TRACE_SPANS,
        )

    def load_traces(self, trace_ids: Sequence[TraceId]) -> Sequence[Trace]:
        """See `ports.TraceStore`."""
        return [self.load_trace(trace_id) for trace_id in trace_ids]

    def load_call_spans(self, invocation_ids: Sequence[InvocationId]) -> Mapping[InvocationId, CallSpan]:
        """See `ports.TraceStore`."""
        return {call_id: self._calls[call_id] for call_id in invocation_ids if call_id in self._calls}
