"""Access-log lines of REST and HTTP APIs become requests, or name the field that they lack."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from request_lens.domain.facts import Request, RequestId
from request_lens.domain.log_record import Ignored, Rejected, RejectedReason
from request_lens.wire.log_record import read_record

HTTP_LINE = {
    "requestId": "TmVhckx5QkFwaQ=",
    "requestTimeEpoch": "1764872822417",
    "httpMethod": "POST",
    "routeKey": "POST /ask",
    "stage": "$default",
    "status": "200",
    "responseLatency": "2140",
    "integrationLatency": "2131",
    "integrationError": "-",
}
REST_LINE = {
    "requestId": "0f5c2d6e-6a0a-4d57-9d37-2b7f0a6f9f11",
    "requestTimeEpoch": "1764872822417",
    "httpMethod": "POST",
    "path": "/prod/ask/7",
    "resourcePath": "/ask/{id}",
    "status": "504",
    "responseLatency": "29003",
    "xrayTraceId": "Root=1-6931d2f6-0123456789abcdef01234567",
}
CONSOLE_LINE = {
    "requestId": "0f5c2d6e-6a0a-4d57-9d37-2b7f0a6f9f11",
    "ip": "192.0.2.7",
    "caller": "-",
    "requestTime": "04/Dec/2025:18:27:02 +0000",
    "httpMethod": "GET",
    "resourcePath": "/ask",
    "status": "200",
    "responseLength": "184",
}


def read(line: Mapping[str, object]) -> Request:
    record = read_record(json.dumps(line))
    assert isinstance(record, Request)
    return record


def rejected(line: Mapping[str, object]) -> Rejected:
    record = read_record(json.dumps(line))
    assert isinstance(record, Rejected)
    return record


def without(line: dict[str, str], *names: str) -> dict[str, object]:
    return {name: value for name, value in line.items() if name not in names}


def test_an_http_api_line_is_a_request_with_its_route_key() -> None:
    assert read(HTTP_LINE) == Request(
        request_id=RequestId("TmVhckx5QkFwaQ="),
        route="POST /ask",
        status=200,
        started_at=datetime(2025, 12, 4, 18, 27, 2, 417_000, tzinfo=UTC),
        duration_ms=2140,
    )


def test_a_rest_api_line_has_its_resource_as_route_never_the_raw_path() -> None:
    request = read(REST_LINE)
    assert (request.route, request.status, request.duration_ms) == ("POST /ask/{id}", 504, 29003)


@pytest.mark.parametrize("prefix", ["Root=", ""])
def test_a_lines_trace_is_named_as_its_spans_name_it(prefix: str) -> None:
    line = {**REST_LINE, "xrayTraceId": f"{prefix}1-6931d2f1-0123456789abcdef01234561"}

    assert read(line).trace_id == "6931d2f10123456789abcdef01234561"


@pytest.mark.parametrize("value", ["-", "", "Root=1-6931d2f1", "Self=1-6931d2f1-0123456789abcdef01234561", 7])
def test_what_is_no_trace_is_none(value: object) -> None:
    assert read({**REST_LINE, "xrayTraceId": value}).trace_id is None
    assert read(HTTP_LINE).trace_id is None


@pytest.mark.parametrize("key", ["integrationRequestId", "integration.requestId", "awsEndpointRequestId"])
def test_a_line_names_the_run_of_the_function_that_answered_it(key: str) -> None:
    assert read({**HTTP_LINE, key: "8f5e1d6c-0b7a-4c3d-9e2f-1a2b3c4d5e6f"}).lambda_request_id == (
        "8f5e1d6c-0b7a-4c3d-9e2f-1a2b3c4d5e6f"
    )


@pytest.mark.parametrize("value", ["-", "", "two words", 7, None])
def test_what_is_no_id_of_an_integration_is_none(value: object) -> None:
    assert read({**HTTP_LINE, "integrationRequestId": value}).lambda_request_id is None
    assert read(HTTP_LINE).lambda_request_id is None


def test_numbers_may_be_numbers() -> None:
    line = {**HTTP_LINE, "requestTimeEpoch": 1764872822417, "status": 200, "responseLatency": 2140}
    assert read(line) == read(HTTP_LINE)


def test_the_console_s_default_format_gives_a_request_of_unknown_duration() -> None:
    request = read(CONSOLE_LINE)
    assert request.started_at == datetime(2025, 12, 4, 18, 27, 2, tzinfo=UTC)
    assert request.duration_ms is None
    assert request.ended_at is None


def test_a_start_in_whole_seconds_says_so() -> None:
    line = {**without(HTTP_LINE, "requestTimeEpoch"), "requestTime": "04/Dec/2025:18:27:02 +0000"}
    assert (read(line).duration_ms, read(line).started_precision_ms) == (2140, 1000)


def test_the_exact_time_wins_over_the_one_in_whole_seconds() -> None:
    line = {**HTTP_LINE, "requestTime": "04/Dec/2025:18:27:02 +0000"}
    assert read(line).started_at.microsecond == 417_000


def test_a_time_of_another_zone_is_kept_in_utc() -> None:
    line = {**CONSOLE_LINE, "requestTime": "05/Dec/2025:03:27:02 +0900"}
    assert read(line).started_at == datetime(2025, 12, 4, 18, 27, 2, tzinfo=UTC)


@pytest.mark.parametrize("latency", ["-", "", None, "-3", "soon", "9" * 400, [1], 10**400])
def test_a_latency_that_cannot_be_is_unknown(latency: object) -> None:
    assert read({**HTTP_LINE, "responseLatency": latency}).duration_ms is None


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (without(HTTP_LINE, "requestId"), "requestId"),
        (without(HTTP_LINE, "status"), "status"),
        (without(HTTP_LINE, "requestTimeEpoch"), "requestTimeEpoch"),
        (without(HTTP_LINE, "routeKey", "httpMethod"), "routeKey"),
        (without(HTTP_LINE, "routeKey"), "resourcePath"),
        (without(REST_LINE, "httpMethod"), "httpMethod"),
    ],
)
def test_a_line_that_lacks_a_field_is_rejected_with_its_name_and_what_to_add(
    line: dict[str, object], field: str
) -> None:
    record = rejected(line)
    assert record.reason is RejectedReason.MISSING_FIELD
    assert record.detail.startswith(f"{field}: missing (")
    assert f'add "{field}":"$context.{field}"' in record.detail


@pytest.mark.parametrize("field", ["requestId", "status", "requestTimeEpoch"])
@pytest.mark.parametrize(
    ("value", "fault"), [("-", 'no_value (API Gateway wrote "-": '), ("", "empty ("), (None, "empty (")]
)
def test_a_field_that_every_record_needs_may_be_there_without_a_value(field: str, value: object, fault: str) -> None:
    record = rejected({**HTTP_LINE, field: value})
    assert record.reason is RejectedReason.MISSING_FIELD
    assert record.detail.startswith(f"{field}: {fault}")
    assert "add" not in record.detail


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ({**HTTP_LINE, "routeKey": "-", "status": "404", "integrationLatency": "-"}, "no integration ran"),
        ({**REST_LINE, "resourcePath": "-", "status": "403"}, "no route matched, as far as its format tells"),
    ],
)
def test_a_request_that_no_route_matched_is_ignored(line: dict[str, object], why: str) -> None:
    assert read_record(json.dumps({**line, "responseLatency": "5"})) == Ignored(why=why)


def test_a_format_for_both_kinds_of_api_has_absent_keys_of_the_other_kind() -> None:
    assert read({**HTTP_LINE, "resourcePath": "-"}).route == "POST /ask"
    assert read({**REST_LINE, "routeKey": "-"}).route == "POST /ask/{id}"


def test_a_line_without_a_route_still_needs_its_other_fields() -> None:
    line = without({**HTTP_LINE, "routeKey": "-"}, "requestTimeEpoch")
    assert rejected(line).detail.startswith("requestTimeEpoch: missing (")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("requestId", "two words"),
        ("requestId", "x" * 129),
        ("requestId", 7),
        ("status", "OK"),
        ("status", "99"),
        ("requestTimeEpoch", "yesterday"),
        ("requestTimeEpoch", "-1"),
        ("requestTimeEpoch", "9" * 30),
        ("routeKey", "POST /ask\n{}"),
        ("routeKey", ["POST /ask"]),
    ],
)
def test_a_value_that_cannot_be_is_rejected_with_its_field_s_name(name: str, value: object) -> None:
    record = rejected({**HTTP_LINE, name: value})
    assert record.reason is RejectedReason.INVALID_FIELD
    assert record.detail.startswith(f"{name}: ")
    assert f"(it should be $context.{name}: " in record.detail


@pytest.mark.parametrize(
    "moment", ["04/Dec/2025:18:27:02", "04/Foo/2025:18:27:02 +0000", "01/Jan/0001:00:00:00 +2359", "now"]
)
def test_a_request_time_that_cannot_be_is_rejected(moment: str) -> None:
    detail = rejected({**CONSOLE_LINE, "requestTime": moment}).detail
    assert detail.startswith("requestTime: invalid (it should be $context.requestTime: ")


@pytest.mark.parametrize("line", [HTTP_LINE, REST_LINE], ids=["HTTP", "REST"])
def test_api_gateways_own_id_is_taken_where_a_line_has_it(line: dict[str, str]) -> None:
    own = {"extendedRequestId": "JKJaXmPLvHcESHA="}

    both, alone = read({**line, **own}), read({**without(line, "requestId"), **own})

    assert both.request_id == own["extendedRequestId"]
    assert alone == both


@pytest.mark.parametrize("value", ["-", "", None, 7, "two words", "x" * 129])
def test_a_line_whose_own_id_cannot_be_read_has_the_other(value: object) -> None:
    assert read({**REST_LINE, "extendedRequestId": value}).request_id == REST_LINE["requestId"]


def test_a_line_without_an_id_learns_which_key_is_right_for_its_kind_of_api() -> None:
    detail = rejected(without(REST_LINE, "requestId")).detail

    assert 'for a REST API add "extendedRequestId":"$context.extendedRequestId"' in detail


@pytest.mark.parametrize(
    ("name", "route"),
    [
        ("orders", "orders POST /ask"),
        ("a1b2c3d4e5/$default", "a1b2c3d4e5/$default POST /ask"),
        ("x" * 64, f"{'x' * 64} POST /ask"),
        ("x" * 65, "POST /ask"),
        ("two words", "POST /ask"),
        ("-", "POST /ask"),
        ("", "POST /ask"),
        (7, "POST /ask"),
        (None, "POST /ask"),
    ],
)
def test_a_format_may_tell_its_apis_routes_from_equal_ones_of_another(name: object, route: str) -> None:
    assert read({**HTTP_LINE, "requestLensApi": name}).route == route
    assert read({**REST_LINE, "requestLensApi": name}).route == route.replace("/ask", "/ask/{id}")


def test_an_api_that_names_itself_and_its_stage_otherwise_keeps_its_short_route() -> None:
    assert read({**HTTP_LINE, "apiId": "a1b2c3d4e5", "stage": "prod"}).route == "POST /ask"


def test_the_routes_of_a_named_websocket_api_have_its_name_and_what_is_no_route_has_none() -> None:
    message = {**HTTP_LINE, "eventType": "MESSAGE", "requestLensApi": "chat"}

    assert read({**message, "routeKey": "askAgent"}).route == "chat askAgent"
    assert read({**HTTP_LINE, "routeKey": "ask me", "requestLensApi": "chat"}).route == "other"
