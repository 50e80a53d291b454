"""Placement: where each call is drawn inside its request."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.domain.call_start import CallStart, call_start
from request_lens.domain.facts import Invocation, InvocationId, Request
from request_lens.domain.folding.summary import Bar
from request_lens.domain.linking.chains import Chain, chains_of
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.policy import Policy


def placed(
    request: Request,
    linked: Sequence[LinkedInvocation],
    policy: Policy,
    *,
    provisional: Collection[InvocationId] = (),
) -> tuple[Bar, ...]:
    """One bar an invocation, by offset: as early as its timestamp, its request and its chain allow.

    A call begins no earlier than the request and the end of the chain's previous call, and early enough to end, with
    those that follow it, before the response. The links of those that are `provisional` are not decided yet.
    """
    return tuple(bar for _, bar in placements(request, linked, policy, provisional=provisional))


def placements(
    request: Request,
    linked: Sequence[LinkedInvocation],
    policy: Policy,
    *,
    provisional: Collection[InvocationId] = (),
) -> tuple[tuple[LinkedInvocation, Bar], ...]:
    """Each invocation with its bar, in the order of `placed`."""
    by_id = {each.invocation.invocation_id: each for each in linked}
    found = [
        (by_id[call.invocation_id], _bar(by_id[call.invocation_id], start=start, begins=begins, request=request))
        for chain in chains_of(each.invocation for each in linked)
        for call, start, begins in _laid_inside(chain, request, policy)
    ]
    marked = [(each, replace(bar, provisional=each.invocation.invocation_id in provisional)) for each, bar in found]
    return tuple(sorted(marked, key=lambda pair: pair[1].offset_ms))


def _laid_inside(chain: Chain, request: Request, policy: Policy) -> list[tuple[Invocation, CallStart, datetime]]:
    latest = _latest_begins(chain, request)
    laid: list[tuple[Invocation, CallStart, datetime]] = []
    for position, call in enumerate(chain.calls):
        start = call_start(call, clock_skew=policy.clock_skew)
        ends = (laid[before][2] + _latency(chain.calls[before]) for before in chain.previous[position])
        begins = max(start.earliest, request.started_at, *ends)
        laid.append((call, start, max(request.started_at, min(begins, latest.get(position, begins)))))
    return laid


def _latest_begins(chain: Chain, request: Request) -> Mapping[int, datetime]:
    """By position the latest begin that leaves time for the calls that follow; empty where the end is unknown."""
    if request.ended_at is None:
        return {}
    latest = {position: request.ended_at - _latency(call) for position, call in enumerate(chain.calls)}
    for first, second in reversed(chain.steps()):
        latest[first] = min(latest[first], latest[second] - _latency(chain.calls[first]))
    return latest


def _latency(call: Invocation) -> timedelta:
    return timedelta(milliseconds=call.latency_ms or 0)


def _bar(linked: LinkedInvocation, *, start: CallStart, begins: datetime, request: Request) -> Bar:
    call = linked.invocation
    return Bar(
        model_id=call.model_id,
        offset_ms=(begins - request.started_at) // timedelta(milliseconds=1),
        precision_ms=start.precision_ms,
        latency_ms=call.latency_ms,
        method=linked.link.method,
        confidence=linked.link.confidence,
        error_code=call.error_code,
        throttled=call.is_throttled,
    )
