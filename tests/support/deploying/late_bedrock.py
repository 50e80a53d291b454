"""Bedrock's control plane of the local AWS behind a door that lets answers out late, or not in time at all."""

import http.client
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import cast
from urllib.parse import urlsplit

ENDPOINT = "AWS_ENDPOINT_URL_BEDROCK"
"""The variable by which a function's SDK finds it."""

_HOP = frozenset({"connection", "transfer-encoding", "content-length", "date", "server"})


class LateBedrock(ThreadingHTTPServer):
    """Passes everything on at once; the answers to what changes the setting it holds back for so long."""

    daemon_threads = True

    def __init__(self, endpoint: str) -> None:
        self.behind = urlsplit(endpoint)
        self.held_s = 0.0
        self.taken: list[str] = []
        super().__init__(("127.0.0.1", 0), _Door)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Door(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._pass_on()

    def do_PUT(self) -> None:
        self._pass_on()

    def do_DELETE(self) -> None:
        self._pass_on()

    def _pass_on(self) -> None:
        """With the caller's own headers: they are signed."""
        late = cast("LateBedrock", self.server)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        connection = http.client.HTTPConnection(str(late.behind.hostname), late.behind.port, timeout=60)
        connection.request(self.command, self.path, body=body, headers=dict(self.headers.items()))
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        late.taken.append(self.command)
        if self.command != "GET":
            time.sleep(late.held_s)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        pass

    def handle(self) -> None:
        """Serve a caller, who may be gone before he has his answer."""
        try:
            super().handle()
        except ConnectionError:
            self.close_connection = True


@contextmanager
def late_bedrock(endpoint: str) -> Iterator[LateBedrock]:
    """The door to the local AWS at this endpoint, for as long as the context lasts."""
    with LateBedrock(endpoint) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
