"""Parts of a chain: which of its calls are decided together, and when all that bears on them has come."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from request_lens.domain.facts import LOG_PRECISION_MS, Invocation, Request
from request_lens.domain.linking.chains import Chain
from request_lens.domain.linking.fit import fits
from request_lens.domain.policy import Policy
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


def parts_of(chain: Chain, requests: Sequence[Request], policy: Policy) -> list[Part]:
    """The parts of a chain among these requests, by their first call.

    A call is of the part of those that it follows if it began while that was not complete, `LinkDelaySeconds` apart:
    then it has come when they are decided. Else whether it has come is chance: so it begins a part that goes on from
    theirs, and they are decided without it. Seen from what was before the call, not from who looks or when.
    """
    if len(chain.calls) == 1:
        return [Part(chain=chain, positions=(0,))]
    numbers: list[int] = []
    parts: dict[int, list[int]] = {}
    for position, before in enumerate(chain.previous):
        came_in_time = {
            numbers[first]
            for first in before
            if _began_by(chain, (first, position), policy)
            or _began_before(chain.calls[position], chain.among(sorted(parts[numbers[first]])), requests, policy)
        }
        number = min(came_in_time, default=position)
        for other in came_in_time - {number}:
            parts[number] += (moved := parts.pop(other))
            for each in moved:
                numbers[each] = number
        parts.setdefault(number, []).append(position)
        numbers.append(number)
    return [Part(chain=chain, positions=sorted(positions)) for positions in parts.values()]


def part_with(target: Invocation, chain: Chain, requests: Sequence[Request], policy: Policy) -> Part:
    """The part of the chain that this one of its calls is of."""
    position = chain.calls.index(target)
    return next(part for part in parts_of(chain, requests, policy) if position in part.positions)


def _began_by(chain: Chain, step: tuple[int, int], policy: Policy) -> bool:
    """Whether the second call of a step began within `MaxRequestSeconds` of the first: so do most."""
    first, second = (chain.calls[position].logged_at for position in step)
    return second <= first + policy.max_request


def _began_before(call: Invocation, part: Chain, requests: Sequence[Request], policy: Policy) -> bool:
    """Whether a call began so long before a part is complete that it has come by then."""
    return call.logged_at + policy.link_delay <= complete_at(part, requests, policy)


def complete_at(chain: Chain, requests: Sequence[Request], policy: Policy) -> datetime:
    """When the calls of a chain, and the requests that it fits, have come, as far as they come in time.

    A request whose agent may run on after it lets that do so for `MaxAgentSeconds`: a chain that fits it and still
    waits for a tool's result is not complete before. This depends on the facts alone, not on their arrival.
    """
    until = max(call.logged_at for call in chain.calls)
    complete = until + policy.max_request + policy.link_delay
    if not chain.may_go_on:
        return complete
    running_on = of_known_duration(request for request in requests if request.may_run_on)
    return complete + policy.max_agent if fitting(chain, running_on, policy) else complete


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
