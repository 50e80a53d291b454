"""Linking: which request each untagged invocation belongs to, decided chain by chain once all facts should be in."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from request_lens.domain.chains import Chain, chains_of
from request_lens.domain.elimination import MAX_LOOPS, eliminated, is_loop
from request_lens.domain.facts import LOG_PRECISION_MS, InvocationId, Request, RequestId
from request_lens.domain.fit import chain_fits
from request_lens.domain.link import Confidence, Decision, Link, Method, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy

MAX_FACTS_AROUND = 1_000
"""With more facts than this around an invocation it is `crowded`: time says nothing any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The facts around one moment, as far as they bear on the calls within `core`.

    `asked` is the invocation in their middle: its chain is decided even where it leaves the core. Both kinds of facts
    are in order of time. `produced` are tool-use ids that linked invocations asked for, with the links of those;
    `complete` is False where there are more facts than could be read.
    """

    requests: Sequence[Request]
    unlinked: Sequence[UnlinkedInvocation]
    core: tuple[datetime, datetime]
    asked: InvocationId
    produced: Mapping[str, Link] = field(default_factory=dict)
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class DueDecision:
    """A decision that is due, for one invocation."""

    unlinked: UnlinkedInvocation
    decision: Decision


def due_at(unlinked: UnlinkedInvocation, policy: Policy) -> datetime:
    """When an invocation can be decided: every request around it has ended, and its record has arrived."""
    ended = unlinked.invocation.logged_at + policy.max_request + policy.link_delay
    return max(ended, unlinked.stored_at + policy.link_delay)


def reach(policy: Policy) -> timedelta:
    """How far in time a request and the calls made for it can lie apart."""
    return policy.max_request + policy.max_agent + policy.clock_skew + timedelta(seconds=1)


def may_be_linked(unlinked: UnlinkedInvocation, policy: Policy) -> bool:
    """Whether the invocation's caller is an agent of ours; everybody is while `AgentRoleNames` is empty."""
    return not policy.agent_role_names or unlinked.invocation.caller_role in policy.agent_role_names


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChain:
    """A chain with calls that are not decided yet; `anchor` is the link of one that is."""

    chain: Chain
    open: tuple[UnlinkedInvocation, ...]
    anchor: Link | None
    due_at: datetime

    @property
    def continues_another(self) -> bool:
        """Whether a call that follows none of the chain returns tool results: another call asked for them."""
        heads = (call for call, before in zip(self.chain.calls, self.chain.previous, strict=True) if not before)
        return any(call.conversation is not None and call.conversation.returned for call in heads)


def open_chains(around: Surroundings, policy: Policy) -> list[OpenChain]:
    """The chains around that wait for a decision, in due order."""
    ours = {each.invocation.invocation_id: each for each in around.unlinked if may_be_linked(each, policy)}
    chains = chains_of(each.invocation for each in ours.values())
    found = [_open_chain(chain, ours, around.produced, policy) for chain in chains]
    return sorted((each for each in found if each is not None), key=lambda each: each.due_at)


def _open_chain(
    chain: Chain,
    ours: Mapping[InvocationId, UnlinkedInvocation],
    produced: Mapping[str, Link],
    policy: Policy,
) -> OpenChain | None:
    members = [ours[call.invocation_id] for call in chain.calls]
    open_ = tuple(each for each in members if each.decision is None)
    if not open_:
        return None
    links = [each.decision for each in members if isinstance(each.decision, Link)]
    links += [
        produced[tool_use_id]
        for each in open_
        if each.invocation.conversation is not None
        for tool_use_id in each.invocation.conversation.returned
        if tool_use_id in produced
    ]
    anchor = links[0] if links else None
    return OpenChain(chain=chain, open=open_, anchor=anchor, due_at=max(due_at(each, policy) for each in open_))


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


def fitting_requests(chain: Chain, requests: Sequence[Request], policy: Policy) -> list[Request]:
    """Those of the requests, which are in order of their start, that a chain fits."""
    first = chain.calls[-1].logged_at - reach(policy)
    last = chain.calls[0].logged_at + policy.clock_skew + timedelta(milliseconds=LOG_PRECISION_MS)
    near = requests[bisect_left(requests, first, key=_started_at) : bisect_right(requests, last, key=_started_at)]
    return [each for each in near if chain_fits(chain, each, policy)]


def _started_at(request: Request) -> datetime:
    return request.started_at


def _is_decided_here(open_chain: OpenChain, around: Surroundings) -> bool:
    first, last = around.core
    within = all(first <= call.logged_at <= last for call in open_chain.chain.calls)
    asked = around.asked in {call.invocation_id for call in open_chain.chain.calls}
    return asked or (within and around.complete)


def _decisions(open_chain: OpenChain, around: Surroundings, now: datetime, policy: Policy) -> list[DueDecision]:
    if is_crowded(open_chain, around, policy):
        return _all_unattributed(open_chain, Unattributed(reason=Reason.CROWDED))
    fitting = fitting_requests(open_chain.chain, around.requests, policy)
    anchor = open_chain.anchor
    if anchor is not None and anchor.request_id in {each.request_id for each in fitting}:
        chained = Link(request_id=anchor.request_id, method=Method.CHAIN, confidence=anchor.confidence)
        return [DueDecision(unlinked=each, decision=chained) for each in open_chain.open]
    match fitting:
        case []:
            return _all_unattributed(open_chain, Unattributed(reason=Reason.NO_REQUEST))
        case [only]:
            confidence = Confidence.INFERRED if policy.agent_role_names else Confidence.ASSUMED
            return _all_linked(
                open_chain, Link(request_id=only.request_id, method=Method.WINDOW, confidence=confidence)
            )
        case several if now >= open_chain.due_at + policy.max_request:
            return _decided_among(several, open_chain, around, policy)
        case _:
            return []


def _decided_among(
    several: Sequence[Request], open_chain: OpenChain, around: Surroundings, policy: Policy
) -> list[DueDecision]:
    """The decision of a chain that fits several requests, once its neighbours are due."""
    found = _eliminated(open_chain, around, policy) if policy.one_loop_per_request else None
    if found is None:
        return _all_unattributed(open_chain, Unattributed(reason=Reason.AMBIGUOUS, candidates=len(several)))
    return _all_linked(open_chain, Link(request_id=found, method=Method.ELIMINATION, confidence=Confidence.ASSUMED))


def _eliminated(open_chain: OpenChain, around: Surroundings, policy: Policy) -> RequestId | None:
    """The request that the loops around leave to this one.

    They are those that begin within `MaxRequestSeconds` of it and are due when it is decided, whatever was decided of
    them: so the answer depends on the facts alone, not on who asks or when.
    """
    if not is_loop(open_chain.chain):
        return None
    started_at, decided_at = open_chain.chain.calls[0].logged_at, open_chain.due_at + policy.max_request
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


def is_crowded(open_chain: OpenChain, around: Surroundings, policy: Policy) -> bool:
    """Whether more facts lie around a chain than time can tell apart, or than could be read."""
    first = open_chain.open[0].invocation.logged_at - policy.max_request
    last = open_chain.open[-1].invocation.logged_at + policy.max_request
    requests = _count(around.requests, first, last, key=_started_at)
    calls = _count(around.unlinked, first, last, key=lambda each: each.invocation.logged_at)
    return not around.complete or requests + calls > MAX_FACTS_AROUND


def _count[Each](ordered: Sequence[Each], first: datetime, last: datetime, *, key: Callable[[Each], datetime]) -> int:
    return bisect_right(ordered, last, key=key) - bisect_left(ordered, first, key=key)
