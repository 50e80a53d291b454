"""Bedrock's prices: the shipped table against its package, and against costs worked out by hand from public lists."""

import importlib.util
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens.adapters.price_list import TABLE, bedrock_prices
from request_lens.domain.facts import Invocation, TokenCounts
from request_lens.domain.folding.summary import Totals, totals_of
from request_lens.domain.pricing import NO_PRICES, PROFILES, ModelPrice, PriceTable, TokenPrices, Unpriced
from tests.support.facts import call

CHECKOUT = Path(__file__).parents[3]
BY_HAND = tomllib.loads((Path(__file__).parent / "prices" / "hand_priced_calls.toml").read_text(encoding="utf-8"))
CASES, UNPRICED, SOURCES = BY_HAND["case"], BY_HAND["unpriced"], BY_HAND["source"]
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SONNET = "global.anthropic.claude-sonnet-4-5-20250929-v1:0"
USUAL = TokenCounts(input=1_000, output=100)

PRICES = bedrock_prices()


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bedrock_prices", CHECKOUT / "scripts" / "bedrock_prices.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def priced(model_id: str, tokens: TokenCounts, *, region: str | None = "us-east-1", at: datetime = NOW) -> Invocation:
    return replace(call(model_id=model_id), tokens=tokens, region=region, logged_at=at)


def by_hand(tokens: Mapping[str, int], per_million: Mapping[str, str]) -> Decimal:
    return sum((tokens[name] * Decimal(price) for name, price in per_million.items()), start=Decimal(0)) / 1_000_000


def invocation_of(case: Mapping[str, Any]) -> Invocation:
    """The call that a case describes; the log counts the writes of an hour among all."""
    tokens = dict(case["tokens"])
    tokens["cache_write"] = tokens.get("cache_write", 0) + tokens.get("cache_write_1h", 0)
    call = priced(case["model"], TokenCounts(**tokens), region=case["region"])
    return replace(call, service_tier=case.get("service_tier"))


def sample(
    model_id: str = SONNET,
    *,
    region: str | None = "us-east-1",
    tokens: TokenCounts = USUAL,
    service_tier: str | None = None,
    error_code: str | None = None,
) -> Invocation:
    return replace(priced(model_id, tokens, region=region), service_tier=service_tier, error_code=error_code)


def test_the_shipped_table_is_what_the_locked_package_gives(script: ModuleType) -> None:
    table = script.written(script.compiled(script.taken_on()))

    assert TABLE.read_text(encoding="utf-8") == table, "run: make prices"


def test_the_table_says_where_it_comes_from() -> None:
    source = PRICES.source

    assert source is not None
    assert (source.name, source.version) == ("genai-prices", version("genai-prices"))
    assert date.fromisoformat(source.date) >= date(2026, 11, 24)


def test_every_price_of_the_table_is_a_positive_decimal_and_its_days_and_tiers_ascend() -> None:
    rows = list(PRICES.models.values())

    assert all([price.since for price in models] == sorted({price.since for price in models}) for models in rows)
    assert all(models[0].since == date.min for models in rows)
    for model in (price for models in rows for price in models):
        assert [tier.above for tier in model.tiers] == sorted({tier.above for tier in model.tiers})
        for prices in (model.prices, *(tier.prices for tier in model.tiers)):
            listed = [prices.input, prices.output, prices.cache_read, prices.cache_write, prices.cache_write_1h]
            assert prices.input is not None
            assert all(price > 0 for price in listed if price is not None)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_call_costs_what_the_public_list_says(case: Mapping[str, Any]) -> None:
    assert by_hand(case["tokens"], case["per_million"]) == Decimal(case["usd"]), "the fixture contradicts itself"

    assert PRICES.estimate(invocation_of(case)) == Decimal(case["usd"])


@pytest.mark.parametrize("case", UNPRICED, ids=[case["name"] for case in UNPRICED])
def test_a_call_whose_price_the_table_lacks_has_no_cost_though_the_public_list_has_it(case: Mapping[str, Any]) -> None:
    assert PRICES.estimate(invocation_of(case)) is Unpriced(case["why"])


@pytest.mark.parametrize("case", UNPRICED, ids=[case["name"] for case in UNPRICED])
def test_what_aws_lists_for_a_call_without_a_price_would_give_it_a_cost(case: Mapping[str, Any]) -> None:
    assert case["listed"].keys() == case["tokens"].keys()
    assert by_hand(case["tokens"], case["listed"]) == Decimal(case["usd"]) > 0, "the fixture contradicts itself"

    listed = TokenPrices(**{name: Decimal(price) for name, price in case["listed"].items()})
    table = PriceTable(models={case["model"]: [ModelPrice(prices=listed)]})
    at_that_price = replace(invocation_of(case), region=None, service_tier=None)
    assert table.estimate(at_that_price) == Decimal(case["usd"])


