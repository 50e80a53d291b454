"""Spans as an agent's exporter sends them become records of `aws/spans`, which our own reader understands."""

import gzip
import json
import struct
import threading
import urllib.error
import urllib.request
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens.domain.spans import Span, SpanKind
from request_lens.wire.spans.span import read_span
from request_lens_cli.local_aws.otlp.protobuf import ProtobufError, fields, signed
from request_lens_cli.local_aws.otlp.server import TRACES, otlp_server
from request_lens_cli.local_aws.otlp.span_records import SpanRecord, span_records

TRACE = "69298d2aaaaaaaaaaaaaaaaaaaaaaaaa"


def varint(number: int) -> bytes:
    number %= 1 << 64
    written = b""
    while number >= 0x80:
        written += bytes([number & 0x7F | 0x80])
        number >>= 7
    return written + bytes([number])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def part(field: int, value: bytes | str) -> bytes:
    content = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(content)) + content


def nanoseconds(field: int, value: int) -> bytes:
    return varint(field << 3 | 1) + struct.pack("<Q", value)


def attribute(key: str, value: object) -> bytes:
    match value:
        case bool():
            written = number(2, value)
        case int():
            written = number(3, value)
        case float():
            written = varint(4 << 3 | 1) + struct.pack("<d", value)
        case list():
            written = part(5, b"".join(part(1, part(1, str(each))) for each in value))
        case _:
            written = part(1, str(value))
    return part(1, key) + part(2, written)


ATTRIBUTES: dict[str, object] = {
    "rpc.service": "Bedrock Runtime",
    "rpc.method": "ConverseStream",
    "aws.request_id": "6881ba84-ea0d-4568-8910-2fa11a820d0b",
    "gen_ai.usage.input_tokens": 21_245,
    "gen_ai.response.finish_reasons": ["end_turn"],
    "retry_attempts": 0,
    "offset": -3,
    "share": 0.25,
    "streamed": True,
}


def export(*, parent: str = "56d90a7c5b06e7b1") -> bytes:
    span = (
        part(1, bytes.fromhex(TRACE))
        + part(2, bytes.fromhex("2e2b75ae2a80742e"))
        + part(4, bytes.fromhex(parent))
        + part(5, "chat global.anthropic.claude")
        + number(6, 3)
        + nanoseconds(7, 1_763_423_913_427_332_330)
        + nanoseconds(8, 1_763_423_916_867_689_495)
        + b"".join(part(9, attribute(key, value)) for key, value in ATTRIBUTES.items())
        + part(15, number(3, 2))
        + varint(16 << 3 | 5)
        + struct.pack("<I", 256)
    )
    scope = part(1, part(1, "opentelemetry.instrumentation.botocore.bedrock-runtime") + part(2, "0.65b0"))
    resource = part(1, part(1, attribute("service.name", "agent.DEFAULT")))
    return part(1, resource + part(2, scope + part(2, span)))


def test_a_call_is_a_record_with_flat_attributes_and_hexadecimal_ids() -> None:
    [record] = span_records(export())
    assert record.ended_ms == 1_763_423_916_867
    assert record.content == {
        "resource": {"attributes": {"service.name": "agent.DEFAULT"}},
        "scope": {"name": "opentelemetry.instrumentation.botocore.bedrock-runtime", "version": "0.65b0"},
        "traceId": TRACE,
        "spanId": "2e2b75ae2a80742e",
        "parentSpanId": "56d90a7c5b06e7b1",
        "flags": 256,
        "name": "chat global.anthropic.claude",
        "kind": "CLIENT",
        "startTimeUnixNano": 1_763_423_913_427_332_330,
        "endTimeUnixNano": 1_763_423_916_867_689_495,
        "durationNano": 3_440_357_165,
        "attributes": ATTRIBUTES,
        "status": {"code": "ERROR"},
    }


def test_our_own_reader_understands_the_record() -> None:
    [record] = span_records(export())
    span = read_span(json.dumps(dict(record.content)).encode())
    assert isinstance(span, Span)
    assert (span.kind, span.trace_id, span.invocation_id) == (SpanKind.CALL, TRACE, ATTRIBUTES["aws.request_id"])


def test_a_span_without_a_parent_has_none() -> None:
    [record] = span_records(export(parent=""))
    assert "parentSpanId" not in record.content


@given(st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1))
def test_every_number_is_read_as_it_was_written(value: int) -> None:
    [(field, read)] = fields(number(3, value))
    assert (field, signed(read)) == (3, value)


@pytest.mark.parametrize("cut", range(1, 12))
def test_a_message_that_ends_too_early_is_refused(cut: int) -> None:
    with pytest.raises(ProtobufError):
        list(span_records(export()[:-cut]))


def test_the_server_takes_spans_drops_logs_and_refuses_what_it_cannot_read() -> None:
    taken: list[Iterable[SpanRecord]] = []
    server = otlp_server(taken.append, port=0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    url = f"http://127.0.0.1:{server.server_port}"
    for path, body in ((TRACES, export()), ("/v1/logs", b"\xff")):
        with opener.open(urllib.request.Request(url + path, data=body)) as response:
            assert response.status == 200
    compressed = gzip.compress(export())
    for broken, encoding in (
        (b"\x0a\xff", "identity"),
        (part(1, part(2, part(2, b""))), "identity"),  # a span without an id
        (b"no gzip", "gzip"),
        (compressed[:-9], "gzip"),
        (compressed[:12] + b"\xff" * 9 + compressed[21:], "gzip"),
    ):
        asked = urllib.request.Request(url + TRACES, data=broken, headers={"Content-Encoding": encoding})
        with pytest.raises(urllib.error.HTTPError, match="400"):
            opener.open(asked)
    server.shutdown()
    server.server_close()
    thread.join()
    assert [[span.content["spanId"] for span in export] for export in taken] == [["2e2b75ae2a80742e"]]
