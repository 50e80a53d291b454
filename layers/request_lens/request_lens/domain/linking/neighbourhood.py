"""The neighbourhood of a call: the facts around it that bear on its decision, and how far around they lie."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from request_lens.domain.facts import Invocation, InvocationId, Request
from request_lens.domain.linking.link import LinkedInvocation, UnlinkedInvocation
from request_lens.domain.linking.parts import of_known_duration
from request_lens.domain.policy import Policy

MAX_FACTS_AROUND = 1_000
"""With more facts than this around an invocation it is `crowded`: time says nothing any more."""

READ_LIMIT = 8 * MAX_FACTS_AROUND
"""How many facts of each kind are read around one invocation: beyond, what is known around it is incomplete."""


def due_at(unlinked: UnlinkedInvocation, policy: Policy) -> datetime:
    """When an invocation can be decided: every request around it has ended, and its record has arrived."""
    return max(unlinked.invocation.logged_at + policy.due_after, unlinked.stored_at + policy.link_delay)


def due_order(unlinked: UnlinkedInvocation, policy: Policy) -> tuple[datetime, InvocationId]:
    """What orders invocations by when they are due: of a chain's the last decides it."""
    return due_at(unlinked, policy), unlinked.invocation.invocation_id


def calls_span(moment: datetime, policy: Policy) -> tuple[datetime, datetime]:
    """When the calls began that bear on one of this moment.

    A part of a chain that is decided at once is no longer than a reach, and what bears on it lies within another.
    """
    far = 2 * policy.reach
    return moment - far, moment + far


def requests_span(moment: datetime, policy: Policy) -> tuple[datetime, datetime]:
    """When the requests began that bear on a call of this moment: those that the calls around may be of.

    A call's own chain needs no more than the time of the calls: it begins a reach before, and its requests another. But
    the chains around show whether conversations go on, and a request that runs on keeps their parts open: they begin as
    early as the calls do, and what may have made them a reach before. Each call of a part must see all of these, or
    links depend on which of them is settled: without that reach they do in one or two of 1,000 drawn worlds.
    """
    first, last = calls_span(moment, policy)
    return first - policy.reach, last


def may_be_linked(unlinked: UnlinkedInvocation, policy: Policy) -> bool:
    """Whether the invocation's caller is an agent of ours; everybody is while `AgentRoleNames` is empty."""
    return not policy.agent_role_names or unlinked.invocation.caller_role in policy.agent_role_names


@dataclass(frozen=True, slots=True, kw_only=True)
class NearbyFacts:
    """The facts around some calls, both kinds in order of time; none of the invocations has a tag.

    `under_requests` are tagged calls of requests that may have made one of them; `follows_tagged` is False where others
    may have asked by the same ids, so that none goes on from them. `unseen` are tagged calls whose requests are not
    known. `complete` is False where there are more facts than could be read or told apart.
    """

    unlinked: Sequence[UnlinkedInvocation]
    requests: Sequence[Request] = ()
    under_requests: Sequence[LinkedInvocation] = ()
    follows_tagged: bool = True
    unseen: Sequence[UnlinkedInvocation] = ()
    complete: bool = True

    @property
    def running_on(self) -> list[Request]:
        """The requests of known duration whose agents may run on."""
        return of_known_duration(request for request in self.requests if request.may_run_on)

    @property
    def beside(self) -> list[Invocation]:
        """The calls under requests: their ids bear on the chains, which they are not in."""
        return [under.invocation for under in self.under_requests]

    def calls_within(self, first: datetime, last: datetime) -> "NearbyFacts":
        """The same with those of the invocations that began in [first, last]."""
        begin = bisect_left(self.unlinked, first, key=_logged_at)
        return replace(self, unlinked=self.unlinked[begin : bisect_right(self.unlinked, last, key=_logged_at)])


def _logged_at(unlinked: UnlinkedInvocation) -> datetime:
    return unlinked.invocation.logged_at
