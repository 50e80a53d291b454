"""A batch read in one pass gives, line by line, what reading its lines one by one gives."""

import base64
import gc
import gzip
import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.log_record import Ignored, Rejected, RejectedReason
from request_lens.errors import EnvelopeError
from request_lens.wire.log_record import PERMISSION_LINE, read_record
from request_lens.wire.subscription import decode, read_batch

GROUP, STREAM = "/aws/bedrock/model-invocations", "aws/bedrock/modelinvocations"


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


def lambda_event(lines: list[str], message_type: str = "DATA_MESSAGE") -> dict[str, object]:
    envelope = {
        "messageType": message_type,
        "logGroup": GROUP,
        "logStream": STREAM,
        "logEvents": [{"id": f"id-{n}", "timestamp": n, "message": line} for n, line in enumerate(lines)],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(envelope).encode())).decode()}}


@given(lines=st.lists(st.sampled_from(LINES) | st.text(st.characters(exclude_categories=["Cs"])), max_size=8))
def test_one_pass_reads_what_two_read(lines: list[str]) -> None:
    event = lambda_event(lines)
    one_by_one = [
        read_record(each.message, log_group=GROUP, log_stream=STREAM, event_id=each.id) for each in decode(event).events
    ]
    assert [each.message for each in read_batch(event).events] == one_by_one


def test_every_line_comes_out_as_what_it_is() -> None:
    kinds = [type(each.message) for each in read_batch(lambda_event(LINES)).events]
    assert kinds == [Invocation, Invocation, *[Rejected] * 4, Request, Ignored, *[Rejected] * 6]


def test_a_rejected_line_says_where_it_stands_and_what_it_hashes_to() -> None:
    batch = read_batch(lambda_event(["no JSON"]))
    assert batch.events[0].message == Rejected(
        reason=RejectedReason.NOT_JSON,
        detail="json_invalid: expected ident at line 1 column 2",
        size_bytes=7,
        sha256=hashlib.sha256(b"no JSON").hexdigest(),
        log_group=GROUP,
        log_stream=STREAM,
        event_id="id-0",
    )


def test_a_line_that_is_no_text_breaks_the_envelope_without_its_text() -> None:
    event = lambda_event([{"text": "canary-7f3a"}])  # type: ignore[list-item]
    with pytest.raises(EnvelopeError) as caught:
        read_batch(event)
    assert "canary" not in str(caught.value)


def test_what_reads_batches_is_built_once_whatever_is_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    read_batch(lambda_event(LINES))
    builds: list[object] = []
    monkeypatch.setattr("request_lens.wire.subscription._ReadLine.__get_pydantic_core_schema__", builds.append)
    gc.collect()

    read_batch(lambda_event(LINES))

    assert builds == []


def test_a_control_message_has_no_lines() -> None:
    assert read_batch(lambda_event(["health check"], "CONTROL_MESSAGE")).events == ()
