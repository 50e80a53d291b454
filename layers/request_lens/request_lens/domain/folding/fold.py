"""Fold: a request and its linked invocations to their summary. A pure function: no clock, no I/O, no order."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.domain.call_start import call_start, ends_with
from request_lens.domain.facts import Invocation, Request, last_attempts
from request_lens.domain.folding.bars import bars_by_call
from request_lens.domain.folding.samples import taking_samples
from request_lens.domain.folding.summary import MAX_BARS, Summary, Totals, model_dimension, totals_of, with_known_cost
from request_lens.domain.linking.assumptions import violations_by_tagged
from request_lens.domain.linking.chains import Chain, chains_of, produced_by, returned_by
from request_lens.domain.linking.link import LinkedInvocation, Method
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import PriceTable
from request_lens.domain.times import whole_ms
from request_lens.domain.tracing.traced import Traced

type _Interval = tuple[datetime, datetime]


def fold(  # noqa: PLR0913 - all that a summary is a function of
    request: Request,
    linked: Sequence[LinkedInvocation],
    policy: Policy,
    prices: PriceTable,
    *,
    possible_calls: int | None = 0,
    possible_failed_calls: int | None = 0,
    traced: Traced | None = None,
) -> Summary:
    """The summary of a request: totals with the cost by these prices, times in ms, totals by model, and the first bars.

    The times are those that its spans tell, else what the log does. There an LLM call of unknown latency makes all
    three unknown; so does a call that has a span and is missing, and in any case calls that may be the request's and
    are not among these. Where it has no LLM call, so do failed attempts alike. A negative value makes the time unknown
    that it is. `certain_since` is left to whoever knows what stood before.
    """
    invocations = [link.invocation for link in linked]
    is_certain = possible_calls == 0
    traced = traced.as_known(possible_calls=possible_calls) if traced is not None else None
    llm_time, tool_time = _times(request, invocations, traced, policy) if is_certain else (None, None)
    if not _may_tell_llm_time(invocations, traced, possible_failed_calls):
        llm_time = None
    by_model = _by_model(invocations, prices)
    summary = Summary(
        totals=sum((totals for _, totals in by_model), start=Totals()),
        llm_time_ms=llm_time,
        tool_time_ms=tool_time,
        non_llm_time_ms=_non_llm_time_ms(request, llm_time),
        by_model=by_model,
        bars=tuple(bar for _, bar in bars_by_call(request, linked, policy)[:MAX_BARS]),
        prices=prices.source,
        violates=tuple(violations_by_tagged(request, _tagged(linked), policy)),
        possible_calls=possible_calls,
        possible_failed_calls=possible_failed_calls,
        certain_since=1 if is_certain else None,
        proven=bool(last_attempts(invocations)),
        traced=traced,
    )
    return taking_samples(with_known_cost(summary), None)


def without_log(summary: Summary) -> Summary:
    """The same as it is where no invocation log was read: what it made is unknown, and so are its times."""
    unknown = replace(
        summary,
        totals=replace(summary.totals, estimated_cost_usd=None),
        llm_time_ms=None,
        tool_time_ms=None,
        non_llm_time_ms=None,
        possible_calls=None,
        possible_failed_calls=None,
        certain_since=None,
        lacks_log=True,
    )
    return taking_samples(unknown, None)


def _times(
    request: Request, invocations: Sequence[Invocation], traced: Traced | None, policy: Policy
) -> tuple[int | None, int | None]:
    """The time of LLM calls to Bedrock, and that of tools."""
    if traced is not None and traced.time_by is not None:
        return traced.time_by.llm_ms, traced.time_by.tools_ms
    if traced is not None and (traced.lacks_calls or traced.calls_elsewhere > 0):
        return None, None
    return _llm_time_ms(invocations, policy), _tool_time_ms(request, invocations, policy)


def _may_tell_llm_time(
    invocations: Sequence[Invocation], traced: Traced | None, possible_failed_calls: int | None
) -> bool:
    """Whether the log may: not that of a request without LLM calls that may have waited for attempts that failed."""
    is_told = traced is not None and traced.time_by is not None
    return is_told or possible_failed_calls == 0 or bool(_llm_calls(invocations))


def _tagged(linked: Sequence[LinkedInvocation]) -> list[Invocation]:
    return [call.invocation for call in linked if call.link.method is Method.TAG]


def _by_model(invocations: Sequence[Invocation], prices: PriceTable) -> tuple[tuple[str, Totals], ...]:
    totals: dict[str, Totals] = {}
    for invocation in sorted(invocations, key=lambda call: (call.logged_at, call.invocation_id)):
        quote = prices.quote(invocation)
        model = model_dimension(invocation, quote)
        totals[model] = totals.get(model, Totals()) + totals_of(invocation, quote)
    return tuple(totals.items())


def _llm_calls(invocations: Sequence[Invocation]) -> list[Invocation]:
    return [invocation for invocation in invocations if invocation.is_llm_call]


def _all_timed(calls: Sequence[Invocation]) -> bool:
    return all(call.latency_ms is not None for call in calls)


def _llm_time_ms(invocations: Sequence[Invocation], policy: Policy) -> int | None:
    """The union of the LLM calls' intervals, or the sum of their latencies where one chain holds them all.

    Unknown where all attempts failed: the request waited for them, and a failed attempt's log has no latency.
    """
    calls = _llm_calls(invocations)
    if not _all_timed(calls) or (invocations and not calls):
        return None
    intervals = _intervals(calls, policy)
    if intervals is not None:
        return whole_ms(_length(_union(intervals)))
    chains = chains_of(calls, policy=policy)
    if len(chains) == 1 and chains[0].is_linear:
        return whole_ms(sum((call.latency for call in calls), start=timedelta(0)))
    return None


def _intervals(calls: Sequence[Invocation], policy: Policy) -> list[_Interval] | None:
    """When each call ran; None where a start is known only to the second."""
    starts = [call_start(call, clock_skew=policy.clock_skew) for call in calls]
    if not all(start.is_precise for start in starts):
        return None
    return [(start.earliest, start.earliest + call.latency) for call, start in zip(calls, starts, strict=True)]


def _tool_time_ms(request: Request, invocations: Sequence[Invocation], policy: Policy) -> int | None:
    """The time in gaps between a call that stopped for a tool and the next of its chain; 0 where there is no gap.

    Gaps that overlap count once, and while another call of the request runs, that is LLM time. Unknown where the
    request went on after a call that asked for a tool, and that no call followed: the tool may have run, or hung.
    """
    calls = _llm_calls(invocations)
    chains = chains_of(calls, policy=policy)
    waiting = _without_follower(chains)
    is_answered = all(ends_with(request, call, clock_skew=policy.clock_skew) for call in waiting)
    if not (_all_timed(calls) and is_answered) or _may_hide_a_gap(chains, waiting):
        return None
    gaps: list[_Interval] = []
    for before, after in ((chain.calls[at], chain.calls[then]) for chain in chains for at, then in chain.steps()):
        if not before.waits_for_tool:
            continue
        intervals = _intervals((before, after), policy)
        if intervals is None or intervals[1][0] < intervals[0][1]:
            return None
        gaps.append((intervals[0][1], intervals[1][0]))
    running = _intervals(calls, policy)
    if gaps and running is None:
        return None
    covered = _union(running or ())
    return whole_ms(_length(_union([*gaps, *covered])) - _length(covered)) if gaps else 0


def _union(intervals: Iterable[_Interval]) -> list[_Interval]:
    """The intervals' union, in order of time and without overlaps."""
    union: list[_Interval] = []
    for begins, ends in sorted(intervals):
        if union and begins <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], ends))
        else:
            union.append((begins, ends))
    return union


