"""The AgentCore stand-in against boto3 itself, before an agent that answers what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

import boto3
import pytest
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import ClientError

from request_lens_cli.local_aws.agentcore.server import agentcore_server
from request_lens_cli.local_aws.loopback import free_port

RUNTIME = "arn:aws:bedrock-agentcore:ap-northeast-1:123456789012:runtime/agent-localstand"
SESSION = "0b0e3c1e-6d0a-4a57-8d37-3e1f3a3c0d11"


class Runtime(Protocol):
    """The client of boto3, which has no types here."""

    def invoke_agent_runtime(self, **parameters: object) -> Any:  # noqa: ANN401 - boto3's answer
        """Call the agent."""


class Echo(BaseHTTPRequestHandler):
    """An agent that answers the payload and the headers that it got, and fails where it is told to."""

    def log_message(self, *args: object) -> None:
        pass

    def do_POST(self) -> None:
        payload = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        content = json.dumps({"path": self.path, "payload": payload, "headers": headers}).encode()
        self.send_response(500 if "fail" in payload else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def client() -> Iterator[Runtime]:
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Echo)) as agent:
        port = free_port()
        with serving(agentcore_server(RUNTIME, agent_port=agent.server_port, port=port)):
            session = boto3.Session("123456789012", "local", region_name="ap-northeast-1")
            config = Config(proxies={}, retries={"total_max_attempts": 1})
            made: Any = session.client(
                "bedrock-agentcore",
                endpoint_url=f"http://127.0.0.1:{port}",
                config=config,
            )
            yield made
            made.close()


def invoke(client: Runtime, payload: dict[str, str], *, arn: str = RUNTIME, **more: str) -> Any:  # noqa: ANN401 - boto3's
    return client.invoke_agent_runtime(
        agentRuntimeArn=arn, runtimeSessionId=SESSION, payload=json.dumps(payload).encode(), **more
    )


def test_the_payload_reaches_the_agent_with_its_session_and_its_trace(client: Runtime) -> None:
    trace = "Root=1-69298d2a-aaaaaaaaaaaaaaaaaaaaaaaa;Parent=bbbbbbbbbbbbbbbb;Sampled=1"
    answer = invoke(client, {"prompt": "hello"}, traceId=trace)
    echoed = json.loads(answer["response"].read())
    assert (echoed["path"], echoed["payload"]) == ("/invocations", {"prompt": "hello"})
    assert echoed["headers"]["x-amzn-bedrock-agentcore-runtime-session-id"] == SESSION == answer["runtimeSessionId"]
    assert echoed["headers"]["x-amzn-trace-id"] == trace
    assert echoed["headers"]["x-amzn-bedrock-agentcore-runtime-request-id"] == answer["ResponseMetadata"]["RequestId"]
    assert "authorization" not in echoed["headers"]


def test_a_custom_header_of_the_callers_reaches_the_agent_and_no_other_does(
    client: Any,  # noqa: ANN401 - boto3's
) -> None:
    sent = {"X-Amzn-Bedrock-AgentCore-Runtime-Custom-Request-Tag": "of-the-api", "X-Of-Mine": "mine"}

    def add(request: AWSRequest, **_: object) -> None:
        for name, value in sent.items():
            request.headers[name] = value

    event = "before-sign.bedrock-agentcore.InvokeAgentRuntime"
    client.meta.events.register(event, add)
    try:
        echoed = json.loads(invoke(client, {"prompt": "hello"})["response"].read())
    finally:
        client.meta.events.unregister(event, add)

    assert echoed["headers"]["x-amzn-bedrock-agentcore-runtime-custom-request-tag"] == "of-the-api"
    assert not {"x-of-mine", "authorization"} & echoed["headers"].keys()


@pytest.mark.parametrize(("own", "expected"), [({}, ""), ({"baggage": "user=blue"}, "user=blue,")])
def test_the_session_is_in_the_baggage_beside_the_callers_own(
    client: Runtime, own: dict[str, str], expected: str
) -> None:
    echoed = json.loads(invoke(client, {"prompt": "hello"}, **own)["response"].read())
    assert echoed["headers"]["baggage"] == f"{expected}session.id={SESSION}"


@pytest.mark.parametrize(
    ("payload", "arn", "code"),
    [
        ({"fail": "yes"}, RUNTIME, "RuntimeClientError"),
        ({"prompt": "hello"}, RUNTIME.replace("agent-", "other-"), "ResourceNotFoundException"),
    ],
)
def test_a_failing_agent_and_an_unknown_runtime_are_agentcores_own_errors(
    client: Runtime, payload: dict[str, str], arn: str, code: str
) -> None:
    with pytest.raises(ClientError) as failed:
        invoke(client, payload, arn=arn)
    assert failed.value.response["Error"]["Code"] == code
