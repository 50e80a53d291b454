"""The AgentCore stand-in's HTTP server: InvokeAgentRuntime on this machine's loopback."""

from __future__ import annotations

import http.client
import json
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from request_lens_cli.local_aws.loopback import HOST

SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
REQUEST = "X-Amzn-Bedrock-AgentCore-Runtime-Request-Id"
HANDED_ON = ("Content-Type", "Accept", "X-Amzn-Trace-Id", "traceparent", "tracestate", "baggage")
"""The headers that AgentCore hands on to the agent as they are."""

INVOCATION_TIMEOUT_S = 900.0
"""As long as AgentCore lets one invocation run."""


def agentcore_server(runtime_arn: str, *, agent_port: int, port: int) -> ThreadingHTTPServer:
    """A server on loopback that serves one runtime, whose agent listens on `agent_port`."""
    bound = {"runtime_arn": runtime_arn, "agent_port": agent_port}
    return ThreadingHTTPServer((HOST, port), type("BoundAgentCoreHandler", (AgentCoreHandler,), bound))


class AgentCoreHandler(BaseHTTPRequestHandler):
    """Answers one connection's requests."""

    runtime_arn: str
    agent_port: int
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        """Say nothing: the agent prints its own line for each invocation."""

    def do_POST(self) -> None:
        """Answer InvokeAgentRuntime: hand the payload to the agent, and its answer back."""
        payload = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request_id, session_id = str(uuid.uuid4()), self.headers.get(SESSION) or str(uuid.uuid4())
        match urlsplit(self.path).path.split("/"):
            case ["", "runtimes", arn, "invocations"] if unquote(arn) == self.runtime_arn:
                status, kind, answer = self._call_agent(payload, request_id, session_id)
            case _:
                status, kind, answer = _failure(404, "ResourceNotFoundException", self.path)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.send_header("x-amzn-RequestId", request_id)
        self.send_header(SESSION, session_id)
        if kind is not None:
            self.send_header("x-amzn-ErrorType", kind)
        self.end_headers()
        self.wfile.write(answer)

    def _call_agent(self, payload: bytes, request_id: str, session_id: str) -> tuple[int, str | None, bytes]:
        """The answer's status, the error's name if it is one, and its body."""
        headers = {name: value for name in HANDED_ON if (value := self.headers.get(name)) is not None}
        connection = http.client.HTTPConnection(HOST, self.agent_port, timeout=INVOCATION_TIMEOUT_S)
        try:
            connection.request("POST", "/invocations", payload, {**headers, SESSION: session_id, REQUEST: request_id})
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            return _failure(424, "RuntimeClientError", str(error))
        finally:
            connection.close()
        if response.status != http.HTTPStatus.OK:
            return _failure(424, "RuntimeClientError", f"The agent answered {response.status}.")
        return response.status, None, answer


def _failure(status: int, kind: str, message: str) -> tuple[int, str | None, bytes]:
    return status, kind, json.dumps({"message": message}).encode()
