"""Linking: which request an untagged invocation belongs to, decided chain by chain once all facts should be in."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from request_lens.domain.facts import Request
from request_lens.domain.linking.chains import chains_of, returned_by
from request_lens.domain.linking.elimination import MAX_LOOPS, Elimination, eliminated, is_loop
from request_lens.domain.linking.link import (
    Assumption,
    Confidence,
    Decision,
    Link,
    Method,
    Reason,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.linking.neighbourhood import Surroundings, may_be_linked, of_known_duration
from request_lens.domain.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDecision:
    """A decision that is due, for one invocation."""

    unlinked: UnlinkedInvocation
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The decisions of a chain's open calls, in the chain's order; or when to look again."""

    decisions: tuple[DueDecision, ...] = ()
    look_again_at: datetime | None = None


def decide_chain(around: Surroundings, *, now: datetime, policy: Policy) -> Verdict:
    """What is to be decided of the chain in these surroundings.

    The same facts give the same decisions, whoever asks, also where a settle died between two of them.
    """
    own = around.own
    if around.is_crowded(policy):
        return _all_unattributed(around, Unattributed(reason=Reason.CROWDED))
    possible = around.possible(own.chain, policy)
    fitting = {each.request_id for each in of_known_duration(possible)}
    spans = _spans_requests(around, possible)
    if not fitting:
        breach = spans or _call_without_request(possible, policy)
        return _all_unattributed(around, Unattributed(reason=Reason.NO_REQUEST, violates=breach))
    due = around.due_at(policy)
    if due > now and not own.is_too_long(policy):
        return Verdict(look_again_at=due)
    evident = _evident(possible, around, policy)
    if evident is None and own.anchor is None and now < due + policy.max_request:
        return Verdict(look_again_at=due + policy.max_request)
    decision = evident if evident is not None else _among(possible, around, policy)
    anchor = own.anchor
    if anchor is not None and anchor.request_id in fitting:
        decision = _anchored(anchor, decision)
    decision = replace(decision, violates=spans or decision.violates)
    if isinstance(decision, Link):
        return _all_linked(around, decision)
    return _all_unattributed(around, decision)


def _spans_requests(around: Surroundings, possible: Sequence[Request]) -> Assumption | None:
    """Whether the calls that are linked already, and those that are not, cannot be of one request."""
    linked = {each.request_id for each in around.links}
    spans = len(linked) > 1 or not linked <= {each.request_id for each in possible}
    return Assumption.CHAINS_HAVE_ONE_REQUEST if spans else None


def _call_without_request(possible: Sequence[Request], policy: Policy) -> Assumption | None:
    """Whether a call that fits nothing shows that its role calls for something else, too.

    It does not while everybody is considered, nor where a request of unknown duration may have made it.
    """
    return Assumption.CALLS_HAVE_REQUESTS if policy.agent_role_names and not possible else None


def _second_loop(found: Elimination) -> Assumption | None:
    return None if found.is_possible else Assumption.ONE_LOOP_PER_REQUEST


def _anchored(anchor: Link, decision: Decision) -> Link:
    """The link of a chain that is linked in part: the one that the facts say now where it is to the same request."""
    if isinstance(decision, Link) and decision.request_id == anchor.request_id:
        return decision
    return replace(anchor, method=Method.CHAIN, violates=None)


def _evident(possible: Sequence[Request], around: Surroundings, policy: Policy) -> Link | None:
    """The link to the request of a call that the chain continues, or to the only one that can have made it."""
    ids = {each.request_id for each in of_known_duration(possible)}
    returned = (tool_use_id for call in around.own.chain.calls for tool_use_id in returned_by(call))
    for tool_use_id in returned:
        if (link := around.produced.get(tool_use_id)) is not None and link.request_id in ids:
            return replace(link, method=Method.CHAIN, violates=None)
    if len(possible) > 1:
        return None
    confidence = Confidence.INFERRED if policy.agent_role_names else Confidence.ASSUMED
    breach = _second_loop(_elimination(around, timedelta(0), policy))
    return Link(request_id=possible[0].request_id, method=Method.WINDOW, confidence=confidence, violates=breach)


def _among(possible: Sequence[Request], around: Surroundings, policy: Policy) -> Decision:
    """The decision of a chain that several requests can have made, once its neighbours are whole."""
    found = _elimination(around, policy.max_request, policy)
    breach = _second_loop(found)
    if found.request_id is None or found.request_id not in {each.request_id for each in of_known_duration(possible)}:
        return Unattributed(reason=Reason.AMBIGUOUS, candidates=len(possible), violates=breach)
    return Link(request_id=found.request_id, method=Method.ELIMINATION, confidence=Confidence.ASSUMED, violates=breach)


def _elimination(around: Surroundings, later: timedelta, policy: Policy) -> Elimination:
    """What the loops around leave to this one.

    They are those that begin no more than `MaxRequestSeconds` before it, and no `later` than so after it, and are whole
    when it is decided, whatever was decided of them: so the answer depends on the facts alone, not on who asks or when.
    """
    own = around.own.chain
    if not policy.one_loop_per_request or not is_loop(own):
        return Elimination()
    begins, whole_at = own.calls[0].logged_at, around.whole_at(own, policy) + later
    loops = [
        chain
        for chain in chains_of(each.invocation for each in around.unlinked if may_be_linked(each, policy))
        if is_loop(chain)
        and begins - policy.max_request <= chain.calls[0].logged_at <= begins + later
        and around.whole_at(chain, policy) <= whole_at
    ]
    if len(loops) > MAX_LOOPS:
        return Elimination()
    fits = {loop.calls[0].invocation_id: [each.request_id for each in around.possible(loop, policy)] for loop in loops}
    return eliminated(own.calls[0].invocation_id, fits)


def _all_linked(around: Surroundings, link: Link) -> Verdict:
    """The link for the calls that begin the chain; the others follow them by their tool-use ids, as surely.

    A call follows no other into a request that the other was not linked to.
    """
    own = around.own
    beside = {
        each.invocation.invocation_id
        for each in own.members
        if each.decision is not None
        and not (isinstance(each.decision, Link) and each.decision.request_id == link.request_id)
    }
    followers = {
        own.chain.calls[second].invocation_id
        for first, second in own.chain.steps()
        if own.chain.calls[first].invocation_id not in beside
    }
    chained = replace(link, method=Method.CHAIN)
    return Verdict(
        decisions=tuple(
            DueDecision(unlinked=each, decision=chained if each.invocation.invocation_id in followers else link)
            for each in own.open
        )
    )


def _all_unattributed(around: Surroundings, decision: Unattributed) -> Verdict:
    return Verdict(decisions=tuple(DueDecision(unlinked=each, decision=decision) for each in around.own.open))
