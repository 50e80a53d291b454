"""Bedrock clients whose requests are kept and answered before they are sent."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

MESSAGES: list[Any] = [{"role": "user", "content": [{"text": "hello"}]}]
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
        """That of each call to Converse."""
        return [body_of(request).get("requestMetadata") for request in self.sent]

    def answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """The answer that stands for Bedrock's: the request is kept and goes nowhere."""
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
    """A session of boto3 with keys that fit nothing."""
    return boto3.Session(aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1")
