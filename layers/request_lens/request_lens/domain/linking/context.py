"""The context of a part of a chain: all that its decision rests on, the same whichever of its calls is settled."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
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
from request_lens.domain.linking.link import Confidence, Link, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import MAX_FACTS_AROUND, NearbyFacts, due_order, may_be_linked
from request_lens.domain.linking.parts import (
    Part,
    all_told_at,
    complete_at,
    fitting,
    outgrown_at,
    part_with,
    parts_of,
    started_within,
)
from request_lens.domain.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkingContext:
    """All that the decision of one part of a chain rests on.

    `deciding` are its calls, the `own` chain. `chain` are these and what they go on from; `members` are its calls, in
    its order, as they stand. `facts` are those that bear on the part: the same whichever of its calls is settled. Of a
    part that is longer than a reach, whose ends no single settle sees, one call alone is decided. `is_cut`: there is
    more of the chain than is decided at once. `rivals` are the requests that may have made calls of it.
    `closed` requests have all of their calls, some of the chain's among them, and are none of the rivals. `told_at`:
    see `all_told_at`. `known_at` is when its length is known. `is_but_assumed`: any link is, as not all can be known.
    """

    chain: Chain
    own: Chain
    members: tuple[UnlinkedInvocation, ...]
    deciding: tuple[UnlinkedInvocation, ...]
    facts: NearbyFacts
    rivals: Sequence[Request]
    running_on: Sequence[Request]
    told_at: datetime
    policy: Policy
    closed: Sequence[Request] = ()
    is_cut: bool = False
    known_at: datetime | None = None
    is_but_assumed: bool = False

    @property
    def open_members(self) -> tuple[UnlinkedInvocation, ...]:
        """Those that are to be decided, and are not yet."""
        return tuple(member for member in self.deciding if member.decision is None)

    @property
    def last_due(self) -> UnlinkedInvocation:
        """The open call that is due last: its settle decides the chain, and the others leave it to that."""
        return max(self.open_members, key=lambda member: due_order(member, self.policy))

    @property
    def links(self) -> Mapping[InvocationId, Link]:
        """The links of the chain's calls that are linked already, in its order."""
        decisions = ((member.invocation.invocation_id, member.decision) for member in self.members)
        return {call_id: decision for call_id, decision in decisions if isinstance(decision, Link)}

    @property
    def anchor(self) -> Link | None:
        """The link of the first call of the chain that has one."""
        return next(iter(self.links.values()), None)

    @property
    def linked(self) -> Mapping[InvocationId, RequestId]:
        """The requests of the chain's calls that are linked already."""
        return {call_id: link.request_id for call_id, link in self.links.items()}

    @property
    def surely_linked(self) -> Mapping[InvocationId, RequestId]:
        """Those whose links are exact: others are told by the same facts as what is decided here."""
        exact = (item for item in self.links.items() if item[1].confidence is Confidence.EXACT)
        return {call_id: link.request_id for call_id, link in exact}

    @property
    def followed(self) -> Mapping[InvocationId, Link]:
        """The links of the calls under requests that calls of the chain go on from, by the id of those."""
        return {call_id: asker.link for call_id, asker in self.askers.items()}

    @property
    def askers(self) -> Mapping[InvocationId, LinkedInvocation]:
        """The calls under requests that calls of the chain go on from, by the id of those."""
        found: dict[InvocationId, LinkedInvocation] = {}
        if not self.facts.follows_tagged:
            return found
        for call, before in zip(self.chain.calls, self.chain.previous, strict=True):
            askers = (self._asker_of(call, tool_use_id) for tool_use_id in returned_by(call) if not before)
            if (asker := next((asker for asker in askers if asker is not None), None)) is not None:
                found[call.invocation_id] = asker
        return found

    def _asker_of(self, call: Invocation, tool_use_id: str) -> LinkedInvocation | None:
        """The call under a request that this one follows by an id: by the rule for all calls together."""
        askers = [under for under in self.facts.under_requests if tool_use_id in produced_by(under.invocation)]
        if not askers:
            return None
        under_requests = {under.invocation.invocation_id: under.invocation for under in self.facts.under_requests}
        together = under_requests | {each.invocation.invocation_id: each.invocation for each in self.facts.unlinked}
        chain = chain_with(call, together.values(), policy=self.policy)
        followed = {chain.calls[at].invocation_id for at in chain.previous[chain.calls.index(call)]}
        return next((asker for asker in askers if asker.invocation.invocation_id in followed), None)

    @property
    def is_crowded(self) -> bool:
        """Whether more facts lie around the chain than time can tell apart, or than could be read."""
        begins, ends = self._times
        first, last = begins - self.policy.max_request, ends + self.policy.max_request
        requests = _count(self.facts.requests, first, last, key=_started_at)
        calls = _count(self.facts.unlinked, first, last, key=_logged_at)
        return not self.facts.complete or requests + calls > MAX_FACTS_AROUND

    @property
    def is_beside_unseen(self) -> bool:
        """Whether a request that is not known may have made the calls that are decided: a tagged call says it ran.

        By the facts alone: its record has not come, and was given up before this part is due, by its log's time.
        """
        begins, ends = self._times
        longest, due = self.policy.max_request, self.due_at
        known = {request.request_id for request in self.facts.requests}
        return any(
            begins - longest <= call.invocation.logged_at <= ends + longest
            for call in self.facts.unseen
            if call.invocation.tag is None or call.invocation.tag.request_id not in known
            if max(call.stored_at, call.invocation.logged_at + self.policy.orphan_after) <= due
        )

    @property
    def due_at(self) -> datetime:
        """When the chain is due: once all is told, and every call of it was stored `LinkDelaySeconds` ago."""
        waits = [member.stored_at + self.policy.link_delay for member in self.deciding]
        return max(self.told_at, self.known_at or self.told_at, *waits)

    @property
    def _times(self) -> tuple[datetime, datetime]:
        logged = [member.invocation.logged_at for member in self.deciding]
        return min(logged), max(logged)

    def without(self, proven: Set[RequestId]) -> "LinkingContext":
        """The same without rivals that are proven to have all of their calls: they made nobody else's."""
        held = proven & set(self.surely_linked.values())
        rivals = [request for request in self.rivals if request.request_id not in proven]
        return replace(self, rivals=rivals, closed=[each for each in self.rivals if each.request_id in held])

    def explain(self, chain: Chain, bounds: Bounds = UNBOUNDED, *, overtime: bool = True) -> Explanations:
        """What can have made a chain's calls, if the chain may be split between requests."""
        logged = [call.logged_at for call in chain.calls]
        known = sorted([*self.rivals, *self.closed], key=_started_at) if self.closed else self.rivals
        near = started_within(known, min(logged), max(logged), self.policy)
        bounds = replace(bounds, closed={request.request_id for request in self.closed})
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
        return parts_of(chain, self.running_on, self.policy)

    def candidates(self, chain: Chain) -> list[Request]:
        """The requests that may have made a chain's calls: those that it fits, and some of unknown duration."""
        return fitting(chain, self.rivals, self.policy)

    def complete_at(self, chain: Chain) -> datetime:
        """When the calls of a part of a chain have come, and the requests that it fits; see `parts.complete_at`."""
        return complete_at(chain, self.running_on, self.policy)


