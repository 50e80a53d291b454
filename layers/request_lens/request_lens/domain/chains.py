"""Chains: calls of one agent loop, joined by the tool-use ids that one asks for and the next returns."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from request_lens.domain.facts import Invocation


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

    def steps(self) -> list[tuple[int, int]]:
        """The positions of each call that is followed and of the call that follows it."""
        return [(first, second) for second, before in enumerate(self.previous) for first in before]


def chains_of(invocations: Iterable[Invocation]) -> list[Chain]:
    """The chains among these invocations, by the time of their first call."""
    ordered = sorted(invocations, key=_by_time)
    previous = _previous(ordered)
    groups: dict[int, list[int]] = {}
    for position, root in enumerate(_roots(previous)):
        groups.setdefault(root, []).append(position)
    return [_chain(ordered, members, previous) for members in groups.values()]


def _by_time(invocation: Invocation) -> tuple[datetime, str]:
    return (invocation.logged_at, invocation.invocation_id)


def _previous(ordered: Sequence[Invocation]) -> list[list[int]]:
    """For each call the calls that asked for the tool results it returns; none that was logged later."""
    producers: dict[str, int] = {}
    for position, each in enumerate(ordered):
        for tool_use_id in each.conversation.produced if each.conversation is not None else ():
            producers.setdefault(tool_use_id, position)
    found: list[list[int]] = []
    for position, each in enumerate(ordered):
        returned = each.conversation.returned if each.conversation is not None else ()
        known = {producers[tool_use_id] for tool_use_id in returned if tool_use_id in producers}
        found.append(sorted(p for p in known if p != position and ordered[p].logged_at <= each.logged_at))
    return found


def _roots(previous: Sequence[Sequence[int]]) -> list[int]:
    """For each call the smallest position that it is joined with (union-find with path halving)."""
    parent = list(range(len(previous)))

    def root(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = parent[position]
        return position

    for second, before in enumerate(previous):
        for first in before:
            low, high = sorted((root(first), root(second)))
            parent[high] = low
    return [root(position) for position in range(len(previous))]


def _chain(ordered: Sequence[Invocation], members: Sequence[int], previous: Sequence[Sequence[int]]) -> Chain:
    laid = _laid_out(members, {member: set(previous[member]) for member in members})
    place = {member: position for position, member in enumerate(laid)}
    return Chain(
        calls=tuple(ordered[member] for member in laid),
        previous=tuple(
            tuple(place[first] for first in previous[member] if place[first] < place[member]) for member in laid
        ),
    )


def _laid_out(members: Sequence[int], waits: Mapping[int, set[int]]) -> list[int]:
    """The members, each after those it waits for, by time where that leaves a choice.

    Ids come from strangers: where they run in a circle, the earliest call that is left goes first.
    """
    followers: dict[int, list[int]] = {}
    for member, before in waits.items():
        for first in before:
            followers.setdefault(first, []).append(member)
    left = dict.fromkeys(members)
    ready = [member for member in members if not waits[member]]
    laid: list[int] = []
    while left:
        member = heapq.heappop(ready) if ready else next(iter(left))
        if member not in left:
            continue
        del left[member]
        laid.append(member)
        for follower in followers.get(member, ()):
            waits[follower].discard(member)
            if not waits[follower]:
                heapq.heappush(ready, follower)
    return laid
