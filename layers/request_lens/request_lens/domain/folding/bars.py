"""Bars: where each call is drawn inside its request."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.domain.call_start import CallStart, call_start
from request_lens.domain.facts import Invocation, InvocationId, Request
from request_lens.domain.folding.order import ids_in_order, in_order
from request_lens.domain.folding.summary import Bar
from request_lens.domain.linking.chains import Chain, chains_of
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.times import MS, whole_ms


def bars_by_call(
    request: Request,
    linked: Sequence[LinkedInvocation],
    policy: Policy,
    *,
    provisional: Collection[InvocationId] = (),
) -> tuple[tuple[LinkedInvocation, Bar], ...]:
    """One bar an invocation, in the order of `in_order`: as early as its timestamp, its request and its chain allow.

    A call begins no earlier than the request and the end of the chain's previous call, and early enough to end, with
    those that follow it, before the response; one that has a span begins with that. The links of those that are
    `provisional` are not decided yet.
    """
    by_id = {call.invocation.invocation_id: call for call in linked}
    chains = chains_of((call.invocation for call in linked), policy=policy)
    bars = {
        call.invocation_id: _bar(by_id[call.invocation_id], start=start, begins=begins, request=request)
        for chain in chains
        for call, start, begins in _start_times(chain, by_id, request, policy)
    }
    return tuple(
        (by_id[call_id], replace(bars[call_id], provisional=call_id in provisional))
        for call_id in ids_in_order(chains, policy)
    )


def starts_of(
    request: Request, linked: Sequence[LinkedInvocation], bars: Sequence[Bar], policy: Policy
) -> Mapping[InvocationId, CallStart]:
    """When each call began: to the millisecond where its span told that when these bars were drawn, else by the log.

    The bars are a summary's; where they are of fewer or more calls than these, they tell nothing.
    """
    calls = in_order(linked, policy)
    starts = {
        call.invocation.invocation_id: call_start(call.invocation, clock_skew=policy.clock_skew) for call in calls
    }
    for call, bar in zip(calls, bars, strict=True) if len(bars) == len(calls) else ():
        call_id = call.invocation.invocation_id
        if bar.precision_ms == 1 and not starts[call_id].is_precise:
            starts[call_id] = CallStart(earliest=request.started_at + bar.offset_ms * MS, precision_ms=1)
    return starts


def late_by_ms(bar: Bar, request: Request) -> int:
    """By how much later than it is drawn the call may have begun: it did within its logged second.

    And early enough to end by its request's response, where it may not have run on after that.
    """
    if bar.precision_ms == 1:
        return 0
    begins = request.started_at + bar.offset_ms * MS
    # Its request, or the call before it, may begin after its logged time, yet within the same second: the logged one.
    latest = begins.replace(microsecond=0) + timedelta(milliseconds=bar.precision_ms)
    if request.latest_end is not None and bar.latency_ms is not None and not request.may_run_on:
        latest = min(latest, request.latest_end - bar.latency_ms * MS)
    return max(whole_ms(latest - begins), 0)


def _start_times(
    chain: Chain, by_id: Mapping[InvocationId, LinkedInvocation], request: Request, policy: Policy
) -> list[tuple[Invocation, CallStart, datetime]]:
    """Each call of the chain with when it is drawn to begin."""
    latest = _latest_begins(chain, request)
    timed: list[tuple[Invocation, CallStart, datetime]] = []
    for position, call in enumerate(chain.calls):
        start = _start(by_id[call.invocation_id], policy)
        ends = (timed[before][2] + chain.calls[before].latency for before in chain.previous[position])
        begins = max(start.earliest, request.started_at, *ends)
        timed.append((call, start, max(request.started_at, min(begins, latest.get(position, begins)))))
    return timed


def _start(linked: LinkedInvocation, policy: Policy) -> CallStart:
    if linked.span is not None:
        return CallStart(earliest=linked.span.started_at, precision_ms=1)
    return call_start(linked.invocation, clock_skew=policy.clock_skew)


def _latest_begins(chain: Chain, request: Request) -> Mapping[int, datetime]:
    """By position the latest begin that leaves time for the calls that follow; empty where the end is unknown."""
    if request.ended_at is None:
        return {}
    latest = {position: request.ended_at - call.latency for position, call in enumerate(chain.calls)}
    for first, second in reversed(chain.steps()):
        latest[first] = min(latest[first], latest[second] - chain.calls[first].latency)
    return latest


def _bar(linked: LinkedInvocation, *, start: CallStart, begins: datetime, request: Request) -> Bar:
    call = linked.invocation
    return Bar(
        model_id=call.model_id,
        offset_ms=whole_ms(begins - request.started_at),
        precision_ms=start.precision_ms,
        latency_ms=call.latency_ms,
        method=linked.link.method,
        confidence=linked.link.confidence,
        error_code=call.error_code,
        throttled=call.is_throttled,
        taken_back=linked.link.taken_back,
    )
