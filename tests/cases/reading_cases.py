"""Bodies of calls as models and their APIs make them: what is read of them, and what stays unknown."""

from tests.cases.case import Case, Json, ndjson
from tests.cases.lines import SONNET, called, http, sides
from tests.support.record_shapes import BEDROCK_ARN

OSS = "openai.gpt-oss-120b-1:0"
METRICS = "amazon-bedrock-invocationMetrics"


def chat(name: str, at: float, operation: str, *, bodies: tuple[Json, Json], counts: tuple[int, int]) -> Json:
    """A call of a GPT that answers a chat completion, plain or as chunks."""
    fields = {"modelId": OSS, "region": "us-west-2"}
    return called(name, at, operation, sides({"messages": bodies[0]}, bodies[1], counts), **fields)


def completion(message: Json, reason: str, **fields: Json) -> Json:
    return {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": message, "finish_reason": reason}],
        **fields,
    }


def chunk(**fields: Json) -> Json:
    return {"object": "chat.completion.chunk", **fields}


def tool_calls(*call_ids: str) -> Json:
    function = {"name": "find_trains", "arguments": "{}"}
    return [{"id": each, "type": "function", "function": function} for each in call_ids]


def tool_results(*call_ids: str) -> list[Json]:
    return [{"role": "tool", "tool_call_id": each, "content": "09:12"} for each in call_ids]


ASKED = {"role": "user", "content": "Which train?"}

CHAT_COMPLETIONS = Case(
    name="chat_completions_tool_loop",
    title="A loop of chat completions, plain and as a stream",
    what="Two ChatCompletions calls of an open GPT: one asks for a tool, the other brings its result and is streamed.",
    right="Stop reasons and tool-call ids are read from both shapes, the latency from the stream's metrics alone.",
    content=ndjson(
        chat(
            "ask",
            1,
            "ChatCompletions",
            bodies=(
                [{"role": "developer", "content": "Be short."}, ASKED],
                completion({"content": None, "tool_calls": tool_calls("call_train")}, "tool_calls"),
            ),
            counts=(200, 50),
        ),
        chat(
            "bring",
            3,
            "ChatCompletions",
            bodies=(
                [ASKED, {"role": "assistant", "tool_calls": tool_calls("call_train")}, *tool_results("call_train")],
                [
                    chunk(choices=[{"index": 0, "delta": {"content": "The 09:12."}, "finish_reason": None}]),
                    chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]),
                    chunk(choices=[], **{METRICS: {"invocationLatency": 700, "firstByteLatency": 90}}),
                ],
            ),
            counts=(240, 10),
        ),
    ),
    sums={"ask": "200 × 0.15 + 50 × 0.60 = 0.00006", "bring": "240 × 0.15 + 10 × 0.60 = 0.000042"},
    reads=("conversation",),
)

PARALLEL_TOOLS = Case(
    name="chat_completions_parallel_tools",
    title="Two tools asked for at once, each with a message of its own",
    what="A chat completion asks for two tools; their results are two messages. A shorter request overlaps "
    "the first call.",
    right="Both ids tie the second call to the first: 2 calls and 0, although both requests were open at first.",
    content=ndjson(
        http("first", 0.3, 9_000),
        http("second", 1.3, 2_500),
        chat(
            "ask",
            0.5,
            "InvokeModel",
            bodies=([ASKED], completion({"tool_calls": tool_calls("call_out", "call_back")}, "tool_calls")),
            counts=(300, 40),
        ),
        chat(
            "bring",
            6,
            "InvokeModel",
            bodies=(
                [
                    ASKED,
                    {"role": "assistant", "tool_calls": tool_calls("call_out", "call_back")},
                    *tool_results("call_out", "call_back"),
                ],
                completion({"content": "Both run."}, "stop"),
            ),
            counts=(300, 40),
        ),
    ),
)


def anthropic(name: str, at: float, answer: Json, counts: tuple[int, int], **fields: Json) -> Json:
    """An InvokeModel call of Claude: its log has no latency."""
    question = {"anthropic_version": "bedrock-2023-05-31", "messages": [ASKED]}
    body = {"type": "message", "role": "assistant", **answer}
    return called(name, at, "InvokeModel", sides(question, body, counts), **{"modelId": SONNET, **fields})


def usage(counts: tuple[int, int]) -> Json:
    return {"input_tokens": counts[0], "output_tokens": counts[1]}


SERVER_TOOLS = Case(
    name="tools_run_by_the_provider",
    title="Tools that the provider runs within one call",
    what="Claude looks for a tool by a search of the provider's, pauses its turn, and refuses.",
    right="Each is one call with its own stop reason. What the provider's tool is asked for, no later call brings.",
    content=ndjson(
        anthropic(
            "search",
            0,
            {
                "content": [
                    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "tool_search_tool_bm25", "input": {}},
                    {"type": "tool_search_tool_result", "tool_use_id": "srvtoolu_1", "content": {}},
                    {"type": "text", "text": "Found."},
                ],
                "stop_reason": "end_turn",
            },
            (300, 40),
        ),
        anthropic("pause", 10, {"content": [{"type": "text", "text": "…"}], "stop_reason": "pause_turn"}, (300, 40)),
        anthropic("refusal", 20, {"content": [], "stop_reason": "refusal"}, (300, 1)),
    ),
    sums={"search": "300 × 3.30 + 40 × 16.50 = 0.00165", "refusal": "300 × 3.30 + 1 × 16.50 = 0.0010065"},
    reads=("conversation",),
)

