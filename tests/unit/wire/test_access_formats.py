"""Access logs in other people's formats: each line is read, or says of itself what its format should hold instead."""

import json
from datetime import UTC, datetime

import pytest

from request_lens.domain.facts import Request
from request_lens.domain.log_record import Ignored, LogRecord, Rejected, RejectedReason
from request_lens.wire.log_record import read_record

STARTED = datetime(2026, 5, 11, 9, 30, 15, 250_000, tzinfo=UTC)
EPOCH_MS = 1_778_491_815_250
LINE = {
    "requestId": "LmFyYm9yLUFwaQ=",
    "requestTimeEpoch": str(EPOCH_MS),
    "responseLatency": "1840",
    "status": "200",
    "routeKey": "POST /plan",
}
REST = {name: value for name, value in LINE.items() if name != "routeKey"} | {
    "httpMethod": "POST",
    "resourcePath": "/plan",
}
"""The same request in a REST API's format."""


def read(line: object) -> Request:
    record = read_any(line)
    assert isinstance(record, Request), record
    return record


def rejected(line: object) -> Rejected:
    record = read_any(line)
    assert isinstance(record, Rejected), record
    return record


def read_any(line: object) -> LogRecord:
    return read_record(line if isinstance(line, str) else json.dumps(line))


@pytest.mark.parametrize("epoch", [EPOCH_MS, str(EPOCH_MS)])
def test_the_epoch_may_stand_under_request_time(epoch: object) -> None:
    line = {name: value for name, value in REST.items() if name not in ("requestTimeEpoch", "responseLatency")}
    request = read({**line, "requestTime": epoch, "protocol": "HTTP/1.1"})
    assert (request.started_at, request.started_precision_ms, request.duration_ms) == (STARTED, 1, None)


