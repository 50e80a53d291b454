"""Spans as values, by milliseconds after a request's start, and the shapes of three real traces."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId, TokenCounts, TraceId
from request_lens.domain.spans import Span, SpanId, SpanKind

type Value = Any

START = datetime(2025, 11, 17, 23, 58, 32, tzinfo=UTC)
TRACE = TraceId(f"{int(START.timestamp()):08x}dab312b4f03b31b9c24535a1")
REGION = "us-east-1"
SKEW = timedelta(seconds=1)


def at(ms: int) -> datetime:
    """The moment so many milliseconds after START."""
    return START + timedelta(milliseconds=ms)


def made_span(kind: SpanKind, begin: int, end: int, *, span_id: str | None = None, **fields: Value) -> Span:
    """A span of TRACE and of one resource, unless the fields say otherwise; its id is its kind and time."""
    values: dict[str, Value] = {"trace_id": TRACE, "parent_id": None, "resource": "agent"} | fields
    own_id = span_id or f"{kind}-{begin}-{end}"
    return Span(span_id=SpanId(own_id), kind=kind, started_at=at(begin), ended_at=at(end), **values)


def entry_span(begin: int, end: int, **fields: Value) -> Span:
    """The agent's server at work."""
    return made_span(SpanKind.ENTRY, begin, end, **fields)


def call_span(call_id: str, begin: int, end: int, **fields: Value) -> Span:
    """A call to Bedrock in this Region."""
    values: dict[str, Value] = {"invocation_id": InvocationId(call_id), "region": REGION} | fields
    return made_span(SpanKind.CALL, begin, end, **values)


def agent_span(begin: int, end: int, *, read: int | None, written: int | None, **fields: Value) -> Span:
    """One run of an agent's loop, with its own sums of tokens."""
    return made_span(SpanKind.AGENT, begin, end, tokens=TokenCounts(input=read, output=written), **fields)


def request(duration_ms: int | None, *, begin: int = 0) -> Request:
    """A request that began so many milliseconds after START."""
    return Request(
        request_id=RequestId("r"), route="POST /ask", status=200, started_at=at(begin), duration_ms=duration_ms
    )


def invocation(call_id: str, *, read: int | None = 100, written: int | None = 10, **fields: Value) -> Invocation:
    """A call as the invocation log has it."""
    counts = TokenCounts(input=read, output=written)
    values: dict[str, Value] = {"tokens": counts, "stop_reason": "end_turn", "region": REGION} | fields
    return Invocation(
        invocation_id=InvocationId(call_id), model_id="m", operation="ConverseStream", logged_at=START, **values
    )


def strands_trace() -> Sequence[Span]:
    """The shape of a real Strands request of one call, with AgentCore's memory around it."""
    memory = [(63, 151), (202, 273), (274, 452), (460, 604), (605, 668), (668, 804), (804, 1064), (1064, 1251)]
    memory += [(4737, 4870), (4870, 4923), (4923, 5064), (5101, 5171), (5172, 5309)]
    return [
        entry_span(0, 5345),
        *(made_span(SpanKind.MEMORY, begin, end) for begin, end in memory),
        agent_span(459, 5309, read=21245, written=56),
        made_span(SpanKind.CHAT, 1253, 4696, span_id="chat", first_token_ms=2657),
        call_span("call", 1255, 4695, parent_id=SpanId("chat")),
    ]


def second_turn() -> Sequence[Span]:
    """The shape of the turn before that one, in the same session and a trace of its own."""
    memory = [(63, 141), (254, 389), (389, 493), (500, 645), (645, 705), (706, 838), (838, 1007), (1007, 1201)]
    memory += [(4075, 4170), (4170, 4214), (4215, 4340), (4380, 4456), (4457, 4604)]
    return [
        entry_span(0, 4652),
        *(made_span(SpanKind.MEMORY, begin, end) for begin, end in memory),
        agent_span(500, 4605, read=21209, written=32),
        made_span(SpanKind.CHAT, 1203, 4038, span_id="chat", first_token_ms=2430),
        call_span("call", 1205, 4038, parent_id=SpanId("chat")),
    ]


def openai_trace() -> Sequence[Span]:
    """The shape of a real Strands request that calls another vendor's model twice, and one tool that fails."""
    memory = [(147, 234), (235, 317), (317, 375), (377, 521), (521, 598), (599, 733), (733, 935), (935, 1145)]
    memory += [(7378, 7504), (7504, 7578), (7579, 7717), (7869, 8018), (8019, 8088), (8089, 8223)]
    memory += [(16149, 16280), (16280, 16348), (16348, 16509), (16549, 16621), (16622, 16811)]
    return [
        entry_span(0, 16848),
        *(made_span(SpanKind.MEMORY, begin, end) for begin, end in memory),
        agent_span(376, 16811, read=5064, written=408),
        made_span(SpanKind.CHAT, 1146, 7344, span_id="first"),
        made_span(SpanKind.TOOL, 7718, 7832, tool="code_interpreter", failed=True),
        made_span(SpanKind.CHAT, 8262, 16116, span_id="second"),
    ]
