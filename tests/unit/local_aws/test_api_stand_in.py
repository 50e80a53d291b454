"""A request at the API stand-in: the event that the function gets, and the lines that the logs have of it."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from request_lens.domain.facts import Request
from request_lens.wire.log_record import read_record
from request_lens_cli.local_aws.api.deployed_api import DeployedApi, Kind, Route
from request_lens_cli.local_aws.api.exchange import Exchange, new_gateway_id, new_ids
from request_lens_cli.local_aws.api.function_event import function_event
from request_lens_cli.local_aws.api.function_run import FunctionRun, PlatformLog
from request_tag.lambda_events import request_id_of

CHECKOUT = Path(__file__).parents[3]
STARTED = datetime(2026, 11, 29, 5, 30, 0, 250_000, tzinfo=UTC)
ENDED = STARTED + timedelta(milliseconds=1_234)
ROUTE = Route(path="/ask", function_arn="arn:aws:lambda:ap-northeast-1:123456789012:function:f", is_signed=True)
STAGES = {Kind.HTTP: "$default", Kind.REST: "live"}
PATHS = {Kind.HTTP: "/ask", Kind.REST: "/live/ask"}
TRACE = "1-67890abc-0123456789abcdef01234567"
RUN = FunctionRun(
    run_id="c6af9ac6-7b61-11e6-9a41-93e812345678",
    trace=f"Root={TRACE};Parent=53995c3f42cd8ad8;Sampled=1",
    began_at=STARTED + timedelta(milliseconds=10),
    ended_at=ENDED,
    answer=b"",
    failed=False,
)


def access_log_format(kind: Kind) -> str:
    """The format that the example's API of this kind is deployed with."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
    template = yaml.load((CHECKOUT / "examples/agent/template.yaml").read_text(encoding="utf-8"), Loader)
    if kind is Kind.HTTP:
        return str(template["Resources"]["HttpStage"]["Properties"]["AccessLogSettings"]["Format"])
    return str(template["Resources"]["RestStage"]["Properties"]["AccessLogSetting"]["Format"])


def exchange_of(kind: Kind, log_format: str = "") -> Exchange:
    routes = {PATHS[kind]: ROUTE}
    api = DeployedApi(
        kind=kind, api_id="api", stage=STAGES[kind], routes=routes, log_group="/access", log_format=log_format
    )
    return Exchange(
        api=api,
        route=ROUTE,
        ids=new_ids(kind, STARTED),
        path=PATHS[kind],
        headers={"Host": "127.0.0.1", "User-Agent": "curl"},
        body='{"prompt":"hello"}',
        started_at=STARTED,
    )


def test_an_id_looks_like_those_of_api_gateway() -> None:
    ids = {new_gateway_id() for _ in range(100)}
    assert len(ids) == 100
    assert {(len(each), each[-1]) for each in ids} == {(16, "=")}


def test_a_trace_begins_with_the_second_of_the_requests_start() -> None:
    trace = new_ids(Kind.REST, STARTED).trace
    assert re.fullmatch("1-[0-9a-f]{8}-[0-9a-f]{24}", trace)
    assert int(trace[2:10], 16) == int(STARTED.timestamp())


@pytest.mark.parametrize("kind", Kind)
def test_the_event_names_the_request_as_the_access_log_does_and_its_trace(kind: Kind) -> None:
    exchange = exchange_of(kind)
    event = function_event(exchange)
    assert request_id_of(event, None) == exchange.ids.extended
    assert event["body"] == '{"prompt":"hello"}'
    headers = event["headers"]
    assert isinstance(headers, dict)
    assert headers["x-amzn-trace-id"] == f"Root={exchange.ids.trace}"


def test_a_rest_apis_request_has_an_id_besides_that_a_client_could_choose() -> None:
    exchange = exchange_of(Kind.REST)
    context = function_event(exchange)["requestContext"]
    assert isinstance(context, dict)
    assert context["requestId"] != context["extendedRequestId"] == exchange.ids.extended


@pytest.mark.parametrize("kind", Kind)
def test_the_line_in_the_examples_format_is_a_request_with_its_milliseconds(kind: Kind) -> None:
    exchange = exchange_of(kind, access_log_format(kind))
    request = read_record(exchange.access_line(status=200, ended_at=ENDED, run=RUN))
    assert isinstance(request, Request)
    assert request.request_id == exchange.ids.extended
    assert (request.started_at, request.duration_ms) == (STARTED, 1_234)
    assert (request.route, request.status) == ("POST /ask", 200)


def test_a_rest_apis_line_names_the_requests_trace() -> None:
    exchange = exchange_of(Kind.REST, access_log_format(Kind.REST))
    request = read_record(exchange.access_line(status=200, ended_at=ENDED, run=RUN))
    assert isinstance(request, Request)
    assert request.trace_id == exchange.ids.trace.removeprefix("1-").replace("-", "")


def test_a_line_names_the_functions_run_and_how_long_it_took() -> None:
    exchange = exchange_of(Kind.HTTP, "$context.integration.requestId $context.integrationLatency")
    assert exchange.access_line(status=200, ended_at=ENDED, run=RUN) == f"{RUN.run_id} 1224"


def test_a_variable_that_is_not_known_is_a_dash() -> None:
    exchange = exchange_of(Kind.HTTP, "$context.integration.requestId $context.error.message $context.xrayTraceId")
    assert exchange.access_line(status=200, ended_at=STARTED, run=None) == "- - -"


def test_lambdas_own_lines_name_the_run_its_trace_and_its_times() -> None:
    start, report = PlatformLog(group="/aws/lambda/f", version="$LATEST", memory_mb=512, is_traced=True).lines(RUN)
    assert (start.group, report.group) == ("/aws/lambda/f", "/aws/lambda/f")
    said = json.loads(start.text)
    assert (said["type"], said["time"]) == ("platform.start", "2026-11-29T05:30:00.260Z")
    assert said["record"]["requestId"] == RUN.run_id
    assert said["record"]["tracing"]["value"] == RUN.trace
    ended = json.loads(report.text)
    assert (ended["type"], ended["time"]) == ("platform.report", "2026-11-29T05:30:01.484Z")
    assert ended["record"] == {
        "requestId": RUN.run_id,
        "metrics": {"durationMs": 1224.0, "billedDurationMs": 1224, "memorySizeMB": 512},
        "status": "success",
    }


def test_a_run_of_a_function_that_is_not_traced_names_no_trace() -> None:
    start, _ = PlatformLog(group="/aws/lambda/f", version="$LATEST", memory_mb=512, is_traced=False).lines(RUN)
    assert json.loads(start.text)["record"] == {"requestId": RUN.run_id, "version": "$LATEST"}