GROUNDING = Case(
    name="grounding_within_one_call",
    title="An answer that the provider grounds by a search",
    what="Converse of Nova 2 Lite: the answer holds the tool's use and its result, both made by the provider.",
    right="One call at the list price; the search's own fee is not in the table.",
    content=ndjson(
        called(
            "grounded",
            0,
            "Converse",
            sides(
                {"messages": [{"role": "user", "content": [{"text": "When?"}]}]},
                {
                    "output": {
                        "message": {
                            "role": "assistant",
                            "content": [
                                {"toolUse": {"toolUseId": "tooluse_ground", "name": "nova_grounding", "input": {}}},
                                {"toolResult": {"toolUseId": "tooluse_ground", "content": [{"json": {}}]}},
                                {"text": "At noon."},
                            ],
                        }
                    },
                    "stopReason": "end_turn",
                    "metrics": {"latencyMs": 4_800},
                },
                (2_000, 300),
            ),
            modelId="us.amazon.nova-2-lite-v1:0",
        )
    ),
    sums={"grounded": "2000 × 0.33 + 300 × 2.75 = 0.001485"},
)


def message_start(**counts: Json) -> Json:
    return {"type": "message_start", "message": {"role": "assistant", "content": [], "usage": counts}}


CODING_AGENT = Case(
    name="stream_without_an_input_body",
    title="A coding agent's stream whose input was too large to log",
    what="InvokeModelWithResponseStream of Opus 4.6: no input body, cache writes kept for an hour, told by "
    "the first chunk.",
    right="Latency, stop reason and the hour are read from the chunks; which result it brings is unknown, not none.",
    content=ndjson(
        called(
            "edit",
            12,
            "InvokeModelWithResponseStream",
            (
                {"inputTokenCount": 4, "cacheReadInputTokenCount": 0, "cacheWriteInputTokenCount": 30_000},
                sides(
                    None,
                    [
                        message_start(
                            input_tokens=4,
                            cache_creation_input_tokens=30_000,
                            cache_creation={"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 30_000},
                        ),
                        {"type": "content_block_start", "content_block": {"type": "tool_use", "id": "toolu_1"}},
                        {
                            "type": "message_delta",
                            "delta": {"stop_reason": "tool_use"},
                            "usage": {"output_tokens": 120},
                        },
                        {"type": "message_stop", METRICS: {"invocationLatency": 6_000, "firstByteLatency": 1_400}},
                    ],
                    (0, 120),
                )[1],
            ),
            modelId=f"{BEDROCK_ARN}:inference-profile/global.anthropic.claude-opus-4-6-v1",
            inferenceRegion="ap-southeast-4",
        )
    ),
    sums={"edit": "4 × 5 + 30000 × 10 + 120 × 25 = 0.30302"},
    notes=True,
)

BROKEN_STREAMS = Case(
    name="streams_that_broke_off",
    title="Streams that broke off and say so nowhere",
    what="Converse without usage or stop reason, and an Anthropic stream that ends after its first words; "
    "both have counts.",
    right="Both are LLM calls and are paid for: 800 × 3.30 + 1200 × 16.50 = $0.02244 each. Their stop reason "
    "is unknown.",
    content=ndjson(
        called(
            "half",
            0,
            "ConverseStream",
            sides(
                {"messages": [{"role": "user", "content": [{"text": "All of it."}]}]},
                {"output": {"message": {"role": "assistant", "content": [{"text": "It be"}]}}},
                (800, 1_200),
            ),
            modelId=SONNET,
        ),
        called(
            "begun",
            60,
            "InvokeModelWithResponseStream",
            sides(
                {"anthropic_version": "bedrock-2023-05-31", "messages": [ASKED]},
                [
                    message_start(input_tokens=800, output_tokens=1),
                    {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "It"}},
                ],
                (800, 1_200),
            ),
            modelId=SONNET,
        ),
    ),
    sums={"half": "800 × 3.30 + 1200 × 16.50 = 0.02244", "begun": "800 × 3.30 + 1200 × 16.50 = 0.02244"},
)

