"""Chains: calls of one agent loop, joined by the tool-use ids that one asks for and the next returns."""

import heapq
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from request_lens.domain.facts import Invocation


def produced_by(invocation: Invocation) -> tuple[str, ...]:
    """The tool-use ids whose results the call's answer asks for."""
    return invocation.conversation.produced if invocation.conversation is not None else ()


def returned_by(invocation: Invocation) -> tuple[str, ...]:
    """The tool-use ids whose results the call brings."""
    return invocation.conversation.returned if invocation.conversation is not None else ()


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
    def may_go_on(self) -> bool:
        """Whether a call asked for a tool whose result no call of the chain returns."""
        returned = {tool_use_id for call in self.calls for tool_use_id in returned_by(call)}
        return any(tool_use_id not in returned for call in self.calls for tool_use_id in produced_by(call))

    def steps(self) -> list[tuple[int, int]]:
        """The positions of each call that is followed and of the call that follows it."""
        return [(first, second) for second, before in enumerate(self.previous) for first in before]


def chains_of(invocations: Iterable[Invocation]) -> list[Chain]:
    """The chains among these invocations, by the time of their first call."""
    ordered = sorted(invocations, key=_by_time)
    groups: dict[int, list[int]] = {}
    for position, root in enumerate(_roots(ordered)):
        groups.setdefault(root, []).append(position)
    return [_chain([ordered[member] for member in members]) for members in groups.values()]


def lone_chain(invocation: Invocation) -> Chain:
    """The chain of one call alone."""
    return Chain(calls=(invocation,), previous=((),))


def chain_with(target: Invocation, invocations: Iterable[Invocation]) -> Chain:
    """The chain of this one of the invocations. More of them never take a call out of it."""
    related = _sharing_ids(target, invocations)
    return next(chain for chain in chains_of(related) if target in chain.calls)


def _sharing_ids(target: Invocation, invocations: Iterable[Invocation]) -> list[Invocation]:
    """The call and those that name one of its tool-use ids, or of theirs: its chain is among them."""
    by_id: dict[str, list[Invocation]] = {}
    for call in invocations:
        for tool_use_id in (*produced_by(call), *returned_by(call)):
            by_id.setdefault(tool_use_id, []).append(call)
    related, left = {target.invocation_id: target}, [target]
    while left:
        call = left.pop()
        for tool_use_id in (*produced_by(call), *returned_by(call)):
            sharing = {other.invocation_id: other for other in by_id.pop(tool_use_id, ())}
            left.extend(other for key, other in sharing.items() if key not in related)
            related |= sharing
    return list(related.values())


def _by_time(invocation: Invocation) -> tuple[datetime, str]:
    return (invocation.logged_at, invocation.invocation_id)


def _previous(ordered: Sequence[Invocation]) -> list[list[int]]:
    """For each call the first calls that asked for the tool results it returns; none that was logged later."""
    producers: dict[str, int] = {}
    for position, call in enumerate(ordered):
        for tool_use_id in produced_by(call):
            producers.setdefault(tool_use_id, position)
    previous: list[list[int]] = []
    for position, call in enumerate(ordered):
        askers = {producers[tool_use_id] for tool_use_id in returned_by(call) if tool_use_id in producers}
        previous.append(sorted(p for p in askers if p != position and ordered[p].logged_at <= call.logged_at))
    return previous


def _roots(ordered: Sequence[Invocation]) -> list[int]:
    """For each call the smallest position that it is joined with (union-find with path halving).

    A call is joined with all that asked for what it returns, the first of which it follows: so a call that comes to
    light later joins chains and never parts them.
    """
    parent = list(range(len(ordered)))

    def root(position: int) -> int:
        while parent[position] != position:
            parent[position] = parent[parent[position]]
            position = parent[position]
        return position

    producers: dict[str, list[int]] = {}
    # Second by second, the askers of a second before its returners: the log's order within a second says nothing.
    for _, positions in groupby(range(len(ordered)), key=lambda position: ordered[position].logged_at):
        group = list(positions)
        for position in group:
            for tool_use_id in produced_by(ordered[position]):
                producers.setdefault(tool_use_id, []).append(position)
        for position in group:
            for tool_use_id in returned_by(ordered[position]):
                joined = producers.get(tool_use_id, [])
                for first in joined:
                    one, other = root(first), root(position)
                    parent[max(one, other)] = min(one, other)
                # The askers are one group now, so the first stands for all: the work stays linear in the calls.
                del joined[1:]
    return [root(position) for position in range(len(ordered))]


def _chain(ordered: Sequence[Invocation]) -> Chain:
    if len(ordered) == 1:
        return lone_chain(ordered[0])
    previous = _previous(ordered)
    order = _in_dependency_order({position: set(before) for position, before in enumerate(previous)})
    place = {member: position for position, member in enumerate(order)}
    return Chain(
        calls=tuple(ordered[member] for member in order),
        previous=tuple(
            tuple(place[first] for first in previous[member] if place[first] < place[member]) for member in order
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
