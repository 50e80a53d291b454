"""The AgentCore stand-in's HTTP server: InvokeAgentRuntime on this machine's loopback."""

from __future__ import annotations

import http.client
import json
import uuid
from http.server import ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from request_lens_cli.local_aws.loopback import HOST
from request_lens_cli.local_aws.serving.post_handler import PostHandler, loopback_server

SESSION = "X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"
REQUEST = "X-Amzn-Bedrock-AgentCore-Runtime-Request-Id"
HANDED_ON = ("Content-Type", "Accept", "X-Amzn-Trace-Id", "traceparent", "tracestate", "baggage")
"""The headers that AgentCore hands on to the agent as they are, but for the session in `baggage`."""

CUSTOM = "x-amzn-bedrock-agentcore-runtime-custom-"
"""How a caller's own headers begin. AgentCore hands on those of the runtime's allow-list, and this all of them."""

INVOCATION_TIMEOUT_S = 900.0
"""As long as AgentCore lets one invocation run."""


def agentcore_server(runtime_arn: str, *, agent_port: int, port: int) -> ThreadingHTTPServer:
    """A server on loopback that serves one runtime, whose agent listens on `agent_port`."""
    return loopback_server(AgentCoreHandler, port=port, runtime_arn=runtime_arn, agent_port=agent_port)


class AgentCoreHandler(PostHandler):
    """Answers one connection's requests."""

    runtime_arn: str
    agent_port: int

    def serve(self, body: bytes) -> None:
        """Answer InvokeAgentRuntime: hand the payload to the agent, and its answer back."""
        request_id, session_id = str(uuid.uuid4()), self.headers.get(SESSION) or str(uuid.uuid4())
        match urlsplit(self.path).path.split("/"):
            case ["", "runtimes", arn, "invocations"] if unquote(arn) == self.runtime_arn:
                status, kind, content = self._call_agent(body, request_id, session_id)
            case _:
                status, kind, content = _failure(404, "ResourceNotFoundException", self.path)
        headers = {"x-amzn-RequestId": request_id, SESSION: session_id, "x-amzn-ErrorType": kind}
        self.answer(status, content, headers)

    def _call_agent(self, payload: bytes, request_id: str, session_id: str) -> tuple[int, str | None, bytes]:
        """The answer's status, the error's name if it is one, and its body."""
        headers = {name: value for name in HANDED_ON if (value := self.headers.get(name)) is not None}
        headers |= {name: value for name, value in self.headers.items() if name.lower().startswith(CUSTOM)}
        headers["baggage"] = _baggage(headers.get("baggage"), session_id)
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


def _baggage(own: str | None, session_id: str) -> str:
    """The caller's baggage and the session, from which the agent's exporter has it: spans of AgentCore bear it."""
    return ",".join(part for part in (own, f"session.id={session_id}") if part)


def _failure(status: int, kind: str, message: str) -> tuple[int, str | None, bytes]:
    return status, kind, json.dumps({"message": message}).encode()
