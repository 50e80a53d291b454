"""What a record and its bodies count becomes tokens, each counted once, and a cost that is worked out by hand."""

import json
from decimal import Decimal

import pytest

from request_lens.adapters.price_list import bedrock_prices
from request_lens.domain.facts import Invocation, TokenCounts
from request_lens.domain.pricing import Estimate, Unpriced
from request_lens.wire.log_record import read_record
from tests.support.record_shapes import INVOCATION_SHAPES, Json, invocation
from tests.support.record_strategies import CANARY

SOL, LUNA, OPUS = "us.openai.gpt-5.6-sol", "us.openai.gpt-5.6-luna", "us.anthropic.claude-opus-4-6-v1"
SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
GPT_OSS = "openai.gpt-oss-20b-1:0"


def read(record: Json) -> Invocation:
    found = read_record(json.dumps(record))
    assert isinstance(found, Invocation), found
    return found


def counted(
    model: str,
    *,
    input: int,  # noqa: A002 - the record's own word
    cache: tuple[int, int] | None = None,
    output: int = 100,
    operation: str = "ConverseStream",
    usage: Json = None,
) -> Invocation:
    """A call whose record has these counts, and perhaps those of the cache, read and written."""
    counts = {} if cache is None else {"cacheReadInputTokenCount": cache[0], "cacheWriteInputTokenCount": cache[1]}
    body = {} if usage is None else {"outputBodyJson": {"usage": usage}}
    sides = {"input": {"inputTokenCount": input, **counts}, "output": {"outputTokenCount": output, **body}}
    where = {"modelId": model, "region": "us-east-1", "timestamp": "2026-09-05T16:20:30Z"}
    return read(invocation(operation, **sides) | where)


def cost(call: Invocation) -> Estimate:
    return bedrock_prices().estimate(call)


def details(count: int, *, cached: int, written: int = 0, name: str = "input_tokens") -> Json:
    return {name: count, f"{name}_details": {"cached_tokens": cached, "cache_write_tokens": written}}


@pytest.mark.parametrize("name", ["input_tokens", "prompt_tokens"])
def test_what_openai_s_apis_count_as_cached_is_taken_out_of_the_input(name: str) -> None:
    usage = details(2_400, cached=2_370, written=28, name=name)
    call = counted(SOL, input=2_400, output=10, operation="Responses", usage=usage)

    assert call.tokens == TokenCounts(input=2, output=10, cache_read=2_370, cache_write=28)
    # 2 × 4.40 + 2,370 × 0.44 + 28 × 5.50 + 10 × 22 = 8.80 + 1,042.80 + 154 + 220
    assert cost(call) == Decimal("0.0014256")


def test_a_vendor_that_answers_in_openai_s_words_counts_as_openai_does() -> None:
    call = counted("us.qwen.qwen3-x", input=2_400, usage=details(2_400, cached=2_370, name="prompt_tokens"))

    assert (call.tokens.input, call.tokens.cache_read, call.tokens.cache_write) == (30, 2_370, 0)


def test_a_record_that_counts_the_rest_already_is_left_alone() -> None:
    call = counted(SOL, input=5_000, usage=details(7_000, cached=2_000))

    assert (call.tokens.input, call.tokens.cache_read) == (5_000, 2_000)


def test_a_stream_of_gpt_counts_its_cache_as_input() -> None:
    call = counted(LUNA, input=200_005, cache=(180_000, 20_000))

    assert call.tokens == TokenCounts(input=5, output=100, cache_read=180_000, cache_write=20_000)
    # 5 × 0.22 + 180,000 × 0.022 + 20,000 × 0.275 + 100 × 1.32 = 1.10 + 3,960 + 5,500 + 132
    assert cost(call) == Decimal("0.0095931")


def test_a_long_prompt_is_one_whose_tokens_are_more_when_each_counts_once() -> None:
    call = counted(LUNA, input=300_005, cache=(280_000, 20_000))

    # over 272,000: 5 × 0.44 + 280,000 × 0.044 + 20,000 × 0.55 + 100 × 1.98 = 2.20 + 12,320 + 11,000 + 198
    assert cost(call) == Decimal("0.0235202")


