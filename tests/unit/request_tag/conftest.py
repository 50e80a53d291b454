"""Bedrock clients whose requests are kept and answered before they are sent."""

import json
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import boto3
import pytest
from botocore import handlers
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from request_tag import call_count, instrument

MESSAGES = [{"role": "user", "content": [{"text": "hello"}]}]
HEADER = "X-Amzn-Bedrock-Request-Metadata"
_ANSWER = json.dumps(
    {
        "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    }
).encode()


def body_of(request: AWSPreparedRequest) -> dict[str, Any]:
    """The JSON that would have been sent."""
    assert isinstance(request.body, (str, bytes))
    body: dict[str, Any] = json.loads(request.body)
    return body


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, **_: object) -> Iterator[bytes]:
        yield self._body


@dataclass
class Bedrock:
    """A client, and what it would have sent."""

    client: Any
    sent: list[AWSPreparedRequest] = field(default_factory=list)

    def converse(self, **parameters: Any) -> dict[str, str] | None:
        """The metadata in the body that was sent."""
        self.client.converse(modelId="model", messages=MESSAGES, **parameters)
        return self.metadata()[-1]

    def invoke(self, **parameters: Any) -> dict[str, str] | None:
        """The metadata in the header that was sent."""
        self.client.invoke_model(modelId="model", body=b"{}", **parameters)
        header = self.sent[-1].headers.get(HEADER)
        return None if header is None else json.loads(header)

    def metadata(self) -> list[dict[str, str] | None]:
        return [body_of(request).get("requestMetadata") for request in self.sent]

    def indices(self) -> list[int]:
        """The call indices that were sent, in order."""
        return sorted(int(metadata["call_index"]) for metadata in self.metadata() if metadata is not None)

    def answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        self.sent.append(request)
        headers = HTTPHeaders()
        headers["content-type"] = "application/json"
        return AWSResponse(request.url, 200, headers, _Raw(_ANSWER))


def kept(client: Any) -> Bedrock:
    """The client with its requests kept and answered."""
    bedrock = Bedrock(client)
    client.meta.events.register("before-send.bedrock-runtime", bedrock.answer)
    return bedrock


def new_session() -> Any:
    return boto3.Session(aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1")


@pytest.fixture
def bedrock() -> Bedrock:
    """A client that is not instrumented."""
    return kept(new_session().client("bedrock-runtime"))


@pytest.fixture(scope="session")
def instrumented_client() -> Any:
    """Made once: to make a client takes longer than most tests."""
    client = new_session().client("bedrock-runtime")
    assert instrument(client) is client
    return client


@pytest.fixture
def tagged(instrumented_client: Any) -> Iterator[Bedrock]:
    """An instrumented client."""
    bedrock = kept(instrumented_client)
    yield bedrock
    instrumented_client.meta.events.unregister("before-send.bedrock-runtime", bedrock.answer)


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """No failure, no request and no instrumentation of another test."""
    monkeypatch.setattr(import_module("request_tag.failures"), "_counts", {})
    monkeypatch.setattr(call_count, "_counts", OrderedDict())
    monkeypatch.setattr(handlers, "BUILTIN_HANDLERS", list(handlers.BUILTIN_HANDLERS))
