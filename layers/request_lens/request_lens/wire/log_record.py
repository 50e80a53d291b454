"""One log event → exactly one of fact, ignored, rejected, by the shape of its JSON and whatever the line holds."""

import hashlib

from pydantic import ValidationError

from request_lens.domain.log_record import Ignored, LogRecord, Rejected, RejectedReason
from request_lens.wire.access_log import read_request
from request_lens.wire.fault import Fault, fault_of
from request_lens.wire.field_types import ForeignModel
from request_lens.wire.invocation_log import SCHEMA_TYPE, read_invocation
from request_lens.wire.json_repair import repaired

PERMISSION_LINE = "Permissions are correctly set for Amazon Bedrock logs."
"""What Bedrock writes when invocation logging is switched on."""


class _Shape(ForeignModel):
    """The keys that tell the records apart; their values do not matter, except `schemaType`."""

    schema_type: object = None
    model_id: object = None
    operation: object = None
    request_time_epoch: object = None
    request_time: object = None
    route_key: object = None
    resource_path: object = None
    request_id: object = None
    status: object = None

    @property
    def is_invocation(self) -> bool:
        """Whether this is a ModelInvocationLog; exports without its type have both other keys."""
        if "schema_type" in self.model_fields_set:
            return self.schema_type == SCHEMA_TYPE
        return {"model_id", "operation"} <= self.model_fields_set

    @property
    def is_access_line(self) -> bool:
        """Whether this is an access-log line, perhaps one that lacks something."""
        found = self.model_fields_set
        has_own_key = bool(found & {"request_time_epoch", "request_time", "route_key", "resource_path"})
        return "schema_type" not in found and (has_own_key or {"request_id", "status"} <= found)


def read_record(message: str, *, log_group: str = "", log_stream: str = "", event_id: str = "") -> LogRecord:
    """What one log event is. Never raises, whatever the line is, and never gives its text away.

    The log group and the ids are only for the rejected record: they do not decide how a line is read.
    """
    if message.strip() == PERMISSION_LINE:
        return Ignored(why="permission line")
    raw = message.encode("utf-8", "surrogatepass")
    found = _read(raw)
    if isinstance(found, Fault) and found.reason is RejectedReason.NOT_JSON:
        second_try = repaired(raw)
        found = found if second_try is None else _read(second_try)
    if not isinstance(found, Fault):
        return found
    return Rejected(
        reason=found.reason,
        detail=found.detail,
        size_bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        log_group=log_group,
        log_stream=log_stream,
        event_id=event_id,
    )


def _read(raw: bytes) -> LogRecord | Fault:
    """Tries an invocation first, so that the long lines are parsed once; the shape is asked only where that fails."""
    invocation = read_invocation(raw)
    if not isinstance(invocation, Fault):
        return invocation
    try:
        shape = _Shape.model_validate_json(raw)
    except ValidationError as error:
        return fault_of(error)
    if shape.is_invocation:
        return invocation
    return read_request(raw) if shape.is_access_line else Fault(reason=RejectedReason.UNKNOWN_RECORD)