def test_every_case_rests_on_prices_of_aws_and_every_source_says_of_when_it_is() -> None:
    assert all(case["source"].startswith("aws-") for case in CASES + UNPRICED)
    assert {case["source"] for case in CASES + UNPRICED} == SOURCES.keys()
    assert all({"what", "url", "copy", "date", "read"} == source.keys() for source in SOURCES.values())


def test_the_page_on_pricing_counts_the_cases_by_their_sources() -> None:
    page = " ".join((CHECKOUT / "docs" / "pricing.md").read_text(encoding="utf-8").split())
    kinds = Counter(case["source"].split("-")[1].removesuffix("s") for case in CASES)

    assert len(CASES) >= 40
    assert f"against {len(CASES)} calls worked out by hand" in page
    assert f"{kinds['list']} from its price list, {kinds['page']} from its price page" in page
    assert f"and {kinds['card']} from its model cards" in page
    assert f"Another {len(UNPRICED)} calls" in page


def test_the_cases_are_of_every_kind() -> None:
    names = {case["model"].removeprefix(f"{profile_of(case)}.").partition(".")[0] for case in CASES}
    classes = {name for case in CASES for name in case["tokens"]}

    assert names >= {"amazon", "anthropic", "deepseek", "meta", "mistral", "openai", "qwen", "writer", "zai"}
    assert {profile_of(case) for case in CASES} >= {"", "us", "eu", "apac", "au", "jp", "global"}
    assert classes == {"input", "output", "cache_read", "cache_write", "cache_write_1h"}
    assert {case["why"] for case in UNPRICED} >= {"unknown_model", "unknown_region", "service_tier", "token_class"}


def profile_of(case: Mapping[str, Any]) -> str:
    prefix = case["model"].partition(".")[0]
    return prefix if prefix in PROFILES else ""


@pytest.mark.parametrize(
    ("invocation", "why"),
    [
        (sample("made-up.model-v1:0"), Unpriced.UNKNOWN_MODEL),
        (sample("my anthropic.claude-3-haiku-20240307-v1:0 of course"), Unpriced.UNKNOWN_MODEL),
        (sample("cohere.command-r-plus-v1:0"), Unpriced.UNKNOWN_MODEL),
        (sample("amazon.titan-embed-text-v9:0"), Unpriced.UNKNOWN_MODEL),
        (sample("provisioned-model/abcdefghijkl"), Unpriced.UNKNOWN_MODEL),
        (sample("application-inference-profile/abcdefghijkl"), Unpriced.UNKNOWN_MODEL),
        (sample("custom-model/abcdefghijkl"), Unpriced.UNKNOWN_MODEL),
        (sample("amazon.nova-sonic-v1:0"), Unpriced.UNKNOWN_MODEL),  # speech has prices of its own
        (sample("eu.amazon.nova-lite-v1:0", region="eu-west-1"), Unpriced.UNKNOWN_REGION),
        (sample("global.amazon.nova-2-lite-v1:0", region="ap-northeast-1"), Unpriced.UNKNOWN_REGION),
        (sample("meta.llama3-70b-instruct-v1:0", region="sa-east-1"), Unpriced.UNKNOWN_REGION),
        (sample("mistral.mistral-large-2402-v1:0", region="eu-west-3"), Unpriced.UNKNOWN_REGION),
        (sample("amazon.nova-lite-v1:0", region=None), Unpriced.UNKNOWN_REGION),
        (sample("us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0", region="us-gov-west-1"), Unpriced.UNKNOWN_REGION),
        (sample("anthropic.claude-3-haiku-20240307-v1:0", region="us-gov-west-1"), Unpriced.UNKNOWN_REGION),
        (sample(service_tier="priority"), Unpriced.SERVICE_TIER),
        (sample(service_tier="flex"), Unpriced.SERVICE_TIER),
        (sample(service_tier="latency_optimized"), Unpriced.SERVICE_TIER),
        (sample(service_tier="reserved"), Unpriced.SERVICE_TIER),
        (sample(tokens=TokenCounts()), Unpriced.NOT_COUNTED),
        (sample(tokens=TokenCounts(input=5)), Unpriced.NOT_COUNTED),
        (sample(tokens=TokenCounts(input=5, output=5, cache_write=1, cache_write_1h=2)), Unpriced.CONTRADICTION),
        (sample(tokens=TokenCounts(input=5, output=5, cache_write_1h=0)), Unpriced.NOT_COUNTED),
        (sample("amazon.nova-canvas-v1:0", tokens=TokenCounts()), Unpriced.UNKNOWN_MODEL),
        (
            sample("amazon.nova-lite-v1:0", tokens=TokenCounts(input=5, output=5, cache_write=9)),
            Unpriced.CLASS_WITHOUT_PRICE,
        ),
        (sample(tokens=TokenCounts(input=200_001, output=5)), Unpriced.LONG_CONTEXT),
        (sample(tokens=TokenCounts(input=1, output=5, cache_read=200_000)), Unpriced.LONG_CONTEXT),
        (sample(error_code="ThrottlingException", tokens=TokenCounts()), Unpriced.FAILED_CALL),
        (sample(error_code="ValidationException", tokens=TokenCounts(input=0, output=0)), Unpriced.FAILED_CALL),
        (sample(error_code="ModelStreamErrorException"), Unpriced.BROKEN_OFF),
        (sample(error_code="ModelStreamErrorException", tokens=TokenCounts(cache_read=9)), Unpriced.BROKEN_OFF),
    ],
)
def test_what_is_not_known_has_no_cost_and_a_reason(invocation: Invocation, why: Unpriced) -> None:
    assert PRICES.estimate(invocation) is why
    assert PRICES.quote(invocation).estimated_cost_usd is None


