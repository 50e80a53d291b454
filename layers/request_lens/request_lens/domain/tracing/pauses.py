"""Pauses: the times of a request in which no call to a model ran, so that another agent may have made some."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from request_lens.domain.facts import Request
from request_lens.domain.policy import Policy
from request_lens.domain.spans import SpanKind, Trace
from request_lens.domain.tracing.runs import own_spans


def has_no_pause(request: Request, trace: Trace, policy: Policy, *, longer_than: timedelta) -> bool:
    """Whether no such time was longer than this; not so where it is not known when it ended, or it may have run on.

    No skew is granted: a wait that was not needed costs half a minute, and what is missed of a sample is for good.
    """
    if request.latest_end is None or request.may_run_on:
        return False
    return all(pause <= longer_than for pause in _pauses(request, request.latest_end, trace, policy))


def _pauses(request: Request, latest_end: datetime, trace: Trace, policy: Policy) -> Iterator[timedelta]:
    idle_since = request.started_at
    for span in own_spans(request, trace, policy):
        if span.kind is SpanKind.CALL:
            yield span.started_at - idle_since
            idle_since = max(idle_since, span.ended_at)
    yield latest_end - idle_since
