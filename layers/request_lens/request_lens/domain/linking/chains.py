"""Chains: calls of one agent loop, joined by the tool-use ids that one asks for and the next returns."""

import heapq
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from request_lens.domain.facts import Invocation
from request_lens.domain.policy import Policy


def produced_by(invocation: Invocation) -> tuple[str, ...]:
    """The tool-use ids whose results the call's answer asks for."""
    return invocation.conversation.produced if invocation.conversation is not None else ()


def returned_by(invocation: Invocation) -> tuple[str, ...]:
    """The tool-use ids whose results the call brings."""
    return invocation.conversation.returned if invocation.conversation is not None else ()


def named_by(invocation: Invocation) -> tuple[str, ...]:
    """The tool-use ids of the tools that the call asks for, and of those whose results it brings, in this order."""
    conversation = invocation.conversation
    return (*conversation.produced, *conversation.returned) if conversation is not None else ()


def ended_by(invocation: Invocation, policy: Policy) -> datetime:
    """When the call had ended, as its log has it; one of unknown latency may have been as long as a request."""
    return invocation.logged_at + (policy.max_request if invocation.latency_ms is None else invocation.latency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Calls in an order in which each follows those whose tool results it returns; a lone call is a chain of one.

    `previous` names, by position, the calls that must have ended before a call can begin.
    """

    calls: tuple[Invocation, ...]
    previous: tuple[tuple[int, ...], ...]

    @property
    def is_linear(self) -> bool:
        """Whether each call but the first follows exactly the one before it."""
        return all(before == (position,) for position, before in enumerate(self.previous[1:]))

    @property
    def continues_another(self) -> bool:
        """Whether a call that follows none of the chain returns tool results: another call asked for them."""
        return any(not before and returned_by(call) for call, before in zip(self.calls, self.previous, strict=True))

    @property
    def waiting(self) -> Set[int]:
        """The positions of the calls that asked for a tool whose result no call that follows them brings."""
        returned: list[set[str]] = [set() for _ in self.calls]
        for first, second in self.steps():
            returned[first].update(returned_by(self.calls[second]))
        return {at for at, call in enumerate(self.calls) if not returned[at].issuperset(produced_by(call))}

    def up_to(self, last: Invocation) -> "Chain":
        """The chain of those of its calls that began no later than this one."""
        return self.among([place for place, call in enumerate(self.calls) if _by_time(call) <= _by_time(last)])

    def among(self, kept: Sequence[int]) -> "Chain":
        """The chain of the calls at these positions, which are in order."""
        if len(kept) == len(self.calls):
            return self
        places = {old: new for new, old in enumerate(kept)}
        return Chain(
            calls=tuple(self.calls[old] for old in kept),
            previous=tuple(tuple(places[before] for before in self.previous[old] if before in places) for old in kept),
        )

    def steps(self) -> list[tuple[int, int]]:
        """The positions of each call that is followed and of the call that follows it."""
        return [(first, second) for second, before in enumerate(self.previous) for first in before]


def chains_of(
    invocations: Iterable[Invocation], *, policy: Policy, beside: Iterable[Invocation] = (), least: int = 1
) -> list[Chain]:
    """The chains among these invocations, by the time of their first call; see `_steps` for what joins two calls.

    Those of fewer calls than `least` are left out. Those `beside` are in none of them, but ask for tool-use ids, and
    return them, like any.
    """
    outside = {call.invocation_id for call in beside}
    ordered = sorted((*invocations, *beside), key=_by_time)
    if len(ordered) == 1:
        return [] if outside or least > 1 else [lone_chain(ordered[0])]
    steps = _steps(ordered, policy)
    if outside:
        inside = [call.invocation_id not in outside for call in ordered]
        steps = [[asker for asker in followed if inside[asker] and inside[at]] for at, followed in enumerate(steps)]
    groups: dict[int, list[int]] = {}
    for position, root in enumerate(joined(steps)):
        if ordered[position].invocation_id not in outside:
            groups.setdefault(root, []).append(position)
    return [_chain(ordered, members, steps) for members in groups.values() if len(members) >= least]


def lone_chain(invocation: Invocation) -> Chain:
    """The chain of one call alone."""
    return Chain(calls=(invocation,), previous=((),))


def chain_with(
    target: Invocation, invocations: Iterable[Invocation], *, policy: Policy, beside: Sequence[Invocation] = ()
) -> Chain:
    """The chain of this one of the invocations; see `chains_of` for those beside."""
    related = sharing_ids(target, (*invocations, *beside))
    if len(related) == 1:
        return lone_chain(target)
    outside = {call.invocation_id for call in beside}
    inside = [call for call in related if call.invocation_id not in outside]
    near = [call for call in related if call.invocation_id in outside]
    return next(chain for chain in chains_of(inside, policy=policy, beside=near) if target in chain.calls)


def sharing_ids(target: Invocation, invocations: Iterable[Invocation]) -> list[Invocation]:
    """The call and those that name one of its tool-use ids, or of theirs: all that bears on its chain is among them.

    The same calls give the same order.
    """
    if not named_by(target):
        return [target]
    by_id: dict[str, list[Invocation]] = {}
    for call in invocations:
        if (conversation := call.conversation) is not None:
            for tool_use_id in conversation.produced + conversation.returned:
                by_id.setdefault(tool_use_id, []).append(call)
    related, left = {target.invocation_id: target}, [target]
    while left:
        call = left.pop()
        for tool_use_id in named_by(call):
            sharing = {other.invocation_id: other for other in by_id.pop(tool_use_id, ())}
            left.extend(other for key, other in sharing.items() if key not in related)
            related |= sharing
    return list(related.values())


def _by_time(invocation: Invocation) -> tuple[datetime, str]:
    return (invocation.logged_at, invocation.invocation_id)


class _Namers:
    """The calls that ask for each tool-use id, or that return it, by position in order of time."""

    def __init__(self, ordered: Sequence[Invocation], names: Callable[[Invocation], Iterable[str]]) -> None:
        self._times = [call.logged_at for call in ordered]
        self._positions: dict[str, list[int]] = {}
        for position, call in enumerate(ordered):
            for tool_use_id in dict.fromkeys(names(call)):
                self._positions.setdefault(tool_use_id, []).append(position)

    def logged_within(self, tool_use_id: str, first: datetime, last: datetime) -> Sequence[int]:
        """Those that were logged in [first, last]."""
        positions = self._positions.get(tool_use_id, ())
        begin = bisect_left(positions, first, key=self._times.__getitem__)
        return positions[begin : bisect_right(positions, last, key=self._times.__getitem__)]


def _steps(ordered: Sequence[Invocation], policy: Policy) -> list[list[int]]:
    """For each call, in order of time, those that it follows, by position.

    A tool-use id is unique within its conversation only, and some models count from 0 in each turn. So one follows
    another by an id that this one alone asked for in the reach before it, and that it alone returned since then, as far
    as that is known when it is due: what had ended `MaxRequestSeconds` after it began has come by then. Seen from the
    two calls, not from who looks or when: every settle sees the same steps.
    """
    askers, returners = _Namers(ordered, produced_by), _Namers(ordered, returned_by)
    ended = [ended_by(call, policy) for call in ordered]

    def two_known(positions: Sequence[int], by: datetime, *, but: Set[int]) -> list[int]:
        """The first two of them that are known by then, some left out."""
        return list(islice((each for each in positions if each not in but and ended[each] <= by), 2))

    steps: list[list[int]] = []
    for position, call in enumerate(ordered):
        followed: set[int] = set()
        by = call.logged_at + policy.max_request
        for tool_use_id in returned_by(call):
            asking = askers.logged_within(tool_use_id, call.logged_at - policy.reach, call.logged_at)
            asked = two_known(asking, by, but={position})
            if len(asked) == 1:
                asked_at = ordered[asked[0]].logged_at
                returning = returners.logged_within(tool_use_id, asked_at, min(asked_at + policy.reach, by))
                followed.update(asked if not two_known(returning, by, but={position, *asked}) else ())
        steps.append(sorted(followed))
    return steps


def joined(steps: Sequence[Sequence[int]]) -> list[int]:
    """For each call the smallest position that it is joined with, given what it follows (union-find, path halving)."""
    parent = list(range(len(steps)))

    def root(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = parent[position]
        return position

    for position, followed in enumerate(steps):
        for asker in followed:
            one, other = root(asker), root(position)
            parent[max(one, other)] = min(one, other)
    return [root(position) for position in range(len(steps))]


def _chain(ordered: Sequence[Invocation], members: Sequence[int], steps: Sequence[Sequence[int]]) -> Chain:
    if len(members) == 1:
        return lone_chain(ordered[members[0]])
    order = _in_dependency_order({member: set(steps[member]) for member in members})
    place = {member: position for position, member in enumerate(order)}
    return Chain(
        calls=tuple(ordered[member] for member in order),
        previous=tuple(
            tuple(sorted(place[first] for first in steps[member] if place[first] < place[member])) for member in order
        ),
    )


def _in_dependency_order(waits: Mapping[int, set[int]]) -> list[int]:
    """The members, which are in order of time, each after those it waits for, by time where that leaves a choice.

    Ids come from strangers: where they run in a circle, which `graphlib` refuses, the earliest call that is left goes
    first.
    """
    followers: dict[int, list[int]] = {}
    for member, before in waits.items():
        for first in before:
            followers.setdefault(first, []).append(member)
    left = dict.fromkeys(waits)
    ready = [member for member, before in waits.items() if not before]
    order: list[int] = []
    while left:
        member = heapq.heappop(ready) if ready else next(iter(left))
        if member not in left:
            continue
        del left[member]
        order.append(member)
        for follower in followers.get(member, ()):
            waits[follower].discard(member)
            if not waits[follower]:
                heapq.heappush(ready, follower)
    return order
