"""Subscription payloads: what CloudWatch Logs sends becomes a batch, read in one pass as its lines are read alone."""

import base64
import gc
import gzip
import hashlib
import json
import zlib
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.log_record import Ignored, LogRecord, Rejected, RejectedReason
from request_lens.errors import EnvelopeError
from request_lens.wire.json_repair import MAX_REPAIRED_BYTES
from request_lens.wire.log_record import PERMISSION_LINE, read_record
from request_lens.wire.subscription import MAX_INFLATED_BYTES, LogEvent, decode, read_batch

CANARY = "canary-7f3a"
GROUP, STREAM = "/aws/bedrock/model-invocations", "aws/bedrock/modelinvocations"


def lambda_event(payload: bytes) -> dict[str, object]:
    return {"awslogs": {"data": base64.b64encode(payload).decode()}}


def envelope(*messages: str, message_type: str = "DATA_MESSAGE") -> dict[str, object]:
    return {
        "messageType": message_type,
        "owner": "123456789012",
        "logGroup": GROUP,
        "logStream": STREAM,
        "subscriptionFilters": ["to-request-lens"],
        "logEvents": [
            {"id": str(number), "timestamp": 1_764_872_822_000 + number, "message": message}
            for number, message in enumerate(messages)
        ],
    }


def zipped(document: object) -> dict[str, object]:
    return lambda_event(gzip.compress(json.dumps(document).encode()))


def invocation(**other: object) -> dict[str, object]:
    return {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2025-12-04T18:27:02Z",
        "requestId": "a-request",
        "modelId": "a-model",
        "operation": "Converse",
    } | other


ACCESS_LINE = {"requestId": "r1", "requestTimeEpoch": "1764872822000", "status": "200", "routeKey": "POST /ask"}

LINES = [
    json.dumps(invocation()),
    json.dumps(invocation(input={"inputBodyJson": {"messages": [{"content": "half of \ud83d an emoji"}]}})),
    json.dumps(invocation(timestamp="9999-12-31T23:59:59Z")),
    json.dumps(invocation() | {"requestId": None}),
    json.dumps({key: value for key, value in invocation().items() if key not in {"schemaType", "operation"}}),
    json.dumps(invocation())[:-1],
    json.dumps(ACCESS_LINE),
    PERMISSION_LINE,
    "",
    "null",
    "[]",
    "[" * 100_000,
    '{"requestId":' + "9" * 5000 + "}",
    '{"n": NaN}',
]


def read_alone(event: LogEvent[str]) -> LogRecord:
    record = read_record(event.message)
    if not isinstance(record, Rejected):
        return record
    return replace(record, log_group=GROUP, log_stream=STREAM, event_id=event.id)


@given(messages=st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), max_size=5))
def test_decoding_gives_back_every_message_in_order(messages: list[str]) -> None:
    batch = decode(zipped(envelope(*messages)))
    assert [event.message for event in batch.events] == messages


def test_a_batch_keeps_its_log_group_its_stream_and_its_events_ids() -> None:
    batch = decode(zipped(envelope("a line")))
    assert (batch.log_group, batch.log_stream) == (GROUP, STREAM)
    assert batch.events == (LogEvent(id="0", timestamp_ms=1_764_872_822_000, message="a line"),)


def test_a_zlib_stream_is_read_like_gzip() -> None:
    payload = zlib.compress(json.dumps(envelope("a line")).encode())
    assert decode(lambda_event(payload)).events[0].message == "a line"


def test_a_control_message_is_a_batch_without_events() -> None:
    event = zipped(envelope("health check", message_type="CONTROL_MESSAGE"))
    assert (decode(event).events, read_batch(event).events) == ((), ())


def test_an_account_level_policy_and_other_unknown_keys_do_not_matter() -> None:
    document = envelope("a line") | {"policyLevel": "ACCOUNT_LEVEL_POLICY"}
    assert len(decode(zipped(document)).events) == 1


def test_an_event_without_a_readable_timestamp_keeps_its_message() -> None:
    document = envelope() | {"logEvents": [{"id": "1", "timestamp": "soon", "message": "a line"}]}
    assert decode(zipped(document)).events == (LogEvent(id="1", timestamp_ms=None, message="a line"),)


def test_half_an_emoji_in_one_line_does_not_lose_the_batch() -> None:
    batch = decode(zipped(envelope("cut \ud83d off", "a neighbour")))
    assert [event.message for event in batch.events] == ["cut \ufffd off", "a neighbour"]


