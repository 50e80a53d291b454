"""Facts of requests whose agents send spans: records that name traces, calls with spans, runs of functions.

Seconds count from `facts.START`. A trace is named by the request in whose second it was born, and by a number.
"""

from dataclasses import replace

from request_lens.domain.facts import Invocation, InvocationId, Request, TokenCounts, TraceId
from request_lens.domain.policy import Policy
from request_lens.domain.spans import LambdaRun, Span, SpanId, SpanKind
from tests.support.facts import ROLE, START, at, call, request

SPANS = Policy(agent_role_names=frozenset({ROLE}), reads_spans=True)
"""Spans are read, and links by time are inferred."""


def trace_id(number: int = 1, *, born: float = 0) -> TraceId:
    """A trace that was born so many seconds after START."""
    return TraceId(f"{int(START.timestamp() + born):08x}{number:024x}")


def traced_request(
    request_id: str = "r1",
    start: float = 0,
    *,
    trace: TraceId | None = None,
    duration_ms: int | None = 5_000,
    status: int = 200,
) -> Request:
    """A record that names a trace: its own, which it was born with, unless another is given."""
    record = request(request_id, start, duration_ms=duration_ms, status=status)
    return replace(record, trace_id=trace_id(born=start) if trace is None else trace)


def answered_request(request_id: str, run_id: str, start: float = 0) -> Request:
    """A record that names the run of a function that answered it, and no trace."""
    return replace(request(request_id, start), lambda_request_id=run_id)


def run_of(run_id: str, trace: TraceId, *, seconds: float = 0) -> LambdaRun:
    """What the function's log says of the run."""
    return LambdaRun(lambda_request_id=run_id, trace_id=trace, at=at(seconds))


def span_of(invocation: Invocation, trace: TraceId, *, begins: float = 0.3, resource: str = "agent") -> Span:
    """The span of a call, which began so many seconds after its floored timestamp."""
    started_at = invocation.logged_at + (at(begins) - START)
    return Span(
        trace_id=trace,
        span_id=SpanId(f"span-of-{invocation.invocation_id}"),
        parent_id=None,
        kind=SpanKind.CALL,
        started_at=started_at,
        ended_at=started_at + invocation.latency,
        resource=resource,
        invocation_id=InvocationId(invocation.invocation_id),
        tokens=TokenCounts(input=1, output=1),
    )


def entry_of(trace: TraceId, begins: float, ends: float, *, resource: str = "agent") -> Span:
    """An agent's server answering one request."""
    return Span(
        trace_id=trace,
        span_id=SpanId(f"entry-{begins}-{ends}"),
        parent_id=None,
        kind=SpanKind.ENTRY,
        started_at=at(begins),
        ended_at=at(ends),
        resource=resource,
    )


def agent_of(trace: TraceId, *calls: Invocation, begins: float = 0.2, ends: float = 4.8) -> Span:
    """An agent's own span, whose sums are those of the calls."""
    sums = TokenCounts(
        input=sum(each.tokens.input or 0 for each in calls), output=sum(each.tokens.output or 0 for each in calls)
    )
    own_id = SpanId(f"agent-{begins}-{ends}")
    return replace(entry_of(trace, begins, ends), kind=SpanKind.AGENT, span_id=own_id, tokens=sums)


def untagged_call(invocation_id: str = "c1", logged: float = 1, *, role: str = ROLE) -> Invocation:
    """A call without a tag and without tools."""
    return call(invocation_id, logged, role=role)
