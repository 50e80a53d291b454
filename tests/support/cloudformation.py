"""CloudFormation as a custom resource sees it: requests, and a server that takes their answers."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any, cast

from logging_configuration_handler import lambda_handler
from patience import Patience

GROUP = "/aws/bedrock/model-invocations"
ROLE = "arn:aws:iam::123456789012:role/request-lens-logging"
STACK = "arn:aws:cloudformation:ap-northeast-1:123456789012:stack/request-lens/1"
OURS = {
    "cloudWatchConfig": {"logGroupName": GROUP, "roleArn": ROLE},
    "textDataDeliveryEnabled": True,
    "imageDataDeliveryEnabled": False,
    "embeddingDataDeliveryEnabled": False,
    "videoDataDeliveryEnabled": False,
    "audioDataDeliveryEnabled": False,
}
"""The setting that a stack with this group and role makes."""

type Reply = Mapping[str, Any]


class Clock:
    """Time that passes only while somebody pauses, and the pauses."""

    def __init__(self) -> None:
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return sum(self.pauses)

    def patience(self, *, remaining_s: float = 240) -> Patience:
        """Patience that waits by this clock."""
        return Patience(remaining_s=remaining_s, clock=self, pause=self.pauses.append)


class Invocation:
    """Lambda's context of an invocation that has just begun."""

    def get_remaining_time_in_millis(self) -> int:
        return 240_000


class CloudFormation(HTTPServer):
    """Takes the answers that CloudFormation would wait for, after as many refusals as asked for.

    A refusal is a status, or where they are `garbled` an answer that is no HTTP.
    """

    def __init__(self) -> None:
        self.answers: list[Reply] = []
        self.content_types: list[str | None] = []
        self.refusals = 0
        self.garbled = False
        super().__init__(("127.0.0.1", 0), _Taker)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/answer?signature=1"


class _Taker(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        taker = cast("CloudFormation", self.server)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if taker.refusals:
            taker.refusals -= 1
            if taker.garbled:
                self.wfile.write(b"no status line\r\n")
                return
            self.send_response(503)
        else:
            taker.answers.append(json.loads(body))
            taker.content_types.append(self.headers["Content-Type"])
            self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        pass


@contextmanager
def listening() -> Iterator[CloudFormation]:
    """A server on a free port, for as long as the context lasts."""
    with CloudFormation() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def ask(
    server: CloudFormation,
    kind: str,
    *,
    physical_id: str | None = None,
    former: Mapping[str, str] | None = None,
    **properties: str,
) -> tuple[Reply, str]:
    """The answer to one request for the logging switch, and the physical id that CloudFormation then keeps.

    `former` are the properties before, as far as they differ from the usual ones.
    """
    usual = {"LogGroupName": GROUP, "RoleArn": ROLE, "LogPromptText": "true"}
    old = {**usual, **former} if former is not None else None
    resource = "Custom::BedrockInvocationLogging"
    return request(server, kind, resource, usual | properties, physical_id=physical_id, old=old)


def ask_for_group(
    server: CloudFormation, kind: str, *, physical_id: str | None = None, **properties: str
) -> tuple[Reply, str]:
    """The same of a request for a log group."""
    given = {"LogGroupName": GROUP, "RetentionInDays": "30", **properties}
    return request(server, kind, "Custom::KeptLogGroup", given, physical_id=physical_id)


def request(
    server: CloudFormation,
    kind: str,
    resource: str,
    properties: Mapping[str, str],
    *,
    physical_id: str | None,
    old: Mapping[str, str] | None = None,
) -> tuple[Reply, str]:
    """The answer to one request, and the physical id that CloudFormation then keeps."""
    event = {
        "RequestType": kind,
        "ResponseURL": server.url,
        "StackId": STACK,
        "RequestId": f"request-{len(server.answers)}",
        "ResourceType": resource,
        "LogicalResourceId": "BedrockLogging",
        "ResourceProperties": properties,
    }
    optional = {"PhysicalResourceId": physical_id, "OldResourceProperties": old}
    lambda_handler(event | {name: given for name, given in optional.items() if given is not None}, Invocation())
    answer = server.answers[-1]
    return answer, answer["PhysicalResourceId"]
