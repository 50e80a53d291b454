"""Costs as they are published: they add up to what was last estimated, also where a deployment changed the prices."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from request_lens.adapters.price_list import bedrock_prices
from request_lens.domain.facts import Invocation
from request_lens.domain.folding.fold import fold
from request_lens.domain.folding.summary import OTHER_MODEL, totals_of
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES, ModelPrice, PriceSource, PriceTable, TokenPrices
from request_lens.domain.publishing.changes import RevisionWritten
from request_lens.domain.publishing.metric_names import UNATTRIBUTED_ROUTE, Metric
from request_lens.domain.publishing.request_metrics import publication_of
from tests.support.facts import MODEL, call, linked, request, tag
from tests.support.world import World

TODAY = bedrock_prices()
DEARER = PriceTable(
    source=PriceSource(name="prices", version="2", date="2026-12-24"),
    models={MODEL: [ModelPrice(prices=TokenPrices(input=Decimal(2), output=Decimal(10)))]},
)
A_CALL = Decimal("0.0012826")  # 1,011 × 1.10 + 31 × 5.50 USD a million
A_DEARER_CALL = Decimal("0.002332")


def deployed(world: World, prices: PriceTable) -> None:
    """From now on the world runs with these prices."""
    world.ports = replace(world.ports, prices=prices)


def models_sum(world: World, metric: Metric) -> dict[str, float]:
    sums: dict[str, float] = {}
    for each in world.sink.publications:
        for model in each.by_model:
            sums[model.model_id] = sums.get(model.model_id, 0) + sum(model.values.get(metric, ()))
    return {model: round(value, 12) for model, value in sums.items() if round(value, 12)}


def unpriced_in_lines(world: World) -> int:
    counts = [each.properties.get("unpriced_calls", 0) for each in world.sink.publications]
    return sum(count for count in counts if isinstance(count, int))


def folded(calls: Sequence[Invocation], prices: PriceTable) -> RevisionWritten:
    summary = fold(request(), [linked(each) for each in calls], Policy(), prices)
    return RevisionWritten(request=request(), revision=1, summary=summary, stored_at=request().started_at)


def test_a_request_costs_what_its_calls_cost_and_its_summary_says_by_which_prices() -> None:
    summary = folded([call("i1", 1), call("i2", 2)], TODAY).summary

    assert summary.totals.estimated_cost_usd == 2 * A_CALL
    assert summary.totals.unpriced_calls == 0
    assert summary.prices == TODAY.source


def test_a_cost_beside_unpriced_calls_is_partial_and_says_how_many() -> None:
    failed = call("i3", 3, error_code="ThrottlingException")
    totals = folded([call("i1", 1), call("i2", 2, model_id="unheard-of"), failed], TODAY).summary.totals

    assert (totals.estimated_cost_usd, totals.unpriced_calls, totals.llm_errors) == (A_CALL, 1, 1)


def test_a_line_with_a_partial_cost_says_how_many_calls_it_lacks_and_a_whole_one_nothing() -> None:
    partial = publication_of(folded([call("i1", 1), call("i2", 2, model_id="unheard-of")], TODAY))
    whole = publication_of(folded([call("i1", 1)], TODAY))

    assert partial is not None
    assert whole is not None
    assert partial.properties["unpriced_calls"] == 1
    assert "unpriced_calls" not in whole.properties


def test_without_any_price_there_is_no_cost_rather_than_zero() -> None:
    change = folded([call("i1", 1)], NO_PRICES)
    publication = publication_of(change)

    assert change.summary.totals.estimated_cost_usd is None
    assert publication is not None
    assert Metric.ESTIMATED_COST not in publication.values


def test_the_cost_is_published_by_request_route_and_model() -> None:
    publication = publication_of(folded([call("i1", 1)], TODAY))

    assert publication is not None
    assert publication.values[Metric.ESTIMATED_COST] == (0.0012826,)
    assert [each.values[Metric.ESTIMATED_COST] for each in publication.by_model] == [(0.0012826,)]


def test_a_call_that_broke_off_with_tokens_is_unpriced_and_no_llm_call() -> None:
    broken = replace(call("i2", 2), error_code="ModelStreamErrorException")

    totals = totals_of(broken, bedrock_prices().quote(broken))

    assert (totals.llm_calls, totals.llm_errors, totals.unpriced_calls) == (0, 1, 1)
    assert (totals.input_tokens, totals.estimated_cost_usd) == (broken.tokens.input, None)


def test_a_failed_call_counts_for_its_model_where_the_price_table_knows_it() -> None:
    calls = [
        call("i1", 1, error_code="ThrottlingException"),
        call("i2", 2, error_code="ValidationException", model_id="any text"),
    ]

    assert [model for model, _ in folded(calls, TODAY).summary.by_model] == [MODEL, OTHER_MODEL]


def test_ten_thousand_made_up_models_make_one_series() -> None:
    made_up = [
        call(f"i{n}", 1, error_code="ValidationException", model_id=f"us.anthropic.claude-sonnet-4-6-v{n + 10}:{n}")
        for n in range(10_000)
    ]

    assert {model for model, _ in folded(made_up, TODAY).summary.by_model} == {OTHER_MODEL}


@pytest.mark.parametrize(
    ("before", "after"), [(TODAY, DEARER), (DEARER, TODAY), (NO_PRICES, TODAY), (TODAY, NO_PRICES)]
)
def test_revisions_add_up_to_the_last_cost_though_the_prices_changed_between(
    before: PriceTable, after: PriceTable
) -> None:
    world = World(prices=before)
    failed = call("i3", 2, tag=tag("r1"), error_code="ThrottlingException")
    world.collect(10, request(), call("i1", 1, tag=tag("r1")), failed)
    world.run_until()
    deployed(world, after)
    world.collect(2_000, call("i2", 3, tag=tag("r1")))
    world.run_until()

    summary = world.request().summary
    assert summary is not None
    assert summary.prices == after.source
    assert world.sum_of(Metric.ESTIMATED_COST) == pytest.approx(float(summary.totals.estimated_cost_usd or 0))
    assert models_sum(world, Metric.LLM_ERRORS) == {
        model: totals.llm_errors for model, totals in summary.by_model if totals.llm_errors
    }
    assert world.pipeline_sum(Metric.UNPRICED_INVOCATIONS) == summary.totals.unpriced_calls
    assert unpriced_in_lines(world) == summary.totals.unpriced_calls


@pytest.mark.parametrize(("before", "after"), [(TODAY, DEARER), (DEARER, NO_PRICES), (NO_PRICES, TODAY)])
def test_an_orphan_is_taken_back_at_the_cost_it_was_published_at(before: PriceTable, after: PriceTable) -> None:
    world = World(prices=before)
    failed = call("i2", 2, tag=tag("r1"), error_code="ThrottlingException")
    world.collect(10, call("i1", 1, tag=tag("r1")), failed)
    world.run_until()
    deployed(world, after)
    world.collect(3_000, request())
    world.run_until()

    unattributed = [each for each in world.sink.publications if each.route == UNATTRIBUTED_ROUTE]
    assert len(unattributed) == 4
    assert sum(sum(each.values.get(Metric.ESTIMATED_COST, ())) for each in unattributed) == 0
    summary = world.request().summary
    assert summary is not None
    assert world.sum_of(Metric.ESTIMATED_COST) == float(summary.totals.estimated_cost_usd or 0)
    assert models_sum(world, Metric.LLM_ERRORS) == {
        model: totals.llm_errors for model, totals in summary.by_model if totals.llm_errors
    }
    assert world.pipeline_sum(Metric.UNPRICED_INVOCATIONS) == summary.totals.unpriced_calls
    assert unpriced_in_lines(world) == summary.totals.unpriced_calls


def test_an_unattributed_call_has_its_cost_too() -> None:
    world = World(prices=TODAY)
    world.collect(10, call("i1", 1))
    world.run_until()

    assert world.sum_of(Metric.ESTIMATED_COST) == float(A_CALL)
    assert world.pipeline_sum(Metric.UNPRICED_INVOCATIONS) == 0
