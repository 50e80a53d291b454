"""Runaways: requests that make more LLM calls, or cost more, than the limits allow, found before they end."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from request_lens.domain.facts import Invocation
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import PriceTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Runaway:
    """What a request had made and cost when it was found beyond a limit.

    A cost of None is unknown; `unpriced_calls` of the calls that are known have no price, and their cost is not in it.
    """

    llm_calls: int
    estimated_cost_usd: Decimal | None
    unpriced_calls: int = 0


def has_limits(policy: Policy) -> bool:
    """Whether there is a limit that a request may go beyond."""
    return policy.max_calls_per_request > 0 or policy.max_cost_per_request > 0


def runaway_of(calls: Sequence[Invocation], policy: Policy, prices: PriceTable) -> Runaway | None:
    """What makes a request with these calls a runaway; None while it is within the limits.

    The highest `call_index` counts where it is more than the calls that are known: some logs may not have come.
    """
    if not has_limits(policy):
        return None
    charged = [call for call in calls if call.may_be_charged]
    made = max(sum(call.is_llm_call for call in calls), *(_call_index(call) for call in calls), 0)
    costs = [cost for call in charged if (cost := prices.quote(call).estimated_cost_usd) is not None]
    cost = sum(costs, start=Decimal(0)) if costs else None
    too_many = 0 < policy.max_calls_per_request < made
    too_expensive = cost is not None and 0 < policy.max_cost_per_request < cost
    if not (too_many or too_expensive):
        return None
    return Runaway(llm_calls=made, estimated_cost_usd=cost, unpriced_calls=len(charged) - len(costs))


def may_run_away(call: Invocation, policy: Policy) -> bool:
    """Whether this call may take its request beyond a limit, so that it is looked at without delay."""
    beyond = call.tag is None or call.tag.call_index is None or call.tag.call_index > policy.max_calls_per_request
    return policy.max_cost_per_request > 0 or (policy.max_calls_per_request > 0 and beyond)


def _call_index(call: Invocation) -> int:
    return (call.tag.call_index or 0) if call.tag is not None else 0