@pytest.mark.parametrize("operation", ["InvokeModel", "InvokeModelWithResponseStream", "ChatCompletions"])
def test_a_call_of_gpt_whose_log_does_not_tell_the_cached_share_of_its_input_has_no_cost(operation: str) -> None:
    untold = replace(priced("us.openai.gpt-5.6-sol", TokenCounts(input=3_702, output=6)), operation=operation)
    assert PRICES.estimate(untold) is Unpriced.NOT_COUNTED
    assert totals_of(untold, PRICES.quote(untold)).unpriced_calls == 1
    told = replace(untold, tokens=TokenCounts(input=3_702, output=6, cache_read=0))
    # 3,702 × 4.40 + 6 × 22 = 16,288.80 + 132
    assert PRICES.estimate(told) == Decimal("0.0164208")
    for converse in ("Converse", "ConverseStream"):
        assert PRICES.estimate(replace(untold, operation=converse)) == PRICES.estimate(told)


def test_a_model_of_openai_s_without_a_cache_needs_no_count_of_it() -> None:
    gpt_oss = replace(priced("openai.gpt-oss-120b-1:0", USUAL), operation="InvokeModel")
    assert isinstance(PRICES.estimate(gpt_oss), Decimal)


@pytest.mark.parametrize(
    ("model_id", "estimate"),
    [
        ("anthropic.claude-sonnet-4-5-20250929-v1:0", Unpriced.UNKNOWN_PROFILE),
        ("anthropic.claude-sonnet-4-20250514-v1:0", Decimal("0.0045")),
        ("amazon.nova-lite-v1:0", Decimal("0.000084")),
    ],
)
def test_the_model_behind_an_application_profile_is_priced_where_all_its_profiles_cost_the_same(
    model_id: str, estimate: Decimal | Unpriced
) -> None:
    called = replace(sample(model_id), inference_profile="application-inference-profile/abcdefghijkl")

    assert PRICES.estimate(called) == estimate


@pytest.mark.parametrize("tier", [None, "default", "standard"])
def test_the_standard_tier_is_at_the_list_price_however_it_is_called(tier: str | None) -> None:
    assert PRICES.estimate(sample(service_tier=tier)) == Decimal("0.0045")


def test_a_price_holds_from_its_day_on() -> None:
    tokens = TokenCounts(input=1_000_000, output=0)
    cut = datetime(2026, 8, 21, tzinfo=UTC)

    costs = [
        PRICES.estimate(priced("us.openai.gpt-5.6-sol", tokens, at=moment)) for moment in (cut - timedelta(1), cut)
    ]

    assert costs == [Decimal(11), Decimal("8.8")]


@pytest.mark.parametrize(
    ("model_id", "before", "since"),
    [
        # 2,000 × 0.20, then × 0.10; beside them 1,000 × 2 + 300 × 2.50 + 400 × 4
        ("global.anthropic.claude-sonnet-5-5", "0.00475", "0.00455"),
        # 2,000 × 0.22, then × 0.11; beside them 1,000 × 2.20 + 300 × 2.75 + 400 × 4.40
        ("us.anthropic.claude-sonnet-5-5", "0.005225", "0.005005"),
    ],
)
def test_a_call_before_the_cache_reads_became_cheaper_has_the_price_of_its_day(
    model_id: str, before: str, since: str
) -> None:
    tokens = TokenCounts(input=1_000, output=0, cache_read=2_000, cache_write=700, cache_write_1h=400)
    cut = datetime(2026, 10, 7, tzinfo=UTC)

    costs = [PRICES.estimate(priced(model_id, tokens, at=moment)) for moment in (cut - timedelta(seconds=1), cut)]

    assert costs == [Decimal(before), Decimal(since)]


