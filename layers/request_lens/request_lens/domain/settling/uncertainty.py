"""Uncertainty: how many calls that nobody has may be a request's own, so that what it says of itself is not certain."""

from collections.abc import Iterable, Sequence, Set
from datetime import datetime, timedelta

from request_lens.domain.facts import LOG_PRECISION_MS, Request, TraceId, last_attempts
from request_lens.domain.linking.chains import lone_chain
from request_lens.domain.linking.fit import fits
from request_lens.domain.linking.link import (
    Confidence,
    Link,
    LinkedInvocation,
    Method,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.linking.neighbourhood import may_be_linked
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import runs_until
from request_lens.domain.settling.state import RequestState

ACCEPTED = 202
"""The status of a request that goes on after its answer."""

MAX_POSSIBLE = 1_000
"""Possible calls of a request, and possible failed ones, are each counted up to here."""


def is_proven(linked: Iterable[LinkedInvocation]) -> bool:
    """Whether the linked calls are known to be all: their tags count 1, 2 … n without a gap, to an answer."""
    return bool(last_attempts(call.invocation for call in linked))


def untold_roles(linked: Iterable[LinkedInvocation], policy: Policy) -> Set[str | None]:
    """The listed roles of which spans that prove a request's calls to be all say nothing; none where tags prove it.

    They tell of those by which calls were linked to it for sure, or have spans of its own, however they were linked.
    While no role is listed, they tell of everybody.
    """
    calls = list(linked)
    if is_proven(calls):
        return frozenset()
    sure = (Method.TAG, Method.TRACE)
    told = (call for call in calls if call.link.method in sure or call.span is not None)
    return policy.agent_role_names - {call.invocation.caller_role for call in told}


def untold_by(state: RequestState, policy: Policy) -> Set[str | None] | None:
    """The listed roles of which the request's spans say nothing, where they prove all other calls; None where not."""
    is_told = state.traced is not None and state.traced.complete is True
    return untold_roles(state.invocations, policy) if is_told else None


def is_told_whole(untold: Set[str | None] | None) -> bool:
    """Whether spans prove all calls of a request, and tell of every role: see `untold_by`."""
    return untold is not None and not untold


def possible_span(record: Request, policy: Policy) -> tuple[datetime, datetime]:
    """When calls were logged that may be the request's."""
    return record.started_at - policy.clock_skew - timedelta(milliseconds=LOG_PRECISION_MS), runs_until(record, policy)


def is_unbounded(
    record: Request, linked: Sequence[LinkedInvocation], policy: Policy, *, untold: Set[str | None] | None = None
) -> bool:
    """Whether it is unknown how many calls are possible: the request may have run on beyond what is looked at.

    Not where it tags its calls, nor where spans that tell of every role say how long it ran.
    """
    return not (is_told_whole(untold) or _has_tagged(linked)) and (record.streamed or has_unknown_reach(record, policy))


def has_unknown_reach(record: Request, policy: Policy) -> bool:
    """Whether attempts may be a request's own that were made when nobody looks for them.

    Its end is unknown, or later than any request's is expected; or it answered before it had finished.
    """
    if record.duration_ms is None or record.status == ACCEPTED:
        return True
    return timedelta(milliseconds=record.duration_ms) > policy.max_request + policy.clock_skew


def possible_attempts(
    record: Request,
    linked: Sequence[LinkedInvocation],
    around: Iterable[UnlinkedInvocation],
    policy: Policy,
    *,
    untold: Set[str | None] | None = None,
) -> Sequence[UnlinkedInvocation]:
    """Those of the attempts around that may each be the request's, and are nobody else's, of one that is bounded.

    Later ones than its reach are linked to it by nobody, and whoever decides them does not look at it. No LLM call is
    where it is proven to have all of its own: by tags, or by spans, but for those of roles that are `untold` (None
    where spans prove nothing). A request with a tagged call is taken to tag them: only those count that are not decided
    yet. One that was linked to it, and is not stored under it yet, counts in any case: whoever linked it may have died.
    Nothing proves that of attempts that failed: their log may lack the tag, and a client's retry has no span.
    """
    own = {call.invocation.invocation_id for call in linked}
    proven, has_tagged = is_proven(linked), _has_tagged(linked)

    def is_left(call: UnlinkedInvocation) -> bool:
        if proven or (untold is not None and call.invocation.caller_role not in untold):
            return False
        return not has_tagged or call.decision is None or _is_linked_to(call, record)

    return [
        call
        for call in around
        if call.invocation.tag is None
        and call.invocation.invocation_id not in own
        and (_is_linked_to(call, record) or _may_be_of(call, record, linked, policy))
        and (not call.invocation.is_llm_call or is_left(call))
    ]


def _is_linked_to(call: UnlinkedInvocation, record: Request) -> bool:
    return isinstance(call.decision, Link) and call.decision.request_id == record.request_id


def _may_be_of(call: UnlinkedInvocation, record: Request, linked: Sequence[LinkedInvocation], policy: Policy) -> bool:
    """Whether a call of ours that is left to the request may have been made in its time."""
    return (
        not (isinstance(call.decision, Link) and _is_taken(call, call.decision, record, linked, policy))
        and may_be_linked(call, policy)
        and call.invocation.logged_at <= record.started_at + policy.reach
        and fits(lone_chain(call.invocation), record, policy)
    )


def leave_other_traces(calls: Iterable[UnlinkedInvocation], trace_id: TraceId | None) -> Sequence[UnlinkedInvocation]:
    """The calls without those of which it was decided that they are of another trace than this one, of a request."""
    return [
        call
        for call in calls
        if trace_id is None or not isinstance(call.decision, Unattributed) or call.decision.trace_id in (None, trace_id)
    ]


def _is_taken(
    call: UnlinkedInvocation, link: Link, record: Request, linked: Sequence[LinkedInvocation], policy: Policy
) -> bool:
    """Whether a call that is linked is left to no other request.

    It is, but for a request that would have none at all, if the link is only assumed: that the call lay in another's
    own time is no proof that the first made nothing. Where any link is, only one that may have made it after its end.
    """
    if any(each.invocation.is_llm_call for each in linked) or link.confidence is not Confidence.ASSUMED:
        return True
    return not doubts_assumed_links(policy) and fits(lone_chain(call.invocation), record, policy, overtime=False)


def doubts_assumed_links(policy: Policy) -> bool:
    """Whether a link that is but assumed says that another request may have made the call.

    Each link is while everybody's calls are considered, and where loops are eliminated by those around.
    """
    return bool(policy.agent_role_names) and not policy.one_loop_per_request


def _has_tagged(linked: Iterable[LinkedInvocation]) -> bool:
    return any(call.link.method is Method.TAG for call in linked)
