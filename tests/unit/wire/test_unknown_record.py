"""What a JSON object of neither log seems to be."""

import json

import pytest

from request_lens.domain.log_record import Rejected, RejectedReason
from request_lens.wire.log_record import read_record
from request_lens.wire.unknown_record import ACCESS_LINE, BATCH_LINE, CALL_BODY, NOTHING_KNOWN, OTHER_SCHEMA
from tests.support.body_shapes import CHUNK_LISTS, INPUT_BODIES, responses_answer, responses_events

TEXT = "the-text-of-a-prompt"


def detail(value: object) -> str:
    record = read_record(json.dumps(value))
    assert isinstance(record, Rejected)
    assert record.reason is RejectedReason.UNKNOWN_RECORD
    return record.detail


@pytest.mark.parametrize("name", INPUT_BODIES)
def test_a_request_s_body_is_told_to_be_one(name: str) -> None:
    assert detail(INPUT_BODIES[name](TEXT)) == CALL_BODY


def test_each_chunk_of_an_anthropic_stream_is_told_to_be_a_part_of_a_body() -> None:
    assert {detail(chunk) for chunk in CHUNK_LISTS["anthropic"](TEXT) if isinstance(chunk, dict)} == {CALL_BODY}


def test_each_event_of_the_responses_api_is_told_to_be_a_part_of_a_body_and_so_is_its_answer() -> None:
    assert {detail(each) for each in (*responses_events(TEXT), responses_answer(TEXT))} == {CALL_BODY}


@pytest.mark.parametrize("key", ["modelInput", "modelOutput", "error"])
def test_a_line_of_batch_inference_is_told_to_be_one(key: str) -> None:
    assert detail({"recordId": "ROW1", key: {"messages": [TEXT]}}) == BATCH_LINE


@pytest.mark.parametrize(
    "value",
    [
        {"request_id": TEXT, "status": "200", "route_key": TEXT},
        {"RequestId": TEXT, "Status": 200},
        {"$context.requestId": TEXT, "$context.status": "200"},
        {"requestid": TEXT, "statusCode": 200},
    ],
)
def test_an_access_log_whose_keys_are_spelled_otherwise_learns_how_they_should_be(value: object) -> None:
    assert detail(value) == ACCESS_LINE


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"request_id": TEXT, "level": "INFO"},
        {"status": "200"},
        {"level": "INFO", "message": TEXT, "error": TEXT},
        {"type": TEXT, "message": TEXT},
        {"type": ["message_start"]},
        {"recordId": "1", "data": TEXT},
        {"modelInput": TEXT},
        {"model": TEXT},
        {"input": TEXT},
        {"object": "list", "type": "responses"},
        {"log": json.dumps({"requestId": TEXT, "status": "200", "routeKey": TEXT, "requestTimeEpoch": "1"})},
        {TEXT: TEXT},
    ],
)
def test_any_other_object_is_told_by_the_keys_that_were_looked_for(value: object) -> None:
    assert detail(value) == NOTHING_KNOWN


@pytest.mark.parametrize(
    "value",
    [
        {"schemaType": "ModelInvocationLog"},
        {"modelId": "m", "operation": "Converse"},
        {"requestTimeEpoch": "1"},
        {"requestTime": "1"},
        {"routeKey": "POST /plan"},
        {"resourcePath": "/plan"},
        {"requestId": "x", "status": "200"},
        {"extendedRequestId": "x", "status": "200"},
        {"traceId": "x", "spanId": "y"},
        {"type": "platform.start", "record": {}},
    ],
)
def test_whatever_has_the_keys_that_were_looked_for_is_known(value: object) -> None:
    record = read_record(json.dumps(value))
    assert not isinstance(record, Rejected) or record.reason is not RejectedReason.UNKNOWN_RECORD


@pytest.mark.parametrize("rest", [{}, {"status": 1, "requestId": TEXT}, {"modelId": "m", "operation": "Converse"}])
def test_a_record_of_another_schema_says_so(rest: dict[str, object]) -> None:
    assert detail({"schemaType": "AnotherLog", **rest}) == OTHER_SCHEMA
