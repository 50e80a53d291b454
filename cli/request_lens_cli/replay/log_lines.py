"""One line of a log file, and what is known of where and when it was logged."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from request_lens.domain.times import EPOCH
from request_lens.wire.field_types import bounded_utc
from request_lens.wire.subscription import decode

type Source = Literal["invocation", "access", "span", "lambda"]
"""The kind of log that a line says it comes from."""

EVENT_KEYS = frozenset({"id", "eventId", "logStreamName", "timestamp", "ingestionTime", "message"})
"""Keys of the events that `aws logs` prints; an object with any other key is a record itself."""

_LISTS = ("events", "logEvents", "results")
"""Where the output of an `aws logs` command, or a subscription, has its rows."""

_AROUND = frozenset(
    {*_LISTS, "nextToken", "searchedLogStreams", "nextForwardToken", "nextBackwardToken", "ResponseMetadata"}
    | {"messageType", "owner", "logGroup", "logStream", "subscriptionFilters", "policyLevel"}
    | {"queryLanguage", "statistics", "encryptionKey", "status"}
)
"""Keys of an object that holds rows and is no record."""

_OF_RECORDS = frozenset({"requestId", "schemaType", "traceId", "spanId", "startTimeUnixNano"})
"""Keys of records alone: a span has a list of `events`, too, which are its own and no lines of a log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLine:
    """A log event's text, good or bad; `at` is when it arrived, None where the file does not say."""

    source: Source | None
    at: datetime | None
    message: str


def line_of(value: object, *, text: str | None = None) -> SourceLine:
    """The line that a JSON value is or wraps; `text` is how the file spells it."""
    spelled = _as_text(value) if text is None else text
    if not isinstance(value, Mapping):
        return SourceLine(source=None, at=None, message=spelled)
    if "@message" in value:
        return SourceLine(source=None, at=moment_of(value.get("@ingestionTime")), message=_as_text(value["@message"]))
    if "message" not in value:
        return SourceLine(source=None, at=None, message=spelled)
    if "at" in value or "source" in value:
        return _annotated(value)
    if value.keys() <= EVENT_KEYS:
        return SourceLine(source=None, at=moment_of(value.get("ingestionTime")), message=_as_text(value["message"]))
    return SourceLine(source=None, at=None, message=spelled)


def lines_in(document: object) -> Iterator[SourceLine]:
    """The lines of a whole JSON document: an array, the output of an `aws logs` command, a Lambda event, or one record.

    Raises: EnvelopeError for a Lambda event whose payload is broken.
    """
    if isinstance(document, list):
        for row in document:
            yield from lines_in(_row(row))
    elif isinstance(document, Mapping) and (rows := _rows(document)) is not None:
        yield from lines_in(rows)
    else:
        yield line_of(document)


def is_wrapper(value: object) -> bool:
    """Whether a JSON value on one line holds many lines: an array of other things than objects is a bad line."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(row, dict) for row in value)
    return isinstance(value, Mapping) and _rows(value) is not None


def moment_of(value: object) -> datetime | None:
    """The time that epoch milliseconds or ISO 8601 text say, in UTC, or None; without an offset it is UTC already."""
    try:
        if isinstance(value, str) and not value.isdigit():
            return bounded_utc(datetime.fromisoformat(value.strip()))
        if isinstance(value, str | int) and not isinstance(value, bool):
            return bounded_utc(EPOCH + timedelta(milliseconds=int(value)))
    except (ValueError, OverflowError):
        return None
    return None


def _annotated(value: Mapping[str, object]) -> SourceLine:
    return SourceLine(
        source=_source_of(value.get("source")), at=moment_of(value.get("at")), message=_as_text(value["message"])
    )


def _source_of(value: object) -> Source | None:
    match value:
        case "invocation" | "access" | "span" | "lambda":
            return value
        case _:
            return None


def _rows(document: Mapping[str, object]) -> list[object] | None:
    """The rows of a subscription, packed or not, of `filter-log-events`, `get-log-events` or `get-query-results`.

    None where the object is a record, or may be one: it stays a line, and whoever reads it says what it is.
    """
    if not _OF_RECORDS.isdisjoint(document):
        return None
    if isinstance(document.get("awslogs"), Mapping):
        return [{"message": event.message} for event in decode(document).events]
    if document.get("messageType") == "CONTROL_MESSAGE":
        return []
    for key in _LISTS:
        rows = document.get(key)
        if isinstance(rows, list) and (document.keys() <= _AROUND or (rows and all(map(_is_row, rows)))):
            return rows
    return None


def _is_row(value: object) -> bool:
    """Whether a value has the shape of a log event as `aws logs` prints it, or of a query's row."""
    if isinstance(value, list):
        return bool(value) and all(isinstance(cell, dict) and "field" in cell for cell in value)
    return isinstance(value, Mapping) and "message" in value and value.keys() <= EVENT_KEYS


def _row(value: object) -> object:
    """A row of `get-query-results`, which lists its cells as fields and values, as one object."""
    if not isinstance(value, list) or not _is_row(value):
        return value
    return {str(cell["field"]): cell.get("value") for cell in value}


def _as_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
