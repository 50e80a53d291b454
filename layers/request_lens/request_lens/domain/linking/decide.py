"""Deciding: which request a chain of untagged invocations belongs to, once all facts should be in."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.linking.assumptions import violation_without_request
from request_lens.domain.linking.chains import lone_chain
from request_lens.domain.linking.context import LinkingContext
from request_lens.domain.linking.evidence import (
    Evidence,
    elimination_around,
    ids_of,
    link_by_time,
    no_surer_than_time,
    nominal_requests,
    options_beside_links,
    second_loop,
    weigh,
)
from request_lens.domain.linking.link import Assumption, Confidence, Decision, Link, Method, Reason, Unattributed
from request_lens.domain.linking.parts import of_known_duration
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
    due = context.due_at
    if now < due:
        return ChainDecision(retry_at=due)
    if context.is_crowded:
        return _unattributed(context, Unattributed(reason=Reason.CROWDED))
    evidence = weigh(context)
    # A neighbour that began as late as `MaxRequestSeconds` after it may yet take a candidate away.
    neighbours_due = due + context.policy.max_request
    if evidence.leaves_choice and now < neighbours_due:
        return ChainDecision(retry_at=neighbours_due)
    made = _decision_of_whole(evidence) if evidence.is_whole else _decisions_by_call(evidence)
    return _but_assumed(made) if context.is_but_assumed else made


def _but_assumed(made: ChainDecision) -> ChainDecision:
    """The same decisions, of which no link is surer than assumed."""
    decisions = {
        call_id: replace(decision, confidence=Confidence.ASSUMED) if isinstance(decision, Link) else decision
        for call_id, decision in made.decisions.items()
    }
    return replace(made, decisions=decisions)


def _decision_of_whole(evidence: Evidence) -> ChainDecision:
    """The decision of a chain that is one request's, for all its calls."""
    context = evidence.context
    spans = _spans_requests(evidence)
    decision = evidence.only or _in_its_own_time(evidence, _by_elimination(evidence))
    anchor = context.anchor
    if anchor is not None and anchor.request_id in ids_of(of_known_duration(evidence.candidates)):
        decision = _anchored(anchor, decision, context)
    decision = replace(decision, violates=spans or decision.violates)
    return _linked(context, decision) if isinstance(decision, Link) else _unattributed(context, decision)


def _decisions_by_call(evidence: Evidence) -> ChainDecision:
    """The decisions of a chain that may be several requests', each call by itself: linked where all agree on one.

    Where all agree but for those by which an agent ran on after its request, the link is only assumed. Which requests
    the calls before them are of is told by the same facts, as those may be decided before them or after. Where nothing
    explains the chain none is linked: whoever made the call that fits nothing may have made those that do.
    """
    context, chain, policy = evidence.context, evidence.context.chain, evidence.context.policy
    standing = {member.invocation.invocation_id for member in context.deciding if member.decision is not None}
    request_ids = {call_id: request_id for call_id, request_id in context.linked.items() if call_id in standing}
    nominal, unexplained = nominal_requests(evidence), _unexplained(evidence)
    decisions: dict[InvocationId, Decision] = {}
    for call, before in zip(chain.calls, chain.previous, strict=True):
        call_id = call.invocation_id
        if call_id in standing:
            continue
        options = evidence.options[call_id]
        only = options[0] if len(options) == 1 and options[0].duration_ms is not None else None
        if request := only or nominal.get(call_id):
            followed = {request_ids.get(chain.calls[position].invocation_id) for position in before}
            link = _link_of_part(request, followed - {None}, policy)
            decisions[call_id] = link if only else replace(link, confidence=Confidence.ASSUMED)
            request_ids[call_id] = request.request_id
        elif options:
            decisions[call_id] = Unattributed(reason=Reason.AMBIGUOUS, candidates=len(options))
        else:
            decisions[call_id] = unexplained[call_id]
    deciding = {member.invocation.invocation_id for member in context.open_members}
    return ChainDecision(decisions={call_id: made for call_id, made in decisions.items() if call_id in deciding})


def _unexplained(evidence: Evidence) -> Mapping[InvocationId, Unattributed]:
    """The decisions of the calls of a chain that nothing explains, and none where something does.

    What fits requests by itself may be one's, or somebody else's. What a call shows broken is told by facts alone, as
    calls that it goes on from may be decided before it or after.
    """
    context = evidence.context
    lone = {
        call.invocation_id: context.candidates(lone_chain(call))
        for call in context.chain.calls
        if not evidence.options[call.invocation_id]
    }
    follows = {link.request_id for link in context.followed.values()} if lone else set()
    spans = not follows <= ids_of(evidence.candidates)
    violated = Assumption.CHAINS_HAVE_ONE_REQUEST if spans else violation_without_request(context.policy)
    return {
        call_id: Unattributed(
            reason=Reason.AMBIGUOUS if fitting else Reason.NO_REQUEST, candidates=len(fitting), violates=violated
        )
        for call_id, fitting in lone.items()
    }


def _link_of_part(request: Request, followed: Collection[RequestId | None], policy: Policy) -> Link:
    """The link of a call that follows calls of these requests: where it goes on from another's, a chain was split."""
    link = link_by_time(request, policy)
    if request.request_id in followed:
        return replace(link, method=Method.CHAIN)
    return replace(link, violates=Assumption.CHAINS_HAVE_ONE_REQUEST if followed else None)


def _spans_requests(evidence: Evidence) -> Assumption | None:
    """Whether the calls that are linked already, and those that are not, cannot be of one request."""
    linked = {*evidence.context.linked.values(), *(link.request_id for link in evidence.context.followed.values())}
    spans = len(linked) > 1 or not linked <= ids_of(evidence.candidates)
    return Assumption.CHAINS_HAVE_ONE_REQUEST if spans else None


def _anchored(anchor: Link, decision: Decision, context: LinkingContext) -> Link:
    """The link of a chain that is linked in part: the one that the facts say now where it is to the same request.

    It is but assumed where the rest of the chain may also be of a request that began after that one had ended.
    """
    if isinstance(decision, Link) and decision.request_id == anchor.request_id:
        return decision
    link = replace(anchor, method=Method.CHAIN, violates=None, taken_back=False)
    is_whole = options_beside_links(context) == {anchor.request_id}
    return no_surer_than_time(link, context.policy) if is_whole else replace(link, confidence=Confidence.ASSUMED)


def _by_elimination(evidence: Evidence) -> Decision:
    """The decision of a chain that several requests can have made, once its neighbours are complete."""
    elimination = elimination_around(evidence.context, evidence.context.policy.max_request)
    violated = second_loop(elimination)
    request_id = elimination.request_id
    if request_id is None or request_id not in ids_of(of_known_duration(evidence.candidates)):
        return Unattributed(reason=Reason.AMBIGUOUS, candidates=len(evidence.candidates), violates=violated)
    return Link(request_id=request_id, method=Method.ELIMINATION, confidence=Confidence.ASSUMED, violates=violated)


def _in_its_own_time(evidence: Evidence, decision: Decision) -> Decision:
    """The link of a chain that is not linked otherwise to the only request that held it before its end, if any."""
    nominal = nominal_requests(evidence) if isinstance(decision, Unattributed) else {}
    holders = ids_of(nominal.values())
    if len(holders) != 1 or len(nominal) < len(evidence.context.chain.calls):
        return decision
    return Link(
        request_id=holders.pop(), method=Method.WINDOW, confidence=Confidence.ASSUMED, violates=decision.violates
    )


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
