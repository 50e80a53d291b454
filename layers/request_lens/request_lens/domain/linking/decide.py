"""Deciding: which request a chain of untagged invocations belongs to, once all facts should be in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from request_lens.domain.facts import InvocationId, Request
from request_lens.domain.linking.chains import chains_of, returned_by
from request_lens.domain.linking.elimination import MAX_LOOPS, Elimination, eliminated, is_loop
from request_lens.domain.linking.link import Assumption, Confidence, Decision, Link, Method, Reason, Unattributed
from request_lens.domain.linking.neighbourhood import LinkingContext, may_be_linked, of_known_duration
from request_lens.domain.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainDecision:
    """The decisions of a chain's open calls, in the chain's order; or when to look at it again."""

    decisions: Mapping[InvocationId, Decision] = field(default_factory=dict)
    retry_at: datetime | None = None


def decide_chain(context: LinkingContext, *, now: datetime) -> ChainDecision:
    """What is to be decided of the chain in this context.

    The same facts give the same decisions, whoever asks, also where a settle died between two of them.
    """
    if context.is_crowded:
        return _unattributed(context, Unattributed(reason=Reason.CROWDED))
    candidates = context.candidates(context.chain)
    retry_at = _retry_at(context, candidates, now)
    if retry_at is not None:
        return ChainDecision(retry_at=retry_at)
    match _decision(context, candidates):
        case Link() as link:
            return _linked(context, link)
        case Unattributed() as unattributed:
            return _unattributed(context, unattributed)


def _retry_at(context: LinkingContext, candidates: Sequence[Request], now: datetime) -> datetime | None:
    """When the chain is to be looked at again; None where it can be decided now."""
    if not of_known_duration(candidates):
        return None  # nothing that comes in time could fit it any more: its settle began when its last call was due
    due = context.due_at
    if now < due and not context.is_too_long:
        return due
    if _only_candidate(context, candidates) is not None or context.anchor is not None:
        return None
    # A neighbour that began as late as `MaxRequestSeconds` after it may yet take a candidate away.
    neighbours_due = due + context.policy.max_request
    return neighbours_due if now < neighbours_due else None


def _decision(context: LinkingContext, candidates: Sequence[Request]) -> Decision:
    """The decision of a chain that is due, with its neighbours where those tell."""
    spans = _spans_requests(context, candidates)
    fitting = {request.request_id for request in of_known_duration(candidates)}
    if not fitting:
        violated = spans or _call_without_request(candidates, context.policy)
        return Unattributed(reason=Reason.NO_REQUEST, violates=violated)
    decision = _only_candidate(context, candidates) or _by_elimination(context, candidates)
    anchor = context.anchor
    if anchor is not None and anchor.request_id in fitting:
        decision = _anchored(anchor, decision)
    return replace(decision, violates=spans or decision.violates)


def _spans_requests(context: LinkingContext, candidates: Sequence[Request]) -> Assumption | None:
    """Whether the calls that are linked already, and those that are not, cannot be of one request."""
    linked = {link.request_id for link in context.links}
    spans = len(linked) > 1 or not linked <= {request.request_id for request in candidates}
    return Assumption.CHAINS_HAVE_ONE_REQUEST if spans else None


def _call_without_request(candidates: Sequence[Request], policy: Policy) -> Assumption | None:
    """Whether a call that fits nothing shows that its role calls for something else, too.

    It does not while everybody is considered, nor where a request of unknown duration may have made it.
    """
    return Assumption.CALLS_HAVE_REQUESTS if policy.agent_role_names and not candidates else None


def _second_loop(elimination: Elimination) -> Assumption | None:
    return None if elimination.is_possible else Assumption.ONE_LOOP_PER_REQUEST


def _anchored(anchor: Link, decision: Decision) -> Link:
    """The link of a chain that is linked in part: the one that the facts say now where it is to the same request."""
    if isinstance(decision, Link) and decision.request_id == anchor.request_id:
        return decision
    return replace(anchor, method=Method.CHAIN, violates=None)


def _only_candidate(context: LinkingContext, candidates: Sequence[Request]) -> Link | None:
    """The link to the request of a call that the chain continues, or to the only one that can have made it."""
    fitting = {request.request_id for request in of_known_duration(candidates)}
    for tool_use_id in (tool_use_id for call in context.chain.calls for tool_use_id in returned_by(call)):
        link = context.facts.tool_use_links.get(tool_use_id)
        if link is not None and link.request_id in fitting:
            return replace(link, method=Method.CHAIN, violates=None)
    if len(candidates) > 1:
        return None
    confidence = Confidence.INFERRED if context.policy.agent_role_names else Confidence.ASSUMED
    violated = _second_loop(_elimination(context, timedelta(0)))
    return Link(request_id=candidates[0].request_id, method=Method.WINDOW, confidence=confidence, violates=violated)


def _by_elimination(context: LinkingContext, candidates: Sequence[Request]) -> Decision:
    """The decision of a chain that several requests can have made, once its neighbours are complete."""
    elimination = _elimination(context, context.policy.max_request)
    violated = _second_loop(elimination)
    request_id = elimination.request_id
    if request_id is None or request_id not in {request.request_id for request in of_known_duration(candidates)}:
        return Unattributed(reason=Reason.AMBIGUOUS, candidates=len(candidates), violates=violated)
    return Link(request_id=request_id, method=Method.ELIMINATION, confidence=Confidence.ASSUMED, violates=violated)


def _elimination(context: LinkingContext, later: timedelta) -> Elimination:
    """What the loops around leave to this one.

    They are those that begin no more than `MaxRequestSeconds` before it, and no `later` than so after it, and are
    complete when it is decided, whatever was decided of them: so the answer depends on the facts alone, not on who asks
    or when.
    """
    policy = context.policy
    if not policy.one_loop_per_request or not is_loop(context.chain):
        return Elimination()
    first_call = context.chain.calls[0]
    begins, complete_at = first_call.logged_at, context.complete_at(context.chain) + later
    ours = (call.invocation for call in context.facts.unlinked if may_be_linked(call, policy))
    loops = [
        chain
        for chain in chains_of(ours)
        if is_loop(chain)
        and begins - policy.max_request <= chain.calls[0].logged_at <= begins + later
        and context.complete_at(chain) <= complete_at
    ]
    if len(loops) > MAX_LOOPS:
        return Elimination()
    fits = {loop.calls[0].invocation_id: [request.request_id for request in context.candidates(loop)] for loop in loops}
    return eliminated(first_call.invocation_id, fits)


def _linked(context: LinkingContext, link: Link) -> ChainDecision:
    """The link for the calls that begin the chain; the others follow them by their tool-use ids, as surely.

    A call follows no other into a request that the other was not linked to.
    """
    elsewhere = {
        member.invocation.invocation_id
        for member in context.members
        if member.decision is not None
        and not (isinstance(member.decision, Link) and member.decision.request_id == link.request_id)
    }
    calls = context.chain.calls
    followers = {
        calls[second].invocation_id
        for first, second in context.chain.steps()
        if calls[first].invocation_id not in elsewhere
    }
    chained = replace(link, method=Method.CHAIN)
    open_ids = [member.invocation.invocation_id for member in context.open_members]
    return ChainDecision(decisions={call_id: chained if call_id in followers else link for call_id in open_ids})


def _unattributed(context: LinkingContext, decision: Unattributed) -> ChainDecision:
    return ChainDecision(decisions={member.invocation.invocation_id: decision for member in context.open_members})
