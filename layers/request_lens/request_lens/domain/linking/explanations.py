"""Explanations: which requests can have made each call of a chain, where a chain may be split between requests.

A tool's result may come back with the next API request: tools that run in the browser, approvals, sessions that go on
after an error or a time-out. So a chain is one request's, or it is cut into parts, each of a request that began after
the one before had ended.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass

from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.linking.chains import Chain, lone_chain
from request_lens.domain.linking.fit import fits, fitting_part
from request_lens.domain.policy import Policy

MAX_CALLS = 64
"""A chain of more calls than this is explained whole only: the work stays bounded."""

MAX_REQUESTS = 64
"""A chain whose calls fit more requests than this is explained whole only."""

type _Mask = int
"""A set of requests: a bit each, by their position."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanations:
    """What can have made a chain: by call, in the chain's order, the requests that any explanation gives it."""

    options: tuple[tuple[Request, ...], ...]

    @property
    def leave_none_out(self) -> bool:
        """Whether there is an explanation, and with it an option for each call."""
        return all(self.options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What is known of some calls of a chain, by invocation.

    `linked` ones have their request alone. Those that return what a call of another chain had asked for `follow` its
    request: they are that one's, or one's that began after it. `closed` requests have all of their calls: they have no
    other than linked ones.
    """

    linked: Mapping[InvocationId, RequestId]
    follow: Mapping[InvocationId, RequestId]
    closed: Set[RequestId] = frozenset()


UNBOUNDED = Bounds(linked={}, follow={})
"""Nothing is known of the calls but the calls."""


def explain(
    chain: Chain, requests: Iterable[Request], bounds: Bounds, policy: Policy, *, overtime: bool = True
) -> Explanations:
    """The explanations of a chain by these requests, O(n² (n + m)) for n calls and m requests that one of them fits.

    No request made a call that began later than a reach after it. Without `overtime` they are those by which no agent
    ran on after its request.
    """
    lone = [lone_chain(call) for call in chain.calls]
    near = [request for request in requests if any(fits(call, request, policy, overtime=overtime) for call in lone)]
    after = [_mask(_begins_after(other, one, policy) for other in near) for one in near]
    in_reach = [_mask(request.started_at >= call.logged_at - policy.reach for request in near) for call in chain.calls]
    allowed = [
        reached & _allowed(call.invocation_id, near, after, bounds)
        for call, reached in zip(chain.calls, in_reach, strict=True)
    ]
    if len(chain.calls) > MAX_CALLS or len(near) > MAX_REQUESTS:
        whole = tuple(
            request
            for position, request in enumerate(near)
            if all(mask >> position & 1 for mask in allowed) and fits(chain, request, policy, overtime=overtime)
        )
        return Explanations(options=(whole,) * len(chain.calls))
    parts = [
        [fitting_part(chain, request, policy, first=first, overtime=overtime) for request in near]
        for first in range(len(chain.calls))
    ]
    options = _options(_holders(parts, allowed), after)
    return Explanations(options=tuple(tuple(near[position] for position in _positions(mask)) for mask in options))


def _begins_after(later: Request, earlier: Request, policy: Policy) -> bool:
    """Whether a request may have begun when another had answered; the overtime of that one does not count."""
    ended_at = earlier.ended_at or earlier.started_at
    return later != earlier and later.latest_start >= ended_at - policy.clock_skew


def _allowed(call_id: InvocationId, requests: Sequence[Request], after: Sequence[_Mask], bounds: Bounds) -> _Mask:
    """The requests that what is known of the call leaves to it."""
    ids = [request.request_id for request in requests]
    if call_id in bounds.linked:
        return _mask(request_id == bounds.linked[call_id] for request_id in ids)
    others = _mask(request_id not in bounds.closed for request_id in ids)
    if (followed := bounds.follow.get(call_id)) in ids:
        position = ids.index(followed)
        return (1 << position | after[position]) & others
    return others


def _holders(parts: Sequence[Sequence[int]], allowed: Sequence[_Mask]) -> list[list[_Mask]]:
    """By first and last position of a part of the chain, the requests that can have made all calls of the part.

    `parts` are how far the calls from each position on fit each request.
    """
    count = len(parts)
    holders = [[0] * count for _ in range(count)]
    for first, ends in enumerate(parts):
        for position, end in enumerate(ends):
            for last in range(first, end):
                if not allowed[last] >> position & 1:
                    break
                holders[first][last] |= 1 << position
    return holders


def _options(holders: Sequence[Sequence[_Mask]], after: Sequence[_Mask]) -> list[_Mask]:
    """By call the requests that some way of cutting the chain gives it."""
    count, everyone = len(holders), (1 << len(after)) - 1
    before = [_mask(after[other] >> one & 1 for other in range(len(after))) for one in range(len(after))]
    # Forwards: the requests that may begin a part at a position, and end one there.
    begins, ends = [0] * count, [0] * count
    for last in range(count):
        begins[last] = _union(after, ends[last - 1]) if last else everyone
        for first in range(last + 1):
            ends[last] |= begins[first] & holders[first][last]
    # Backwards: the requests whose part may end at a position, because the rest has an explanation.
    leaves = [everyone] * count
    for last in reversed(range(count - 1)):
        rest = 0
        for end in range(last + 1, count):
            rest |= holders[last + 1][end] & leaves[end]
        leaves[last] = _union(before, rest)
    options = [0] * count
    for first in range(count):
        for last in range(first, count):
            explained = begins[first] & holders[first][last] & leaves[last]
            for position in range(first, last + 1):
                options[position] |= explained
    return options


def _mask(members: Iterable[object]) -> _Mask:
    return sum(1 << position for position, is_member in enumerate(members) if is_member)


def _positions(mask: _Mask) -> Iterator[int]:
    return (position for position in range(mask.bit_length()) if mask >> position & 1)


def _union(masks: Sequence[_Mask], chosen: _Mask) -> _Mask:
    union = 0
    for position in _positions(chosen):
        union |= masks[position]
    return union
