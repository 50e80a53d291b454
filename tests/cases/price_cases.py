"""What a call costs, by the list prices of its day: the cache, tiers, long prompts, and names of models."""

from tests.cases.case import Case, Json, ndjson
from tests.cases.lines import HAIKU, called, counted, sides
from tests.support.record_shapes import BEDROCK_ARN

OPUS = "global.anthropic.claude-opus-4-8"
NOVA = "us.amazon.nova-2-lite-v1:0"


def hours(name: str, at: float, model: str, counts: Json, **kept: int) -> Json:
    """A call whose body splits its cache writes by how long they are kept, such as `h1=400, m5=300`."""
    ttls = {"h1": "1h", "m5": "5m"}
    details = [{"ttl": ttls[ttl], "inputTokens": tokens} for ttl, tokens in kept.items()]
    usage = {"inputTokens": counts[0], "outputTokens": counts[3], "cacheDetails": details}
    return counted(name, at, model, counts, usage)


TWINS = Case(
    name="cache_counts_under_two_names",
    title="Cache counts that stand under two names each",
    what="Converse of Haiku 4.5 whose usage has cacheReadInputTokens and cacheReadInputTokenCount, and so for writes.",
    right="Each token counts once, by the record's own counts.",
    content=ndjson(
        *(
            counted(
                name,
                at,
                HAIKU,
                (20, read, written, 300),
                {
                    "inputTokens": 20,
                    "outputTokens": 300,
                    "cacheReadInputTokens": read,
                    "cacheReadInputTokenCount": read,
                    "cacheWriteInputTokens": written,
                    "cacheWriteInputTokenCount": written,
                    "cacheDetails": [{"ttl": "5m", "inputTokens": written}] if written else [],
                },
            )
            for name, at, read, written in (("writes", 0, 0, 6_000), ("reads", 60, 6_000, 0))
        )
    ),
    sums={"writes": "20 × 1 + 6000 × 1.25 + 300 × 5 = 0.00902", "reads": "20 × 1 + 6000 × 0.10 + 300 × 5 = 0.00212"},
)

HOUR_LONG = Case(
    name="cache_kept_for_an_hour",
    title="Cache writes kept for an hour, alone and beside those of five minutes",
    what="Converse of Opus 4.8; cacheDetails splits the writes by time to live.",
    right="An hour costs 10 a million, five minutes 6.25.",
    content=ndjson(
        hours("an-hour", 0, OPUS, (8, 0, 9_000, 4), h1=9_000),
        hours("both", 60, OPUS, (8, 0, 4_000, 4), h1=3_000, m5=1_000),
    ),
    sums={
        "an-hour": "8 × 5 + 9000 × 10 + 4 × 25 = 0.09014",
        "both": "8 × 5 + 3000 × 10 + 1000 × 6.25 + 4 × 25 = 0.03639",
    },
)

_OCTOBER = {
    "opus-5.5": ("us.anthropic.claude-opus-5-5", "1000 × 4.40 + 2000 × 0.22 + 300 × 5.50 + 400 × 8.80 = 0.01001"),
    "fable-5.1": ("global.anthropic.claude-fable-5-1", "1000 × 10 + 2000 × 0.25 + 300 × 12.50 + 400 × 20 = 0.02225"),
    "fable-5": ("us.anthropic.claude-fable-5", "1000 × 11 + 2000 × 1.10 + 300 × 13.75 + 400 × 22 = 0.026125"),
    "sonnet-4.6": (
        "us.anthropic.claude-sonnet-4-6",
        "1000 × 3.30 + 2000 × 0.33 + 300 × 4.125 + 400 × 6.60 = 0.0078375",
    ),
}

CACHE_PRICES = Case(
    name="cache_prices_by_model",
    title="Cache prices by model, in October 2026",
    what="1000 tokens read, 2000 from the cache, 300 written for five minutes and 400 for an hour, by four models.",
    right="Reads cost a tenth of the input, of Opus 5.5 a twentieth and of Fable 5.1 a fortieth.",
    content=ndjson(
        *(
            hours(name, at, model, (1_000, 2_000, 700, 0), h1=400, m5=300) | {"timestamp": "2026-10-06T10:00:00Z"}
            for at, (name, (model, _)) in enumerate(_OCTOBER.items())
        )
    ),
    sums={name: total for name, (_, total) in _OCTOBER.items()},
)


def answered_at(name: str, at: float, model: str, body: Json, **fields: Json) -> Json:
    """A call of 1000 tokens in and 100 out, with that output body and those fields of the record."""
    question = {"messages": [{"role": "user", "content": "When?"}]}
    return called(name, at, "Converse", sides(question, body, (1_000, 100)), modelId=model, **fields)


TIERS = Case(
    name="service_tiers_of_the_answer",
    title="Service tiers that the answer names",
    what="Nova 2 Lite by flex, priority, reserved and default, and an open GPT whose answer says null.",
    right="Only the standard tier is in the table: the others are unpriced, never at the standard price.",
    content=ndjson(
        *(
            answered_at(tier, at, NOVA, {"stopReason": "end_turn", "serviceTier": {"type": tier}})
            for at, tier in enumerate(("flex", "priority", "reserved", "default"))
        ),
        answered_at(
            "null",
            10,
            "openai.gpt-oss-20b-1:0",
            {"object": "chat.completion", "service_tier": None, "choices": [{"finish_reason": "stop"}]},
            region="us-west-2",
        ),
    ),
    sums={"default": "1000 × 0.33 + 100 × 2.75 = 0.000605", "null": "1000 × 0.07 + 100 × 0.30 = 0.0001"},
)