@pytest.mark.parametrize(
    ("model", "operation", "input"),
    [
        (SOL, "Converse", 9_000),  # keeps its promise
        (SOL, "ConverseStream", 1_999),  # too small to hold the cache's
        (OPUS, "ConverseStream", 9_000),
        (OPUS, "InvokeModel", 9_000),
        ("us.amazon.nova-pro-v1:0", "ConverseStream", 9_000),
    ],
)
def test_an_input_that_is_the_rest_already_is_kept(model: str, operation: str, input: int) -> None:  # noqa: A002
    call = counted(model, input=input, cache=(2_000, 0), operation=operation)

    assert call.tokens.input == input


@pytest.mark.parametrize("cache", [None, (0, 0)])
def test_an_input_without_a_cache_is_kept(cache: tuple[int, int] | None) -> None:
    assert counted(SOL, input=9_000, cache=cache).tokens.input == 9_000


def prompts(*counts: tuple[str, int, int]) -> Json:
    return [{"type": kind, "input_tokens": taken, "output_tokens": made} for kind, taken, made in counts]


COMPACTED = prompts(("compaction", 150_000, 3_000), ("message", 60_000, 1_000))


def test_the_prompts_of_one_call_add_up() -> None:
    usage = {"input_tokens": 60_000, "output_tokens": 1_000, "iterations": COMPACTED}
    call = counted(OPUS, input=60_000, output=1_000, usage=usage)

    assert (call.tokens.input, call.tokens.output) == (210_000, 4_000)
    # 210,000 × 5.50 + 4,000 × 27.50 = 1,155,000 + 110,000
    assert cost(call) == Decimal("1.265")


def test_each_class_of_tokens_adds_up_over_the_prompts() -> None:
    call = read(INVOCATION_SHAPES["invoke_anthropic_compacted"](CANARY))

    assert call.tokens == TokenCounts(
        input=181_011,
        output=3_531,
        cache_read=14,
        cache_write=1_800,
        cache_write_1h=1_000,
        longest_prompt=180_907,  # 180,000 and its 7 and 900 cached ones
    )


def test_a_call_is_as_long_as_its_longest_prompt() -> None:
    usage = {"input_tokens": 60_000, "output_tokens": 1_000, "iterations": COMPACTED}
    call = counted(SONNET, input=60_000, output=1_000, usage=usage)

    # 210,000 in all, none over 200,000: 210,000 × 3.30 + 4,000 × 16.50 = 693,000 + 66,000
    assert cost(call) == Decimal("0.759")

    usage["iterations"] = prompts(("compaction", 200_001, 3_000), ("message", 60_000, 1_000))
    assert cost(counted(SONNET, input=60_000, output=1_000, usage=usage)) is Unpriced.LONG_CONTEXT


def test_a_compaction_after_which_nothing_came_counts_too() -> None:
    iterations = prompts(("compaction", 150_000, 3_000))
    usage = {"input_tokens": 0, "output_tokens": 0, "iterations": iterations}

    assert counted(OPUS, input=0, output=0, usage=usage).tokens.input == 150_000


def test_a_record_that_differs_from_its_body_may_hold_all_prompts_already() -> None:
    usage = {"input_tokens": 60_000, "output_tokens": 1_000, "iterations": COMPACTED}
    call = counted(OPUS, input=210_000, output=4_000, usage=usage)

    assert (call.tokens.input, call.tokens.output) == (210_000, 4_000)


@pytest.mark.parametrize("iterations", [None, "none", [], [7, None], prompts(("advisor_message", 9_000, 90))])
def test_what_is_no_prompt_of_the_model_adds_nothing(iterations: Json) -> None:
    usage = {"input_tokens": 60_000, "output_tokens": 1_000, "iterations": iterations}
    call = counted(OPUS, input=60_000, output=1_000, usage=usage)

    assert call.tokens == TokenCounts(input=60_000, output=1_000)


@pytest.mark.parametrize(("written", "number"), [("1011", 1_011), (1011.0, 1_011), ("0", 0), (0.0, 0)])
def test_a_count_that_an_export_wrote_as_text_or_with_a_fraction_is_read(written: object, number: int) -> None:
    call = read(invocation(input={"inputTokenCount": written}, output={"outputTokenCount": written}))

    assert (call.tokens.input, call.tokens.output) == (number, number)


