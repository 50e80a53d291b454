"""Surroundings: the chain of one invocation, and the facts around it that bear on its decision."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from request_lens.domain.facts import LOG_PRECISION_MS, Request
from request_lens.domain.linking.chains import Chain, chain_with, returned_by
from request_lens.domain.linking.fit import TIMED_OUT, chain_may_fit
from request_lens.domain.linking.link import Link, UnlinkedInvocation
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


def calls_beside(asked: UnlinkedInvocation, found: Sequence[UnlinkedInvocation], policy: Policy) -> int:
    """How many of the invocations, which are in order of time, began within `MaxRequestSeconds` of this one."""
    at = asked.invocation.logged_at
    return _count(found, at - policy.max_request, at + policy.max_request, key=_logged_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChain:
    """The chain of an invocation that waits for its decision; `members` are its calls, in its order."""

    chain: Chain
    members: tuple[UnlinkedInvocation, ...]

    @property
    def open(self) -> tuple[UnlinkedInvocation, ...]:
        """Those that are not decided yet."""
        return tuple(each for each in self.members if each.decision is None)

    @property
    def anchor(self) -> Link | None:
        """The link of the first that has one."""
        return next((each.decision for each in self.members if isinstance(each.decision, Link)), None)

    @property
    def times(self) -> tuple[datetime, datetime]:
        """When its first and its last call were logged."""
        logged = [call.logged_at for call in self.chain.calls]
        return min(logged), max(logged)

    def is_too_long(self, policy: Policy) -> bool:
        """Whether no request can hold it."""
        first, last = self.times
        return last - first > reach(policy)

    def last_due(self, policy: Policy) -> UnlinkedInvocation:
        """The open call that is due last: its settle decides the chain, and the others leave it to that."""
        return max(self.open, key=lambda each: (due_at(each, policy), each.invocation.invocation_id))


def open_chain(asked: UnlinkedInvocation, unlinked: Iterable[UnlinkedInvocation], policy: Policy) -> OpenChain:
    """The chain of this invocation among those that may be linked."""
    ours = {each.invocation.invocation_id: each for each in unlinked if may_be_linked(each, policy)}
    chain = chain_with(asked.invocation, (each.invocation for each in ours.values()))
    return OpenChain(chain=chain, members=tuple(ours[call.invocation_id] for call in chain.calls))


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """A chain and the facts around it, both kinds in order of time; none of the invocations has a tag.

    `produced` are tool-use ids that invocations under requests asked for, with the links of those; `complete` is False
    where there are more facts than could be read or told apart.
    """

    own: OpenChain
    requests: Sequence[Request]
    unlinked: Sequence[UnlinkedInvocation]
    produced: Mapping[str, Link] = field(default_factory=dict)
    complete: bool = True

    def is_crowded(self, policy: Policy) -> bool:
        """Whether more facts lie around the chain than time can tell apart, or than could be read."""
        begins, ends = self.own.times
        first, last = begins - policy.max_request, ends + policy.max_request
        requests = _count(self.requests, first, last, key=_started_at)
        calls = _count(self.unlinked, first, last, key=_logged_at)
        return not self.complete or requests + calls > MAX_FACTS_AROUND

    def fitting(self, chain: Chain, policy: Policy) -> list[Request]:
        """The requests that a chain fits."""
        return of_known_duration(self.possible(chain, policy))

    @property
    def links(self) -> tuple[Link, ...]:
        """The links of the chain's calls that have one, and of the calls that it goes on from."""
        decided = [each.decision for each in self.own.members if isinstance(each.decision, Link)]
        returned = [tool_use_id for call in self.own.chain.calls for tool_use_id in returned_by(call)]
        return (*decided, *(self.produced[each] for each in returned if each in self.produced))

    def possible(self, chain: Chain, policy: Policy) -> list[Request]:
        """The requests that may have made a chain's calls: those that it fits, and some of unknown duration."""
        return _possible(chain, self.requests, policy)

    def due_at(self, policy: Policy) -> datetime:
        """When the chain is due: once it is whole, and every call of it was stored `LinkDelaySeconds` ago."""
        stored = max(each.stored_at for each in self.own.members)
        return max(self.whole_at(self.own.chain, policy), stored + policy.link_delay)

    def whole_at(self, chain: Chain, policy: Policy) -> datetime:
        """When the calls of a chain, and the requests that it fits, have come, as far as they come in time.

        A request that API Gateway gave up on lets its agent run on for `MaxAgentSeconds`: a chain that fits it and
        still waits for a tool's result is not whole before. This depends on the facts alone, not on their arrival.
        """
        whole_at = max(call.logged_at for call in chain.calls) + policy.max_request + policy.link_delay
        if not chain.may_go_on:
            return whole_at
        timed_out = of_known_duration(each for each in self.requests if each.status in TIMED_OUT)
        return whole_at + policy.max_agent if _possible(chain, timed_out, policy) else whole_at


def _possible(chain: Chain, requests: Sequence[Request], policy: Policy) -> list[Request]:
    return [each for each in _near(chain, requests, policy) if chain_may_fit(chain, each, policy)]


def of_known_duration(requests: Iterable[Request]) -> list[Request]:
    """Those of the requests whose end is known: no other is linked to but by a tag."""
    return [each for each in requests if each.duration_ms is not None]


def _near(chain: Chain, requests: Sequence[Request], policy: Policy) -> Sequence[Request]:
    """Those of the requests that began neither after the chain nor too long before its end."""
    first = chain.calls[-1].logged_at - reach(policy)
    last = chain.calls[0].logged_at + policy.clock_skew + timedelta(milliseconds=LOG_PRECISION_MS)
    return requests[bisect_left(requests, first, key=_started_at) : bisect_right(requests, last, key=_started_at)]


def _started_at(request: Request) -> datetime:
    return request.started_at


def _logged_at(unlinked: UnlinkedInvocation) -> datetime:
    return unlinked.invocation.logged_at


def _count[Each](ordered: Sequence[Each], first: datetime, last: datetime, *, key: Callable[[Each], datetime]) -> int:
    return bisect_right(ordered, last, key=key) - bisect_left(ordered, first, key=key)
