"""Calls that ask for tools, and bring their results: by ids of any shape, within one call, or in the text alone."""

from tests.cases.case import Case, Json, ndjson
from tests.cases.lines import ASKED, METRICS, SONNET, called, http, sides

OSS = "openai.gpt-oss-120b-1:0"


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

TOOL_CASES = (CHAT_COMPLETIONS, PARALLEL_TOOLS, SERVER_TOOLS, GROUNDING, CLASSIC_AGENT)
