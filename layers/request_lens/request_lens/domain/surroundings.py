"""Surroundings: the facts around an invocation, the chains among them, and the requests that these fit."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from request_lens.domain.chains import Chain, chains_of
from request_lens.domain.facts import LOG_PRECISION_MS, InvocationId, Request
from request_lens.domain.fit import chain_fits
from request_lens.domain.link import Link, UnlinkedInvocation
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
    """A chain with calls that are not decided yet; `links` are those of calls that are, or that it goes on from."""

    chain: Chain
    open: tuple[UnlinkedInvocation, ...]
    links: tuple[Link, ...]
    due_at: datetime

    @property
    def anchor(self) -> Link | None:
        """The link that the open calls follow if they fit its request."""
        return self.links[0] if self.links else None

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
    due = max(due_at(each, policy) for each in open_)
    return OpenChain(chain=chain, open=open_, links=tuple(links), due_at=due)


def fitting_requests(chain: Chain, requests: Sequence[Request], policy: Policy) -> list[Request]:
    """Those of the requests, which are in order of their start, that a chain fits."""
    first = chain.calls[-1].logged_at - reach(policy)
    last = chain.calls[0].logged_at + policy.clock_skew + timedelta(milliseconds=LOG_PRECISION_MS)
    near = requests[bisect_left(requests, first, key=_started_at) : bisect_right(requests, last, key=_started_at)]
    return [each for each in near if chain_fits(chain, each, policy)]


def _started_at(request: Request) -> datetime:
    return request.started_at


def is_crowded(open_chain: OpenChain, around: Surroundings, policy: Policy) -> bool:
    """Whether more facts lie around a chain than time can tell apart, or than could be read."""
    first = open_chain.open[0].invocation.logged_at - policy.max_request
    last = open_chain.open[-1].invocation.logged_at + policy.max_request
    requests = _count(around.requests, first, last, key=_started_at)
    calls = _count(around.unlinked, first, last, key=lambda each: each.invocation.logged_at)
    return not around.complete or requests + calls > MAX_FACTS_AROUND


def _count[Each](ordered: Sequence[Each], first: datetime, last: datetime, *, key: Callable[[Each], datetime]) -> int:
    return bisect_right(ordered, last, key=key) - bisect_left(ordered, first, key=key)
