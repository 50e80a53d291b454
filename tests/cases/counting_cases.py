"""What counts where: the ways in which vendors count tokens, and what a record says in other places than the usual."""

from tests.cases.case import Case, Json, ndjson
from tests.cases.lines import HAIKU, called, http, sides, throttled
from tests.support.record_shapes import BEDROCK_ARN

SOL, LUNA, SIX = "us.openai.gpt-5.6-sol", "us.openai.gpt-5.6-luna", "us.openai.gpt-6-luna"
OPUS, SONNET = "us.anthropic.claude-opus-4-6-v1", "us.anthropic.claude-sonnet-4-6"
NEWER_SONNET = "global.anthropic.claude-sonnet-5-5"
OSS = "openai.gpt-oss-20b-1:0"
SEPTEMBER = "2026-09-05T09:00:00Z"
ASKED = {"role": "user", "content": [{"type": "input_text", "text": "Which train?"}]}
SAID = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "The 09:12."}]}


def response(*items: Json, usage: tuple[int, int, int, int], status: str = "completed", reason: str = "") -> Json:
    """An answer of the Responses API; its usage is input, cached and written tokens of that, and output."""
    total, cached, written, said = usage
    return {
        "object": "response",
        "status": status,
        "incomplete_details": {"reason": reason} if reason else None,
        "output": list(items),
        "service_tier": "default",
        "usage": {
            "input_tokens": total,
            "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
            "output_tokens": said,
        },
    }


def responses(name: str, at: float, model: str, items: list[Json], answer: Json, **fields: Json) -> Json:
    """A call by the Responses API; the record counts input and output as the answer's usage does."""
    usage, body = answer["usage"], fields.pop("events", answer)
    both = sides({"model": model, "input": items}, body, (usage["input_tokens"], usage["output_tokens"]))
    return called(name, at, "Responses", both, modelId=model, **fields)


WARM = Case(
    name="responses_with_a_warm_cache",
    title="The Responses API with a warm cache that the body alone counts",
    what="GPT-5.6 Sol; the record has 2400 tokens in, the body says that 2370 of them are cached and 28 written.",
    right="2 tokens are left as input; each token costs once.",
    content=ndjson(
        responses("warm", 0, SOL, [ASKED], response(SAID, usage=(2_400, 2_370, 28, 10)), timestamp=SEPTEMBER)
    ),
    sums={"warm": "2 × 4.40 + 2370 × 0.44 + 28 × 5.50 + 10 × 22 = 0.0014256"},
)

_USE = {"type": "function_call", "id": "fc_1", "call_id": "call_train", "name": "find_trains", "arguments": "{}"}
_RESULT = {"type": "function_call_output", "call_id": "call_train", "output": "09:12"}
_THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}
_ANSWER = response(SAID, usage=(460, 0, 0, 20))
_EVENTS = [
    {"type": "response.created", "response": {"status": "in_progress", "output": [], "usage": None}},
    {"type": "response.output_item.added", "item": {"type": "message", "role": "assistant", "content": []}},
    {"type": "response.output_text.delta", "delta": "The 09:12."},
    {"type": "response.completed", "response": _ANSWER},
]

RESPONSES_LOOP = Case(
    name="responses_tool_loop",
    title="A loop of the Responses API",
    what="Two calls, the second as events: one asks for a tool, the other brings its result. Another request overlaps "
    "the first call, and a third call is cut off.",
    right="The tool's call_id ties the two calls to one request. A call for a tool ends with tool_use, any other as "
    "the API says.",
    content=ndjson(
        http("first", 0.3, 9_000),
        http("second", 4.3, 2_500),
        responses("ask", 1, SIX, [ASKED], response(_THOUGHT, _USE, usage=(400, 0, 0, 30))),
        responses("bring", 5, SIX, [ASKED, _THOUGHT, _USE, _RESULT], _ANSWER, events=_EVENTS),
        responses(
            "cut-off",
            60,
            SIX,
            [ASKED],
            response(SAID, usage=(400, 0, 0, 800), status="incomplete", reason="max_output_tokens"),
        ),
    ),
    sums={
        "ask": "400 × 0.11 + 30 × 0.55 = 0.0000605",
        "bring": "460 × 0.11 + 20 × 0.55 = 0.0000616",
        "cut-off": "400 × 0.11 + 800 × 0.55 = 0.000484",
    },
    reads=("conversation", "stop_reason"),
)


def converse_counted(name: str, at: float, operation: str, counts: tuple[int, int, int, int], **fields: Json) -> Json:
    """A call of GPT-5.6 Luna whose record counts input, cache reads, cache writes and output."""
    count, read, written, said = counts
    body = {"stopReason": "end_turn", "metrics": {"latencyMs": 900}}
    cache = {"cacheReadInputTokenCount": read, "cacheWriteInputTokenCount": written}
    both = sides({"messages": [{"role": "user", "content": [{"text": "When?"}]}]}, body, (count, said), **cache)
    return called(name, at, operation, both, modelId=LUNA, timestamp=SEPTEMBER, **fields)


