"""Deciding: which request a chain of untagged invocations belongs to, once all facts should be in."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.linking.elimination import MAX_LOOPS, Elimination, eliminated, is_loop
from request_lens.domain.linking.explanations import Bounds, Explanations
from request_lens.domain.linking.fit import fits
from request_lens.domain.linking.link import Assumption, Confidence, Decision, Link, Method, Reason, Unattributed
from request_lens.domain.linking.neighbourhood import LinkingContext, of_known_duration
from request_lens.domain.policy import Policy

MAX_CHAINS = 64
"""So many chains around one, the nearest, are looked at for one that goes on from request to request."""


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
    evidence = _evidence(context)
    retry_at = _retry_at(evidence, now)
    if retry_at is not None:
        return ChainDecision(retry_at=retry_at)
    return _decision_of_whole(evidence) if evidence.is_whole else _decisions_by_call(evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """What the facts say of a chain.

    `candidates` may have made the whole of it, `options` each call of it if it may be split between requests.
    `is_whole`: it is taken for one request's. So it is where one holds the whole of it without overtime, and no chain
    around shows that a conversation here goes on from one request to the next. `only` is the link to the one request
    that can have made it whole.
    """

    context: LinkingContext
    candidates: Sequence[Request]
    options: Mapping[InvocationId, Sequence[Request]]
    is_whole: bool
    only: Link | None

    @property
    def open_options(self) -> list[Sequence[Request]]:
        """The options of the calls that are to be decided."""
        return [self.options[member.invocation.invocation_id] for member in self.context.open_members]

    @property
    def leaves_choice(self) -> bool:
        """Whether more than one request can have made a call that is to be decided."""
        if self.is_whole:
            return self.context.anchor is None and self.only is None
        return any(len(options) > 1 for options in self.open_options)


def _evidence(context: LinkingContext) -> _Evidence:
    chain, policy = context.chain, context.policy
    followed = {call_id: link.request_id for call_id, link in context.followed.items()}
    explanations = context.explain(chain, Bounds(linked=context.linked, follow=followed))
    candidates = context.candidates(chain)
    holders = (fits(chain, request, policy, overtime=False) for request in of_known_duration(candidates))
    is_whole = any(holders) and not _conversations_go_on(context)
    return _Evidence(
        context=context,
        candidates=candidates,
        options={call.invocation_id: of_call for call, of_call in zip(chain.calls, explanations.options, strict=True)},
        is_whole=is_whole,
        only=_only_candidate(context, candidates, explanations) if is_whole else None,
    )


def _conversations_go_on(context: LinkingContext) -> bool:
    """Whether a chain around, complete when this one is, can only be explained as one of several requests' calls."""
    begins, complete_at = context.chain.calls[0].logged_at, context.complete_at(context.chain)
    around = [chain for chain in context.tool_chains_around() if context.complete_at(chain) <= complete_at]
    distances = sorted((abs(chain.calls[0].logged_at - begins), at) for at, chain in enumerate(around))
    nearest = [around[at] for distance, at in distances[:MAX_CHAINS] if distance <= context.policy.reach]
    return any(not context.candidates(chain) and context.explain(chain).leave_none_out for chain in nearest)


def _retry_at(evidence: _Evidence, now: datetime) -> datetime | None:
    """When the chain is to be looked at again; None where it can be decided now."""
    if not evidence.is_whole and not any(evidence.open_options):
        return None  # no request that is still to come can hold it: its settle began when its last call was due
    due = evidence.context.due_at
    if now < due:
        return due
    # A neighbour that began as late as `MaxRequestSeconds` after it may yet take a candidate away.
    neighbours_due = due + evidence.context.policy.max_request
    return neighbours_due if evidence.leaves_choice and now < neighbours_due else None


def _decision_of_whole(evidence: _Evidence) -> ChainDecision:
    """The decision of a chain that is one request's, for all its calls."""
    context = evidence.context
    spans = _spans_requests(evidence)
    decision = evidence.only or _by_elimination(evidence)
    anchor = context.anchor
    if anchor is not None and anchor.request_id in _ids(of_known_duration(evidence.candidates)):
        decision = _anchored(anchor, decision)
    decision = replace(decision, violates=spans or decision.violates)
    return _linked(context, decision) if isinstance(decision, Link) else _unattributed(context, decision)


