"""The API stand-in by HTTP: a route's function answers, and each request has its line in the access log."""

from __future__ import annotations

import io
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from request_lens_cli.agent_demo.asking import ask
from request_lens_cli.local_aws.api.access_log import write_lines
from request_lens_cli.local_aws.api.deployed_api import DeployedApi, Route, read_deployed_api
from request_lens_cli.local_aws.api.server import REQUEST_ID, Backends, api_server

REGION = "ap-northeast-1"
FUNCTION = f"arn:aws:lambda:{REGION}:123456789012:function:entry"
FORMAT = '{"requestId":"$context.requestId","status":"$context.status","run":"$context.integration.requestId"}'
API = DeployedApi(
    api_id="api",
    routes={"POST /ask": Route(key="POST /ask", function_arn=FUNCTION, is_signed=True)},
    log_group="/access",
    log_format=FORMAT,
)


@dataclass
class Functions:
    """Lambda, whose one function answers the prompt, or fails where it is told to."""

    events: list[dict[str, Any]] = field(default_factory=list)

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert FunctionName == FUNCTION
        self.events.append(json.loads(Payload))
        prompt = json.loads(self.events[-1]["body"])["prompt"]
        answer = {"statusCode": 200, "body": json.dumps({"answer": prompt.upper()})}
        content = {"errorMessage": "no"} if prompt == "fail" else answer
        return {"Payload": io.BytesIO(json.dumps(content).encode()), "ResponseMetadata": {"RequestId": "run-1"}}


@dataclass
class Served:
    """A running stand-in, its function, and the lines of its access log."""

    url: str
    functions: Functions = field(default_factory=Functions)
    lines: list[tuple[int, str]] = field(default_factory=list)
    logged: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def log(self, line: tuple[int, str]) -> None:
        self.lines.append(line)
        self.logged.release()

    def line(self) -> dict[str, str]:
        """The next line of the log, which comes after the answer."""
        assert self.logged.acquire(timeout=5)
        return dict(json.loads(self.lines[-1][1]))


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served(url="")
    backends = Backends(functions=cast("Any", served.functions), log=served.log)
    server = api_server(API, backends, port=0)
    served.url = f"http://127.0.0.1:{server.server_port}/ask"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_signed_request_is_answered_by_its_function_and_logged_under_the_id_that_both_got(served: Served) -> None:
    asked = ask("hello", served.url)
    assert asked.answer == "HELLO"
    assert served.functions.events[0]["requestContext"]["requestId"] == asked.request_id
    assert served.line() == {"requestId": asked.request_id, "status": "200", "run": "run-1"}


def refusal(url: str, headers: dict[str, str]) -> urllib.error.HTTPError:
    request = urllib.request.Request(url, data=b'{"prompt": "fail"}', headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
    refused.value.close()
    return refused.value


@pytest.mark.parametrize(("headers", "status", "run"), [({}, 403, "-"), ({"Authorization": "any"}, 500, "run-1")])
def test_an_unsigned_request_and_a_failing_function_are_logged_too(
    served: Served, headers: dict[str, str], status: int, run: str
) -> None:
    refused = refusal(served.url, headers)
    assert refused.code == status
    assert served.line() == {"requestId": refused.headers[REQUEST_ID], "status": str(status), "run": run}


def test_a_path_without_a_route_is_not_found(served: Served) -> None:
    assert refusal(served.url + "/else", {}).code == 404


def test_lines_come_into_their_group_in_order_of_time() -> None:
    with mock_aws():
        logs = boto3.client("logs", region_name=REGION)
        logs.create_log_group(logGroupName="/access")
        write_lines([(1_795_931_697_002, "second"), (1_795_931_697_001, "first")], group="/access", logs=logs)
        events = logs.filter_log_events(logGroupName="/access", startTime=1_795_931_697_000)["events"]
    assert [event["message"] for event in events] == ["first", "second"]


def test_an_api_is_read_as_it_is_deployed() -> None:
    with mock_aws():
        apis = boto3.client("apigatewayv2", region_name=REGION)
        api_id = apis.create_api(Name="agent", ProtocolType="HTTP")["ApiId"]
        integration = apis.create_integration(ApiId=api_id, IntegrationType="AWS_PROXY", IntegrationUri=FUNCTION)
        target = f"integrations/{integration['IntegrationId']}"
        apis.create_route(ApiId=api_id, RouteKey="POST /ask", Target=target, AuthorizationType="AWS_IAM")
        destination = f"arn:aws:logs:{REGION}:123456789012:log-group:/access"
        apis.create_stage(
            ApiId=api_id, StageName="$default", AccessLogSettings={"DestinationArn": destination, "Format": FORMAT}
        )
        read = read_deployed_api(api_id, apis=apis)
    assert read == DeployedApi(api_id=api_id, routes=API.routes, log_group="/access", log_format=FORMAT)