GPT_STREAMS = Case(
    name="gpt_counts_its_cache_as_input",
    title="Streams of GPT whose input includes the cache",
    what="GPT-5.6 Luna: two ConverseStream calls whose input holds the cached tokens, one a long prompt by their sum "
    "only if they count twice, one long in itself; a Converse call whose input does not.",
    right="Each token costs once. The threshold of 272,000 counts the prompt once.",
    content=ndjson(
        converse_counted("short", 0, "ConverseStream", (150_004, 130_000, 20_000, 600)),
        converse_counted("long", 60, "ConverseStream", (300_004, 280_000, 20_000, 600)),
        converse_counted("whole", 120, "Converse", (9_000, 2_000, 0, 600)),
    ),
    sums={
        "short": "4 × 0.22 + 130000 × 0.022 + 20000 × 0.275 + 600 × 1.32 = 0.00915288",
        "long": "4 × 0.44 + 280000 × 0.044 + 20000 × 0.55 + 600 × 1.98 = 0.02450976",
        "whole": "9000 × 0.22 + 2000 × 0.022 + 600 × 1.32 = 0.002816",
    },
)


def invoked(name: str, at: float, model: str, bodies: tuple[Json, Json], counts: tuple[int, int], **more: Json) -> Json:
    return called(name, at, "InvokeModel", sides(*bodies, counts), modelId=model, **more)


_USAGE = {"input_tokens": 60_000, "output_tokens": 1_000}
_PROMPTS = [{"type": "compaction", "input_tokens": 150_000, "output_tokens": 3_000}, {"type": "message", **_USAGE}]

COMPACTED = Case(
    name="conversation_compacted_in_a_call",
    title="A call that compacted its conversation first",
    what="InvokeModel of Opus 4.6: usage counts the answer's prompt, usage.iterations that of the compaction too.",
    right="Both prompts were used: 210,000 tokens in, 4000 out.",
    content=ndjson(
        invoked(
            "compacted",
            0,
            OPUS,
            (
                {"messages": [{"role": "user", "content": "go on"}]},
                {
                    "content": [{"type": "compaction", "content": "Summary."}, {"type": "text", "text": "Done."}],
                    "stop_reason": "end_turn",
                    "usage": {**_USAGE, "iterations": _PROMPTS},
                },
            ),
            (60_000, 1_000),
        )
    ),
    sums={"compacted": "210000 × 5.50 + 4000 × 27.50 = 1.265"},
)


def routed(name: str, at: float, router: str, model: str, said: int) -> Json:
    body = {"stopReason": "end_turn", "trace": {"promptRouter": {"invokedModelId": model}}}
    question = {"messages": [{"role": "user", "content": [{"text": "When?"}]}]}
    return called(name, at, "Converse", sides(question, body, (900, said)), modelId=f"{BEDROCK_ARN}:{router}")


ROUTERS = Case(
    name="prompt_routers",
    title="Calls by prompt routers",
    what="Converse by the default router of Nova and by a router of one's own; the answer's trace names the model.",
    right="The call is of the model that the trace names, at its price.",
    content=ndjson(
        routed(
            "default",
            0,
            "default-prompt-router/amazon.nova:1",
            "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0",
            120,
        ),
        routed("own", 60, "prompt-router/a1b2c3", f"{BEDROCK_ARN}:inference-profile/us.amazon.nova-pro-v1:0", 400),
    ),
    sums={"default": "900 × 0.06 + 120 × 0.24 = 0.0000828", "own": "900 × 0.80 + 400 × 3.20 = 0.002"},
    reads=("model_id",),
)

_FAST = {"performanceConfig": {"latency": "optimized"}}
_CHAT = {"object": "chat.completion", "choices": [{"finish_reason": "stop"}]}

ASKED_FOR = Case(
    name="tiers_beside_the_answer",
    title="Low latency and service tiers that the answer does not name",
    what="Low latency told by the record itself; flex asked for, and no tier named; auto asked for, and named.",
    right="A tier that the table has no price for is unpriced. To ask for auto is to ask for none.",
    content=ndjson(
        invoked("fast", 0, SONNET, ({"messages": []}, {"stop_reason": "end_turn"}), (1_000, 100), **_FAST),
        invoked("flex", 10, OSS, ({"messages": [], "service_tier": "flex"}, _CHAT), (1_000, 100)),
        invoked("auto-asked", 20, OSS, ({"messages": [], "service_tier": "auto"}, _CHAT), (1_000, 100)),
        invoked("auto-named", 30, OSS, ({"messages": []}, {**_CHAT, "service_tier": "auto"}), (1_000, 100)),
    ),
    sums={"auto-asked": "1000 × 0.07 + 100 × 0.30 = 0.0001"},
)


def cached(name: str, day: str) -> Json:
    """1000 tokens in, 2000 from the cache and 700 written to it, 400 of them for an hour."""
    details = [{"ttl": "1h", "inputTokens": 400}, {"ttl": "5m", "inputTokens": 300}]
    body = {"stopReason": "end_turn", "usage": {"cacheDetails": details}}
    cache = {"cacheReadInputTokenCount": 2_000, "cacheWriteInputTokenCount": 700}
    both = sides({"messages": []}, body, (1_000, 0), **cache)
    return called(name, 0, "Converse", both, modelId=NEWER_SONNET, timestamp=f"{day}T10:00:00Z")


