"""Runaways: requests beyond a limit, flagged once, and before they end where their calls are tagged."""

from dataclasses import replace
from decimal import Decimal

import pytest

from request_lens.adapters.price_list import bedrock_prices
from request_lens.domain.facts import Invocation, TokenCounts
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES, PriceTable
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import PipelineMetrics
from request_lens.domain.settling.runaway import Runaway, runaway_of
from tests.support.facts import call, request, tag
from tests.support.world import FailingStore, World

FOUR_CALLS = Policy(max_calls_per_request=4)
A_CENT = Policy(max_cost_per_request=Decimal("0.01"))
PRICES = bedrock_prices()


def step(index: int, *, request_id: str = "r1", output: int = 31) -> Invocation:
    """A tagged call of a loop that goes on; its 1,011 input tokens cost $0.0011121, each output token $0.0000055."""
    name = f"{request_id}-i{index}"
    found = call(name, index, tag=tag(request_id, index, started=index), produced=[f"{name}-tool"])
    return replace(found, tokens=TokenCounts(input=1_011, output=output))


def world(policy: Policy, *, store: FailingStore | None = None, prices: PriceTable = PRICES) -> World:
    return World(policy, store=store, prices=prices)


def flags(found: World) -> list[PipelineMetrics]:
    return [each for each in found.sink.pipeline if Metric.RUNAWAY_REQUESTS in each.values]


def test_a_request_with_too_many_tagged_calls_is_flagged_on_the_batch_that_shows_it_before_it_ends() -> None:
    found = world(FOUR_CALLS)
    for index in range(1, 5):
        found.collect(index, step(index))
    found.run_until(4.9)
    assert flags(found) == []

    found.collect(5, step(5))
    found.run_until(5.1)

    [flag] = flags(found)
    assert found.request().record is None
    assert flag.values == {Metric.RUNAWAY_REQUESTS: (1,)}
    assert (flag.properties["request_id"], flag.properties["llm_calls"]) == ("r1", 5)
    assert flag.publication_id == "runaway:r1"


def test_the_call_index_tells_of_calls_whose_logs_have_not_come() -> None:
    found = world(FOUR_CALLS)

    found.collect(9, step(9))
    found.run_until(9.1)

    assert [each.properties["llm_calls"] for each in flags(found)] == [9]


def test_a_request_that_costs_too_much_is_flagged_on_the_batch_that_shows_it_before_it_ends() -> None:
    found = world(A_CENT)
    found.collect(1, step(1, output=1_000))
    found.run_until(1.9)
    assert flags(found) == []

    found.collect(2, step(2, output=1_000))
    found.run_until(2.1)

    [flag] = flags(found)
    assert flag.properties["estimated_cost_usd"] == "0.0132242"  # 2 × (1,011 × 1.10 + 1,000 × 5.50) / 1,000,000


def test_it_is_flagged_once_however_many_batches_and_revisions_follow() -> None:
    found = world(Policy(max_calls_per_request=4, max_cost_per_request=Decimal("0.001")))
    for index in range(1, 12):
        found.collect(index, step(index))
        found.collect(index + 0.5, step(index))
    found.collect(20, request(duration_ms=15_000))
    found.collect(30, call("late", 13, tag=tag("r1", 12)))
    found.run_until()

    assert len(flags(found)) == 1
    assert found.request().revision >= 1
    assert found.request().runaway == Runaway(llm_calls=1, estimated_cost_usd=Decimal("0.0012826"))


def test_an_untagged_request_is_flagged_when_its_calls_are_known() -> None:
    found = world(Policy(max_calls_per_request=1))
    found.collect(12, call("i1", 1), call("i2", 3), request())
    found.run_until()

    assert [each.properties["request_id"] for each in flags(found)] == ["r1"]
    assert found.request().summary is not None


def test_requests_within_the_limits_are_not_flagged_and_without_limits_none_is() -> None:
    for policy in (Policy(), Policy(max_calls_per_request=12), Policy(max_cost_per_request=Decimal(1))):
        found = world(policy)
        found.collect(12, *(step(index) for index in range(1, 11)), request(duration_ms=11_000))
        found.run_until()
        assert flags(found) == []
        assert found.request().runaway is None


def test_a_call_that_broke_off_is_no_call_but_unpriced() -> None:
    broken = replace(step(6), error_code="ModelStreamErrorException", tag=None)

    found = runaway_of([*(step(index) for index in range(1, 6)), broken], FOUR_CALLS, PRICES)

    assert found is not None
    assert (found.llm_calls, found.unpriced_calls) == (5, 1)


def test_failed_attempts_are_no_calls_and_unpriced_calls_add_no_cost() -> None:
    throttled = [call(f"t{n}", 1, error_code="ThrottlingException") for n in range(9)]

    assert runaway_of([*throttled, call("i1", 2)], FOUR_CALLS, PRICES) is None
    assert runaway_of([call("i1", 2)], Policy(max_cost_per_request=Decimal("0.000001")), NO_PRICES) is None


def test_exactly_the_limit_is_within_it() -> None:
    calls = [step(index) for index in range(1, 5)]
    cost = sum((PRICES.quote(each).estimated_cost_usd or Decimal(0) for each in calls), start=Decimal(0))

    assert runaway_of(calls, Policy(max_calls_per_request=4, max_cost_per_request=cost), PRICES) is None
    assert runaway_of(calls, Policy(max_cost_per_request=cost - Decimal("1e-9")), PRICES) is not None


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("fails_at", range(1, 10))
def test_a_crash_at_any_write_loses_no_flag_and_makes_no_second_one(fails_at: int, after: bool) -> None:
    found = world(FOUR_CALLS, store=FailingStore(fails_at=fails_at, after=after))
    for index in range(1, 7):
        found.collect(index, step(index))
    found.collect(20, request(duration_ms=15_000))
    found.run_until()

    assert len(flags(found)) == 1
