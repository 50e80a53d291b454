"""One request at the API: the event that its function gets, and the line of the access log."""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import JsonValue

from request_lens_cli.local_aws.api.deployed_api import Route
from request_lens_cli.local_aws.environment import ACCOUNT_ID

_VARIABLE = re.compile(r"\$context\.([A-Za-z.]+)")


def new_request_id() -> str:
    """An id as HTTP APIs make them: 15 characters and a `=`."""
    return base64.urlsafe_b64encode(os.urandom(11)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request as it arrived."""

    request_id: str
    api_id: str
    route: Route
    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    started_at: datetime

    @property
    def epoch_ms(self) -> int:
        """When it arrived."""
        return round(self.started_at.timestamp() * 1000)

    def event(self) -> Mapping[str, JsonValue]:
        """The event of payload format 2.0.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
        """
        headers: dict[str, JsonValue] = {name.lower(): value for name, value in self.headers.items()}
        http: dict[str, JsonValue] = {
            "method": self.method,
            "path": self.path,
            "protocol": "HTTP/1.1",
            "sourceIp": "127.0.0.1",
            "userAgent": headers.get("user-agent", ""),
        }
        return {
            "version": "2.0",
            "routeKey": self.route.key,
            "rawPath": self.path,
            "rawQueryString": "",
            "headers": headers,
            "requestContext": {
                "accountId": ACCOUNT_ID,
                "apiId": self.api_id,
                "domainName": str(headers.get("host", "")),
                "http": http,
                "requestId": self.request_id,
                "routeKey": self.route.key,
                "stage": "$default",
                "time": self.started_at.astimezone(UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
                "timeEpoch": self.epoch_ms,
            },
            "body": self.body,
            "isBase64Encoded": False,
        }

    def access_line(self, log_format: str, *, status: int, ended_at: datetime, integration_id: str | None) -> str:
        """The access log's line: the format with its variables filled in, `-` for what is not known."""
        values = {
            "requestId": self.request_id,
            "extendedRequestId": self.request_id,
            "requestTimeEpoch": str(self.epoch_ms),
            "responseLatency": str(round((ended_at - self.started_at).total_seconds() * 1000)),
            "status": str(status),
            "routeKey": self.route.key,
            "httpMethod": self.method,
            "path": self.path,
            "integration.requestId": integration_id or "-",
        }
        return _VARIABLE.sub(lambda found: values.get(found[1], "-"), log_format)
