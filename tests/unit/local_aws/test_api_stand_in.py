"""A request at the API stand-in: the event that the function gets, and the line that the access log has of it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from request_lens.domain.facts import Request
from request_lens.wire.log_record import read_record
from request_lens_cli.local_aws.api.deployed_api import Route
from request_lens_cli.local_aws.api.exchange import Exchange, new_request_id
from request_tag.lambda_events import request_id_of

CHECKOUT = Path(__file__).parents[3]
STARTED = datetime(2026, 11, 29, 5, 30, 0, 250_000, tzinfo=UTC)


@pytest.fixture
def exchange() -> Exchange:
    route = Route(key="POST /ask", function_arn="arn:aws:lambda:ap-northeast-1:123456789012:function:f", is_signed=True)
    return Exchange(
        request_id="JKJaXmPLvHcESHA=",
        api_id="api",
        route=route,
        method="POST",
        path="/ask",
        headers={"Host": "127.0.0.1", "User-Agent": "curl"},
        body='{"prompt":"hello"}',
        started_at=STARTED,
    )


def access_log_format() -> str:
    """The format that the example's HTTP API is deployed with."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, suffix, node: None)
    template = yaml.load((CHECKOUT / "examples/agent/template.yaml").read_text(encoding="utf-8"), Loader)
    return str(template["Resources"]["HttpStage"]["Properties"]["AccessLogSettings"]["Format"])


def test_an_id_looks_like_those_of_http_apis() -> None:
    ids = {new_request_id() for _ in range(100)}
    assert len(ids) == 100
    assert {(len(each), each[-1]) for each in ids} == {(16, "=")}


def test_the_event_names_the_request_as_the_access_log_does(exchange: Exchange) -> None:
    event = exchange.event()
    assert request_id_of(event, None) == exchange.request_id
    assert event["body"] == '{"prompt":"hello"}'


def test_the_line_in_the_examples_format_is_a_request_with_its_milliseconds(exchange: Exchange) -> None:
    ended_at = STARTED + timedelta(milliseconds=1_234)
    line = exchange.access_line(access_log_format(), status=200, ended_at=ended_at, integration_id="run-1")
    request = read_record(line)
    assert isinstance(request, Request)
    assert request.request_id == exchange.request_id
    assert (request.started_at, request.duration_ms) == (STARTED, 1_234)
    assert (request.route, request.status) == ("POST /ask", 200)


def test_a_variable_that_is_not_known_is_a_dash(exchange: Exchange) -> None:
    line = exchange.access_line(
        "$context.integration.requestId $context.error.message", status=200, ended_at=STARTED, integration_id=None
    )
    assert line == "- -"
