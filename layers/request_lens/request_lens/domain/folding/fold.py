"""Fold: a request and its linked invocations to their summary. A pure function: no clock, no I/O, no order."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from request_lens.domain.call_start import call_start
from request_lens.domain.facts import Invocation, Request
from request_lens.domain.folding.bars import lay_out_bars
from request_lens.domain.folding.summary import MAX_BARS, Summary, Totals, model_dimension, totals_of
from request_lens.domain.linking.assumptions import violations_by_tagged
from request_lens.domain.linking.chains import Chain, chains_of
from request_lens.domain.linking.link import LinkedInvocation, Method
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import PriceTable
from request_lens.domain.times import whole_ms


def fold(request: Request, linked: Sequence[LinkedInvocation], policy: Policy, prices: PriceTable) -> Summary:
    """The summary of a request: totals with the cost by these prices, times in ms, totals by model, and the first bars.

    An LLM call of unknown latency makes all three times unknown; so does a negative value the time that it is.
    """
    invocations = [link.invocation for link in linked]
    calls = [invocation for invocation in invocations if invocation.is_llm_call]
    llm_time = _llm_time_ms(calls, policy)
    by_model = _by_model(invocations, prices)
    return Summary(
        totals=sum((totals for _, totals in by_model), start=Totals()),
        llm_time_ms=llm_time,
        tool_time_ms=_tool_time_ms(calls, policy),
        non_llm_time_ms=_non_llm_time_ms(request, llm_time),
        by_model=by_model,
        bars=lay_out_bars(request, linked, policy)[:MAX_BARS],
        prices=prices.source,
        violates=tuple(violations_by_tagged(request, _tagged(linked), policy)),
    )


def _tagged(linked: Sequence[LinkedInvocation]) -> list[Invocation]:
    return [call.invocation for call in linked if call.link.method is Method.TAG]


def _by_model(invocations: Sequence[Invocation], prices: PriceTable) -> tuple[tuple[str, Totals], ...]:
    totals: dict[str, Totals] = {}
    for invocation in sorted(invocations, key=lambda call: (call.logged_at, call.invocation_id)):
        quote = prices.quote(invocation)
        model = model_dimension(invocation, quote)
        totals[model] = totals.get(model, Totals()) + totals_of(invocation, quote)
    return tuple(totals.items())


def _all_timed(calls: Sequence[Invocation]) -> bool:
    return all(call.latency_ms is not None for call in calls)


def _llm_time_ms(calls: Sequence[Invocation], policy: Policy) -> int | None:
    """The union of the calls' intervals, or the sum of their latencies where one chain holds them all."""
    if not _all_timed(calls):
        return None
    starts = [call_start(call, clock_skew=policy.clock_skew) for call in calls]
    if all(start.is_precise for start in starts):
        return _union_ms(
            (start.earliest, start.earliest + call.latency) for call, start in zip(calls, starts, strict=True)
        )
    chains = chains_of(calls, reach=policy.reach)
    if len(chains) == 1 and chains[0].is_linear:
        return whole_ms(sum((call.latency for call in calls), start=timedelta(0)))
    return None


def _union_ms(intervals: Iterable[tuple[datetime, datetime]]) -> int:
    covered = timedelta(0)
    reached: datetime | None = None
    for begins, ends in sorted(intervals):
        from_ = begins if reached is None else max(begins, reached)
        covered += max(ends - from_, timedelta(0))
        reached = ends if reached is None else max(reached, ends)
    return whole_ms(covered)


def _tool_time_ms(calls: Sequence[Invocation], policy: Policy) -> int | None:
    """The gaps between a call that stopped for a tool and the next of its chain; 0 where there is no gap."""
    chains = chains_of(calls, reach=policy.reach)
    if not _all_timed(calls) or _may_hide_a_gap(chains):
        return None
    steps = [(chain.calls[at], chain.calls[then]) for chain in chains for at, then in chain.steps()]
    gaps = [_gap_ms(before, after, policy) for before, after in steps if before.waits_for_tool]
    known = [gap for gap in gaps if gap is not None and gap >= 0]
    return sum(known) if len(known) == len(gaps) else None


def _gap_ms(before: Invocation, after: Invocation, policy: Policy) -> int | None:
    """From the end of one call to the start of the next; None where either start is known only to the second."""
    first, second = (call_start(call, clock_skew=policy.clock_skew) for call in (before, after))
    if not (first.is_precise and second.is_precise):
        return None
    return whole_ms(second.earliest - first.earliest - before.latency)


def _may_hide_a_gap(chains: Sequence[Chain]) -> bool:
    """Whether a call stopped for a tool without a follower that we know, while some call's bodies could not be read."""
    followed = {chain.calls[at].invocation_id for chain in chains for at, _ in chain.steps()}
    calls = [call for chain in chains for call in chain.calls]
    waiting = any(call.waits_for_tool and call.invocation_id not in followed for call in calls)
    return waiting and any(call.conversation is None for call in calls)


def _non_llm_time_ms(request: Request, llm_time_ms: int | None) -> int | None:
    if request.duration_ms is None or llm_time_ms is None:
        return None
    rest = request.duration_ms - llm_time_ms
    return rest if rest >= 0 else None
