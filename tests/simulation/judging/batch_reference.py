"""What one batch over the distinct facts says of a request: plain sums and sweeps, without the product's fold."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise

from request_lens.adapters.price_list import bedrock_prices
from request_lens.domain.facts import Request
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from tests.simulation.drawing.truth import CallTruth
from tests.support.facts import EPOCH

MS = timedelta(milliseconds=1)
THROTTLED = "ThrottlingException"

TOTALS = {
    "llm_calls": Metric.LLM_CALLS,
    "llm_errors": Metric.LLM_ERRORS,
    "llm_throttles": Metric.LLM_THROTTLES,
    "input_tokens": Metric.INPUT_TOKENS,
    "output_tokens": Metric.OUTPUT_TOKENS,
    "cache_read_input_tokens": Metric.CACHE_READ_INPUT_TOKENS,
    "cache_write_input_tokens": Metric.CACHE_WRITE_INPUT_TOKENS,
}
"""The seven totals, by the name that `Totals` gives them, with the metric that sums them up."""

MILLIONTH = Fraction(1, 1_000_000)
USD_PER_MILLION = {
    "jp.anthropic.claude-haiku-4-5-20251001-v1:0": {
        "input": "1.10",
        "output": "5.50",
        "cache_read": "0.11",
        "cache_write": "1.375",
    },
}
"""https://aws.amazon.com/bedrock/pricing/, 2026-11-24; the other model has none, as its Region is unknown."""

PRICES = bedrock_prices()
"""What the product prices with; a batch does not."""


def cost_usd(calls: Sequence[CallTruth]) -> tuple[Fraction, int]:
    """What these calls cost, exactly, and how many LLM calls among them have no price."""
    succeeded = [each.call for each in calls if each.call.error_code is None]
    total, unpriced = Fraction(0), 0
    for call in succeeded:
        prices = USD_PER_MILLION.get(call.model_id)
        if prices is None or call.tokens.input is None or call.tokens.output is None:
            unpriced += 1
        else:
            used = {name: getattr(call.tokens, name) or 0 for name in prices}
            total += (
                sum((used[name] * Fraction(price) for name, price in prices.items()), start=Fraction(0)) * MILLIONTH
            )
    return total, unpriced


def pluralize(calls: Sequence[CallTruth]) -> Counter[str]:
    """The seven totals of these calls, by the name that `Totals` gives them."""
    found = Counter[str]()
    for each in calls:
        call = each.call
        found["llm_calls"] += call.error_code is None
        found["llm_errors"] += call.error_code is not None
        found["llm_throttles"] += call.error_code == THROTTLED
        found["input_tokens"] += call.tokens.input or 0
        found["output_tokens"] += call.tokens.output or 0
        found["cache_read_input_tokens"] += call.tokens.cache_read or 0
        found["cache_write_input_tokens"] += call.tokens.cache_write or 0
    return found


def counted_by_model(calls: Sequence[CallTruth]) -> dict[str, Counter[str]]:
    """The same by model; a failed call counts for its model, too, as the price table knows all that are drawn."""
    models = {_model(each) for each in calls}
    return {model: pluralize([each for each in calls if _model(each) == model]) for model in models}


def _model(truth: CallTruth) -> str:
    return truth.call.model_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """A request's three times in ms as far as the truth determines them; `judged` names those that it does."""

    judged: frozenset[str]
    llm_time_ms: int | None = None
    tool_time_ms: int | None = None
    non_llm_time_ms: int | None = None


def times_of_failed() -> Times:
    """The times of a request that waited for failed attempts alone: their log tells no latency."""
    return Times(judged=frozenset({"llm_time_ms", "non_llm_time_ms"}))


def times_of(request: Request, calls: Sequence[CallTruth], policy: Policy) -> Times:
    """The times of a request with these calls, all of them truly its own; ids join two that lie within the reach."""
    succeeded = sorted((each for each in calls if each.call.error_code is None), key=lambda each: each.began)
    if calls and not succeeded:
        return times_of_failed()
    if any(each.call.latency_ms is None for each in succeeded):
        return Times(judged=frozenset({"llm_time_ms", "tool_time_ms", "non_llm_time_ms"}))
    precise = all(each.call.tag is not None and each.call.tag.call_started_ms is not None for each in succeeded)
    if precise:
        llm_time: int | None = _covered_ms(succeeded)
    else:
        llm_time = sum(each.call.latency_ms or 0 for each in succeeded) if _one_loop(succeeded, policy) else None
    if not precise and any(each.ids_repeat for each in succeeded):
        return Times(judged=frozenset())  # whether the ids tell the order is for the product to find out
    rest = None if llm_time is None or request.duration_ms is None else request.duration_ms - llm_time
    judges_tools = precise and _one_loop(succeeded, policy) and not any(each.ids_repeat for each in succeeded)
    return Times(
        judged=frozenset({"llm_time_ms", "non_llm_time_ms"} | ({"tool_time_ms"} if judges_tools else set())),
        llm_time_ms=llm_time,
        non_llm_time_ms=rest if rest is None or rest >= 0 else None,
        tool_time_ms=_tool_time_ms(request, succeeded) if judges_tools else None,
    )


def _one_loop(succeeded: Sequence[CallTruth], policy: Policy) -> bool:
    """Whether the calls follow each other in their loop without a gap, each in reach of the next; a lone call does.

    Each is known when the next is due: it had ended by then, `MaxRequestSeconds` after the log has the next begin.
    """
    places = [each.position for each in succeeded]
    steps = list(pairwise(each.call for each in succeeded))
    return len(places) < 2 or (
        None not in places
        and [(place or 0) - (places[0] or 0) for place in places] == [*range(len(places))]
        and all(after.logged_at - before.logged_at <= policy.reach for before, after in steps)
        and all(before.logged_at + before.latency <= after.logged_at + policy.max_request for before, after in steps)
    )


def _covered_ms(succeeded: Sequence[CallTruth]) -> int:
    """The milliseconds in which at least one call ran: between neighbouring edges, all or none of the time counts."""
    spans = [
        ((each.began - EPOCH) // MS, (each.began - EPOCH) // MS + (each.call.latency_ms or 0)) for each in succeeded
    ]
    edges = sorted({edge for span in spans for edge in span})
    pairs = pairwise(edges)
    return sum(right - left for left, right in pairs if any(first <= left and right <= last for first, last in spans))


def _tool_time_ms(request: Request, succeeded: Sequence[CallTruth]) -> int | None:
    """Unknown where a tool was asked for last, and the answer came more than a second, and the skew, later."""
    if succeeded and succeeded[-1].call.stop_reason == "tool_use":
        known = timedelta(milliseconds=1 + 250 + 1_000)
        if request.ended_at is None or request.ended_at > succeeded[-1].ended + known:
            return None
    gaps = [
        (after.began - before.ended) // MS
        for before, after in pairwise(succeeded)
        if before.call.stop_reason == "tool_use"
    ]
    return None if any(gap < 0 for gap in gaps) else sum(gaps)
