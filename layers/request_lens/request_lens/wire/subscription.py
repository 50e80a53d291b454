"""CloudWatch Logs' subscription payload: the Lambda event → a batch of log events, read line by line in one pass.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Literal

from isal import isal_zlib
from pydantic import Field, GetCoreSchemaHandler, ValidationError
from pydantic_core import CoreSchema, core_schema

from request_lens.domain.facts import Invocation
from request_lens.domain.log_record import LogRecord, Rejected
from request_lens.errors import EnvelopeError
from request_lens.wire.fault import Fault, fault_of, missing
from request_lens.wire.field_types import MAX_EPOCH_MS, ForeignModel, Identifier, LogName, OrEmpty, OrNone
from request_lens.wire.invocation_log import ModelInvocationLog, invocation_of
from request_lens.wire.json_repair import read_repaired
from request_lens.wire.log_record import read_record

MAX_INFLATED_BYTES = 64 * 1024 * 1024
"""Lambda takes 1 MB of payload; a forged one of that size could inflate to 700 MB."""

_NO_BATCH = "awslogs.data holds no CloudWatch Logs batch"

_GZIP_OR_ZLIB = isal_zlib.MAX_WBITS | 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEvent[Line]:
    """One line of a log group.

    `id` is empty where it cannot be one. `timestamp_ms` is the event's own, in epoch milliseconds, else None. `message`
    is the line's text, or what was read from it.
    """

    id: Annotated[Identifier, OrEmpty()] = ""
    timestamp_ms: Annotated[int | None, Field(ge=0, lt=MAX_EPOCH_MS, alias="timestamp"), OrNone()] = None
    message: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBatch[Line]:
    """The log events that one subscription filter delivered at once, all of one stream, in the order they came."""

    log_group: str
    log_stream: str
    events: tuple[LogEvent[Line], ...]


class Envelope[Line](ForeignModel):
    """What CloudWatch Logs sends, without its compression; `Line` is the type that a line's text is read as."""

    message_type: Literal["DATA_MESSAGE", "CONTROL_MESSAGE"]
    log_group: Annotated[LogName, OrEmpty()] = ""
    log_stream: Annotated[LogName, OrEmpty()] = ""
    log_events: tuple[LogEvent[Line], ...] | None = None


class _ReadLine:
    """Annotation of a line that is read where it lies in its envelope.

    The text of an invocation, which is nearly all of a batch, is never built, and that of another line only while it is
    read: of a batch of 64 MiB no second copy is held.
    """

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """JSON text of an invocation, or else any text."""
        record = handler.generate_schema(ModelInvocationLog)
        invocation = core_schema.no_info_after_validator_function(_as_invocation, record)
        other_line = core_schema.no_info_after_validator_function(read_record, core_schema.str_schema())
        return core_schema.union_schema([core_schema.json_schema(invocation), other_line], mode="left_to_right")


def _as_invocation(record: ModelInvocationLog) -> Invocation:
    """The invocation of a record. Raises: ValueError where it is none, which leaves the line to `read_record`."""
    invocation = invocation_of(record)
    if isinstance(invocation, Fault):
        raise ValueError(invocation.reason)  # noqa: TRY004 - pydantic's sign of a choice that does not fit
    return invocation


type _ReadRecord = Annotated[LogRecord, _ReadLine()]

_LINES, _RECORDS = Envelope[str], Envelope[_ReadRecord]
"""Held here, for pydantic's own hold on them is weak: they would be built anew after each collection of garbage."""


class _Data(ForeignModel):
    data: str


class _LambdaEvent(ForeignModel):
    awslogs: _Data


def read_batch(event: Mapping[str, object]) -> LogBatch[LogRecord]:
    """The log batch in a Lambda event, each line read: a fact, ignored, or rejected, which names where it stands.

    Raises: EnvelopeError, whose message names what is wrong and holds nothing of the payload.
    """
    batch = decode_as(_RECORDS, event)
    return replace(batch, events=tuple(_with_location(log_event, batch) for log_event in batch.events))


def _with_location(event: LogEvent[LogRecord], batch: LogBatch[LogRecord]) -> LogEvent[LogRecord]:
    """The same event; a rejected record names its log group, its stream and its id."""
    if not isinstance(event.message, Rejected):
        return event
    located = replace(event.message, log_group=batch.log_group, log_stream=batch.log_stream, event_id=event.id)
    return replace(event, message=located)


def decode(event: Mapping[str, object]) -> LogBatch[str]:
    """The log batch in a Lambda event, its lines as text; that of a CONTROL_MESSAGE is empty. Raises: EnvelopeError."""
    return decode_as(_LINES, event)


def decode_as[Line](model: type[Envelope[Line]], event: Mapping[str, object]) -> LogBatch[Line]:
    """The log batch in a Lambda event, its lines validated by the model while the envelope is.

    Raises: EnvelopeError.
    """
    envelope = _parse(model, _inflate(_payload(event)))
    events = envelope.log_events if envelope.message_type == "DATA_MESSAGE" else ()
    if events is None:
        raise EnvelopeError(f"{_NO_BATCH}: {missing('logEvents').detail}")
    return LogBatch(log_group=envelope.log_group, log_stream=envelope.log_stream, events=events)


def _payload(event: Mapping[str, object]) -> bytes:
    try:
        text = _LambdaEvent.model_validate(dict(event)).awslogs.data
        return base64.b64decode(text, validate=True)
    except ValidationError:
        raise EnvelopeError("Not a CloudWatch Logs event: it has no text in awslogs.data") from None
    except (binascii.Error, ValueError):
        raise EnvelopeError("Not a CloudWatch Logs event: awslogs.data is not base64") from None


def _inflate(payload: bytes) -> bytes:
    inflater = isal_zlib.decompressobj(wbits=_GZIP_OR_ZLIB)
    try:
        # One byte more than is allowed tells a bomb from a batch of exactly that size without inflating it further.
        text = inflater.decompress(payload, MAX_INFLATED_BYTES + 1)
    except isal_zlib.error:  # type: ignore[misc]  # its stub takes the class for an instance
        raise EnvelopeError("awslogs.data is neither gzip nor zlib, or is damaged") from None
    if len(text) > MAX_INFLATED_BYTES:
        raise EnvelopeError(f"awslogs.data inflates beyond {MAX_INFLATED_BYTES} bytes")
    if not inflater.eof or inflater.unused_data:
        raise EnvelopeError("awslogs.data is cut off, or goes on after its end")
    return text


def _parse[Line](model: type[Envelope[Line]], text: bytes) -> Envelope[Line]:
    envelope = read_repaired(partial(_envelope_or_fault, model), text)
    if isinstance(envelope, Fault):
        raise EnvelopeError(f"{_NO_BATCH}: {envelope.detail}")
    return envelope


def _envelope_or_fault[Line](model: type[Envelope[Line]], text: bytes) -> Envelope[Line] | Fault:
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        return fault_of(error)
