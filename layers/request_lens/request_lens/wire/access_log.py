"""API Gateway's access-log lines: JSON text → Request, or why the line is none."""

from datetime import datetime, timedelta
from typing import NamedTuple

from pydantic import ValidationError

from request_lens.domain.facts import Request, RequestId, TraceId
from request_lens.domain.log_record import Ignored
from request_lens.domain.times import EPOCH
from request_lens.wire.access.advice import addition, advice_on
from request_lens.wire.access.line import AccessLogLine
from request_lens.wire.access.route import route_of
from request_lens.wire.fault import Fault, fault_of, invalid, missing
from request_lens.wire.field_types import MAX_EPOCH_MS, bounded_utc

WHOLE_SECOND_MS = 1000
"""The precision of a start that the line tells in whole seconds; the epoch is in milliseconds as a rule."""


class _Start(NamedTuple):
    """When a request began, and how exactly that is known."""

    at: datetime
    precision_ms: int


def read_request(raw: bytes) -> Request | Ignored | Fault:
    """The request that a line's JSON text reports, why it is to be ignored, or what its format should say instead."""
    try:
        line = AccessLogLine.model_validate_json(raw)
    except ValidationError as error:
        return fault_of(error, advice_on)
    started, route = _started(line), route_of(line)
    if isinstance(started, Fault):
        return started
    if not isinstance(route, str):
        return route
    return Request(
        request_id=RequestId(line.request_id),
        route=route,
        status=line.status,
        started_at=started.at,
        duration_ms=line.response_latency,
        started_precision_ms=started.precision_ms,
        streamed=line.is_streamed,
        trace_id=TraceId(line.trace_id) if line.trace_id else None,
        lambda_request_id=line.integration_request_id,
    )


def _started(line: AccessLogLine) -> _Start | Fault:
    if line.request_time_epoch is not None:
        return _from_epoch(line.request_time_epoch)
    if line.request_time is None:
        return missing("requestTimeEpoch", addition("requestTimeEpoch"))
    try:
        if line.request_time.isdecimal():
            return _from_epoch(int(line.request_time))
        # the only time in the console's default formats, in whole seconds
        return _Start(bounded_utc(datetime.strptime(line.request_time, "%d/%b/%Y:%H:%M:%S %z")), WHOLE_SECOND_MS)
    except (ValueError, OverflowError):
        return invalid("requestTime", advice_on("requestTime", "invalid"))


def _from_epoch(epoch: int) -> _Start:
    """The time since 1970: in milliseconds, as API Gateway has it, or in seconds, as other writers do.

    What is a time until MAX_TIME in seconds would be one of the first weeks of 1970 in milliseconds.
    Raises: ValueError or OverflowError where it is out of range.
    """
    if epoch < MAX_EPOCH_MS // 1000:
        return _Start(EPOCH + timedelta(seconds=epoch), WHOLE_SECOND_MS)
    return _Start(bounded_utc(EPOCH + timedelta(milliseconds=epoch)), 1)
