"""Fold: a request and its linked invocations to their summary. A pure function: no clock, no I/O, no order."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from request_lens.domain.call_start import call_start
from request_lens.domain.chains import chains_of
from request_lens.domain.facts import Invocation, Request
from request_lens.domain.link import LinkedInvocation
from request_lens.domain.placement import placed
from request_lens.domain.policy import Policy
from request_lens.domain.summary import MAX_BARS, Summary, Totals, model_dimension, totals_of


def fold(request: Request, linked: Sequence[LinkedInvocation], policy: Policy) -> Summary:
    """The summary of a request: totals, times in ms, totals by model, and the first bars.

    An LLM call of unknown latency makes all three times unknown; so does a negative value the time that it is.
    """
    invocations = [each.invocation for each in linked]
    calls = [each for each in invocations if each.is_llm_call]
    llm_time = _llm_time_ms(calls, policy)
    return Summary(
        totals=_sum(totals_of(each) for each in invocations),
        llm_time_ms=llm_time,
        tool_time_ms=_tool_time_ms(calls, policy),
        non_llm_time_ms=_non_llm_time_ms(request, llm_time),
        by_model=_by_model(invocations),
        bars=placed(request, linked, policy)[:MAX_BARS],
    )


def _sum(totals: Iterable[Totals]) -> Totals:
    return sum(totals, start=Totals())


def _by_model(invocations: Sequence[Invocation]) -> tuple[tuple[str, Totals], ...]:
    ordered = sorted(invocations, key=lambda each: (each.logged_at, each.invocation_id))
    totals: dict[str, Totals] = {}
    for each in ordered:
        totals[model_dimension(each)] = totals.get(model_dimension(each), Totals()) + totals_of(each)
    return tuple(totals.items())


def _all_timed(calls: Sequence[Invocation]) -> bool:
    return all(each.latency_ms is not None for each in calls)


def _llm_time_ms(calls: Sequence[Invocation], policy: Policy) -> int | None:
    """The union of the calls' intervals, or the sum of their latencies where one chain holds them all."""
    if not _all_timed(calls):
        return None
    starts = [call_start(each, clock_skew=policy.clock_skew) for each in calls]
    if all(each.is_precise for each in starts):
        return _union_ms(
            [(start.earliest, _end(call, start.earliest)) for call, start in zip(calls, starts, strict=True)]
        )
    chains = chains_of(calls)
    if len(chains) == 1 and chains[0].is_linear:
        return sum(each.latency_ms or 0 for each in calls)
    return None


def _end(call: Invocation, begins: datetime) -> datetime:
    return begins + timedelta(milliseconds=call.latency_ms or 0)


def _union_ms(intervals: Sequence[tuple[datetime, datetime]]) -> int:
    covered = timedelta(0)
    reached: datetime | None = None
    for begins, ends in sorted(intervals):
        from_ = begins if reached is None else max(begins, reached)
        covered += max(ends - from_, timedelta(0))
        reached = ends if reached is None else max(reached, ends)
    return _ms(covered)


def _tool_time_ms(calls: Sequence[Invocation], policy: Policy) -> int | None:
    """The gaps between a call that stopped for a tool and the next of its chain; 0 where there is no gap."""
    if not _all_timed(calls):
        return None
    gaps: list[int] = []
    for chain in chains_of(calls):
        for first, second in chain.steps():
            if not chain.calls[first].waits_for_tool:
                continue
            before, after = (call_start(chain.calls[at], clock_skew=policy.clock_skew) for at in (first, second))
            if not (before.is_precise and after.is_precise):
                return None
            gaps.append(_ms(after.earliest - _end(chain.calls[first], before.earliest)))
    return sum(gaps) if all(gap >= 0 for gap in gaps) else None


def _non_llm_time_ms(request: Request, llm_time_ms: int | None) -> int | None:
    if request.duration_ms is None or llm_time_ms is None:
        return None
    rest = request.duration_ms - llm_time_ms
    return rest if rest >= 0 else None


def _ms(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)
