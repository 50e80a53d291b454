"""Linking: which request each untagged invocation belongs to, decided chain by chain once all facts should be in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from request_lens.domain.assumption import Assumption
from request_lens.domain.chains import chains_of
from request_lens.domain.elimination import MAX_LOOPS, Elimination, eliminated, is_loop
from request_lens.domain.facts import Request
from request_lens.domain.link import Confidence, Decision, Link, Method, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.surroundings import (
    OpenChain,
    Surroundings,
    due_at,
    fitting_requests,
    is_crowded,
    may_be_linked,
    open_chains,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDecision:
    """A decision that is due, for one invocation."""

    unlinked: UnlinkedInvocation
    decision: Decision


def decide_due(around: Surroundings, *, now: datetime, policy: Policy) -> list[DueDecision]:
    """Every decision that is due in the core of these surroundings, in due order.

    The same facts give the same decisions, whoever asks and whatever the order in which they came.
    """
    strangers = [
        DueDecision(unlinked=each, decision=Unattributed(reason=Reason.OTHER_CALLER))
        for each in around.unlinked
        if each.decision is None and not may_be_linked(each, policy) and due_at(each, policy) <= now
    ]
    chains = due_chains(around, now=now, policy=policy)
    return strangers + [decided for each in chains for decided in _decisions(each, around, now, policy)]


def due_chains(around: Surroundings, *, now: datetime, policy: Policy) -> list[OpenChain]:
    """The chains that these surroundings decide now, in due order."""
    return [each for each in open_chains(around, policy) if each.due_at <= now and _is_decided_here(each, around)]


def _is_decided_here(open_chain: OpenChain, around: Surroundings) -> bool:
    first, last = around.core
    within = all(first <= call.logged_at <= last for call in open_chain.chain.calls)
    asked = around.asked in {call.invocation_id for call in open_chain.chain.calls}
    return asked or (within and around.complete)


def _decisions(open_chain: OpenChain, around: Surroundings, now: datetime, policy: Policy) -> list[DueDecision]:
    if is_crowded(open_chain, around, policy):
        return _all_unattributed(open_chain, Unattributed(reason=Reason.CROWDED))
    fitting = fitting_requests(open_chain.chain, around.requests, policy)
    breach = _spans_requests(open_chain, fitting, around)
    anchor = open_chain.anchor
    if anchor is not None and anchor.request_id in {each.request_id for each in fitting}:
        chained = replace(anchor, method=Method.CHAIN, breaks=breach)
        return [DueDecision(unlinked=each, decision=chained) for each in open_chain.open]
    match fitting:
        case []:
            breach = breach or _call_without_request(around, policy)
            return _all_unattributed(open_chain, Unattributed(reason=Reason.NO_REQUEST, breaks=breach))
        case [only]:
            confidence = Confidence.INFERRED if policy.agent_role_names else Confidence.ASSUMED
            link = Link(request_id=only.request_id, method=Method.WINDOW, confidence=confidence)
            crossed = _elimination(open_chain, around, open_chain.due_at, policy)
            return _all_linked(open_chain, replace(link, breaks=breach or _second_loop(crossed)))
        case several if now >= open_chain.due_at + policy.max_request:
            return _decided_among(several, open_chain, around, policy)
        case _:
            return []


def _call_without_request(around: Surroundings, policy: Policy) -> Assumption | None:
    """Whether a call that fits nothing shows that its role calls for something else, too.

    It does not while everybody is considered, nor where a request of unknown duration may have made it.
    """
    is_shown = policy.agent_role_names and all(each.duration_ms is not None for each in around.requests)
    return Assumption.CALLS_HAVE_REQUESTS if is_shown else None


def _spans_requests(open_chain: OpenChain, fitting: Sequence[Request], around: Surroundings) -> Assumption | None:
    """Whether the calls that are linked already, and those that are not, cannot be of one request."""
    linked = {each.request_id for each in open_chain.links}
    possible = {each.request_id for each in fitting}
    possible |= {each.request_id for each in around.requests if each.duration_ms is None}
    spans = len(linked) > 1 or not linked <= possible
    return Assumption.CHAINS_HAVE_ONE_REQUEST if spans else None


def _second_loop(found: Elimination) -> Assumption | None:
    return None if found.is_possible else Assumption.ONE_LOOP_PER_REQUEST


def _decided_among(
    several: Sequence[Request], open_chain: OpenChain, around: Surroundings, policy: Policy
) -> list[DueDecision]:
    """The decision of a chain that fits several requests, once its neighbours are due."""
    found = _elimination(open_chain, around, open_chain.due_at + policy.max_request, policy)
    breach = _spans_requests(open_chain, several, around) or _second_loop(found)
    if found.request_id is None:
        ambiguous = Unattributed(reason=Reason.AMBIGUOUS, candidates=len(several), breaks=breach)
        return _all_unattributed(open_chain, ambiguous)
    link = Link(request_id=found.request_id, method=Method.ELIMINATION, confidence=Confidence.ASSUMED, breaks=breach)
    return _all_linked(open_chain, link)


def _elimination(open_chain: OpenChain, around: Surroundings, decided_at: datetime, policy: Policy) -> Elimination:
    """What the loops around leave to this one.

    They are those that begin within `MaxRequestSeconds` of it and are due when it is decided, whatever was decided of
    them: so the answer depends on the facts alone, not on who asks or when.
    """
    if not policy.one_loop_per_request or not is_loop(open_chain.chain):
        return Elimination()
    started_at = open_chain.chain.calls[0].logged_at
    ours = {each.invocation.invocation_id: each for each in around.unlinked if may_be_linked(each, policy)}
    loops = [
        chain
        for chain in chains_of(each.invocation for each in ours.values())
        if is_loop(chain)
        and abs(chain.calls[0].logged_at - started_at) <= policy.max_request
        and (
            chain == open_chain.chain
            or max(due_at(ours[call.invocation_id], policy) for call in chain.calls) <= decided_at
        )
    ]
    fits = {
        loop.calls[0].invocation_id: [each.request_id for each in fitting_requests(loop, around.requests, policy)]
        for loop in loops[: MAX_LOOPS + 1]
    }
    return eliminated(open_chain.chain.calls[0].invocation_id, fits)


def _all_linked(open_chain: OpenChain, link: Link) -> list[DueDecision]:
    """The link for the calls that begin the chain; the others follow them by their tool-use ids, as surely."""
    chain, linked_now = open_chain.chain, {each.invocation.invocation_id for each in open_chain.open}
    followers = {
        chain.calls[second].invocation_id
        for first, second in chain.steps()
        if chain.calls[first].invocation_id in linked_now
    }
    chained = replace(link, method=Method.CHAIN)
    return [
        DueDecision(unlinked=each, decision=chained if each.invocation.invocation_id in followers else link)
        for each in open_chain.open
    ]


def _all_unattributed(open_chain: OpenChain, decision: Unattributed) -> list[DueDecision]:
    return [DueDecision(unlinked=each, decision=decision) for each in open_chain.open]
