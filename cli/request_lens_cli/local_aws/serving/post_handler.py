"""HTTP servers on this machine's loopback whose clients send POST requests: what all stand-ins' have alike."""

from __future__ import annotations

from abc import abstractmethod
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from request_lens_cli.local_aws.loopback import HOST

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON = "application/json"


class PostHandler(BaseHTTPRequestHandler):
    """Answers one connection's requests, and prints no line for each: what is worth knowing is in a log group."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        """Say nothing."""

    def do_POST(self) -> None:
        """Read a request's content and have it served."""
        self.serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    @abstractmethod
    def serve(self, body: bytes) -> None:
        """Answer the request to `path` with `headers` and this content."""

    def answer(
        self, status: int, content: bytes, headers: Mapping[str, str | None], *, content_type: str = JSON
    ) -> None:
        """Send an answer; a header without a value is left out."""
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)


def loopback_server(handler: type[PostHandler], *, port: int, **bound: object) -> ThreadingHTTPServer:
    """A server on loopback whose handlers have these attributes; port 0 is a free one."""
    return ThreadingHTTPServer((HOST, port), type(f"Bound{handler.__name__}", (handler,), bound))
