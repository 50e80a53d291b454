"""Fit: whether a chain of calls can have run inside a request, given how coarsely its starts are known."""

from datetime import datetime, timedelta

from request_lens.domain.call_start import call_start
from request_lens.domain.facts import Request
from request_lens.domain.linking.chains import Chain
from request_lens.domain.policy import Policy

TIMED_OUT = frozenset({503, 504})
"""Statuses of a request that API Gateway gave up on while its agent may run on (HTTP APIs time out with 503)."""


def fits(chain: Chain, request: Request, policy: Policy) -> bool:
    """Whether the chain's calls, laid end to end as early as they can, stay inside the request.

    Give or take `ClockSkewMs`; after a time-out of the API, calls may go on for `MaxAgentSeconds`. A request of unknown
    duration is taken to have lasted `MaxRequestSeconds`.
    """
    latest_end = (request.latest_end or request.latest_start + policy.max_request) + policy.clock_skew
    latest_end += overtime(request, policy)
    if chain.calls[-1].logged_at > latest_end + policy.clock_skew:
        return False  # most pairs end here, at a comparison
    ends: list[datetime] = []
    for call, previous in zip(chain.calls, chain.previous, strict=True):
        start = call_start(call, clock_skew=policy.clock_skew)
        # As early as its log, its request and its predecessors allow. Two clocks took part: each bound has the skew.
        begins = max(
            start.earliest,
            request.started_at - policy.clock_skew,
            *(ends[position] - policy.clock_skew for position in previous),
        )
        # A start floored to the second lies within it: a later begin contradicts the log.
        if not start.can_be(begins):
            return False
        ends.append(begins + call.latency)
    return max(ends) <= latest_end


def overtime(request: Request, policy: Policy) -> timedelta:
    """How long after the request's end its calls can go on."""
    return policy.max_agent if request.status in TIMED_OUT else timedelta(0)