def test_a_price_that_the_package_dates_itself_is_not_dated_twice(script: ModuleType) -> None:
    row: dict[str, Any] = {"prices": {"cache_read": "0.1"}}

    with pytest.raises(ValueError, match="CACHE_READS_HALVED"):
        script._with_reads_before([row, row], date(2026, 10, 7))


def test_the_longest_of_several_prompts_decides_about_a_long_context() -> None:
    short, long = (TokenCounts(input=300_000, output=100, longest_prompt=longest) for longest in (200_000, 200_001))

    # 300,000 × 3 + 100 × 15
    assert PRICES.estimate(sample(tokens=short)) == Decimal("0.9015")
    assert PRICES.estimate(sample(tokens=long)) is Unpriced.LONG_CONTEXT


def test_writes_of_unknown_duration_are_of_five_minutes_and_zero_tokens_cost_nothing() -> None:
    assert PRICES.estimate(sample(tokens=TokenCounts(input=0, output=0, cache_write=1_000))) == Decimal("0.00375")
    assert PRICES.estimate(sample(tokens=TokenCounts(input=0, output=0))) == 0


def test_without_a_table_every_llm_call_is_unpriced() -> None:
    assert NO_PRICES.estimate(sample()) is Unpriced.UNKNOWN_MODEL


def test_the_models_that_it_knows_are_a_bounded_set_whatever_callers_send() -> None:
    hostile = [f"us.anthropic.claude-sonnet-4-6-{n:08}-v{n}:{n}" for n in range(5_000)]
    hostile += [f"anthropic.claude-3-haiku-20240307-v1:0{n}" for n in range(5_000)]

    assert [model_id for model_id in hostile if PRICES.knows(model_id)] == []
    assert PRICES.knows("eu.amazon.nova-lite-v1:0")
    assert PRICES.knows("us.anthropic.claude-opus-4-5-20251101-v1:0")


counts = st.integers(min_value=0, max_value=2_000_000)
usages = st.builds(
    lambda fresh, output, read, five, hour: TokenCounts(
        input=fresh, output=output, cache_read=read, cache_write=five + hour, cache_write_1h=hour
    ),
    counts,
    counts,
    counts,
    counts,
    counts,
)
models = st.sampled_from(sorted({case["model"] for case in CASES}))


def _cost(model_id: str, tokens: TokenCounts) -> Decimal | None:
    return PRICES.quote(priced(model_id, tokens)).estimated_cost_usd


@given(models, usages)
def test_a_cost_is_never_negative_and_always_a_decimal(model_id: str, tokens: TokenCounts) -> None:
    cost = _cost(model_id, tokens)

    assert cost is None or cost >= 0
    assert isinstance(cost, Decimal | None)


@given(models, usages, st.sampled_from(["input", "output", "cache_read", "cache_write"]), counts)
def test_more_tokens_never_cost_less(model_id: str, tokens: TokenCounts, name: str, more: int) -> None:
    before = _cost(model_id, tokens)
    after = _cost(model_id, replace(tokens, **{name: getattr(tokens, name) + more}))

    assert before is None or after is None or after >= before


@given(usages, usages)
def test_below_every_threshold_a_cost_adds_up_over_tokens(one: TokenCounts, two: TokenCounts) -> None:
    names = ("input", "output", "cache_read", "cache_write", "cache_write_1h")
    both = TokenCounts(**{name: getattr(one, name) + getattr(two, name) for name in names})
    model_id = "global.anthropic.claude-opus-4-5-20251101-v1:0"
    costs = [_cost(model_id, tokens) for tokens in (one, two, both)]

    assert None not in costs
    assert (costs[0] or 0) + (costs[1] or 0) == costs[2]


calls = st.lists(st.builds(priced, models, usages), max_size=6)


@given(calls)
def test_a_request_costs_the_sum_of_its_calls_and_says_how_many_it_lacks(made: list[Invocation]) -> None:
    costs = [PRICES.quote(call).estimated_cost_usd for call in made]
    together = sum((totals_of(call, PRICES.quote(call)) for call in made), start=Totals())
    priced_at = [cost for cost in costs if cost is not None]

    assert together.estimated_cost_usd == (sum(priced_at, start=Decimal(0)) if priced_at else None)
    assert together.unpriced_calls == len(costs) - len(priced_at)
