"""The fields of a span's record that we read: JSON text → SpanRecord.

Attributes stand flat under dotted keys. Prompts, tool arguments and results stand among them: only the keys named here
are bound to a field, and each is too narrow for a sentence.
https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/observability-telemetry.html
"""

import re
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AliasChoices, AliasPath, BeforeValidator, Field, StringConstraints
from pydantic.fields import FieldInfo

from request_lens.domain.times import EPOCH
from request_lens.wire.field_types import (
    MAX_DURATION_MS,
    MAX_EPOCH_MS,
    ForeignModel,
    Identifier,
    Name,
    OrNone,
    TokenCount,
    Word,
)

TOOL_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,128}")
"""Wider than Bedrock's own names of tools, which have no dot, colon or slash, and 64 characters."""

_NS_IN_MS = 1_000_000

_CACHE_READ = ("gen_ai.usage.cache_read_input_tokens", "gen_ai.usage.cache_read.input_tokens")
_CACHE_WRITE = ("gen_ai.usage.cache_write_input_tokens", "gen_ai.usage.cache_creation.input_tokens")
"""As Strands writes them, and as OpenTelemetry's conventions name them since."""


def _at(*path: str) -> FieldInfo:
    """The field at this path of keys, each of which may hold dots."""
    field: FieldInfo = Field(validation_alias=AliasPath(*path))
    return field


def _attribute(*keys: str) -> FieldInfo:
    """The field under the first of these keys that the span's attributes have."""
    field: FieldInfo = Field(validation_alias=AliasChoices(*(AliasPath("attributes", key) for key in keys)))
    return field


def _from_ns(value: object) -> object:
    """The time of a count of nanoseconds, which some writers put into a text; cut to the millisecond."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("no count of nanoseconds")  # noqa: TRY004 - pydantic's sign of a value that does not fit
    epoch_ms = value // _NS_IN_MS
    if not 0 <= epoch_ms < MAX_EPOCH_MS:
        raise ValueError("time out of range")
    return EPOCH + timedelta(milliseconds=epoch_ms)


def _as_whole(value: object) -> object:
    """A number of milliseconds without its fraction."""
    return int(value) if isinstance(value, float) and abs(value) <= MAX_DURATION_MS else value


_Nanoseconds = Annotated[datetime, BeforeValidator(_from_ns)]
_Hex32 = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{32}$")]
_Hex16 = Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9a-f]{16}$")]
_Text = Annotated[Name | None, OrNone()]
_Word = Annotated[Word | None, OrNone()]
_Id = Annotated[Identifier | None, OrNone()]
_Count = Annotated[TokenCount | None, OrNone()]
_Ms = Annotated[
    Annotated[int, Field(strict=True, ge=0, le=MAX_DURATION_MS), BeforeValidator(_as_whole)] | None, OrNone()
]
_Status = Annotated[Annotated[int, Field(strict=True, ge=100, le=599)] | None, OrNone()]
_ToolName = Annotated[Annotated[str, StringConstraints(strict=True, pattern=f"^{TOOL_NAME.pattern}$")] | None, OrNone()]


class SpanRecord(ForeignModel):
    """The fields of a span that we read. One without an id or a time is rejected; all else may be unreadable."""

    trace_id: _Hex32
    span_id: _Hex16
    started_at: Annotated[_Nanoseconds, _at("startTimeUnixNano")]
    ended_at: Annotated[_Nanoseconds, _at("endTimeUnixNano")]
    parent_id: Annotated[_Hex16 | None, OrNone(), _at("parentSpanId")] = None
    name: _Text = None
    kind: _Word = None
    scope: Annotated[_Text, _at("scope", "name")] = None
    status_code: Annotated[_Word, _at("status", "code")] = None
    resource_id: Annotated[_Text, _at("resource", "attributes", "cloud.resource_id")] = None
    service: Annotated[_Text, _at("resource", "attributes", "service.name")] = None
    rpc_service: Annotated[_Text, _attribute("rpc.service")] = None
    rpc_method: Annotated[_Word, _attribute("rpc.method")] = None
    aws_request_id: Annotated[_Id, _attribute("aws.request_id")] = None
    region: Annotated[_Word, _attribute("aws.region")] = None
    http_status: Annotated[_Status, _attribute("http.status_code", "http.response.status_code")] = None
    session_id: Annotated[_Id, _attribute("session.id")] = None
    operation: Annotated[_Word, _attribute("gen_ai.operation.name", "llm.request.type")] = None
    input_tokens: Annotated[_Count, _attribute("gen_ai.usage.input_tokens")] = None
    output_tokens: Annotated[_Count, _attribute("gen_ai.usage.output_tokens")] = None
    cache_read_tokens: Annotated[_Count, _attribute(*_CACHE_READ)] = None
    cache_write_tokens: Annotated[_Count, _attribute(*_CACHE_WRITE)] = None
    first_token_ms: Annotated[_Ms, _attribute("gen_ai.server.time_to_first_token")] = None
    tool: Annotated[_ToolName, _attribute("gen_ai.tool.name", "tool.name", "traceloop.entity.name")] = None
    tool_status: Annotated[_Word, _attribute("gen_ai.tool.status")] = None
    tool_call_id: Annotated[_Word, _attribute("gen_ai.tool.call.id")] = None
    traceloop_kind: Annotated[_Word, _attribute("traceloop.span.kind")] = None
    gateway_overhead_ms: Annotated[_Ms, _attribute("overhead_latency_ms")] = None
