"""The neighbourhood of a chain: the facts around it that bear on its decision, and how far around they lie."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from request_lens.domain.facts import LOG_PRECISION_MS, Request
from request_lens.domain.linking.chains import Chain, chain_with, produced_by, returned_by
from request_lens.domain.linking.fit import TIMED_OUT, fits
from request_lens.domain.linking.link import Link, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.policy import Policy

MAX_FACTS_AROUND = 1_000
"""With more facts than this around an invocation it is `crowded`: time says nothing any more."""


def due_at(unlinked: UnlinkedInvocation, policy: Policy) -> datetime:
    """When an invocation can be decided: every request around it has ended, and its record has arrived."""
    ended = unlinked.invocation.logged_at + policy.max_request + policy.link_delay
    return max(ended, unlinked.stored_at + policy.link_delay)


def reach(policy: Policy) -> timedelta:
    """How far in time a request and the calls made for it can lie apart."""
    return policy.max_request + policy.max_agent + policy.clock_skew + timedelta(milliseconds=LOG_PRECISION_MS)


def calls_span(moment: datetime, policy: Policy) -> tuple[datetime, datetime]:
    """When the calls began that bear on one of this moment: its chain's, and those that crowd or eliminate that."""
    far = reach(policy) + policy.max_request
    return moment - far, moment + far


def requests_span(moment: datetime, policy: Policy) -> tuple[datetime, datetime]:
    """When the requests began that bear on a call of this moment: for elimination those, too, that its rivals fit."""
    first, last = calls_span(moment, policy)
    return (first - reach(policy) if policy.one_loop_per_request else first), last


def may_be_linked(unlinked: UnlinkedInvocation, policy: Policy) -> bool:
    """Whether the invocation's caller is an agent of ours; everybody is while `AgentRoleNames` is empty."""
    return not policy.agent_role_names or unlinked.invocation.caller_role in policy.agent_role_names


def count_neighbours(target: UnlinkedInvocation, ordered: Sequence[UnlinkedInvocation], policy: Policy) -> int:
    """How many of the invocations, which are in order of time, began within `MaxRequestSeconds` of this one."""
    at = target.invocation.logged_at
    return _count(ordered, at - policy.max_request, at + policy.max_request, key=_logged_at)


def links_by_tool_use(linked: Iterable[LinkedInvocation]) -> Mapping[str, Link]:
    """The links of these calls by the tool-use ids that they asked for."""
    return {tool_use_id: call.link for call in linked for tool_use_id in produced_by(call.invocation)}


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyFacts:
    """The facts around some calls, both kinds in order of time; none of the invocations has a tag.

    `tool_use_links` are the tool-use ids that invocations under requests asked for, with the links of those;
    `complete` is False where there are more facts than could be read or told apart.
    """

    unlinked: Sequence[UnlinkedInvocation]
    requests: Sequence[Request] = ()
    tool_use_links: Mapping[str, Link] = field(default_factory=dict)
    complete: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkingContext:
    """All that the decision of one chain rests on; `members` are the chain's calls, in its order, as they stand."""

    chain: Chain
    members: tuple[UnlinkedInvocation, ...]
    facts: NearbyFacts
    policy: Policy

    @property
    def open_members(self) -> tuple[UnlinkedInvocation, ...]:
        """Those of the chain's calls that are not decided yet."""
        return tuple(member for member in self.members if member.decision is None)

    @property
    def last_due(self) -> UnlinkedInvocation:
        """The open call that is due last: its settle decides the chain, and the others leave it to that."""
        return max(self.open_members, key=lambda member: (due_at(member, self.policy), member.invocation.invocation_id))

    @property
    def anchor(self) -> Link | None:
        """The link of the first call of the chain that has one."""
        return next((member.decision for member in self.members if isinstance(member.decision, Link)), None)

    @property
    def links(self) -> tuple[Link, ...]:
        """The links of the chain's calls that have one, and of the calls that it goes on from."""
        decided = [member.decision for member in self.members if isinstance(member.decision, Link)]
        returned = [tool_use_id for call in self.chain.calls for tool_use_id in returned_by(call)]
        known = self.facts.tool_use_links
        return (*decided, *(known[tool_use_id] for tool_use_id in returned if tool_use_id in known))

    @property
    def is_too_long(self) -> bool:
        """Whether no request can hold the chain."""
        first, last = self._times
        return last - first > reach(self.policy)

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
        stored = max(member.stored_at for member in self.members)
        return max(self.complete_at(self.chain), stored + self.policy.link_delay)

    @property
    def _times(self) -> tuple[datetime, datetime]:
        logged = [call.logged_at for call in self.chain.calls]
        return min(logged), max(logged)

    def candidates(self, chain: Chain) -> list[Request]:
        """The requests that may have made a chain's calls: those that it fits, and some of unknown duration."""
        return self._fitting(chain, self.facts.requests)

    def complete_at(self, chain: Chain) -> datetime:
        """When the calls of a chain, and the requests that it fits, have come, as far as they come in time.

        A request that API Gateway gave up on lets its agent run on for `MaxAgentSeconds`: a chain that fits it and
        still waits for a tool's result is not complete before. This depends on the facts alone, not on their arrival.
        """
        policy = self.policy
        complete_at = max(call.logged_at for call in chain.calls) + policy.max_request + policy.link_delay
        if not chain.may_go_on:
            return complete_at
        timed_out = of_known_duration(request for request in self.facts.requests if request.status in TIMED_OUT)
        return complete_at + policy.max_agent if self._fitting(chain, timed_out) else complete_at

    def _fitting(self, chain: Chain, requests: Sequence[Request]) -> list[Request]:
        return [request for request in _near(chain, requests, self.policy) if fits(chain, request, self.policy)]


def linking_context(target: UnlinkedInvocation, facts: NearbyFacts, policy: Policy) -> LinkingContext:
    """The context of this invocation's chain, which is among those of the facts that may be linked."""
    ours = {call.invocation.invocation_id: call for call in facts.unlinked if may_be_linked(call, policy)}
    chain = chain_with(target.invocation, (call.invocation for call in ours.values()))
    members = tuple(ours[call.invocation_id] for call in chain.calls)
    return LinkingContext(chain=chain, members=members, facts=facts, policy=policy)


def of_known_duration(requests: Iterable[Request]) -> list[Request]:
    """Those of the requests whose end is known: no other is linked to but by a tag."""
    return [request for request in requests if request.duration_ms is not None]


def _near(chain: Chain, requests: Sequence[Request], policy: Policy) -> Sequence[Request]:
    """Those of the requests that began neither after the chain nor too long before its end."""
    first = chain.calls[-1].logged_at - reach(policy)
    last = chain.calls[0].logged_at + policy.clock_skew + timedelta(milliseconds=LOG_PRECISION_MS)
    return requests[bisect_left(requests, first, key=_started_at) : bisect_right(requests, last, key=_started_at)]


def _started_at(request: Request) -> datetime:
    return request.started_at


def _logged_at(unlinked: UnlinkedInvocation) -> datetime:
    return unlinked.invocation.logged_at


def _count[Fact](ordered: Sequence[Fact], first: datetime, last: datetime, *, key: Callable[[Fact], datetime]) -> int:
    return bisect_right(ordered, last, key=key) - bisect_left(ordered, first, key=key)
