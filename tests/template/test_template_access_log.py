import json
import shlex
from collections.abc import Mapping

import pytest

from request_lens.domain.facts import Request
from request_lens.domain.log_record import Ignored
from request_lens.wire.access_log import read_request
from tests.support.template_document import OUTPUTS

LINE = {
    "requestId": "JKJaXmPLvHcESHA=",
    "extendedRequestId": "JKJaXmPLvHcESHA=",
    "requestTimeEpoch": "1764872822000",
    "responseLatency": "4312",
    "status": "200",
    "routeKey": "POST /ask",
    "httpMethod": "POST",
    "resourcePath": "/ask",
    "integrationLatency": "4299",
    "xrayTraceId": "Root=1-64c10ae7-5f2d1c0a3b4c5d6e7f8091a2",
    "integration.responseTransferMode": "BUFFERED",
    "integration.requestId": "8f5e1d6c-0b7a-4c3d-9e2f-1a2b3c4d5e6f",
}


def format_of(kind: str) -> str:
    return str(OUTPUTS[f"AccessLogFormat{kind}"]["Value"])


def key_of(variable: str) -> str:
    first, *others = variable.removeprefix("$context.").split(".")
    return first + "".join(part[:1].upper() + part[1:] for part in others)


def line_of(kind: str, values: Mapping[str, str]) -> str:
    line = format_of(kind)
    for name, value in values.items():
        line = line.replace(f'"$context.{name}"', json.dumps(value))
    return line


def arguments_of(kind: str) -> list[str]:
    text, names = OUTPUTS[f"AttachAccessLogCommand{kind}"]["Value"]["Fn::Sub"]
    for name in (*names, "AWS::Partition", "AWS::Region", "AWS::AccountId"):
        text = text.replace("${" + name + "}", name.replace("::", "-"))
    return shlex.split(text)


@pytest.mark.parametrize("kind", ["HttpApi", "RestApi"])
def test_a_format_is_json_whose_keys_are_api_gateways_variables_without_their_dots(kind: str) -> None:
    fields: Mapping[str, str] = json.loads(format_of(kind))

    assert {name: key_of(value) for name, value in fields.items()} == {name: name for name in fields}


def test_a_preflight_and_a_streamed_answer_can_be_told_by_the_recommended_formats() -> None:
    preflight = line_of("HttpApi", {**LINE, "routeKey": "ANY /{proxy+}", "httpMethod": "OPTIONS"})
    streamed = read_request(line_of("RestApi", {**LINE, "integration.responseTransferMode": "STREAMED"}).encode())

    assert read_request(preflight.encode()) == Ignored(why="CORS preflight")
    assert isinstance(streamed, Request)
    assert streamed.streamed


def test_each_recommended_format_names_what_leads_to_the_requests_trace() -> None:
    of_http_api, of_rest_api = (read_request(line_of(kind, LINE).encode()) for kind in ("HttpApi", "RestApi"))

    assert isinstance(of_http_api, Request)
    assert isinstance(of_rest_api, Request)
    assert of_http_api.lambda_request_id == LINE["integration.requestId"]
    assert of_rest_api.trace_id == "64c10ae75f2d1c0a3b4c5d6e7f8091a2"


@pytest.mark.parametrize("kind", ["HttpApi", "RestApi"])
def test_a_line_in_a_recommended_format_is_understood(kind: str) -> None:
    request = read_request(line_of(kind, LINE).encode())

    assert isinstance(request, Request)
    assert (request.route, request.status, request.duration_ms) == ("POST /ask", 200, 4312)


def test_the_http_api_command_attaches_the_recommended_format() -> None:
    arguments = arguments_of("HttpApi")
    settings = json.loads(arguments[arguments.index("--access-log-settings") + 1])

    assert arguments[:3] == ["aws", "apigatewayv2", "update-stage"]
    assert settings["Format"] == format_of("HttpApi")
    assert settings["DestinationArn"] == "arn:AWS-Partition:logs:AWS-Region:AWS-AccountId:log-group:Name"


def test_the_rest_api_command_attaches_the_recommended_format() -> None:
    arguments = arguments_of("RestApi")
    operations = json.loads(arguments[arguments.index("--patch-operations") + 1])

    assert arguments[:3] == ["aws", "apigateway", "update-stage"]
    assert {each["path"]: each["value"] for each in operations} == {
        "/accessLogSettings/format": format_of("RestApi"),
        "/accessLogSettings/destinationArn": "arn:AWS-Partition:logs:AWS-Region:AWS-AccountId:log-group:Name",
    }
