"""Spans: what an agent's telemetry reports of one step of its work.

A span never changes once read. Times are aware UTC datetimes cut to the millisecond, as all facts have them, and an
unknown value is None, never 0.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from request_lens.domain.facts import InvocationId, Request, RequestId, TokenCounts, TraceId

SpanId = NewType("SpanId", str)
"""16 hexadecimal digits, unique in their trace."""


MAX_TRACE_SPANS = 5_000
"""Spans of one trace that are looked at, the earliest of those that are read: an id that its maker never changes would
gather all spans there are. What is not read of a trace is decided by time."""


class SpanKind(StrEnum):
    """What a span stands for.

    Call: an SDK's call to Bedrock that its invocation log has, by the same id. Chat: what a framework reports of a call
    to a model, of Bedrock or not; around a call span it is no second call. Entry: the agent's server answering one
    `POST /invocations`. Agent: one run of an agent's loop, with its own sum of tokens. Tool: one run of a tool. Memory:
    a call to AgentCore's memory.
    """

    CALL = "call"
    CHAT = "chat"
    ENTRY = "entry"
    AGENT = "agent"
    TOOL = "tool"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """One span, as its record reports it; never a prompt, an argument or a result.

    `resource` is what ran it: spans of one trace and resource are of one process, or of its like. `invocation_id` is
    the call's id in the invocation log. `tokens` are those that a call or an agent reports of itself: their `input`
    holds the cached ones where a framework counts so. `first_token_ms` counts from the span's start. `failed` also
    where only the tool's own status says so. `gateway_overhead_ms` is what AgentCore's gateway added to its tool.
    """

    trace_id: TraceId
    span_id: SpanId
    parent_id: SpanId | None
    kind: SpanKind
    started_at: datetime
    ended_at: datetime
    resource: str | None = None
    failed: bool = False
    status: int | None = None
    session_id: str | None = None
    invocation_id: InvocationId | None = None
    region: str | None = None
    tokens: TokenCounts = field(default_factory=TokenCounts)
    first_token_ms: int | None = None
    tool: str | None = None
    tool_call_id: str | None = None
    gateway_overhead_ms: int | None = None

    @property
    def call(self) -> "CallSpan":
        """When and in which trace the call was, of a call's span."""
        return CallSpan(trace_id=self.trace_id, started_at=self.started_at, ended_at=self.ended_at)

    def holds(self, moment: datetime) -> bool:
        """Whether the moment lies in the span's time, its ends included."""
        return self.started_at <= moment <= self.ended_at

    def is_inside(self, other: "Span") -> bool:
        """Whether all of its time is the other's, too."""
        return other.holds(self.started_at) and other.holds(self.ended_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSpan:
    """What the span of a call to Bedrock tells of the invocation with the same id: its trace, and its exact times."""

    trace_id: TraceId
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaRun:
    """What a Lambda function's log tells of one run: the trace that it is part of, which an agent that it calls joins.

    `lambda_request_id` is the id that API Gateway's record names, too. `at` is when its line was written: the run's
    start or its end.
    """

    lambda_request_id: str
    trace_id: TraceId
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What is known of one trace: its spans, each once, in order of time, and the requests whose records name it.

    `records` are those of the same requests, in the same order: by their ids. `is_cut`: it may have more than was read.
    `shared` are those of its calls, as far as they were looked up, that were logged and may be of several requests.
    """

    trace_id: TraceId
    spans: tuple[Span, ...] = ()
    requests: tuple[RequestId, ...] = ()
    records: tuple[Request, ...] = ()
    is_cut: bool = False
    shared: Set[InvocationId] = frozenset()

    @property
    def calls(self) -> Sequence[Span]:
        """The spans of calls to Bedrock."""
        return [span for span in self.spans if span.kind is SpanKind.CALL]

    def is_named_by_others(self, request_id: RequestId) -> bool:
        """Whether a record of another request names the trace."""
        return any(other != request_id for other in self.requests)


def join_spans(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Each span once, however often it was delivered, in order of time."""
    return tuple(sorted({(span.trace_id, span.span_id): span for span in spans}.values(), key=by_time))


def by_time(span: Span) -> tuple[datetime, datetime, str, str]:
    """What orders spans by their start, wherever they come from."""
    return span.started_at, span.ended_at, span.trace_id, span.span_id