def linking_context(target: UnlinkedInvocation, facts: NearbyFacts, policy: Policy) -> LinkingContext:
    """The context of this invocation's part of its chain; it is among those of the facts that may be linked.

    What is longer than a reach ends with it: the requests of what follows may still be to come. Which that is, and
    which facts bear on it, is told without the calls under requests, which are looked for around it.
    """
    widest = _chain_of(target, replace(facts, under_requests=()), policy)
    call, running_on = target.invocation, facts.running_on
    outgrown = outgrown_at(call, widest, running_on, policy)
    if outgrown is not None:
        part = part_with(call, _chain_of(target, facts, policy).up_to(call), running_on, policy)
        return replace(context_of(part, facts, policy), deciding=(target,), is_cut=True, known_at=outgrown)
    own = part_with(call, widest, running_on, policy).own
    logged = [member.logged_at for member in own.calls]
    near = facts.calls_within(min(logged) - policy.reach, max(logged) + policy.reach)
    is_widest = not facts.under_requests and len(near.unlinked) == len(facts.unlinked)
    part = part_with(call, widest if is_widest else _chain_of(target, near, policy), running_on, policy)
    return replace(context_of(part, near, policy), known_at=complete_at(own, running_on, policy))


def _chain_of(target: UnlinkedInvocation, facts: NearbyFacts, policy: Policy) -> Chain:
    ours = (call.invocation for call in facts.unlinked if may_be_linked(call, policy))
    return chain_with(target.invocation, ours, policy=policy, beside=facts.beside)


def context_of(part: Part, facts: NearbyFacts, policy: Policy) -> LinkingContext:
    """The context of a part of a chain of these calls."""
    own, seen = part.own, part.seen
    standing = {call.invocation.invocation_id: call for call in facts.unlinked}
    return LinkingContext(
        chain=seen,
        own=own,
        members=_as_they_stand(seen, standing),
        deciding=_as_they_stand(own, standing),
        facts=facts,
        rivals=facts.requests,
        running_on=facts.running_on,
        told_at=all_told_at(part, facts.requests, facts.running_on, policy),
        policy=policy,
        is_cut=len(own.calls) < len(seen.calls),
    )


def _as_they_stand(chain: Chain, calls: Mapping[InvocationId, UnlinkedInvocation]) -> tuple[UnlinkedInvocation, ...]:
    return tuple(calls[call.invocation_id] for call in chain.calls)


def _started_at(request: Request) -> datetime:
    return request.started_at


def _logged_at(unlinked: UnlinkedInvocation) -> datetime:
    return unlinked.invocation.logged_at


def _count[Fact](ordered: Sequence[Fact], first: datetime, last: datetime, *, key: Callable[[Fact], datetime]) -> int:
    return bisect_right(ordered, last, key=key) - bisect_left(ordered, first, key=key)