VIDEO_AND_SPEECH = Case(
    name="video_and_speech",
    title="A video and a spoken conversation",
    what="StartAsyncInvoke of a video model, without any count, and a bidirectional stream of speech, with counts.",
    right="Both are LLM calls. What is not counted is unknown, and neither has a price in the table.",
    notes=True,
    content=ndjson(
        called(
            "video",
            0,
            "StartAsyncInvoke",
            (
                {"inputBodyJson": {"taskType": "TEXT_VIDEO", "textToVideoParams": {"text": "a lake"}}},
                {"outputVideoS3Path": "s3://example/out/output.mp4", "outputVideoDurationSeconds": 6.0},
            ),
            modelId="amazon.nova-reel-v1:1",
            status="Completed",
        ),
        called(
            "speech",
            60,
            "InvokeModelWithBidirectionalStream",
            sides(
                [{"event": {"sessionStart": {"inferenceConfiguration": {"maxTokens": 1024}}}}],
                [{"event": {"usageEvent": {"totalInputTokens": 300, "totalOutputTokens": 90}}}],
                (300, 90),
            ),
            modelId="amazon.nova-2-sonic-v1:0",
        ),
    ),
)


def embedded(name: str, at: float, model: str, *, bodies: tuple[Json, Json], count: int) -> Json:
    """A call that counts no output: an embedding, or documents put in order."""
    return called(name, at, "InvokeModel", sides(*bodies, (count, None)), modelId=model)


EMBEDDINGS = Case(
    name="embeddings_and_reranking",
    title="Embeddings and documents put in order",
    what="InvokeModel of Titan, Cohere and Nova embeddings and of a reranker: no output is counted.",
    right="Output tokens are unknown. Titan costs by its input alone; the table has no price of the others.",
    content=ndjson(
        embedded(
            "titan",
            0,
            "amazon.titan-embed-text-v2:0",
            bodies=({"inputText": "lake"}, {"embedding": [0.1]}),
            count=100,
        ),
        embedded(
            "cohere",
            1,
            "cohere.embed-v4:0",
            bodies=({"texts": ["lake"]}, {"embeddings": {"float": [[0.1]]}}),
            count=4,
        ),
        embedded(
            "rerank",
            2,
            "cohere.rerank-v3-5:0",
            bodies=({"query": "lake"}, {"results": [{"index": 0, "relevance_score": 0.9}]}),
            count=60,
        ),
        embedded(
            "nova",
            3,
            "amazon.nova-2-multimodal-embeddings-v1:0",
            bodies=({"taskType": "SINGLE_EMBEDDING"}, {"embeddings": [{"embedding": [0.1]}]}),
            count=7,
        ),
    ),
    sums={"titan": "100 × 0.02 = 0.000002"},
)

_AGENTS_CALLER = "arn:aws:sts::123456789012:assumed-role/AmazonBedrockExecutionRoleForAgents_1AB2/BedrockAgents-c"

CLASSIC_AGENT = Case(
    name="classic_agent_without_tool_ids",
    title="A Bedrock agent of the classic kind",
    what="Three InvokeModel calls by the agent's service role; tools are asked for in the text, so there are no ids.",
    right="Each is linked by its time alone; without a latency in the log, the request's times are unknown.",
    content=ndjson(
        http("booking", 0.3, 9_000),
        *(
            anthropic(
                f"step-{number}",
                at,
                {"content": [{"type": "text", "text": "<function_calls>"}], "stop_reason": "stop_sequence"},
                (700, 80),
                modelId="anthropic.claude-3-5-sonnet-20240620-v1:0",
                identity={"arn": _AGENTS_CALLER},
            )
            for number, at in enumerate((1, 3, 6), start=1)
        ),
    ),
    sums={"step-1": "700 × 3 + 80 × 15 = 0.0033"},
)

GUARDRAILS = Case(
    name="guardrail_stopped_the_answer",
    title="A guardrail stopped the answer",
    what="Converse that a guardrail stopped before the model was asked, with counts of 0, and InvokeModel "
    "without counts.",
    right="The counts of 0 are known: it cost nothing. Without counts the cost is unknown, and the call is unpriced.",
    content=ndjson(
        http("blocked", 0.3, 1_500),
        called(
            "counted",
            0.5,
            "Converse",
            sides(
                {"messages": [{"role": "user", "content": [{"text": "No."}]}]},
                {
                    "output": {"message": {"role": "assistant", "content": [{"text": "Blocked."}]}},
                    "stopReason": "guardrail_intervened",
                    "metrics": {"latencyMs": 310},
                },
                (0, 0),
                cacheReadInputTokenCount=0,
                cacheWriteInputTokenCount=0,
            ),
        ),
        http("masked", 60.3, 1_500),
        called(
            "uncounted",
            60.5,
            "InvokeModel",
            (
                {"inputBodyJson": {"anthropic_version": "bedrock-2023-05-31", "messages": [ASKED]}},
                {
                    "outputBodyJson": {
                        "amazon-bedrock-guardrailAction": "INTERVENED",
                        "content": [{"type": "text", "text": "Blocked."}],
                        "stop_reason": "end_turn",
                    }
                },
            ),
        ),
    ),
    reads=("guardrail_intervened",),
)

READING_CASES = (
    CHAT_COMPLETIONS,
    PARALLEL_TOOLS,
    SERVER_TOOLS,
    GROUNDING,
    CODING_AGENT,
    BROKEN_STREAMS,
    VIDEO_AND_SPEECH,
    EMBEDDINGS,
    CLASSIC_AGENT,
    GUARDRAILS,
)
