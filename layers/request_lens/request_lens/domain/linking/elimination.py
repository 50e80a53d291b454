"""Elimination: the request that a loop has in every assignment of the loops around it, at most one loop a request.

A loop is a chain that begins with a conversation whose last message returns no tool result. Only loops eliminate and
are eliminated: a chain without its beginning may continue another, and calls without a body say nothing. A loop that
is left out only makes the result weaker, never wrong: the true assignment remains one of those that are considered.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from request_lens.domain.facts import InvocationId, RequestId
from request_lens.domain.linking.chains import Chain, returned_by

MAX_LOOPS = 64
"""With more loops than this around one, nothing is eliminated: the work stays bounded, and the loop `ambiguous`."""

type LoopId = InvocationId
"""A loop is named by its first call."""

type Fits = Mapping[LoopId, Sequence[RequestId]]
"""The requests that each loop fits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Elimination:
    """The one request that a loop has in every assignment (None where that is open), and whether there is one at all.

    Where no assignment exists some loop is not what it seems, and nothing can be concluded.
    """

    request_id: RequestId | None = None
    is_possible: bool = True


def is_loop(chain: Chain) -> bool:
    """Whether the chain begins a conversation, or a turn of one, and goes on from there alone."""
    heads = [call for call, before in zip(chain.calls, chain.previous, strict=True) if not before]
    return len(heads) == 1 and heads[0].conversation is not None and not returned_by(heads[0])


def eliminated(loop: LoopId, fits: Fits) -> Elimination:
    """What all assignments of these loops, at most one a request, say of this one."""
    if len(fits) > MAX_LOOPS:
        return Elimination()
    assigned = _assignment(_component(loop, fits))
    if assigned is None:
        return Elimination(is_possible=False)
    return Elimination(request_id=None if _can_change(loop, assigned, fits) else assigned[loop])


def _component(loop: LoopId, fits: Fits) -> Fits:
    """The loops that compete, directly or through others, for the requests that this one fits."""
    by_request: dict[RequestId, list[LoopId]] = {}
    for rival, requests in fits.items():
        for request in requests:
            by_request.setdefault(request, []).append(rival)
    rivals, left = {loop}, [loop]
    while left:
        for request in fits[left.pop()]:
            fresh = [rival for rival in by_request[request] if rival not in rivals]
            rivals.update(fresh)
            left.extend(fresh)
    return {rival: fits[rival] for rival in sorted(rivals)}


def _assignment(fits: Fits) -> dict[LoopId, RequestId] | None:
    """A request for each loop, no two the same (augmenting paths); None where there is no such assignment."""
    holders: dict[RequestId, LoopId] = {}

    def place(loop: LoopId, tried: set[RequestId]) -> bool:
        for request in fits[loop]:
            if request in tried:
                continue
            tried.add(request)
            if request not in holders or place(holders[request], tried):
                holders[request] = loop
                return True
        return False

    if not all(place(loop, set()) for loop in fits):
        return None
    return {loop: request for request, loop in holders.items()}


def _can_change(loop: LoopId, assigned: Mapping[LoopId, RequestId], fits: Fits) -> bool:
    """Whether another assignment gives the loop another request: one that is free, or whose holders can move on."""
    # From each request that the loop could take instead, follow its holder to what that could take, and so on: an
    # alternating path that ends at a free request, or at the loop's own, is another assignment.
    holders = {request: holder for holder, request in assigned.items()}
    own = assigned[loop]
    reached, left = set[RequestId](), [request for request in fits[loop] if request != own]
    while left:
        request = left.pop()
        if request == own or request not in holders:
            return True
        if request not in reached:
            reached.add(request)
            left.extend(other for other in fits[holders[request]] if other != request)
    return False
