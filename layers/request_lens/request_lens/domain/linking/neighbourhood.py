"""The neighbourhood of a chain: the facts around it that bear on its decision, and how far around they lie."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId
from request_lens.domain.linking.chains import (
    Chain,
    chain_with,
    chains_of,
    named_by,
    produced_by,
    returned_by,
)
from request_lens.domain.linking.explanations import UNBOUNDED, Bounds, Explanations, explain
from request_lens.domain.linking.link import Link, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.linking.parts import Part, complete_at, fitting, part_with, parts_of, started_within
from request_lens.domain.policy import Policy

MAX_FACTS_AROUND = 1_000
"""With more facts than this around an invocation it is `crowded`: time says nothing any more."""

READ_LIMIT = 8 * MAX_FACTS_AROUND
"""How many facts of each kind are read around one invocation: beyond, what is known around it is incomplete."""


def due_at(unlinked: UnlinkedInvocation, policy: Policy) -> datetime:
    """When an invocation can be decided: every request around it has ended, and its record has arrived."""
    ended = unlinked.invocation.logged_at + policy.max_request + policy.link_delay
    return max(ended, unlinked.stored_at + policy.link_delay)


def due_order(unlinked: UnlinkedInvocation, policy: Policy) -> tuple[datetime, InvocationId]:
    """What orders invocations by when they are due: of a chain's the last decides it."""
    return due_at(unlinked, policy), unlinked.invocation.invocation_id


def calls_span(moment: datetime, policy: Policy) -> tuple[datetime, datetime]:
    """When the calls began that bear on one of this moment.

    They are its chain's, each within a reach of the next, and for each of those the calls within a reach that name the
    same ids. In two reaches, every call of a chain that one request can hold sees the whole of it.
    """
    far = 2 * policy.reach
    return moment - far, moment + far


def requests_span(moment: datetime, policy: Policy) -> tuple[datetime, datetime]:
    """When the requests began that bear on a call of this moment: for elimination those, too, that its rivals fit."""
    first, last = calls_span(moment, policy)
    return (first - policy.reach if policy.one_loop_per_request else first), last


