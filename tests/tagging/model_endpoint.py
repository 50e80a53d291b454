"""A loopback endpoint that answers as `bedrock-runtime` does, and keeps what it was sent.

It refuses a call whose signature does not fit the headers as they arrived, and throttles the first call to a model that
is called `throttled-…`. It asks once for a tool where the caller offers one, so that an agent makes two calls. It is no
model and no AWS.
"""

import json
import struct
import threading
from binascii import crc32
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, override
from urllib.parse import unquote

from tests.tagging import signature

HEADER = "x-amzn-bedrock-request-metadata"

_JSON = "application/json"
_USAGE = {"inputTokens": 3, "outputTokens": 2, "totalTokens": 5}
_ANTHROPIC = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "model",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 3, "output_tokens": 2},
}


@dataclass(frozen=True)
class Call:
    """A call as it was sent."""

    model: str
    operation: str
    metadata: dict[str, str] | None
    signed: frozenset[str]
    """The names of the headers that its signature covers."""
    is_refused: bool
    """Its signature is not that of what arrived."""


@dataclass
class ModelEndpoint:
    """Where it listens, and the calls in the order of their arrival."""

    url: str
    calls: list[Call] = field(default_factory=list)

    def of(self, model: str) -> list[Call]:
        """The calls to a model: each test asks one of its own."""
        return [call for call in self.calls if call.model == model]


@contextmanager
def model_endpoint() -> Iterator[ModelEndpoint]:
    """Listens on a free port of the loopback interface while the block runs."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    endpoint = _Handler.endpoints[server.server_port] = ModelEndpoint(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    endpoints: dict[int, ModelEndpoint] = {}  # noqa: RUF012 - by port: the server makes a handler for each connection

    def do_POST(self) -> None:
        received = self.rfile.read(int(self.headers["content-length"]))
        body: dict[str, Any] = json.loads(received)
        _, _, model, operation = unquote(self.path).split("/", 3)
        endpoint = self.endpoints[self.server.server_address[1]]  # type: ignore[index]
        is_first = not endpoint.of(model)
        call = self._call(model, operation, body, is_refused=not self._fits(received))
        endpoint.calls.append(call)
        if call.is_refused:
            self._answer(_JSON, b'{"message": "InvalidSignatureException"}', status=403)
        elif is_first and model.startswith("throttled-"):
            self._answer(_JSON, b'{"message": "ThrottlingException"}', status=429)
        elif operation == "converse":
            self._answer(_JSON, json.dumps(_converse(body)).encode())
        elif operation == "invoke":
            self._answer(_JSON, json.dumps(_ANTHROPIC).encode())
        elif operation == "converse-stream":
            self._answer("application/vnd.amazon.eventstream", b"".join(_converse_stream(body)))
        else:
            self._answer("application/vnd.amazon.eventstream", _frame("chunk", {"bytes": "e30="}))

    def _fits(self, body: bytes) -> bool:
        return signature.fits("POST", self.path, self.headers, body)

    def _call(self, model: str, operation: str, body: dict[str, Any], *, is_refused: bool) -> Call:
        text = self.headers.get(HEADER)
        metadata = body.get("requestMetadata") if text is None else json.loads(text)
        return Call(model, operation, metadata, signature.signed_names(self.headers), is_refused)

    def _answer(self, content_type: str, body: bytes, *, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test's output is pytest's."""


def _tool_to_ask_for(body: dict[str, Any]) -> str | None:
    returned = any("toolResult" in block for block in body["messages"][-1]["content"])
    tools = body.get("toolConfig", {}).get("tools", [])
    return tools[0]["toolSpec"]["name"] if tools and not returned else None


def _converse(body: dict[str, Any]) -> dict[str, Any]:
    tool = _tool_to_ask_for(body)
    content = {"toolUse": {"toolUseId": "tool-1", "name": tool, "input": {}}} if tool else {"text": "hello"}
    return {
        "output": {"message": {"role": "assistant", "content": [content]}},
        "stopReason": "tool_use" if tool else "end_turn",
        "usage": _USAGE,
        "metrics": {"latencyMs": 1},
    }


def _converse_stream(body: dict[str, Any]) -> Iterator[bytes]:
    tool = _tool_to_ask_for(body)
    yield _frame("messageStart", {"role": "assistant"})
    if tool:
        start = {"toolUse": {"toolUseId": "tool-1", "name": tool}}
        yield _frame("contentBlockStart", {"contentBlockIndex": 0, "start": start})
    delta = {"toolUse": {"input": "{}"}} if tool else {"text": "hello"}
    yield _frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": delta})
    yield _frame("contentBlockStop", {"contentBlockIndex": 0})
    yield _frame("messageStop", {"stopReason": "tool_use" if tool else "end_turn"})
    yield _frame("metadata", {"usage": _USAGE, "metrics": {"latencyMs": 1}})


def _frame(event: str, payload: dict[str, Any]) -> bytes:
    """A message of AWS's event stream: lengths, their CRC, headers, payload, the CRC of it all."""
    headers = {":event-type": event, ":content-type": _JSON, ":message-type": "event"}
    head = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", 7, len(value)) + value.encode()
        for name, value in headers.items()
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", len(head) + len(body) + 16, len(head))
    message = prelude + struct.pack("!I", crc32(prelude)) + head + body
    return message + struct.pack("!I", crc32(message))
