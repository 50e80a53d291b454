"""API Gateway's access-log lines: JSON text → Request.

Keys are `$context` variables without `$context.`; values are strings, and "-" is absent. HTTP APIs have `routeKey`,
REST APIs `httpMethod` and `resourcePath`. https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
A route of "-" is no fault of the format: no route matched, as scanners of a public API see to all day.
"""

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, ValidationError, model_validator

from request_lens.domain.facts import Request, RequestId
from request_lens.domain.log_record import Ignored
from request_lens.domain.times import EPOCH
from request_lens.wire.fault import Fault, fault_of, invalid, missing
from request_lens.wire.field_types import (
    MAX_DURATION_MS,
    MAX_EPOCH_MS,
    ApiRequestId,
    ForeignModel,
    Name,
    OrNone,
    bounded_utc,
)
from request_lens.wire.names import route_name

NO_ROUTE = Ignored(why="no route matched")
"""A request that matched no route of its API: it ran no integration, so it made no call."""

WHOLE_SECOND_MS = 1000
"""The precision of a start of which only `requestTime` is logged; `requestTimeEpoch` is in milliseconds."""

_ABSENT = "-"
"""What API Gateway writes where a variable has no value."""


class AccessLogLine(ForeignModel):
    """The fields of a line that we read."""

    request_id: ApiRequestId
    status: Annotated[int, Field(ge=100, le=599)]
    request_time_epoch: Annotated[int, Field(ge=0, lt=MAX_EPOCH_MS)] | None = None
    request_time: Name | None = None
    response_latency: Annotated[Annotated[int, Field(ge=0, le=MAX_DURATION_MS)] | None, OrNone()] = None
    route_key: Name | None = None
    http_method: Name | None = None
    resource_path: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _drop_absent(cls, line: object) -> object:
        """The line without its absent values; an absent route has a meaning, and stays."""
        if not isinstance(line, dict):
            return line
        routes = {name: line[name] for name in ("routeKey", "resourcePath") if line.get(name) == _ABSENT}
        return {name: value for name, value in line.items() if value not in (_ABSENT, "", None)} | routes


def read_request(raw: bytes) -> Request | Ignored | Fault:
    """The request that a line's JSON text reports, NO_ROUTE, or the fields that it lacks."""
    try:
        line = AccessLogLine.model_validate_json(raw)
    except ValidationError as error:
        return fault_of(error)
    started_at, route = _started_at(line), _route(line)
    if isinstance(started_at, Fault):
        return started_at
    if not isinstance(route, str):
        return route
    return Request(
        request_id=RequestId(line.request_id),
        route=route_name(route),
        status=line.status,
        started_at=started_at,
        duration_ms=line.response_latency,
        started_precision_ms=1 if line.request_time_epoch is not None else WHOLE_SECOND_MS,
    )


def _route(line: AccessLogLine) -> str | Ignored | Fault:
    """The route; a line that many kinds of API share has keys that are absent for its kind."""
    key, path = (None if route == _ABSENT else route for route in (line.route_key, line.resource_path))
    if key is not None:
        return key
    if line.http_method is not None and path is not None:
        return f"{line.http_method} {path}"
    if _ABSENT in (line.route_key, line.resource_path):
        return NO_ROUTE
    if path is not None:
        return missing("httpMethod")
    return missing("routeKey") if line.http_method is None else missing("resourcePath")


def _started_at(line: AccessLogLine) -> datetime | Fault:
    if line.request_time_epoch is not None:
        return EPOCH + timedelta(milliseconds=line.request_time_epoch)
    if line.request_time is None:
        return missing("requestTimeEpoch")
    try:  # the only time in the console's default formats, in whole seconds
        return bounded_utc(datetime.strptime(line.request_time, "%d/%b/%Y:%H:%M:%S %z"))
    except ValueError:
        return invalid("requestTime")
