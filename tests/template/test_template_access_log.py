import json
import shlex
from collections.abc import Mapping

import pytest

from request_lens.domain.facts import Request
from request_lens.wire.access_log import read_request
from tests.support.template_document import OUTPUTS

LINE = {
    "requestId": "JKJaXmPLvHcESHA=",
    "requestTimeEpoch": "1764872822000",
    "responseLatency": "4312",
    "status": "200",
    "routeKey": "POST /ask",
    "httpMethod": "POST",
    "resourcePath": "/ask",
    "integrationLatency": "4299",
    "xrayTraceId": "Root=1-64c10ae7-5f2d1c0a3b4c5d6e7f8091a2",
}


def format_of(kind: str) -> str:
    return str(OUTPUTS[f"AccessLogFormat{kind}"]["Value"])


def arguments_of(kind: str) -> list[str]:
    text, names = OUTPUTS[f"AttachAccessLogCommand{kind}"]["Value"]["Fn::Sub"]
    for name in (*names, "AWS::Partition", "AWS::Region", "AWS::AccountId"):
        text = text.replace("${" + name + "}", name.replace("::", "-"))
    return shlex.split(text)


@pytest.mark.parametrize("kind", ["HttpApi", "RestApi"])
def test_a_format_is_json_whose_keys_are_api_gateways_variables(kind: str) -> None:
    fields: Mapping[str, str] = json.loads(format_of(kind))

    assert all(value == f"$context.{name}" for name, value in fields.items())


@pytest.mark.parametrize("kind", ["HttpApi", "RestApi"])
def test_a_line_in_a_recommended_format_is_understood(kind: str) -> None:
    line = format_of(kind)
    for name, value in LINE.items():
        line = line.replace(f'"$context.{name}"', json.dumps(value))

    request = read_request(line.encode())

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
