"""The API stand-in by HTTP: a route's function answers, and each request has its line in the access log."""

from __future__ import annotations

import io
import json
import threading
import urllib.error
import urllib.request
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.stub import Stubber
from moto import mock_aws

from request_lens_cli.agent_demo.asking import ask
from request_lens_cli.local_aws.api.deployed_api import DeployedApi, Kind, Route, read_http_api, read_rest_api
from request_lens_cli.local_aws.api.function_run import PlatformLog, platform_log, run_function, send_traces
from request_lens_cli.local_aws.api.log_lines import LogLine, write_lines
from request_lens_cli.local_aws.api.server import GATEWAY_ID, Backends, api_server
from request_lens_cli.local_aws.errors import LocalAwsError
from request_tag.lambda_events import request_id_of

if TYPE_CHECKING:
    from mypy_boto3_apigateway.client import APIGatewayClient

REGION = "ap-northeast-1"
FUNCTION = f"arn:aws:lambda:{REGION}:123456789012:function:entry"
FORMAT = '{"id":"$context.extendedRequestId","status":"$context.status","run":"$context.integration.requestId"}'
PLATFORM_LOG = PlatformLog(group="/aws/lambda/entry", version="$LATEST", memory_mb=128, is_traced=True)
PATHS = {Kind.HTTP: "/ask", Kind.REST: "/live/ask"}
STAGES = {Kind.HTTP: "$default", Kind.REST: "live"}


def deployed(kind: Kind, api_id: str = "api") -> DeployedApi:
    route = Route(path="/ask", function_arn=FUNCTION, is_signed=True)
    return DeployedApi(
        kind=kind,
        api_id=api_id,
        stage=STAGES[kind],
        routes={PATHS[kind]: route},
        log_group="/access",
        log_format=FORMAT,
    )


TRACE = "1-67890abc-0123456789abcdef01234567"


class RawAnswer(io.BytesIO):
    """The content of an answer as botocore reads it."""

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self.read()


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
    """A running stand-in, its function, and the lines that it logs."""

    kind: Kind
    url: str = ""
    functions: Functions = field(default_factory=Functions)
    lines: dict[str, list[LogLine]] = field(default_factory=lambda: defaultdict(list))
    logged: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def log(self, line: LogLine) -> None:
        self.lines[line.group].append(line)
        if line.group == "/access":
            self.logged.release()

    def line(self) -> dict[str, str]:
        """The next line of the access log, which comes after the answer."""
        assert self.logged.acquire(timeout=5)
        return dict(json.loads(self.lines["/access"][-1].text))


@pytest.fixture(params=Kind)
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    served = Served(kind=request.param)
    backends = Backends(functions=cast("Any", served.functions), log=served.log, platform_logs={FUNCTION: PLATFORM_LOG})
    server = api_server(deployed(served.kind), backends, port=0)
    served.url = f"http://127.0.0.1:{server.server_port}{PATHS[served.kind]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield served
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_signed_request_is_answered_by_its_function_and_logged_under_the_id_that_both_got(served: Served) -> None:
    asked = ask("hello", served.url)
    assert asked.answer == "HELLO"
    assert request_id_of(served.functions.events[0], None) == asked.request_id
    assert served.line() == {"id": asked.request_id, "status": "200", "run": "run-1"}


def test_lambdas_own_lines_of_the_run_come_into_the_functions_group(served: Served) -> None:
    ask("hello", served.url)
    served.line()
    start, report = (json.loads(line.text) for line in served.lines["/aws/lambda/entry"])
    assert (start["type"], report["type"]) == ("platform.start", "platform.report")
    assert start["record"]["requestId"] == report["record"]["requestId"] == "run-1"
    trace = served.functions.events[0]["headers"]["x-amzn-trace-id"]
    assert start["record"]["tracing"]["value"].startswith(f"{trace};")


def refusal(url: str, headers: dict[str, str]) -> urllib.error.HTTPError:
    request = urllib.request.Request(url, data=b'{"prompt": "fail"}', headers=headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request)
    refused.value.close()
    return refused.value


def test_an_unsigned_request_is_refused_and_logged_without_a_run(served: Served) -> None:
    refused = refusal(served.url, {})
    assert refused.code == 403
    assert served.line() == {"id": refused.headers[GATEWAY_ID[served.kind]], "status": "403", "run": "-"}


def test_a_function_that_fails_is_answered_for_as_each_kind_of_api_does(served: Served) -> None:
    status = {Kind.HTTP: 500, Kind.REST: 502}[served.kind]
    refused = refusal(served.url, {"Authorization": "any"})
    assert refused.code == status
    assert served.line() == {"id": refused.headers[GATEWAY_ID[served.kind]], "status": str(status), "run": "run-1"}


def test_a_path_without_a_route_is_not_found(served: Served) -> None:
    assert refusal(served.url + "/else", {}).code == 404


