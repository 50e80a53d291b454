"""One request at the API: by which ids it goes, and the line of the access log."""

import base64
import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from request_lens_cli.local_aws.api.deployed_api import METHOD, DeployedApi, Kind, Route
from request_lens_cli.local_aws.api.function_run import FunctionRun

_VARIABLE = re.compile(r"\$context\.([A-Za-z.]+)")


def new_gateway_id() -> str:
    """An id as API Gateway makes them: 15 characters and a `=`."""
    return base64.urlsafe_b64encode(os.urandom(11)).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestIds:
    """By what a request goes.

    `extended` is the id that API Gateway made; only a REST API has another one besides, which a client could choose.
    `trace` is X-Ray's, its first digits the second of the request's start.
    """

    request: str
    extended: str
    trace: str


def new_ids(kind: Kind, started_at: datetime) -> RequestIds:
    """Fresh ids of a request."""
    extended = new_gateway_id()
    request = str(uuid.uuid4()) if kind is Kind.REST else extended
    trace = f"1-{int(started_at.timestamp()):08x}-{os.urandom(12).hex()}"
    return RequestIds(request=request, extended=extended, trace=trace)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """A request as it arrived."""

    api: DeployedApi
    route: Route
    ids: RequestIds
    path: str
    headers: Mapping[str, str]
    body: str
    started_at: datetime

    @property
    def epoch_ms(self) -> int:
        """When it arrived."""
        return round(self.started_at.timestamp() * 1000)

    def access_line(self, *, status: int, ended_at: datetime, run: FunctionRun | None) -> str:
        """The access log's line: the format with its variables filled in, `-` for what is not known."""
        values = {
            "requestId": self.ids.request,
            "extendedRequestId": self.ids.extended,
            "requestTimeEpoch": str(self.epoch_ms),
            "responseLatency": str(round((ended_at - self.started_at).total_seconds() * 1000)),
            "status": str(status),
            "httpMethod": METHOD,
            "path": self.path,
            "apiId": self.api.api_id,
            "stage": self.api.stage,
            **self._values_of_kind(),
            **_values_of_run(run),
        }
        return _VARIABLE.sub(lambda found: values.get(found[1], "-"), self.api.log_format)

    def _values_of_kind(self) -> Mapping[str, str]:
        if self.api.kind is Kind.HTTP:
            return {"routeKey": self.route.key}
        return {
            "resourcePath": self.route.path,
            "xrayTraceId": f"Root={self.ids.trace}",
            "integration.responseTransferMode": "BUFFERED",
        }


def _values_of_run(run: FunctionRun | None) -> Mapping[str, str]:
    if run is None:
        return {}
    latency = str(round(run.duration_ms))
    return {"integration.requestId": run.run_id, "integrationLatency": latency, "integration.latency": latency}
