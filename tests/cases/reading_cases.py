"""Bodies of calls that are not whole, or not of a text model: what is read of them, and what stays unknown."""

from tests.cases.case import Case, Json, ndjson
from tests.cases.lines import ASKED, METRICS, SONNET, called, http, message_start, sides
from tests.support.record_shapes import BEDROCK_ARN

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

READING_CASES = (CODING_AGENT, BROKEN_STREAMS, VIDEO_AND_SPEECH, EMBEDDINGS, GUARDRAILS)
