"""Traces in memory, as part of the fact store there."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from request_lens.domain.facts import InvocationId, RequestId, TraceId
from request_lens.domain.spans import CallSpan, Span, SpanId, SpanKind, Trace, join_spans


class MemoryTraceStore:
    """All spans in dictionaries."""

    def __init__(self) -> None:
        self._spans: dict[TraceId, dict[SpanId, Span]] = {}
        self._naming: dict[TraceId, set[RequestId]] = {}
        self._calls: dict[InvocationId, CallSpan] = {}

    def store_spans(self, spans: Sequence[Span], *, stored_at: datetime) -> None:  # noqa: ARG002 - nothing expires here
        """See `ports.TraceStore`."""
        for span in spans:
            self._spans.setdefault(span.trace_id, {}).setdefault(span.span_id, span)
            if span.kind is SpanKind.CALL and span.invocation_id is not None:
                self._calls.setdefault(span.invocation_id, span.call)

    def name_traces(self, named: Sequence[tuple[TraceId, RequestId]], *, stored_at: datetime) -> None:  # noqa: ARG002
        """See `ports.TraceStore`."""
        for trace_id, request_id in named:
            self._naming.setdefault(trace_id, set()).add(request_id)

    def find_named(self, trace_ids: Collection[TraceId]) -> Collection[TraceId]:
        """See `ports.TraceStore`."""
        return {trace_id for trace_id in trace_ids if trace_id in self._naming}

    def load_trace(self, trace_id: TraceId) -> Trace:
        """See `ports.TraceStore`."""
        spans = join_spans(self._spans.get(trace_id, {}).values())
        return Trace(trace_id=trace_id, spans=spans, requests=tuple(sorted(self._naming.get(trace_id, ()))))

    def load_call_spans(self, invocation_ids: Sequence[InvocationId]) -> Mapping[InvocationId, CallSpan]:
        """See `ports.TraceStore`."""
        return {call_id: self._calls[call_id] for call_id in invocation_ids if call_id in self._calls}
