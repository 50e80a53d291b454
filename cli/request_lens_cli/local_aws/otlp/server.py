"""The OTLP stand-in's HTTP server: takes what an agent's exporters send, on this machine's loopback."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from request_lens_cli.local_aws.loopback import HOST
from request_lens_cli.local_aws.otlp.span_records import SpanRecord, span_records

TRACES = "/v1/traces"


def otlp_server(take: Callable[[Iterable[SpanRecord]], None], *, port: int) -> ThreadingHTTPServer:
    """A server on loopback that hands spans on; what comes as logs or metrics is answered and dropped."""
    return ThreadingHTTPServer((HOST, port), type("BoundOtlpHandler", (OtlpHandler,), {"take": staticmethod(take)}))


class OtlpHandler(BaseHTTPRequestHandler):
    """Answers one connection's exports."""

    take: Callable[[Iterable[SpanRecord]], None]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name for it
        """Say nothing: the spans are in their log group."""

    def do_POST(self) -> None:
        """Take an export; an answer without content says that all of it was taken."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        status = 200
        if self.path == TRACES:
            try:
                type(self).take(list(span_records(body)))
            except ValueError:
                status = 400
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()
