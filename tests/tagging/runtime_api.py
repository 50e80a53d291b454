"""Lambda's Runtime API on loopback, for one function and its events: what a runtime asks for, and what it answers.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from typing import Any, override

RUN = "5a1c3b9e-8f0d-4c39-9a51-0d8f5d2f7c11"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=557abcec3ee5a047;Sampled=1"


class RuntimeApi(ThreadingHTTPServer):
    """Hands out one event, and keeps the first answer: the path that it came on and its JSON."""

    daemon_threads = True

    def __init__(self, event: dict[str, Any]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.events: Queue[dict[str, Any]] = Queue()
        self.events.put(event)
        self.answers: Queue[tuple[str, Any]] = Queue()

    @property
    def address(self) -> str:
        """What the runtime finds in `AWS_LAMBDA_RUNTIME_API`."""
        return f"127.0.0.1:{self.server_port}"


@contextmanager
def runtime_api(event: dict[str, Any]) -> Iterator[RuntimeApi]:
    """Listens on a free port while the block runs."""
    server = RuntimeApi(event)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: RuntimeApi

    def do_GET(self) -> None:
        """The next event; for a second one the runtime waits until it is ended."""
        event = self.server.events.get()
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": RUN,
            "Lambda-Runtime-Trace-Id": TRACE,
            "Lambda-Runtime-Deadline-Ms": "4000000000000",
            "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:agent",
        }
        self._answer(200, json.dumps(event).encode(), headers)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.answers.put((self.path.partition("/runtime/")[2], body))
        self._answer(202, b"", {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: a test's output is pytest's."""