def of_sol(name: str, day: str) -> Json:
    both = ({"inputTokenCount": 10_000}, {"outputTokenCount": 1_000})
    return called(name, 0, "Converse", both, modelId=SOL, timestamp=f"{day}T10:00:00Z")


PRICES_OF_DAYS = Case(
    name="prices_of_their_days",
    title="Calls before and after a price changed",
    what="Sonnet 5.5 around 2026-10-07, when its cache reads became cheaper; GPT-5.6 Sol around 2026-08-21, and after "
    "the day until which that promotion was promised.",
    right="A call has the price of its day. Sol's price stands until another is seen.",
    content=ndjson(
        of_sol("sol-before", "2026-08-20"),
        of_sol("sol-since", "2026-08-21"),
        cached("reads-before", "2026-10-06"),
        cached("reads-since", "2026-10-07"),
        of_sol("sol-later", "2026-11-25"),
    ),
    sums={
        "sol-before": "10000 × 5.50 + 1000 × 33 = 0.088",
        "sol-since": "10000 × 4.40 + 1000 × 22 = 0.066",
        "reads-before": "1000 × 2 + 2000 × 0.20 + 300 × 2.50 + 400 × 4 = 0.00475",
        "reads-since": "1000 × 2 + 2000 × 0.10 + 300 × 2.50 + 400 × 4 = 0.00455",
        "sol-later": "10000 × 4.40 + 1000 × 22 = 0.066",
    },
)

BROKEN_OFF = Case(
    name="calls_that_failed",
    title="Calls that failed: throttled, refused, broken off",
    what="Attempts with three errors that are throttles or look like them, and a stream that broke off after tokens.",
    right="The errors of status 429 are throttles, a quota's is not. What broke off is unpriced: it may be charged.",
    content=ndjson(
        http("ask", 0.3, 9_000),
        throttled("throttling", 1),
        throttled("not-ready", 2, "ModelNotReadyException"),
        throttled("quota", 3, "ServiceQuotaExceededException"),
        called(
            "broken-off",
            4,
            "ConverseStream",
            sides(
                {"messages": [{"role": "user", "content": [{"text": "A long story."}]}]},
                {"output": {"message": {"role": "assistant", "content": [{"text": "Once"}]}}},
                (800, 1_200),
            ),
            modelId=SONNET,
            errorCode="ModelStreamErrorException",
        ),
    ),
)


def claude(name: str, at: float, messages: list[Json], content: list[Json], reason: str) -> Json:
    answer = {"type": "message", "role": "assistant", "content": content, "stop_reason": reason}
    return invoked(name, at, HAIKU, ({"messages": messages}, answer), (500, 60))


_ASKS = [{"type": "tool_use", "id": "toolu_train", "name": "find_trains", "input": {}}]
_HISTORY: list[Json] = [
    {"role": "user", "content": "Which train?"},
    {"role": "assistant", "content": _ASKS},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_train", "content": "09:12"}]},
    {"role": "user", "content": [{"type": "text", "text": "Answer in one line."}]},
]

REMINDER = Case(
    name="result_before_a_reminder",
    title="A tool's result with a reminder after it",
    what="Two requests overlap; the second call of the first one brings a result, and a text in a message of its own.",
    right="All messages since the model's last turn count: the result ties the second call to the first request.",
    content=ndjson(
        http("first", 0.2, 9_000),
        http("second", 4.3, 4_500),
        claude("ask", 0, _HISTORY[:1], _ASKS, "tool_use"),
        claude("bring", 5, _HISTORY, [{"type": "text", "text": "The 09:12."}], "end_turn"),
    ),
    reads=("conversation",),
)


def exported(name: str, at: float, counts: tuple[Json, Json]) -> Json:
    return called(name, at, "Converse", ({"inputTokenCount": counts[0]}, {"outputTokenCount": counts[1]}))


EXPORTS = Case(
    name="counts_of_exports",
    title="Counts as exports write them, and keys that they join",
    what="Token counts as text and with a fraction of 0; a record whose keys are joined by dots.",
    right="Numbers are read however they are written. Joined keys leave their parts unknown, which inspect says.",
    content=ndjson(
        exported("text", 0, ("25", "150")),
        exported("fraction", 10, (25.0, 150.0)),
        called("dotted", 20, "Converse", (None, None)) | {"input.inputTokenCount": 25, "output.outputTokenCount": 150},
    ),
    sums={"text": "25 × 1 + 150 × 5 = 0.000775", "fraction": "25 × 1 + 150 × 5 = 0.000775"},
    notes=True,
)

COUNTING_CASES = (
    WARM,
    RESPONSES_LOOP,
    GPT_STREAMS,
    COMPACTED,
    ROUTERS,
    ASKED_FOR,
    PRICES_OF_DAYS,
    BROKEN_OFF,
    REMINDER,
    EXPORTS,
)