def _decisions_by_call(evidence: _Evidence) -> ChainDecision:
    """The decisions of a chain that may be several requests', each call by itself: linked where all agree on one."""
    chain, policy = evidence.context.chain, evidence.context.policy
    request_ids = dict(evidence.context.linked)
    decisions: dict[InvocationId, Decision] = {}
    open_ids = {member.invocation.invocation_id for member in evidence.context.open_members}
    for call, before in zip(chain.calls, chain.previous, strict=True):
        call_id = call.invocation_id
        if call_id not in open_ids:
            continue
        options = evidence.options[call_id]
        if len(options) == 1 and options[0].duration_ms is not None:
            followed = {request_ids.get(chain.calls[position].invocation_id) for position in before}
            decisions[call_id] = _link_of_part(options[0], followed - {None}, policy)
            request_ids[call_id] = options[0].request_id
        elif options:
            decisions[call_id] = Unattributed(reason=Reason.AMBIGUOUS, candidates=len(options))
        else:
            violated = _spans_requests(evidence) or _call_without_request(policy)
            decisions[call_id] = Unattributed(reason=Reason.NO_REQUEST, violates=violated)
    return ChainDecision(decisions=decisions)


def _link_of_part(request: Request, followed: Collection[RequestId | None], policy: Policy) -> Link:
    """The link of a call that follows calls of these requests: where it goes on from another's, a chain was split."""
    link = _link_by_time(request, policy)
    if request.request_id in followed:
        return replace(link, method=Method.CHAIN)
    return replace(link, violates=Assumption.CHAINS_HAVE_ONE_REQUEST if followed else None)


def _spans_requests(evidence: _Evidence) -> Assumption | None:
    """Whether the calls that are linked already, and those that are not, cannot be of one request."""
    linked = {*evidence.context.linked.values(), *(link.request_id for link in evidence.context.followed.values())}
    spans = len(linked) > 1 or not linked <= _ids(evidence.candidates)
    return Assumption.CHAINS_HAVE_ONE_REQUEST if spans else None


def _call_without_request(policy: Policy) -> Assumption | None:
    """Whether a call that fits nothing shows that its role calls for something else, too; not if all are considered."""
    return Assumption.CALLS_HAVE_REQUESTS if policy.agent_role_names else None


def _link_by_time(request: Request, policy: Policy) -> Link:
    confidence = Confidence.INFERRED if policy.agent_role_names else Confidence.ASSUMED
    return Link(request_id=request.request_id, method=Method.WINDOW, confidence=confidence)


def _second_loop(elimination: Elimination) -> Assumption | None:
    return None if elimination.is_possible else Assumption.ONE_LOOP_PER_REQUEST


def _anchored(anchor: Link, decision: Decision) -> Link:
    """The link of a chain that is linked in part: the one that the facts say now where it is to the same request."""
    if isinstance(decision, Link) and decision.request_id == anchor.request_id:
        return decision
    return replace(anchor, method=Method.CHAIN, violates=None)


def _only_candidate(context: LinkingContext, candidates: Sequence[Request], explanations: Explanations) -> Link | None:
    """The link to the request of a call that the chain goes on from, or to the only one that can have made it.

    It is but assumed where the chain might also be split between requests.
    """
    fitting = _ids(of_known_duration(candidates))
    link = next((link for link in context.followed.values() if link.request_id in fitting), None)
    if link is not None:
        link = replace(link, method=Method.CHAIN, violates=None)
    elif len(candidates) == 1:
        violated = _second_loop(_elimination(context, timedelta(0)))
        link = replace(_link_by_time(candidates[0], context.policy), violates=violated)
    else:
        return None
    options = {request.request_id for options in explanations.options for request in options}
    return link if options == {link.request_id} else replace(link, confidence=Confidence.ASSUMED)


def _by_elimination(evidence: _Evidence) -> Decision:
    """The decision of a chain that several requests can have made, once its neighbours are complete."""
    elimination = _elimination(evidence.context, evidence.context.policy.max_request)
    violated = _second_loop(elimination)
    request_id = elimination.request_id
    if request_id is None or request_id not in _ids(of_known_duration(evidence.candidates)):
        return Unattributed(reason=Reason.AMBIGUOUS, candidates=len(evidence.candidates), violates=violated)
    return Link(request_id=request_id, method=Method.ELIMINATION, confidence=Confidence.ASSUMED, violates=violated)


def _ids(requests: Iterable[Request]) -> set[RequestId]:
    return {request.request_id for request in requests}


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
    loops = [
        chain
        for chain in context.chains_around()
        if is_loop(chain)
        and begins - policy.max_request <= chain.calls[0].logged_at <= begins + later
        and context.complete_at(chain) <= complete_at
    ]
    if len(loops) > MAX_LOOPS:
        return Elimination()
    fitting = {
        loop.calls[0].invocation_id: [request.request_id for request in context.candidates(loop)] for loop in loops
    }
    return eliminated(first_call.invocation_id, fitting)


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
