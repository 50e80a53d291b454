"""Candidates: the requests that may have made a call by itself, where they are so few that each can be asked."""

from collections.abc import Sequence
from datetime import timedelta

from request_lens.domain.facts import LOG_PRECISION_MS, Request
from request_lens.domain.linking.chains import lone_chain
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import READ_LIMIT
from request_lens.domain.linking.parts import fitting
from request_lens.domain.policy import Policy
from request_lens.ports import Ports

MAX_CANDIDATES = 10
"""Where more requests may have made a chain's calls, their own calls are not read; and where more may have made a call,
they do not say anew what is possible for them: that is a Query a request."""


def requests_beside(calls: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy) -> Sequence[Request]:
    """The requests in whose time one of these calls, of which there is one at least, may lie: one read by time."""
    logged = [call.invocation.logged_at for call in calls]
    last = max(logged) + policy.clock_skew + timedelta(milliseconds=LOG_PRECISION_MS)
    return ports.around.requests_between(min(logged) - policy.reach, last, limit=READ_LIMIT)


def candidates_among(requests: Sequence[Request], call: UnlinkedInvocation, policy: Policy) -> Sequence[Request]:
    """Those of the requests that may have made the call; none where more may than can be asked."""
    found = fitting(lone_chain(call.invocation), requests, policy)
    return found if len(found) <= MAX_CANDIDATES else ()
