"""What Lambda writes into the failure bucket: an object's text → the event that it gave up on.

A failed asynchronous invocation has its event in `requestPayload`, failed stream records have theirs in `payload`, as
text. https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pydantic import Json, JsonValue, ValidationError

from request_lens.wire.field_types import ForeignModel

type JsonObject = dict[str, JsonValue]


class FailedKind(StrEnum):
    """What an event is for the processor; `OTHER` is what it does not know, as of the stack's other functions."""

    LOG_BATCH = "log batches"
    STREAM_RECORDS = "stream records"
    SWEEP = "sweeps"
    OTHER = "of other functions"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedEvent:
    """An event as the function had it."""

    kind: FailedKind
    event: Mapping[str, JsonValue]


class UnreadableFailureError(Exception):
    """An object holds no event that could be sent again; the message says why, and nothing of its text."""


class _FailureRecord(ForeignModel):
    request_payload: JsonObject | None = None
    payload: Json[JsonObject] | JsonObject | None = None


def read_failed_event(text: bytes) -> FailedEvent:
    """The event in an object of the failure bucket. Raises: UnreadableFailureError."""
    try:
        record = _FailureRecord.model_validate_json(text)
    except ValidationError:
        raise UnreadableFailureError("is no record of a failed invocation") from None
    event = record.payload if record.request_payload is None else record.request_payload
    if event is None:
        raise UnreadableFailureError("holds no event: neither requestPayload nor payload")
    return FailedEvent(kind=_kind_of(event), event=event)


def _kind_of(event: Mapping[str, JsonValue]) -> FailedKind:
    """Told by the event, not by the function's name, which another deployment may have changed."""
    if "awslogs" in event:
        return FailedKind.LOG_BATCH
    if "sweep" in event:
        return FailedKind.SWEEP
    match event.get("Records"):
        case [{"eventSource": "aws:dynamodb"}, *_]:
            return FailedKind.STREAM_RECORDS
        case _:
            return FailedKind.OTHER
