"""Spans as agents export them, as the records that stand in `aws/spans`: flat attributes, ids as hexadecimal digits.

Numbers of fields: https://github.com/open-telemetry/opentelemetry-proto, trace/v1 and common/v1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import JsonValue

from request_lens_cli.local_aws.otlp.protobuf import (
    ProtobufError,
    Value,
    fields,
    floating,
    octets,
    signed,
    text,
    unsigned,
)

type Attributes = dict[str, JsonValue]

_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
_STATUSES = ("UNSET", "OK", "ERROR")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanRecord:
    """A record, and the time of its log event: the span's end."""

    ended_ms: int
    content: Mapping[str, JsonValue]


def span_records(exported: bytes) -> Iterator[SpanRecord]:
    """The records of an ExportTraceServiceRequest, in its order. Raises: ProtobufError, as where a span has no id."""
    try:
        for number, resource_spans in fields(exported):
            if number == 1:
                yield from _of_resource(octets(resource_spans))
    except LookupError as error:
        raise ProtobufError(f"a field is missing or has no such value: {error}") from error


def _of_resource(message: bytes) -> Iterator[SpanRecord]:
    parts = list(fields(message))
    resource: JsonValue = {
        "attributes": _attributes(b"".join(octets(each) for number, each in parts if number == 1), 1)
    }
    for number, scope_spans in parts:
        if number == 2:
            yield from _of_scope(octets(scope_spans), resource)


def _of_scope(message: bytes, resource: JsonValue) -> Iterator[SpanRecord]:
    parts = list(fields(message))
    named = {1: "name", 2: "version"}
    said = (pair for part, each in parts if part == 1 for pair in fields(octets(each)))
    scope: Attributes = {"name": "", "version": "", **{named[key]: text(value) for key, value in said if key in named}}
    for number, span in parts:
        if number == 2:
            yield _record(octets(span), {"resource": resource, "scope": scope})


def _record(message: bytes, around: Attributes) -> SpanRecord:
    one = dict(fields(message))
    start, end = unsigned(one[7]), unsigned(one[8])
    content: Attributes = around | {
        "traceId": octets(one[1]).hex(),
        "spanId": octets(one[2]).hex(),
        "flags": unsigned(one.get(16, 0)),
        "name": text(one[5]),
        "kind": _KINDS[unsigned(one.get(6, 0))],
        "startTimeUnixNano": start,
        "endTimeUnixNano": end,
        "durationNano": end - start,
        "attributes": _attributes(message, 9),
        "status": {"code": _status(one.get(15, b""))},
    }
    if parent := octets(one.get(4, b"")):
        content["parentSpanId"] = parent.hex()
    return SpanRecord(ended_ms=end // 1_000_000, content=content)


def _status(message: Value) -> JsonValue:
    return _STATUSES[unsigned(dict(fields(octets(message))).get(3, 0))]


def _attributes(message: bytes, field: int) -> Attributes:
    """The key-values of a field that may be repeated."""
    pairs = (dict(fields(octets(each))) for number, each in fields(message) if number == field)
    return {text(pair[1]): _any(octets(pair.get(2, b""))) for pair in pairs}


def _any(message: bytes) -> JsonValue:
    for number, value in fields(message):
        match number:
            case 1:
                return text(value)
            case 2:
                return bool(unsigned(value))
            case 3:
                return signed(value)
            case 4:
                return floating(value)
            case 5:
                return [_any(octets(each)) for _, each in fields(octets(value))]
            case 6:
                return _attributes(octets(value), 1)
            case _:
                return octets(value).hex()
    return None