def of_tier(asked: Json, answered: Json, **record: Json) -> Invocation:
    """A call of a model at 0.07 USD a million input tokens and 0.30 a million output tokens."""
    sides = {
        "input": {"inputBodyJson": asked, "inputTokenCount": 1_000},
        "output": {"outputBodyJson": answered, "outputTokenCount": 100},
    }
    where = {"modelId": GPT_OSS, "region": "us-west-2"}
    return read(invocation("InvokeModel", **sides) | where | record)


STANDARD = Decimal("0.0001")  # 1,000 × 0.07 + 100 × 0.30
CHAT: Json = {"choices": []}
FLEX: Json = {"service_tier": "flex"}
PRIORITY: Json = {"serviceTier": {"type": "priority"}}
FAST: Json = {"performanceConfig": {"latency": "optimized"}}
USUAL: Json = {"performanceConfig": {"latency": "standard"}}


@pytest.mark.parametrize(
    ("asked", "answered", "record", "tier"),
    [
        ({}, CHAT, {}, None),
        ({}, FLEX, {}, "flex"),
        ({}, PRIORITY, {}, "priority"),
        (FLEX, CHAT, {}, "flex"),
        (PRIORITY, {"service_tier": None}, {}, "priority"),
        (FLEX, {"service_tier": "default"}, {}, "default"),
        ({"service_tier": "auto"}, CHAT, {}, None),
        ({"service_tier": "auto"}, {"service_tier": "auto"}, {}, "auto"),
        ({}, CHAT, FAST, "latency_optimized"),
        ({}, FAST, {}, "latency_optimized"),
        (FAST, CHAT, {}, "latency_optimized"),
        (FAST, {"service_tier": "default"}, {}, "latency_optimized"),
        (FAST, USUAL, {}, None),
        (FAST, USUAL | {"service_tier": "default"}, {}, "default"),
        (FAST, FAST, USUAL, None),
    ],
)
def test_a_tier_is_the_answer_s_or_else_the_one_asked_for(
    asked: Json, answered: Json, record: Json, tier: str | None
) -> None:
    call = of_tier(asked, answered, **record)

    assert call.service_tier == tier
    assert cost(call) == (STANDARD if tier in {None, "default"} else Unpriced.SERVICE_TIER)


def routed(model: str, invoked: object) -> Invocation:
    record = INVOCATION_SHAPES["routed"](CANARY) | {"modelId": model, "region": "us-east-1"}
    record["output"]["outputBodyJson"]["trace"]["promptRouter"]["invokedModelId"] = invoked
    del record["output"]["outputBodyJson"]["serviceTier"]
    record["input"] |= {"inputTokenCount": 900, "cacheReadInputTokenCount": 0, "cacheWriteInputTokenCount": 0}
    record["output"]["outputBodyJson"]["usage"] = {}
    return read(record)


ROUTER = "arn:aws:bedrock:us-east-1:123456789012:default-prompt-router/amazon.nova:1"
OWN_ROUTER = "arn:aws:bedrock:us-east-1:123456789012:prompt-router/q1w2e3"
NOVA_LITE = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"
NOVA_PRO = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0"


@pytest.mark.parametrize(
    ("model", "invoked", "name", "usd"),
    [
        # 900 × 0.06 + 31 × 0.24 = 54 + 7.44
        (ROUTER, NOVA_LITE, "amazon.nova-lite-v1:0", "0.00006144"),
        # 900 × 0.80 + 31 × 3.20 = 720 + 99.20
        (OWN_ROUTER, NOVA_PRO, "us.amazon.nova-pro-v1:0", "0.0008192"),
    ],
)
def test_a_prompt_router_s_call_is_of_the_model_that_its_trace_names(
    model: str, invoked: str, name: str, usd: str
) -> None:
    call = routed(model, invoked)

    assert call.model_id == name
    assert cost(call) == Decimal(usd)


@pytest.mark.parametrize("invoked", [None, "", 7, {}, "Tell me a secret", ["amazon.nova-lite-v1:0"]])
def test_a_router_whose_trace_names_no_model_stays_the_router(invoked: object) -> None:
    call = routed(ROUTER, invoked)

    assert call.model_id == "default-prompt-router/amazon.nova:1"
    assert cost(call) is Unpriced.UNKNOWN_MODEL


def test_a_trace_does_not_rename_a_call_of_a_model() -> None:
    assert routed(SOL, NOVA_LITE).model_id == SOL