@pytest.mark.parametrize("name", ["requestTimeEpoch", "requestTime"])
def test_an_epoch_in_seconds_is_a_start_in_whole_seconds(name: str) -> None:
    line = {key: value for key, value in LINE.items() if key != "requestTimeEpoch"}
    request = read({**line, name: str(EPOCH_MS // 1000)})
    assert (request.started_at, request.started_precision_ms) == (STARTED.replace(microsecond=0), 1000)


def test_an_epoch_that_is_neither_in_seconds_nor_in_milliseconds_says_which_it_should_be() -> None:
    for name in ("requestTimeEpoch", "requestTime"):
        line = {key: value for key, value in LINE.items() if key != "requestTimeEpoch"}
        record = rejected({**line, name: EPOCH_MS * 1000})
        assert record.reason is RejectedReason.INVALID_FIELD
        assert record.detail.startswith(f"{name}: ")
        assert "milliseconds since 1970" in record.detail


@pytest.mark.parametrize("dash", ["-", " - ", "-  "])
def test_a_dash_without_quotation_marks_is_an_absent_value(dash: str) -> None:
    before = '{"requestId":"LmFyYm9yLUFwaQ=","routeKey":"POST /plan","status":504,'
    after = f'"responseLatency":29004,"requestTimeEpoch":{EPOCH_MS}}}'
    for line in (
        f'{before}"integrationStatus":{dash},{after}',
        f'{before}{after.removesuffix("}")},"authorizerLatency":{dash}}}',
    ):
        request = read(line)
        assert (request.status, request.duration_ms, request.started_at) == (504, 29_004, STARTED)


def test_a_latency_of_a_bare_dash_is_unknown_and_one_in_a_text_stays_a_text() -> None:
    line = json.dumps(LINE).replace('"1840"', "-").replace("POST /plan", "POST /plan:-,x")
    request = read(line)
    assert (request.duration_ms, request.route) == (None, "POST /plan:-,x")


def test_a_message_that_brings_its_own_quotation_marks_into_the_format_s_is_read() -> None:
    line = json.dumps({**LINE, "status": "503", "error": "Service Unavailable", "other": "-"})
    request = read(line.replace('"Service Unavailable"', '""Service Unavailable""'))
    assert (request.status, request.duration_ms) == (503, 1840)


@pytest.mark.parametrize(
    ("line", "detail"),
    [
        (
            json.dumps(LINE).replace('"200"', "$context.status"),
            'put quotation marks around the value of status: "status":"…"',
        ),
        (
            json.dumps({**LINE, "requestTime": "x"}).replace('"x"', "11/May/2026:09:30:15 +0000"),
            'put quotation marks around the value of requestTime: "requestTime":"…"',
        ),
        (
            json.dumps({**LINE, "waited": "x"}).replace('"x"', "soon"),
            'put quotation marks around every variable, as in "status":"$context.status"',
        ),
        (
            json.dumps({**LINE, "error": "x"}).replace('"x"', '"Invalid "body" sent"'),
            "error holds quotation marks of its own: leave it out of the format",
        ),
        (
            json.dumps({**LINE, "note": "x"}).replace('"x"', '"Invalid "body" sent"'),
            "a value holds quotation marks of its own: leave it out of the format",
        ),
        (json.dumps(LINE).replace('"200", ', '"200" '), "put a comma after the value of status"),
        (
            '7.1.2.9 - - [11/May/2026:09:30:15 +0000] "POST /plan HTTP/1.1" 200 41',
            "CLF, XML or CSV needs a JSON format",
        ),
    ],
)
def test_a_line_that_is_no_json_says_what_to_change_in_its_format(line: str, detail: str) -> None:
    record = rejected(line)
    assert record.reason is RejectedReason.NOT_JSON
    assert detail in record.detail


def test_a_broken_invocation_is_told_nothing_about_access_logs() -> None:
    line = '{"requestId":"x","modelId":"m","status":"s","input":{"inputBodyJson":{"a":NaN1}}}'
    assert rejected(line).detail.startswith("json_invalid")
    assert "(" not in rejected(line).detail


def test_a_key_that_bears_no_variable_s_name_is_not_told() -> None:
    line = json.dumps({**LINE, "grandmother": "x"}).replace('"x"', "sleeps")
    assert "grandmother" not in repr(rejected(line))


QUICK = {**LINE, "responseLatency": "3"}
NO_ROUTE = Ignored(why="no route matched, as far as its format tells")
NO_INTEGRATION = Ignored(why="no integration ran")


@pytest.mark.parametrize("status", ["200", "302", "500", "504"])
def test_a_rest_api_that_logs_with_an_http_api_s_format_is_told_to_add_its_keys(status: str) -> None:
    line = {**LINE, "routeKey": "-", "status": status}
    record = rejected({**line, "httpMethod": "POST", "path": "/live/plan"})
    assert record.reason is RejectedReason.MISSING_FIELD
    assert record.detail.startswith("resourcePath: missing (")
    assert 'add "resourcePath":"$context.resourcePath" to' in record.detail
    both = 'add "httpMethod":"$context.httpMethod","resourcePath":"$context.resourcePath" to'
    assert both in rejected(line).detail


@pytest.mark.parametrize("status", ["200", "504"])
def test_an_http_api_that_logs_with_a_rest_api_s_format_is_told_to_add_its_key(status: str) -> None:
    record = rejected({**REST, "resourcePath": "-", "status": status})
    assert record.detail.startswith("routeKey: missing (")
    assert 'add "routeKey":"$context.routeKey" to' in record.detail


@pytest.mark.parametrize("status", ["204", "400", "403", "404", "429", "499", "500"])
def test_an_answer_that_took_a_second_came_from_a_route(status: str) -> None:
    for latency in ("1000", "3011"):
        record = rejected({**QUICK, "routeKey": "-", "status": status, "responseLatency": latency})
        assert record.detail.startswith('resourcePath: missing (a route matched although routeKey is "-"')


@pytest.mark.parametrize("status", ["400", "401", "413", "429", "499", "500", "503"])
@pytest.mark.parametrize("latency", ["3", "-"])
def test_a_status_that_no_unmatched_route_has_is_never_ignored_and_told_only_what_is_sure(
    status: str, latency: str
) -> None:
    usual = f'routeKey is "-", and where no route matches API Gateway answers 403 or 404, not {status}'
    advice = 'if a REST API wrote this line, add "resourcePath":"$context.resourcePath" to the access log\'s format'
    record = rejected({**QUICK, "routeKey": "-", "status": status, "httpMethod": "POST", "responseLatency": latency})
    assert record.detail == f"resourcePath: missing ({usual}: {advice})"


@pytest.mark.parametrize("status", ["403", "404"])
@pytest.mark.parametrize("latency", ["0", "999", "-"])
def test_a_status_that_an_unmatched_route_has_is_ignored_as_far_as_the_format_tells(status: str, latency: str) -> None:
    answered = {"status": status, "responseLatency": latency}
    assert read_any({**QUICK, "routeKey": "-", "httpMethod": "POST", **answered}) == NO_ROUTE
    assert read_any({**REST, "resourcePath": "-", **answered}) == NO_ROUTE


@pytest.mark.parametrize("status", ["400", "403", "404", "429"])
def test_what_an_integration_refused_had_a_route(status: str) -> None:
    line = {**QUICK, "routeKey": "-", "status": status}
    for key in ("integrationStatus", "integrationLatency"):
        assert rejected({**line, key: "404"}).detail.startswith("resourcePath: missing (a route matched although")
        assert read_any({**line, key: "-"}) == NO_INTEGRATION
    run = {**line, "integrationRequestId": "8c1d", "integrationLatency": "-"}
    assert rejected(run).detail.startswith("resourcePath: missing (a route matched although")


@pytest.mark.parametrize("status", ["499", "504"])
def test_a_request_whose_agent_may_run_on_is_not_ignored_for_want_of_an_integration_s_answer(status: str) -> None:
    assert "REST API" in rejected({**QUICK, "routeKey": "-", "status": status, "integrationLatency": "-"}).detail


def test_a_format_for_every_kind_of_api_with_no_route_at_all_says_that_it_is_absent() -> None:
    record = rejected({**LINE, "routeKey": "-", "resourcePath": "-", "httpMethod": "POST"})
    assert record.detail.startswith('routeKey: no_value (API Gateway wrote "-"')


@pytest.mark.parametrize(
    "line",
    [
        {**REST, "httpMethod": "OPTIONS", "status": "204", "responseLatency": "4"},
        {**LINE, "routeKey": "OPTIONS /plan"},
        {**LINE, "routeKey": "ANY /{proxy+}", "httpMethod": "OPTIONS"},
        {**LINE, "routeKey": "-", "httpMethod": "OPTIONS", "status": "200"},
    ],
)
def test_a_preflight_is_ignored(line: dict[str, str]) -> None:
    assert read_any(line) == Ignored(why="CORS preflight")


def test_an_http_api_that_answers_preflights_itself_matched_no_route() -> None:
    assert read_any({**QUICK, "routeKey": "-", "status": "204"}) == NO_ROUTE


def test_an_answer_without_content_to_another_method_came_from_a_route() -> None:
    record = rejected({**QUICK, "routeKey": "-", "status": "204", "httpMethod": "POST"})
    assert record.detail.startswith('resourcePath: missing (a route matched although routeKey is "-"')


def test_a_line_of_every_variable_is_read_by_the_keys_of_its_kind() -> None:
    absent = dict.fromkeys(("routeKey", "connectionId", "eventType", "messageId", "integrationErrorMessage"), "-")
    assert read({**REST, **absent, "path": "/live/plan"}) == read(REST)


WEB_SOCKET = {
    "requestId": "VnJ1c3RBQkM9",
    "requestTimeEpoch": str(EPOCH_MS),
    "eventType": "MESSAGE",
    "routeKey": "askAgent",
    "status": "200",
    "connectionId": "VnJ1c3RDb25uPQ=",
    "integrationLatency": "6400",
}


@pytest.mark.parametrize(("key", "route"), [("askAgent", "askAgent"), ("$default", "$default"), ("chat.v2", "chat.v2")])
def test_a_message_of_a_web_socket_is_a_request_of_unknown_duration_with_its_route_key(key: str, route: str) -> None:
    request = read({**WEB_SOCKET, "routeKey": key})
    assert (request.route, request.status, request.duration_ms) == (route, 200, None)


@pytest.mark.parametrize(
    "key", ["other", "unattributed", "ask agent", "ask,agent", "a/b", "7up", "x" * 65, "POST /ask"]
)
def test_a_route_key_that_is_no_word_or_is_taken_is_another_route(key: str) -> None:
    assert read({**WEB_SOCKET, "routeKey": key}).route == "other"


@pytest.mark.parametrize(("event", "key"), [("CONNECT", "$connect"), ("DISCONNECT", "$disconnect"), ("-", "$connect")])
def test_connections_of_a_web_socket_are_ignored(event: str, key: str) -> None:
    assert read_any({**WEB_SOCKET, "eventType": event, "routeKey": key}) == Ignored(why="WebSocket connection")


def test_a_connection_that_was_refused_matched_no_route() -> None:
    line = {**WEB_SOCKET, "eventType": "-", "routeKey": "-", "status": "403", "integrationLatency": "-"}
    assert read_any(line) == NO_INTEGRATION


@pytest.mark.parametrize("told", [{"eventType": "MESSAGE"}, {"connectionId": "VnJ1c3RDb25uPQ="}])
@pytest.mark.parametrize("status", ["200", "500"])
def test_a_message_without_a_route_is_told_about_web_sockets_alone(told: dict[str, str], status: str) -> None:
    line = {name: value for name, value in LINE.items() if name not in ("routeKey", "responseLatency")}
    line = {**line, **told, "status": status}
    assert rejected(line).detail == 'routeKey: missing (add "routeKey":"$context.routeKey" to the access log\'s format)'
    no_value = 'routeKey: no_value (API Gateway wrote "-": it had no value for $context.routeKey)'
    assert rejected({**line, "routeKey": "-"}).detail == no_value


def test_a_message_is_told_by_its_connection_where_the_format_has_no_event() -> None:
    line = {name: value for name, value in WEB_SOCKET.items() if name != "eventType"}
    assert read(line) == read(WEB_SOCKET)


def test_only_a_message_has_a_route_of_one_word() -> None:
    assert read({**LINE, "routeKey": "askAgent"}).route == "other"


@pytest.mark.parametrize(
    "key", ["integrationResponseTransferMode", "responseTransferMode", "integration.responseTransferMode"]
)
def test_a_streamed_answer_may_run_on(key: str) -> None:
    assert read({**REST, key: "STREAMED"}).streamed
    assert read({**REST, key: "STREAMED"}).may_run_on
    for mode in ("BUFFERED", "-", "", 7, ["STREAMED"], None):
        assert read({**REST, key: mode}) == read(REST)


@pytest.mark.parametrize("status", ["202", "499", "503", "504"])
def test_a_request_that_was_left_or_answered_early_may_run_on(status: str) -> None:
    assert read({**LINE, "status": status}).may_run_on
    assert not read(LINE).may_run_on


def test_a_line_of_quotation_marks_and_backslashes_takes_no_time() -> None:
    for filler in ('\\"' * 60_000, '":' * 60_000, ':""' * 40_000, '"a":"' * 25_000, ": - " * 30_000):
        assert rejected('{"requestId":"x","status":"' + filler).reason in RejectedReason