def may_be_linked(unlinked: UnlinkedInvocation, policy: Policy) -> bool:
    """Whether the invocation's caller is an agent of ours; everybody is while `AgentRoleNames` is empty."""
    return not policy.agent_role_names or unlinked.invocation.caller_role in policy.agent_role_names


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyFacts:
    """The facts around some calls, both kinds in order of time; none of the invocations has a tag.

    `under_requests` are tagged calls of requests that may have made one of them. `complete` is False where there are
    more facts than could be read or told apart.
    """

    unlinked: Sequence[UnlinkedInvocation]
    requests: Sequence[Request] = ()
    under_requests: Sequence[LinkedInvocation] = ()
    complete: bool = True

    @property
    def beside(self) -> list[Invocation]:
        """The calls under requests: their ids bear on the chains, which they are not in."""
        return [under.invocation for under in self.under_requests]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkingContext:
    """All that the decision of one chain rests on.

    `whole` is the chain of its part, as `chain` is, unless that is longer than any request: then it ends with the call
    that is settled. `members` are the chain's calls, in its order, as they stand. `deciding` are those that are decided
    with it: those of one part, its `own`, which may go on from others (`is_cut`); or one alone of a part that is too
    long for one request, whose ends no single settle sees (`is_cut`, too).
    """

    whole: Chain
    chain: Chain
    own: Chain
    members: tuple[UnlinkedInvocation, ...]
    deciding: tuple[UnlinkedInvocation, ...]
    facts: NearbyFacts
    policy: Policy
    is_cut: bool = False

    @property
    def open_members(self) -> tuple[UnlinkedInvocation, ...]:
        """Those that are to be decided, and are not yet."""
        return tuple(member for member in self.deciding if member.decision is None)

    @property
    def last_due(self) -> UnlinkedInvocation:
        """The open call that is due last: its settle decides the chain, and the others leave it to that."""
        return max(self.open_members, key=lambda member: due_order(member, self.policy))

    @property
    def anchor(self) -> Link | None:
        """The link of the first call of the chain that has one."""
        return next((member.decision for member in self.members if isinstance(member.decision, Link)), None)

    @property
    def linked(self) -> Mapping[InvocationId, RequestId]:
        """The requests of the chain's calls that are linked already."""
        return {
            member.invocation.invocation_id: member.decision.request_id
            for member in self.members
            if isinstance(member.decision, Link)
        }

    @property
    def followed(self) -> Mapping[InvocationId, Link]:
        """The links of the calls under requests that calls of the chain go on from, by the id of those."""
        followed: dict[InvocationId, Link] = {}
        for call, before in zip(self.chain.calls, self.chain.previous, strict=True):
            links = (self._followed_by(call, tool_use_id) for tool_use_id in returned_by(call) if not before)
            if (link := next((link for link in links if link is not None), None)) is not None:
                followed[call.invocation_id] = link
        return followed

    def _followed_by(self, call: Invocation, tool_use_id: str) -> Link | None:
        """The link of the call under a request that this one follows by an id: by the rule for all calls together."""
        askers = [under for under in self.facts.under_requests if tool_use_id in produced_by(under.invocation)]
        if not askers:
            return None
        under_requests = {under.invocation.invocation_id: under.invocation for under in self.facts.under_requests}
        together = under_requests | {each.invocation.invocation_id: each.invocation for each in self.facts.unlinked}
        chain = chain_with(call, together.values(), policy=self.policy)
        followed = {chain.calls[at].invocation_id for at in chain.previous[chain.calls.index(call)]}
        return next((asker.link for asker in askers if asker.invocation.invocation_id in followed), None)

    @property
    def is_crowded(self) -> bool:
        """Whether more facts lie around the chain than time can tell apart, or than could be read."""
        begins, ends = self._times
        first, last = begins - self.policy.max_request, ends + self.policy.max_request
        requests = _count(self.facts.requests, first, last, key=_started_at)
        calls = _count(self.facts.unlinked, first, last, key=_logged_at)
        return not self.facts.complete or requests + calls > MAX_FACTS_AROUND

    @property
    def due_at(self) -> datetime:
        """When the chain is due: once it is complete, and every call of it was stored `LinkDelaySeconds` ago."""
        stored = max(member.stored_at for member in self.deciding)
        return max(self.complete_at(self.own), stored + self.policy.link_delay)

    @property
    def _times(self) -> tuple[datetime, datetime]:
        logged = [member.invocation.logged_at for member in self.deciding]
        return min(logged), max(logged)

    def explain(self, chain: Chain, bounds: Bounds = UNBOUNDED, *, overtime: bool = True) -> Explanations:
        """What can have made a chain's calls, if the chain may be split between requests."""
        logged = [call.logged_at for call in chain.calls]
        near = started_within(self.facts.requests, min(logged), max(logged), self.policy)
        return explain(chain, near, bounds, self.policy, overtime=overtime)

    def chains_around(self) -> list[Chain]:
        """The parts of the chains among the calls around that may be linked, this one among them."""
        return [part.own for chain in self._chains(self.facts.unlinked) for part in self._parts(chain)]

    def tool_parts_around(self) -> list[Part]:
        """Those of more than one call, or that go on from others."""
        speaking = (call for call in self.facts.unlinked if named_by(call.invocation))
        return [part for chain in self._chains(speaking, least=2) for part in self._parts(chain)]

    def _chains(self, calls: Iterable[UnlinkedInvocation], *, least: int = 1) -> list[Chain]:
        ours = (call.invocation for call in calls if may_be_linked(call, self.policy))
        return chains_of(ours, policy=self.policy, beside=self.facts.beside, least=least)

    def _parts(self, chain: Chain) -> list[Part]:
        return parts_of(chain, self.facts.requests, self.policy)

    def candidates(self, chain: Chain) -> list[Request]:
        """The requests that may have made a chain's calls: those that it fits, and some of unknown duration."""
        return fitting(chain, self.facts.requests, self.policy)

    def complete_at(self, chain: Chain) -> datetime:
        """When the calls of a part of a chain have come, and the requests that it fits; see `parts.complete_at`."""
        return complete_at(chain, self.facts.requests, self.policy)


def linking_context(target: UnlinkedInvocation, facts: NearbyFacts, policy: Policy) -> LinkingContext:
    """The context of this invocation's part of its chain; it is among those of the facts that may be linked.

    What is longer than any request ends with it: the requests of what follows may still be to come.
    """
    ours = {call.invocation.invocation_id: call for call in facts.unlinked if may_be_linked(call, policy)}
    calls = (call.invocation for call in ours.values())
    chain = chain_with(target.invocation, calls, policy=policy, beside=facts.beside)
    context = context_of(part_with(target.invocation, chain, facts.requests, policy), ours, facts, policy)
    logged = [call.logged_at for call in context.own.calls]
    if max(logged) - min(logged) <= policy.reach:
        return context
    begun = context.chain.up_to(target.invocation)
    members = _as_they_stand(begun, ours)
    return replace(context, chain=begun, own=begun, members=members, deciding=(target,), is_cut=True)


def context_of(
    part: Part, ours: Mapping[InvocationId, UnlinkedInvocation], facts: NearbyFacts, policy: Policy
) -> LinkingContext:
    """The context of a part of a chain of these calls."""
    own, seen = part.own, part.seen
    return LinkingContext(
        whole=seen,
        chain=seen,
        own=own,
        members=_as_they_stand(seen, ours),
        deciding=_as_they_stand(own, ours),
        facts=facts,
        policy=policy,
        is_cut=len(own.calls) < len(seen.calls),
    )


def _as_they_stand(chain: Chain, ours: Mapping[InvocationId, UnlinkedInvocation]) -> tuple[UnlinkedInvocation, ...]:
    return tuple(ours[call.invocation_id] for call in chain.calls)


def _started_at(request: Request) -> datetime:
    return request.started_at


def _logged_at(unlinked: UnlinkedInvocation) -> datetime:
    return unlinked.invocation.logged_at


def _count[Fact](ordered: Sequence[Fact], first: datetime, last: datetime, *, key: Callable[[Fact], datetime]) -> int:
    return bisect_right(ordered, last, key=key) - bisect_left(ordered, first, key=key)
