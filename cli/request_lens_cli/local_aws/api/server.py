"""The API stand-in's HTTP server: an HTTP API's default stage on this machine's loopback."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from pydantic import BaseModel, Field, ValidationError

from request_lens_cli.local_aws.api.exchange import Exchange, new_request_id
from request_lens_cli.local_aws.serving.post_handler import PostHandler, loopback_server

if TYPE_CHECKING:
    from collections.abc import Callable
    from http.server import ThreadingHTTPServer

    from mypy_boto3_lambda.client import LambdaClient

    from request_lens_cli.local_aws.api.deployed_api import DeployedApi

REQUEST_ID = "apigw-requestid"
"""The header in which an HTTP API tells its caller the request's id."""


class _Answer(BaseModel):
    """What a function answers to an event of payload format 2.0."""

    status: int = Field(alias="statusCode")
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """Whom the stand-in calls, and who takes the lines of the access log, each with its time in milliseconds."""

    functions: LambdaClient
    log: Callable[[tuple[int, str]], None]


def api_server(api: DeployedApi, backends: Backends, *, port: int) -> ThreadingHTTPServer:
    """A server on loopback that serves the API."""
    return loopback_server(ApiHandler, port=port, api=api, to=backends)


class ApiHandler(PostHandler):
    """Answers one connection's requests."""

    api: DeployedApi
    to: Backends

    def serve(self, body: bytes) -> None:
        """Answer a request by its route's function, and log it."""
        route = self.api.routes.get(f"POST {self.path}")
        request_id, started_at = new_request_id(), datetime.now(UTC)
        if route is None:
            self._send(404, '{"message":"Not Found"}', request_id)
            return
        exchange = Exchange(
            request_id=request_id,
            api_id=self.api.api_id,
            route=route,
            method="POST",
            path=self.path,
            headers=dict(self.headers.items()),
            body=body.decode(),
            started_at=started_at,
        )
        if route.is_signed and self.headers.get("Authorization") is None:
            answer, integration_id = _Answer(statusCode=403, body='{"message":"Forbidden"}'), None
        else:
            answer, integration_id = self._invoke(exchange)
        self._send(answer.status, answer.body, request_id)
        ended_at = datetime.now(UTC)
        line = exchange.access_line(
            self.api.log_format, status=answer.status, ended_at=ended_at, integration_id=integration_id
        )
        self.to.log((round(ended_at.timestamp() * 1000), line))

    def _invoke(self, exchange: Exchange) -> tuple[_Answer, str | None]:
        """The function's answer, and the id of its run; an API answers 500 where the function fails."""
        payload = json.dumps(dict(exchange.event())).encode()
        run = self.to.functions.invoke(FunctionName=exchange.route.function_arn, Payload=payload)
        run_id = run["ResponseMetadata"]["RequestId"]
        content = run["Payload"].read()
        try:
            return _Answer.model_validate_json(content), run_id
        except ValidationError:  # as what Lambda answers where the function raised is none
            click.echo(f"API stand-in: the function failed: {content.decode()[:2000]}", err=True)
            return _Answer(statusCode=500, body='{"message":"Internal Server Error"}'), run_id

    def _send(self, status: int, body: str, request_id: str) -> None:
        self.answer(status, body.encode(), {REQUEST_ID: request_id})
