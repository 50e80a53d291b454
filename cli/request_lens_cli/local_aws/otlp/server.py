"""The OTLP stand-in's HTTP server: takes what an agent's exporters send, on this machine's loopback."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable
from http.server import ThreadingHTTPServer

from request_lens_cli.local_aws.otlp.span_records import SpanRecord, span_records
from request_lens_cli.local_aws.serving.post_handler import PostHandler, loopback_server

TRACES = "/v1/traces"

_NO_GZIP = (gzip.BadGzipFile, EOFError, zlib.error)


def otlp_server(take: Callable[[Iterable[SpanRecord]], None], *, port: int) -> ThreadingHTTPServer:
    """A server on loopback that hands spans on; what comes as logs or metrics is answered and dropped."""
    return loopback_server(OtlpHandler, port=port, take=staticmethod(take))


class OtlpHandler(PostHandler):
    """Answers one connection's exports."""

    take: Callable[[Iterable[SpanRecord]], None]

    def serve(self, body: bytes) -> None:
        """Take an export; an answer without content says that all of it was taken."""
        status = 200
        if self.path == TRACES:
            try:
                records = list(span_records(self._decoded(body)))
            except (ValueError, *_NO_GZIP):
                status = 400
            else:
                type(self).take(records)
        self.answer(status, b"", {}, content_type="application/x-protobuf")

    def _decoded(self, body: bytes) -> bytes:
        return gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
