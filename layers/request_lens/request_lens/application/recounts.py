"""Recounts: settled requests say anew how many calls may be theirs, once a call that may be is decided."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta

from request_lens.application.settle_request import recount
from request_lens.domain.facts import LOG_PRECISION_MS, InvocationId, RequestId
from request_lens.domain.linking.chains import lone_chain
from request_lens.domain.linking.fit import fits
from request_lens.domain.linking.link import Decision, Link, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import READ_LIMIT
from request_lens.domain.policy import Policy
from request_lens.errors import UnreadableItem
from request_lens.ports import Ports

MAX_CANDIDATES = 10
"""Where more requests may have made a chain's calls, their own calls are not read, and they do not say anew what is
possible for them: that is a Query a request."""


def came_late(call: UnlinkedInvocation, policy: Policy) -> bool:
    """Whether requests around may have been settled before the call was known."""
    return call.stored_at > call.invocation.logged_at + policy.link_delay


def settled_around(target: UnlinkedInvocation, ports: Ports, policy: Policy) -> list[RequestId]:
    """The requests that may have made this call alone; whether they are settled is not asked."""
    logged_at = target.invocation.logged_at
    span = logged_at - policy.reach, logged_at + policy.clock_skew + timedelta(milliseconds=LOG_PRECISION_MS)
    requests = ports.around.requests_between(*span, limit=READ_LIMIT)
    return [request.request_id for request in requests if fits(lone_chain(target.invocation), request, policy)]


def recount_all(
    settled: Sequence[RequestId], decided: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy
) -> None:
    """Let settled requests say anew how many calls may be theirs: a call that they counted, or did not, is decided."""
    if len(settled) > MAX_CANDIDATES:
        return
    just_decided = decisions_of(decided)
    for request_id in settled:
        with suppress(UnreadableItem):  # its own settle tells that another version wrote of it
            recount(request_id, ports, policy, just_decided=just_decided)


def decisions_of(decided: Iterable[UnlinkedInvocation]) -> dict[InvocationId, Decision]:
    """What was decided, by call."""
    return {call.invocation.invocation_id: call.decision for call in decided if call.decision is not None}


def linked_of(decided: Iterable[UnlinkedInvocation]) -> list[LinkedInvocation]:
    """Those that were linked, as they stand under their requests."""
    return [
        LinkedInvocation(invocation=call.invocation, link=call.decision)
        for call in decided
        if isinstance(call.decision, Link)
    ]
