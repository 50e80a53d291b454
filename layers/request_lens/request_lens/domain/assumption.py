"""Assumptions: what links by time, chain and elimination rest on, and which facts show one of them broken."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.policy import Policy


class Assumption(StrEnum):
    """What must hold for a link that is not exact to be right (closed vocabulary)."""

    CALLS_HAVE_REQUESTS = "calls_have_requests"
    """Every call by `AgentRoleNames` is made for a request on `AgentRoutes`, in its time."""

    LOGS_COME_IN_TIME = "logs_come_in_time"
    """Records and calls are stored within `LinkDelaySeconds` of their end."""

    REQUESTS_END_IN_TIME = "requests_end_in_time"
    """No request outlasts `MaxRequestSeconds`."""

    CHAINS_HAVE_ONE_REQUEST = "chains_have_one_request"
    """No chain spans two requests."""

    ONE_LOOP_PER_REQUEST = "one_loop_per_request"
    """No request runs two agent loops; only assumed with `OneLoopPerRequest`."""


def broken_by_request(record: Request, *, stored_at: datetime, policy: Policy) -> Iterator[Assumption]:
    """The assumptions that a request's record shows broken."""
    if record.duration_ms is not None:
        if timedelta(milliseconds=record.duration_ms) > policy.max_request + policy.clock_skew:
            yield Assumption.REQUESTS_END_IN_TIME
        if stored_at > record.started_at + timedelta(milliseconds=record.duration_ms) + policy.link_delay:
            yield Assumption.LOGS_COME_IN_TIME


def broken_by_call(call: Invocation, *, stored_at: datetime, policy: Policy) -> Iterator[Assumption]:
    """The assumptions that an untagged call shows broken by when it came; of unknown latency, it may have been long."""
    latency = policy.max_request if call.latency_ms is None else timedelta(milliseconds=call.latency_ms)
    if stored_at > call.logged_at + latency + policy.link_delay:
        yield Assumption.LOGS_COME_IN_TIME