def test_bytes_that_are_no_utf8_do_not_lose_the_batch() -> None:
    payload = json.dumps(envelope("bad X byte", "a neighbour")).encode().replace(b"X", b"\xff")
    batch = decode(lambda_event(gzip.compress(payload)))
    assert [event.message for event in batch.events] == ["bad \ufffd byte", "a neighbour"]


def test_a_batch_that_is_too_large_to_repair_is_refused() -> None:
    with pytest.raises(EnvelopeError):
        decode(zipped(envelope("cut \ud83d off", "a" * MAX_REPAIRED_BYTES)))


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"awslogs": None},
        {"awslogs": {"data": None}},
        {"awslogs": {"data": f"{CANARY}!"}},
        {"awslogs": {"data": "Ÿ"}},
        {"awslogs": {"data": "\ud800"}},
        lambda_event(CANARY.encode()),
        lambda_event(gzip.compress(CANARY.encode())),
        lambda_event(gzip.compress(b"[]")),
        lambda_event(gzip.compress(json.dumps(envelope(CANARY)).encode())[:-9]),
        lambda_event(gzip.compress(json.dumps(envelope(CANARY)).encode()) + b"more"),
        zipped(envelope(CANARY, message_type=CANARY)),
        zipped(envelope() | {"logEvents": [{"id": "1", "message": {"text": CANARY}}]}),
        zipped(envelope() | {"logEvents": CANARY}),
        zipped({key: value for key, value in envelope(CANARY).items() if key != "logEvents"}),
        lambda_event(gzip.compress(b'{"logEvents":' + b"[" * 100_000)),
        lambda_event(gzip.compress(b'{"n":' + b"[" * 300 + b"]" * 300 + b"}")),
    ],
)
def test_a_broken_envelope_raises_an_error_without_its_text(event: dict[str, object]) -> None:
    with pytest.raises(EnvelopeError) as caught:
        decode(event)
    assert CANARY not in str(caught.value)
    assert len(str(caught.value)) < 1000
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_a_payload_that_inflates_beyond_the_bound_is_refused() -> None:
    bomb = zlib.compress(bytes(MAX_INFLATED_BYTES + 1), level=1)
    with pytest.raises(EnvelopeError, match="inflates beyond 67108864 bytes"):
        decode(lambda_event(bomb))


@settings(deadline=None)  # the longest lines take their time on a busy machine
@given(lines=st.lists(st.sampled_from(LINES) | st.text(st.characters(exclude_categories=["Cs"])), max_size=8))
def test_one_pass_reads_what_two_read(lines: list[str]) -> None:
    event = zipped(envelope(*lines))
    assert [line.message for line in read_batch(event).events] == [read_alone(line) for line in decode(event).events]


def test_every_line_comes_out_as_what_its_shape_is_whatever_the_log_group() -> None:
    kinds = [type(line.message) for line in read_batch(zipped(envelope(*LINES))).events]
    assert kinds == [Invocation, Invocation, *[Rejected] * 4, Request, Ignored, *[Rejected] * 6]


def test_a_rejected_line_says_where_it_stands_and_what_it_hashes_to() -> None:
    (line,) = read_batch(zipped(envelope("no JSON"))).events
    assert line.message == Rejected(
        reason=RejectedReason.NOT_JSON,
        detail="json_invalid: expected ident at line 1 column 2"
        " (an access log in CLF, XML or CSV needs a JSON format instead)",
        size_bytes=7,
        sha256=hashlib.sha256(b"no JSON").hexdigest(),
        log_group=GROUP,
        log_stream=STREAM,
        event_id="0",
    )


def test_a_line_that_is_no_text_breaks_the_envelope_without_its_text() -> None:
    document = envelope() | {"logEvents": [{"id": "1", "message": {"text": CANARY}}]}
    with pytest.raises(EnvelopeError) as caught:
        read_batch(zipped(document))
    assert CANARY not in str(caught.value)


def test_what_reads_batches_is_built_once_whatever_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    read_batch(zipped(envelope(*LINES)))
    builds: list[object] = []
    monkeypatch.setattr("request_lens.wire.subscription._ReadLine.__get_pydantic_core_schema__", builds.append)
    gc.collect()

    read_batch(zipped(envelope(*LINES)))

    assert builds == []
