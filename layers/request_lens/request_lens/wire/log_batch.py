"""A Lambda event of CloudWatch Logs → what each of its lines is, in one pass over both layers of JSON."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from request_lens.domain.facts import Invocation, LogRecord, Rejected
from request_lens.wire.fault import Fault
from request_lens.wire.invocation_log import ModelInvocationLog, invocation_of
from request_lens.wire.log_record import read_record
from request_lens.wire.subscription import Envelope, LogBatch, LogEvent, decode_as


class _ReadLine:
    """Annotation of a line that is read where it lies in its envelope.

    The text of an invocation, which is nearly all of a batch, is never built, and that of another line only while it is
    read: of a batch of 64 MiB no second copy is held.
    """

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """JSON text of a sound invocation, or else any text."""
        record = handler.generate_schema(ModelInvocationLog)
        invocation = core_schema.no_info_after_validator_function(_sound, record)
        other_line = core_schema.no_info_after_validator_function(read_record, core_schema.str_schema())
        return core_schema.union_schema([core_schema.json_schema(invocation), other_line], mode="left_to_right")


type _Line = Annotated[LogRecord, _ReadLine()]

_BATCH = Envelope[_Line]
"""Held here, for pydantic's own hold on it is weak: it would be built anew after each collection of garbage."""


def read_batch(event: Mapping[str, object]) -> LogBatch[LogRecord]:
    """What each line of a Lambda event is; a rejected one says where it stands.

    Raises: EnvelopeError, whose message names what is wrong and holds nothing of the payload.
    """
    batch = decode_as(_BATCH, event)
    return replace(batch, events=tuple(_placed(each, batch) for each in batch.events))


def _sound(record: ModelInvocationLog) -> Invocation:
    """The invocation of a record. Raises: ValueError where it is none, which leaves the line to `read_record`."""
    found = invocation_of(record)
    if isinstance(found, Fault):
        raise ValueError(found.reason)  # noqa: TRY004 - pydantic's sign of a choice that does not fit
    return found


def _placed(event: LogEvent[LogRecord], batch: LogBatch[LogRecord]) -> LogEvent[LogRecord]:
    """The same event; a rejected record names its log group, its stream and its id."""
    if not isinstance(event.message, Rejected):
        return event
    where = replace(event.message, log_group=batch.log_group, log_stream=batch.log_stream, event_id=event.id)
    return replace(event, message=where)