def test_lines_come_into_their_group_in_order_of_time() -> None:
    with mock_aws():
        logs = boto3.client("logs", region_name=REGION)
        logs.create_log_group(logGroupName="/access")
        texts = {1_795_931_697_002: "second", 1_795_931_697_001: "first"}
        write_lines([LogLine(group="/access", at_ms=at, text=text) for at, text in texts.items()], logs=logs)
        events = logs.filter_log_events(logGroupName="/access", startTime=1_795_931_697_000)["events"]
    assert [event["message"] for event in events] == ["first", "second"]


def test_lines_of_a_group_that_is_gone_are_said_and_cost_no_others(capsys: pytest.CaptureFixture[str]) -> None:
    with mock_aws():
        logs = boto3.client("logs", region_name=REGION)
        logs.create_log_group(logGroupName="/kept")
        write_lines([LogLine(group=name, at_ms=1_795_931_697_001, text=name) for name in ("/gone", "/kept")], logs=logs)
        events = logs.filter_log_events(logGroupName="/kept", startTime=1_795_931_697_000)["events"]
    assert [event["message"] for event in events] == ["/kept"]
    assert "1 lines for /gone were lost: ResourceNotFoundException" in capsys.readouterr().err


def test_each_invoke_carries_the_trace_of_its_request() -> None:
    client = boto3.client("lambda", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="s")
    send_traces(client)
    sent: list[bytes | str] = []

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent.append(request.headers["x-amzn-trace-id"])
        headers: Any = {"x-amzn-requestid": "run-7"}
        return AWSResponse(request.url, 200, headers, cast("Any", RawAnswer(b'{"statusCode": 200}')))

    client.meta.events.register("before-send.lambda.Invoke", cast("Any", answer))
    run = run_function(FUNCTION, {"body": "x"}, TRACE, functions=client)
    assert sent == [run.trace.encode()]
    assert (run.run_id, run.answer, run.failed) == ("run-7", b'{"statusCode": 200}', False)
    assert run.trace.startswith(f"Root={TRACE};Parent=")


@pytest.mark.parametrize(
    ("logging", "tracing", "expected"),
    [
        (
            {"LogFormat": "JSON", "SystemLogLevel": "INFO", "LogGroup": "/own"},
            {"Mode": "Active"},
            PlatformLog(group="/own", version="$LATEST", memory_mb=256, is_traced=True),
        ),
        (
            {"LogFormat": "JSON", "SystemLogLevel": "INFO", "LogGroup": "/own"},
            {"Mode": "PassThrough"},
            PlatformLog(group="/own", version="$LATEST", memory_mb=256, is_traced=False),
        ),
        ({"LogFormat": "JSON", "SystemLogLevel": "WARN", "LogGroup": "/own"}, {"Mode": "Active"}, None),
        ({"LogFormat": "Text", "LogGroup": "/own"}, {"Mode": "Active"}, None),
    ],
)
def test_lambda_logs_runs_as_json_where_the_functions_settings_ask_for_it(
    logging: dict[str, str], tracing: dict[str, str], expected: PlatformLog | None
) -> None:
    functions = boto3.client("lambda", region_name=REGION, aws_access_key_id="a", aws_secret_access_key="s")
    with Stubber(functions) as stubbed:
        found = {
            "FunctionName": "entry",
            "Version": "$LATEST",
            "MemorySize": 256,
            "LoggingConfig": logging,
            "TracingConfig": tracing,
        }
        stubbed.add_response("get_function_configuration", found, {"FunctionName": FUNCTION})
        assert platform_log(FUNCTION, functions=functions) == expected


def test_an_http_api_is_read_as_it_is_deployed() -> None:
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
        assert read_http_api(api_id, apis=apis) == deployed(Kind.HTTP, api_id)


def rest_api(apis: APIGatewayClient) -> str:
    """A REST API with one signed method that a function answers, and a stage without an access log."""
    api_id = str(apis.create_rest_api(name="agent")["id"])
    root = apis.get_resources(restApiId=api_id)["items"][0]["id"]
    resource = apis.create_resource(restApiId=api_id, parentId=root, pathPart="ask")["id"]
    apis.put_method(restApiId=api_id, resourceId=resource, httpMethod="POST", authorizationType="AWS_IAM")
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{FUNCTION}/invocations"
    apis.put_integration(
        restApiId=api_id,
        resourceId=resource,
        httpMethod="POST",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=uri,
    )
    apis.create_deployment(restApiId=api_id, stageName="live")
    return api_id


def test_a_rest_api_is_read_as_it_is_deployed_and_not_without_an_access_log() -> None:
    with mock_aws():
        apis = boto3.client("apigateway", region_name=REGION)
        api_id = rest_api(apis)
        with pytest.raises(LocalAwsError, match="no access log"):
            read_rest_api(api_id, apis=apis)
        log = {"destinationArn": f"arn:aws:logs:{REGION}:123456789012:log-group:/access", "format": FORMAT}
        changes: list[Any] = [
            {"op": "replace", "path": f"/accessLogSettings/{name}", "value": value} for name, value in log.items()
        ]
        apis.update_stage(restApiId=api_id, stageName="live", patchOperations=changes)
        assert read_rest_api(api_id, apis=apis) == deployed(Kind.REST, api_id)