def counts_alone(name: str, at: float, model: str, tokens: tuple[int, int], **fields: Json) -> Json:
    """A call with text delivery off."""
    both = ({"inputTokenCount": tokens[0]}, {"outputTokenCount": tokens[1]})
    return called(name, at, "Converse", both, modelId=model, **fields)


LONG_PROMPTS = Case(
    name="long_prompts",
    title="Prompts at and beyond the long-context threshold",
    what="GPT-5.6 Sol with 272,000 and 300,000 tokens in; above 272,000 it is dearer.",
    right="At the threshold the price is the usual one, beyond it that of long prompts, for all tokens of the call.",
    content=ndjson(
        *(
            counts_alone(name, at, "us.openai.gpt-5.6-sol", (tokens, 1_000), timestamp="2026-09-20T10:00:00Z")
            for name, at, tokens in (("at", 0, 272_000), ("beyond", 60, 300_000))
        )
    ),
    sums={
        "at": "272000 × 4.40 + 1000 × 22 = 1.2188",
        "beyond": "300000 × 8.80 + 1000 × 33 = 2.673",
    },
)

_FOUNDATION = "arn:aws:bedrock:us-east-1::foundation-model"
_PRICED = {
    f"{_FOUNDATION}/anthropic.claude-sonnet-4-5-20250929-v1:0": "1000 × 3.30 + 100 × 16.50 = 0.00495",
    "anthropic.claude-3-haiku-20240307-v1:0:48k": "1000 × 0.25 + 100 × 1.25 = 0.000375",
    "us.writer.palmyra-x5-v1:0": "1000 × 0.60 + 100 × 6 = 0.0012",
    "us.openai.gpt-6.1-sol": "1000 × 2.20 + 100 × 11 = 0.0033",
    "global.zai.glm-5.3": "1000 × 1.68 + 100 × 5.28 = 0.002208",
}
_UNPRICED = (
    f"{BEDROCK_ARN}:prompt/AB12CD34EF:3",
    f"{BEDROCK_ARN}:custom-model-deployment/a1b2c3d4e5f6",
    f"{BEDROCK_ARN}:imported-model/a1b2c3d4e5f6",
    f"{BEDROCK_ARN}:provisioned-model/a1b2c3d4e5f6",
    "arn:aws:sagemaker:eu-west-1:123456789012:endpoint/planner",
    f"{BEDROCK_ARN}:application-inference-profile/a1b2c3d4e5f6",
    "us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "anthropic.claude-sonnet-4-5",
    "mistral.mistral-large-2407-v1:0",
    "deepseek.v3-v1:0",
    "qwen.qwen3-235b-a22b-2507-v1:0",
    "ai21.jamba-1-5-large-v1:0",
    "cohere.command-r-plus-v1:0",
    "us.twelvelabs.pegasus-1-2-v1:0",
    "stability.sd3-5-large-v1:0",
    "openai.gpt-oss-safeguard-20b",
    "us.anthropic.claude-mythos-5",
    "amazon.nova-2-lite-v1:0",
    "eu.amazon.nova-2-lite-v1:0",
    "us.amazon.nova-2-pro-preview-20251202-v1:0",
    "minimax.minimax-m2",
)

MODEL_NAMES = Case(
    name="names_of_models",
    title="Names of models",
    what="1000 tokens in and 100 out under 26 ids: bare, by profile, by ARN, of prompts, deployments and endpoints.",
    right="A name costs what the table has for it. What it does not know is unpriced; no similar name stands in.",
    content=ndjson(
        *(
            counts_alone(f"id-{number}", number, model, (1_000, 100))
            for number, model in enumerate((*_PRICED, *_UNPRICED), start=1)
        )
    ),
    sums={f"id-{number}": total for number, total in enumerate(_PRICED.values(), start=1)},
)

PARTITIONS = Case(
    name="other_partitions",
    title="Clouds apart from the commercial one",
    what="The European Sovereign Cloud by profile and by a bare id, and a caller whose ARN is of another partition.",
    right="Ids, Regions and callers are read. The sovereign cloud has no price in the table, so its calls are "
    "unpriced.",
    content=ndjson(
        counts_alone(
            "profile",
            0,
            "arn:aws-eusc:bedrock:eusc-de-east-1:123456789012:inference-profile/"
            "eusc.anthropic.claude-sonnet-4-5-20250929-v1:0",
            (1_000, 100),
            region="eusc-de-east-1",
        ),
        counts_alone("bare", 5, "amazon.nova-lite-v1:0", (1_000, 100), region="eusc-de-east-1"),
        counts_alone(
            "user",
            9,
            "anthropic.claude-3-haiku-20240307-v1:0",
            (1_000, 100),
            region="cn-north-1",
            identity={"arn": "arn:aws-cn:iam::123456789012:user/planner"},
        ),
    ),
    sums={"user": "1000 × 0.25 + 100 × 1.25 = 0.000375"},
    reads=("region", "caller_role"),
)

PRICE_CASES = (TWINS, HOUR_LONG, CACHE_PRICES, TIERS, LONG_PROMPTS, MODEL_NAMES, PARTITIONS)
