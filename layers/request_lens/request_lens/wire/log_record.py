"""One log event → exactly one of fact, ignored, rejected, by the shape of its JSON."""

import hashlib

from pydantic import ValidationError

from request_lens.domain.log_record import Ignored, LogRecord, Rejected, RejectedReason
from request_lens.wire.access.syntax import syntax_advice
from request_lens.wire.access_log import read_request
from request_lens.wire.fault import Fault, advised, fault_of
from request_lens.wire.field_types import ForeignModel
from request_lens.wire.invocation_log import SCHEMA_TYPE, read_invocation
from request_lens.wire.json_repair import read_repaired
from request_lens.wire.spans.lambda_line import PLATFORM, read_platform_line, read_text_line
from request_lens.wire.spans.span import LOG_OF_TELEMETRY, read_span
from request_lens.wire.unknown_record import unknown_record

PERMISSION_LINE = "Permissions are correctly set for Amazon Bedrock logs."
"""What Bedrock writes when invocation logging is switched on."""


class _Shape(ForeignModel):
    """The keys by which kinds of records differ; their values do not matter, except `schemaType`."""

    schema_type: object = None
    model_id: object = None
    operation: object = None
    request_time_epoch: object = None
    request_time: object = None
    route_key: object = None
    resource_path: object = None
    request_id: object = None
    extended_request_id: object = None
    status: object = None
    trace_id: object = None
    span_id: object = None
    start_time_unix_nano: object = None
    type: object = None
    record: object = None

    @property
    def is_invocation(self) -> bool:
        """Whether this is a ModelInvocationLog; exports without its type have both other keys."""
        if "schema_type" in self.model_fields_set:
            return self.schema_type == SCHEMA_TYPE
        return {"model_id", "operation"} <= self.model_fields_set

    @property
    def is_access_line(self) -> bool:
        """Whether this is an access-log line, perhaps one that lacks something."""
        keys = self.model_fields_set
        has_id = bool(keys & {"request_id", "extended_request_id"})
        has_own_key = bool(keys & {"request_time_epoch", "request_time", "route_key", "resource_path"})
        return "schema_type" not in keys and (has_own_key or (has_id and "status" in keys))

    @property
    def is_telemetry(self) -> bool:
        """Whether an agent's telemetry wrote this: a span, or a log record that names the span around it."""
        return {"trace_id", "span_id"} <= self.model_fields_set

    @property
    def is_span(self) -> bool:
        """Whether it is a span: a log record beside it has the same ids, and no start."""
        return self.is_telemetry and "start_time_unix_nano" in self.model_fields_set

    @property
    def is_platform_line(self) -> bool:
        """Whether Lambda itself wrote this into a function's log."""
        kind = self.type
        return isinstance(kind, str) and kind.startswith(PLATFORM) and "record" in self.model_fields_set


def read_record(message: str) -> LogRecord:
    """What one log event is. Never raises, whatever the line is, and never gives its text away.

    A rejected record does not name its log group, its stream and its id: those `read_batch` knows.
    """
    if message.strip() == PERMISSION_LINE:
        return Ignored(why="permission line")
    if (run := read_text_line(message)) is not None:
        return run
    raw = message.encode("utf-8", "surrogatepass")
    record = read_repaired(_read, raw)
    if not isinstance(record, Fault):
        return record
    return Rejected(
        reason=record.reason,
        detail=_detail(record, raw),
        size_bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
    )


def _detail(fault: Fault, raw: bytes) -> str:
    return advised(fault.detail, syntax_advice(raw)) if fault.reason is RejectedReason.NOT_JSON else fault.detail


def _read(raw: bytes) -> LogRecord | Fault:
    """What a JSON text reports; an invocation is tried first, so that the long lines are parsed once."""
    invocation = read_invocation(raw)
    if not isinstance(invocation, Fault):
        return invocation
    try:
        shape = _Shape.model_validate_json(raw)
    except ValidationError as error:
        return fault_of(error)
    if shape.is_invocation:
        return invocation
    if shape.is_access_line:
        return read_request(raw)
    if shape.is_span:
        return read_span(raw)
    if shape.is_platform_line:
        return read_platform_line(raw)
    return Ignored(why=LOG_OF_TELEMETRY) if shape.is_telemetry else unknown_record(raw)
