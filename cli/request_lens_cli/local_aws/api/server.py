"""The API stand-in's HTTP server: a stage of an API on this machine's loopback."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click
from pydantic import BaseModel, Field, ValidationError

from request_lens_cli.local_aws.api.deployed_api import Kind
from request_lens_cli.local_aws.api.exchange import Exchange, RequestIds, new_ids
from request_lens_cli.local_aws.api.function_event import function_event
from request_lens_cli.local_aws.api.function_run import FunctionRun, PlatformLog, run_function
from request_lens_cli.local_aws.api.log_lines import LogLine
from request_lens_cli.local_aws.serving.post_handler import PostHandler, loopback_server

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from http.server import ThreadingHTTPServer

    from mypy_boto3_lambda.client import LambdaClient

    from request_lens_cli.local_aws.api.deployed_api import DeployedApi

GATEWAY_ID = {Kind.HTTP: "apigw-requestid", Kind.REST: "x-amz-apigw-id"}
"""The header in which each kind of API tells its caller the id that it gave the request."""


class _Answer(BaseModel):
    """What a function answers to an API."""

    status: int = Field(alias="statusCode")
    body: str = ""


_FORBIDDEN = _Answer(statusCode=403, body='{"message":"Forbidden"}')
_FAILED = {
    Kind.HTTP: _Answer(statusCode=500, body='{"message":"Internal Server Error"}'),
    Kind.REST: _Answer(statusCode=502, body='{"message":"Internal server error"}'),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """Whom the stand-in calls, who takes the log lines, and where Lambda logs the runs of each function, by its ARN."""

    functions: LambdaClient
    log: Callable[[LogLine], None]
    platform_logs: Mapping[str, PlatformLog]


def api_server(api: DeployedApi, backends: Backends, *, port: int) -> ThreadingHTTPServer:
    """A server on loopback that serves the API."""
    return loopback_server(ApiHandler, port=port, api=api, to=backends)


class ApiHandler(PostHandler):
    """Answers one connection's requests."""

    api: DeployedApi
    to: Backends

    def serve(self, body: bytes) -> None:
        """Answer a request by its route's function, and log it."""
        route, started_at = self.api.routes.get(self.path), datetime.now(UTC)
        ids = new_ids(self.api.kind, started_at)
        if route is None:
            self._send(_Answer(statusCode=404, body='{"message":"Not Found"}'), ids)
            return
        exchange = Exchange(
            api=self.api,
            route=route,
            ids=ids,
            path=self.path,
            headers=dict(self.headers.items()),
            body=body.decode(),
            started_at=started_at,
        )
        refused = route.is_signed and self.headers.get("Authorization") is None
        run = None if refused else self._run(exchange)
        answer = _FORBIDDEN if run is None else self._answer_of(run)
        self._send(answer, ids)
        ended_at = datetime.now(UTC)
        line = exchange.access_line(status=answer.status, ended_at=ended_at, run=run)
        self.to.log(LogLine(group=self.api.log_group, at_ms=round(ended_at.timestamp() * 1000), text=line))

    def _run(self, exchange: Exchange) -> FunctionRun:
        """Run the route's function, and log that as Lambda does."""
        function_arn = exchange.route.function_arn
        run = run_function(function_arn, function_event(exchange), exchange.ids.trace, functions=self.to.functions)
        if (log := self.to.platform_logs.get(function_arn)) is not None:
            for line in log.lines(run):
                self.to.log(line)
        return run

    def _answer_of(self, run: FunctionRun) -> _Answer:
        """The function's answer; an API answers for itself where the function fails."""
        try:
            return _Answer.model_validate_json(run.answer)
        except ValidationError:  # as what Lambda answers where the function raised is none
            click.echo(f"API stand-in: the function failed: {run.answer.decode()[:2000]}", err=True)
            return _FAILED[self.api.kind]

    def _send(self, answer: _Answer, ids: RequestIds) -> None:
        headers = {GATEWAY_ID[self.api.kind]: ids.extended}
        if self.api.kind is Kind.REST:
            headers |= {"x-amzn-RequestId": ids.request, "X-Amzn-Trace-Id": f"Root={ids.trace}"}
        self.answer(answer.status, answer.body.encode(), headers)
