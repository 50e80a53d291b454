"""What every call costs, by sums that were worked out by hand; and which calls have no price, with the reason."""

import math
import re

import pytest

from tests.cases.case import Case
from tests.cases.catalogue import BY_NAME, CASES
from tests.cases.outcome import outcome_of

_TERM = re.compile(r"(\d+) × (\d+(?:\.\d+)?)")

UNPRICED = {
    "knowledge_base_then_answer": {"rerank": "unknown_model"},
    "calls_in_two_regions": {"eu": "unknown_region"},
    "guardrail_stopped_the_answer": {"uncounted": "no_token_counts"},
    "video_and_speech": {"video": "unknown_model", "speech": "unknown_model"},
    "embeddings_and_reranking": {"cohere": "unknown_model", "rerank": "unknown_model", "nova": "unknown_model"},
    "service_tiers_of_the_answer": {"flex": "service_tier", "priority": "service_tier", "reserved": "service_tier"},
    "names_of_models": {
        **{f"id-{number}": "unknown_model" for number in range(6, 27)},
        "id-12": "unknown_region",
    },
    "tiers_beside_the_answer": dict.fromkeys(("fast", "flex", "auto-named"), "service_tier"),
    "counts_of_exports": {"dotted": "no_token_counts"},
    "other_partitions": {"profile": "unknown_model", "bare": "unknown_region"},
}
"""Every LLM call that has no cost, and why."""

REQUEST_COSTS = {
    "stream_of_five_minutes_allowed": (0.0008 + 0.00088 + 0.00096 + 0.00104 + 0.00112, 0),
    "knowledge_base_then_answer": (0.00000024 + 0.003, 1),
    "calls_that_failed": (None, 1),
    "calls_in_two_regions": (0.00112 + 0.00165, 1),
    "call_sent_again_after_a_read_time_out": (0.0007 + 3 * 0.0109, 0),
    "classic_agent_without_tool_ids": (3 * 0.0033, 0),
    "tool_ids_that_repeat": (0.00264 + 0.002904, 0),
    "preflight_in_the_same_second": (0.00000024 + 0.0008 + 0.00088, 0),
}
"""What the first request costs, and how many of its calls are not in that."""


def in_usd(total: str) -> float:
    """The sum of such a total, `2 × 4.40 + 6 × 22 = 0.0001408`, which must say what it adds up to."""
    terms, says = total.split(" = ")
    parts = [_TERM.fullmatch(term) for term in terms.split(" + ")]
    usd = sum(int(part[1]) * float(part[2]) for part in parts if part) / 1_000_000
    assert all(parts)
    assert math.isclose(usd, float(says))
    return usd


@pytest.mark.parametrize("case", [case for case in CASES if case.sums], ids=lambda case: case.name)
def test_a_call_costs_what_was_worked_out_by_hand(case: Case) -> None:
    calls = outcome_of(case).calls

    assert {name: calls[name]["estimated_cost_usd"] for name in case.sums} == {
        name: pytest.approx(in_usd(total)) for name, total in case.sums.items()
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_llm_call_without_a_cost_says_why_and_no_other_is_without_one(case: Case) -> None:
    calls = outcome_of(case).calls.items()
    llm_calls = {name: call for name, call in calls if call["error_code"] is None}

    assert {name: call["unpriced"] for name, call in llm_calls.items() if call["estimated_cost_usd"] is None} == (
        UNPRICED.get(case.name, {})
    )


@pytest.mark.parametrize(("name", "cost", "unpriced"), [(name, *figures) for name, figures in REQUEST_COSTS.items()])
def test_a_request_costs_the_sum_of_its_priced_calls(name: str, cost: float | None, unpriced: int) -> None:
    first = outcome_of(BY_NAME[name]).replay["requests"][0]

    assert (first["estimated_cost_usd"], first["unpriced_calls"]) == (pytest.approx(cost), unpriced)


def test_what_a_guardrail_stopped_at_counts_of_zero_cost_nothing_and_that_is_known() -> None:
    blocked, masked = outcome_of(BY_NAME["guardrail_stopped_the_answer"]).replay["requests"]

    assert (blocked["estimated_cost_usd"], blocked["unpriced_calls"]) == (0, 0)
    assert (masked["estimated_cost_usd"], masked["unpriced_calls"]) == (None, 1)


def test_what_broke_off_with_tokens_is_unpriced_and_never_free() -> None:
    outcome = outcome_of(BY_NAME["calls_that_failed"])
    request = outcome.requests["ask"]

    assert outcome.calls["broken-off"]["unpriced"] == "broken_off"
    assert (request["estimated_cost_usd"], request["unpriced_calls"]) == (None, 1)
    assert (request["input_tokens"], request["output_tokens"]) == (800, 1_200)
