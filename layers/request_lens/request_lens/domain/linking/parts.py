"""Parts of a chain: which of its calls are decided together, and when all that bears on them has come."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from request_lens.domain.facts import LOG_PRECISION_MS, Invocation, Request
from request_lens.domain.linking.chains import Chain, ended_by, joined, lone_chain
from request_lens.domain.linking.fit import fits
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import all_come_at
from request_lens.domain.times import MS


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Calls of a chain that are decided together, by their positions in it."""

    chain: Chain
    positions: Sequence[int]

    @property
    def own(self) -> Chain:
        """The chain of its calls alone."""
        return self.chain.among(self.positions)

    @property
    def seen(self) -> Chain:
        """The chain of its calls and of all that they go on from: what is known of it when it is decided."""
        if len(self.positions) == len(self.chain.calls):
            return self.chain
        seen, left = set(self.positions), list(self.positions)
        while left:
            before = [position for position in self.chain.previous[left.pop()] if position not in seen]
            seen.update(before)
            left += before
        return self.chain.among(sorted(seen))


def parts_of(chain: Chain, running_on: Sequence[Request], policy: Policy) -> list[Part]:
    """The parts of a chain, by their first call; `running_on` are the requests around whose agents may run on.

    A call is of one part with a call that it follows if it has come, `LinkDelaySeconds` after its end, while that one
    is waited for. Else whether it has come is chance: so it begins a part that goes on from that one's, which is
    decided without it. Seen from the two calls, not from who looks or when.
    """
    parts: dict[int, list[int]] = {}
    for position, root in enumerate(joined(_close_steps(chain, running_on, policy))):
        parts.setdefault(root, []).append(position)
    return [Part(chain=chain, positions=positions) for positions in parts.values()]


def _close_steps(chain: Chain, running_on: Sequence[Request], policy: Policy) -> list[list[int]]:
    """For each call the positions of those that it follows, and is of one part with."""
    return [
        [first for first in before if has_come_by(call, _waited_until(chain.calls[first], running_on, policy), policy)]
        for call, before in zip(chain.calls, chain.previous, strict=True)
    ]


def part_with(target: Invocation, chain: Chain, running_on: Sequence[Request], policy: Policy) -> Part:
    """The part of the chain that this one of its calls is of."""
    position = chain.calls.index(target)
    return next(part for part in parts_of(chain, running_on, policy) if position in part.positions)


def outgrown_at(target: Invocation, chain: Chain, running_on: Sequence[Request], policy: Policy) -> datetime | None:
    """When it is known that this call's part is longer than a reach; None where it is not.

    That is when the calls are due with which it is: what comes later makes no part shorter.
    """
    close, position = _close_steps(chain, running_on, policy), chain.calls.index(target)

    def grown(count: int) -> list[datetime]:
        """When the calls of the part were logged, by the first so many calls of the chain."""
        roots = joined(close[:count])
        return [chain.calls[at].logged_at for at, root in enumerate(roots) if root == roots[position]]

    counts = range(position + 1, len(close) + 1)
    found = bisect_right(counts, policy.reach, key=lambda count: max(grown(count)) - min(grown(count)))
    return max(grown(counts[found])) + policy.due_after if found < len(counts) else None


def has_come_by(call: Invocation, moment: datetime, policy: Policy) -> bool:
    """Whether a call's log has come by then if it comes in time, however late in its logged second it began."""
    return ended_by(call, policy) + LOG_PRECISION_MS * MS + policy.link_delay <= moment


def complete_at(chain: Chain, running_on: Sequence[Request], policy: Policy) -> datetime:
    """When the calls of a chain, and the requests that it fits, have come, as far as they come in time.

    This depends on the facts alone, not on their arrival.
    """
    waiting = chain.waiting
    return max(
        _waited_until(call, running_on, policy) if position in waiting else call.logged_at + policy.due_after
        for position, call in enumerate(chain.calls)
    )


def all_told_at(part: Part, requests: Sequence[Request], running_on: Sequence[Request], policy: Policy) -> datetime:
    """When a part is complete, and all has come of each request that may have made a call of it or of those before.

    What such a request then has proves whether the calls may be its own. It is no earlier than `complete_at`, and later
    only where an agent may have run on, or a request is of a session: each other one's facts come in time for that.
    """
    complete, calls = complete_at(part.own, running_on, policy), part.seen.calls
    around = started_within(requests, calls[0].logged_at, calls[-1].logged_at, policy)
    later = [request for request in around if all_come_at(request, policy) > complete]
    near = (request for call in calls for request in fitting(lone_chain(call), later, policy))
    return max((all_come_at(request, policy) for request in near), default=complete)


def _waited_until(call: Invocation, running_on: Sequence[Request], policy: Policy) -> datetime:
    """Until when the result of a tool that this call asks for is waited for.

    A request whose agent may run on after it lets that do so for `MaxAgentSeconds`.
    """
    runs_on = any(fitting(lone_chain(call), running_on, policy))
    return call.logged_at + policy.due_after + (policy.max_agent if runs_on else timedelta(0))


def fitting(chain: Chain, requests: Sequence[Request], policy: Policy) -> list[Request]:
    """Those of the requests, which are in order of time, that a chain fits."""
    first, last = chain.calls[-1].logged_at, chain.calls[0].logged_at
    return [request for request in started_within(requests, first, last, policy) if fits(chain, request, policy)]


def of_known_duration(requests: Iterable[Request]) -> list[Request]:
    """Those of the requests whose end is known: no other is linked to but by a tag."""
    return [request for request in requests if request.duration_ms is not None]


def started_within(requests: Sequence[Request], first: datetime, last: datetime, policy: Policy) -> Sequence[Request]:
    """The requests that can hold a call logged at `first` or `last`, or between them where the two are in order."""
    begin, end = first - policy.reach, last + policy.clock_skew + LOG_PRECISION_MS * MS
    return requests[bisect_left(requests, begin, key=_started_at) : bisect_right(requests, end, key=_started_at)]


def _started_at(request: Request) -> datetime:
    return request.started_at
