"""Recounts: settled requests say anew how many calls may be theirs, once a call that may be is decided."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta

from request_lens.application.settle_request import recount
from request_lens.domain.facts import LOG_PRECISION_MS, InvocationId, Request, RequestId
from request_lens.domain.linking.chains import lone_chain
from request_lens.domain.linking.link import Decision, Link, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import READ_LIMIT
from request_lens.domain.linking.parts import fitting
from request_lens.domain.policy import Policy
from request_lens.errors import UnreadableItem
from request_lens.ports import Ports

MAX_CANDIDATES = 10
"""Where more requests may have made a chain's calls, their own calls are not read; and where more may have made a call,
they do not say anew what is possible for them: that is a Query a request."""


def came_late(call: UnlinkedInvocation, policy: Policy) -> bool:
    """Whether requests around may have been settled before the call was known."""
    return call.stored_at > call.invocation.logged_at + policy.link_delay


def settled_around(calls: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy) -> list[RequestId]:
    """The requests that may have made one of these calls, alone, if few may; whether they are settled is not asked."""
    logged = [call.invocation.logged_at for call in calls]
    span = min(logged) - policy.reach, max(logged) + policy.clock_skew + timedelta(milliseconds=LOG_PRECISION_MS)
    return few_around(calls, ports.around.requests_between(*span, limit=READ_LIMIT), policy)


def few_around(calls: Iterable[UnlinkedInvocation], requests: Sequence[Request], policy: Policy) -> list[RequestId]:
    """Those of the requests that may have made one of these calls, alone; none for a call that many may have made."""
    fits = (fitting(lone_chain(call.invocation), requests, policy) for call in calls)
    return list({request.request_id: None for few in fits if len(few) <= MAX_CANDIDATES for request in few})


def recount_all(
    settled: Iterable[RequestId], decided: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy
) -> None:
    """Let settled requests say anew how many calls may be theirs: a call that they counted, or did not, is decided."""
    just_decided = decisions_of(decided)
    for request_id in dict.fromkeys(settled):
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