def _length(union: Iterable[_Interval]) -> timedelta:
    return sum((ends - begins for begins, ends in union), start=timedelta(0))


def _without_follower(chains: Sequence[Chain]) -> list[Invocation]:
    """The calls that stopped for a tool, and that none of their chain follows."""
    followed = {chain.calls[at].invocation_id for chain in chains for at, _ in chain.steps()}
    calls = (call for chain in chains for call in chain.calls)
    return [call for call in calls if call.waits_for_tool and call.invocation_id not in followed]


def _may_hide_a_gap(chains: Sequence[Chain], waiting: Sequence[Invocation]) -> bool:
    """Whether one of these calls, which stopped for a tool, may have a follower that we cannot tell.

    It may where some call's bodies could not be read, and where several calls return the result, or asked for it.
    """
    calls = [call for chain in chains for call in chain.calls]
    if any(call.conversation is None for call in calls):
        return bool(waiting)
    returners: defaultdict[str, list[Invocation]] = defaultdict(list)
    for call in calls:
        for tool_use_id in returned_by(call):
            returners[tool_use_id].append(call)
    return any(
        other is not call and other.logged_at >= call.logged_at
        for call in waiting
        for tool_use_id in produced_by(call)
        for other in returners[tool_use_id]
    )


def _non_llm_time_ms(request: Request, llm_time_ms: int | None) -> int | None:
    if request.duration_ms is None or llm_time_ms is None:
        return None
    rest = request.duration_ms - llm_time_ms
    return rest if rest >= 0 else None
