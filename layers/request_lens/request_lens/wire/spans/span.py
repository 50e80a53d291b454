"""Spans: JSON text → Span, or why a span says nothing of use.

Each kind is told by a closed shape: who made the span (its scope), its name, and the AWS operation that it called.
"""

import re

from pydantic import ValidationError

from request_lens.domain.facts import InvocationId, TokenCounts, TraceId
from request_lens.domain.log_record import Ignored
from request_lens.domain.spans import Span, SpanId, SpanKind
from request_lens.wire.fault import Fault, fault_of
from request_lens.wire.spans.fields import TOOL_NAME, SpanRecord

LOG_OF_TELEMETRY = "log record of OpenTelemetry"
"""Why a record beside the spans is ignored: it bears the id of the span that it was written in."""

OTHER_SPAN = "span of another kind"

_STRANDS = "strands.telemetry.tracer"
_ENTRY = "POST /invocations"
_AGENT, _TOOL, _MCP_TOOL = "invoke_agent", "execute_tool ", "mcp tools/call "
_GATEWAY = "AgentCore.Gateway.InvokeTool"
_BEDROCK, _AGENTCORE = "Bedrock Runtime", "Bedrock AgentCore"

LOGGED_METHODS = frozenset({"Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream"})
"""The operations of Bedrock that its invocation log has."""

_MEMORY = re.compile(r"\w*(?:Events?|Actors|MemoryRecords?)|ListSessions")
"""AgentCore's operations on its memory; it has no other that is named so (botocore 1.44.5, bedrock-agentcore)."""

_CHAT = "chat"

_ERRORS = frozenset({"ERROR", "error"})


def read_span(raw: bytes) -> Span | Ignored | Fault:
    """The span that a record's JSON text reports, why it is to be ignored, or what is wrong with it."""
    try:
        record = SpanRecord.model_validate_json(raw)
    except ValidationError as error:
        return fault_of(error)
    kind = _kind(record)
    return Ignored(why=OTHER_SPAN) if kind is None else _span(record, kind)


def _kind(record: SpanRecord) -> SpanKind | None:
    name = record.name or ""
    if record.rpc_service is not None:
        return _kind_of_sdk_call(record)
    if name == _ENTRY:
        return SpanKind.ENTRY if record.kind == "SERVER" else None
    if record.scope == _STRANDS and name.startswith(_AGENT):
        return SpanKind.AGENT
    if name.startswith((_TOOL, _MCP_TOOL)) or name == _GATEWAY or record.traceloop_kind == "tool":
        return SpanKind.TOOL
    return SpanKind.CHAT if record.operation == _CHAT else None


def _kind_of_sdk_call(record: SpanRecord) -> SpanKind | None:
    """A call without an id never reached AWS; other services' calls have ids, too."""
    method = record.rpc_method or ""
    if record.rpc_service == _BEDROCK and method in LOGGED_METHODS and record.aws_request_id is not None:
        return SpanKind.CALL
    return SpanKind.MEMORY if record.rpc_service == _AGENTCORE and _MEMORY.fullmatch(method) else None


def _span(record: SpanRecord, kind: SpanKind) -> Span:
    is_call, is_tool = kind is SpanKind.CALL, kind is SpanKind.TOOL
    return Span(
        trace_id=TraceId(record.trace_id),
        span_id=SpanId(record.span_id),
        parent_id=None if record.parent_id is None else SpanId(record.parent_id),
        kind=kind,
        started_at=record.started_at,
        ended_at=max(record.started_at, record.ended_at),
        resource=_resource(record),
        failed=bool(_ERRORS & {record.status_code, record.tool_status}),
        status=record.http_status,
        session_id=record.session_id,
        invocation_id=InvocationId(record.aws_request_id) if is_call and record.aws_request_id else None,
        region=record.region if is_call else None,
        tokens=_tokens(record) if kind in _COUNTING else TokenCounts(),
        first_token_ms=record.first_token_ms,
        tool=_tool(record) if is_tool else None,
        tool_call_id=record.tool_call_id if is_tool else None,
        gateway_overhead_ms=record.gateway_overhead_ms if is_tool else None,
    )


_COUNTING = frozenset({SpanKind.CALL, SpanKind.AGENT, SpanKind.CHAT})


def _tokens(record: SpanRecord) -> TokenCounts:
    return TokenCounts(
        input=record.input_tokens,
        output=record.output_tokens,
        cache_read=record.cache_read_tokens,
        cache_write=record.cache_write_tokens,
    )


def _resource(record: SpanRecord) -> str | None:
    """What ran the span, without its account: an ARN's own resource, or else the service's name."""
    return record.resource_id.split(":", 5)[-1] if record.resource_id else record.service


def _tool(record: SpanRecord) -> str | None:
    """The tool's bare name: AgentCore's gateway puts its target's before it, as `target___tool`."""
    name = record.tool or (record.name or "").removeprefix(_TOOL).removeprefix(_MCP_TOOL)
    return name.rpartition("___")[2] if TOOL_NAME.fullmatch(name) else None
