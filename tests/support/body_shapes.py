"""Bodies of model calls, as each model family words them; every one takes the text of its prompts and answers."""

import json
from collections.abc import Callable, Mapping
from typing import Any

type Json = Any
type Body = Callable[[str], Json]

INVOCATION_METRICS = "amazon-bedrock-invocationMetrics"
METRICS = {"inputTokenCount": 1011, "outputTokenCount": 31, "invocationLatency": 3848, "firstByteLatency": 509}
GUARDRAIL_ACTION = "amazon-bedrock-guardrailAction"

NOVA_CACHE = {"cacheReadInputTokenCount": 7, "cacheWriteInputTokenCount": 900}

TOOL_RESULT = {"messages": [{"role": "user", "content": [{"toolResult": {"toolUseId": "tooluse_a", "content": []}}]}]}


def converse_question(text: str) -> Json:
    """Converse and Nova: a tool's result comes last."""
    return {
        "messages": [
            {"role": "user", "content": [{"text": text}, {"image": {"format": "png", "source": {"s3Uri": text}}}]},
            {
                "role": "assistant",
                "content": [{"toolUse": {"toolUseId": "tooluse_a", "name": text, "input": {"q": text}}}],
            },
            {"role": "user", "content": [{"toolResult": {"toolUseId": "tooluse_a", "content": [{"text": text}]}}]},
        ],
        "system": [{"text": text}],
        "toolConfig": {"tools": [{"toolSpec": {"name": text, "description": text, "inputSchema": {"json": {}}}}]},
        "serviceTier": {"type": "flex"},
    }


def anthropic_question(text: str) -> Json:
    """Anthropic messages: contents are plain strings or lists, mixed."""
    return {
        "anthropic_version": "bedrock-2023-05-31",
        "system": text,
        "messages": [
            {"role": "user", "content": text},
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": "tooluse_a", "name": text, "input": {"q": text}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "tooluse_a", "content": text}]},
        ],
    }


def openai_question(text: str) -> Json:
    """Chat completions (OpenAI, Mistral, Qwen …): each tool's result is a message of its own."""
    return {
        "messages": [
            {"role": "user", "content": text},
            {"role": "assistant", "tool_calls": [_openai_call("tooluse_a", text), _openai_call("tooluse_z", text)]},
            {"role": "tool", "tool_call_id": "tooluse_a", "content": text},
            {"role": "tool", "tool_call_id": "tooluse_z", "content": text},
        ]
    }


def _openai_call(call_id: str, text: str) -> Json:
    return {"id": call_id, "type": "function", "function": {"name": text, "arguments": json.dumps({"q": text})}}


def converse_answer(text: str) -> Json:
    """Converse: two tool uses, the cache's split, a tier, a guardrail's trace."""
    return {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"text": text},
                    {"toolUse": {"toolUseId": "tooluse_b", "name": text, "input": {"q": text}, "type": "tool_use"}},
                    {"toolUse": {"toolUseId": "tooluse_c", "name": text, "input": {"q": text}, "type": "tool_use"}},
                ],
            }
        },
        "stopReason": "tool_use",
        "metrics": {"latencyMs": 1509},
        "usage": {
            "inputTokens": 1011,
            "outputTokens": 31,
            "cacheReadInputTokens": 7,
            "cacheWriteInputTokens": 900,
            "cacheDetails": [{"ttl": "5m", "inputTokens": 400}, {"ttl": "1h", "inputTokens": 500}],
        },
        "serviceTier": {"type": "flex"},
        "trace": {"guardrail": {"modelOutput": [text]}},
    }


def nova_answer(text: str) -> Json:
    """Nova: Converse's answer without a latency, its cache counts by other names."""
    usage = {"inputTokens": 1011, "outputTokens": 31, **NOVA_CACHE}
    return {key: value for key, value in converse_answer(text).items() if key != "metrics"} | {"usage": usage}


def blocked_by_guardrail(text: str) -> Json:
    """Converse: a guardrail kept the answer back; the trace holds it."""
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": "guardrail_intervened",
        "metrics": {"latencyMs": 271},
        "trace": {"guardrail": {"modelOutput": [text], "inputAssessment": {"abc": {"topicPolicy": {"name": text}}}}},
    }


def anthropic_answer(text: str) -> Json:
    """An Anthropic message with its cache's split."""
    return {
        "type": "message",
        "role": "assistant",
        "content": [
            {"type": "text", "text": text},
            _anthropic_use("tooluse_b", text),
            _anthropic_use("tooluse_c", text),
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": _anthropic_usage(),
    }


def _anthropic_use(tool_use_id: str, text: str) -> Json:
    return {"type": "tool_use", "id": tool_use_id, "name": text, "input": {"q": text}}


def _anthropic_usage() -> Json:
    return {
        "input_tokens": 1011,
        "cache_read_input_tokens": 7,
        "cache_creation_input_tokens": 900,
        "cache_creation": {"ephemeral_5m_input_tokens": 400, "ephemeral_1h_input_tokens": 500},
        "output_tokens": 31,
    }


def anthropic_chunks(text: str) -> list[Json]:
    """Chunks of an Anthropic message; the last one has the latencies."""
    return [
        {"type": "message_start", "message": {"role": "assistant", "content": [], "usage": _anthropic_usage()}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": text}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_start", "index": 1, "content_block": _anthropic_use("tooluse_b", text)},
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": text}},
        {"type": "content_block_start", "index": 2, "content_block": _anthropic_use("tooluse_c", text)},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 31}},
        {"type": "message_stop", INVOCATION_METRICS: METRICS},
    ]


def anthropic_guardrail_chunks(text: str) -> list[Json]:
    """A guardrail stopped the stream: the stop reason does not say so, and the latencies are missing."""
    return [
        {"type": "message_start", "message": {"role": "assistant", "content": []}},
        {"type": "content_block_delta", "delta": {"text": text}, GUARDRAIL_ACTION: "INTERVENED"},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {
            "type": "message_stop",
            GUARDRAIL_ACTION: "INTERVENED",
            "amazon-bedrock-trace": {"guardrail": {"input": text}},
        },
        "[DONE]",
    ]


def nova_chunks(text: str) -> list[Json]:
    """Chunks of Nova."""
    return [
        {"messageStart": {"role": "assistant"}},
        {"contentBlockDelta": {"delta": {"text": text}, "contentBlockIndex": 0}},
        {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "tooluse_b", "name": text}}, "contentBlockIndex": 1}},
        {"contentBlockDelta": {"delta": {"toolUse": {"input": text}}, "contentBlockIndex": 1}},
        {"contentBlockStart": {"start": {"toolUse": {"toolUseId": "tooluse_c", "name": text}}, "contentBlockIndex": 2}},
        {"messageStop": {"stopReason": "tool_use"}},
        {"metadata": {"usage": {"inputTokens": 1011, "outputTokens": 31}}, INVOCATION_METRICS: METRICS | NOVA_CACHE},
    ]


def openai_chunks(text: str) -> list[Json]:
    """Chunks of a chat completion; a bare string ends them."""
    uses = [{"index": 0, **_openai_call("tooluse_b", text)}, {"index": 1, **_openai_call("tooluse_c", text)}]
    return [
        {"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": uses}, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": text}}]}}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}], INVOCATION_METRICS: METRICS},
        "[DONE]",
    ]


def _chat_completion(text: str, word: str) -> Json:
    message = {"content": text, "tool_calls": [_openai_call("tooluse_b", text), _openai_call("tooluse_c", text)]}
    return {"choices": [{"index": 0, "message": {"role": "assistant", **message}, word: "tool_calls"}]}


def responses_question(text: str) -> Json:
    """OpenAI's Responses API: turns, thoughts, tools and their results are items of one list; a reminder comes last."""
    return {
        "model": "us.openai.gpt-6-luna",
        "instructions": text,
        "input": [
            {"role": "user", "content": [{"type": "input_text", "text": text}]},
            {"type": "reasoning", "id": "rs_1", "summary": [{"text": text}], "encrypted_content": text},
            _function_call("tooluse_a", text),
            {"type": "function_call_output", "call_id": "tooluse_a", "output": text},
            {"role": "developer", "content": [{"type": "input_text", "text": text}]},
        ],
        "tools": [{"type": "function", "name": text, "description": text}],
        "metadata": {"note": text},
    }


def _function_call(call_id: str, text: str) -> Json:
    return {"type": "function_call", "id": "fc_1", "call_id": call_id, "name": text, "arguments": text}


RESPONSES_USAGE = {
    "input_tokens": 1011,
    "input_tokens_details": {"cached_tokens": 7, "cache_write_tokens": 900},
    "output_tokens": 31,
    "output_tokens_details": {"reasoning_tokens": 9},
    "total_tokens": 1042,
}
"""The cached tokens are among the 1,011: 104 were neither read from the cache nor written to it."""


def responses_answer(text: str) -> Json:
    """OpenAI's Responses API: two tools for the caller to run, and one that the service ran itself."""
    return {
        "object": "response",
        "status": "completed",
        "incomplete_details": None,
        "instructions": text,
        "output": [
            {"type": "reasoning", "id": "rs_2", "summary": [{"text": text}], "encrypted_content": text},
            {"type": "shell_call", "id": "sh_1", "call_id": "call_s", "action": {"commands": [text]}},
            {"type": "shell_call_output", "id": "so_1", "call_id": "call_s", "output": [{"stdout": text}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]},
            _function_call("tooluse_b", text),
            _function_call("tooluse_c", text),
        ],
        "service_tier": "default",
        "usage": RESPONSES_USAGE,
        "metadata": {"note": text},
    }


def responses_events(text: str) -> list[Json]:
    """The same as a stream of events; the last one has the whole answer."""
    answer = responses_answer(text)
    unfinished = answer | {"status": "in_progress", "output": [], "usage": None}
    return [
        {"type": "response.created", "sequence_number": 0, "response": unfinished},
        {"type": "response.output_item.added", "sequence_number": 1, "item": _function_call("tooluse_b", text)},
        {"type": "response.function_call_arguments.delta", "sequence_number": 2, "item_id": "fc_1", "delta": text},
        {"type": "response.output_text.delta", "sequence_number": 3, "delta": text, "logprobs": [{"token": text}]},
        {"type": "response.output_item.done", "sequence_number": 4, "item": _function_call("tooluse_b", text)},
        {"type": "response.completed", "sequence_number": 5, "response": answer},
    ]


def routed_answer(text: str) -> Json:
    """Converse by a prompt router: the trace names the model that it chose."""
    invoked = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0"
    trace = {"promptRouter": {"invokedModelId": invoked}, "guardrail": {"modelOutput": [text]}}
    return converse_answer(text) | {"trace": trace}


def compacted_answer(text: str) -> Json:
    """An Anthropic message whose conversation was compacted first: its usage leaves out what that took."""
    compaction = _anthropic_usage() | {"type": "compaction", "input_tokens": 180_000, "output_tokens": 3_500}
    message = _anthropic_usage() | {"type": "message"}
    return anthropic_answer(text) | {
        "content": [{"type": "compaction", "content": text}, {"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "usage": _anthropic_usage() | {"iterations": [compaction, message]},
    }


INPUT_BODIES: Mapping[str, Body] = {
    "converse": converse_question,
    "nova": converse_question,
    "anthropic": anthropic_question,
    "openai": openai_question,
    "mistral": openai_question,
    "responses": responses_question,
    "prompt": lambda text: {"prompt": text, "inputText": text, "message": text, "chat_history": [{"message": text}]},
}
"""What was asked, by family; `prompt` stands for all that ask with one text."""

OUTPUT_BODIES: Mapping[str, Body] = {
    "anthropic": anthropic_answer,
    "anthropic_compacted": compacted_answer,
    "anthropic_guardrail": lambda text: {"content": [{"text": text, "type": "text"}], GUARDRAIL_ACTION: "INTERVENED"},
    "nova": nova_answer,
    "openai": lambda text: _chat_completion(text, "finish_reason"),
    "mistral_chat": lambda text: _chat_completion(text, "stop_reason"),
    "mistralai": lambda text: {"outputs": [{"text": text, "stop_reason": "length"}]},
    "titan": lambda text: {"results": [{"tokenCount": 31, "outputText": text, "completionReason": "FINISH"}]},
    "llama": lambda text: {"generation": text, "generation_token_count": 31, "stop_reason": "stop"},
    "cohere": lambda text: {"text": text, "generation_id": "abc", "finish_reason": "COMPLETE"},
    "cohere_command": lambda text: {"generations": [{"text": text, "finish_reason": "MAX_TOKENS"}], "prompt": text},
    "jurassic": lambda text: {"completions": [{"data": {"text": text}, "finishReason": {"reason": "endoftext"}}]},
    "stability": lambda text: {"artifacts": [{"base64": text, "finishReason": "CONTENT_FILTERED"}]},
    "claude2": lambda text: {"completion": text, "stop_reason": "stop_sequence", "stop": text},
    "pegasus": lambda text: {"message": text, "finishReason": "stop"},
    "canvas": lambda text: {"images": [text], "error": None},
    "embeddings": lambda text: {"embeddings": [[0.01, -0.02]], "texts": [text]},
}
"""What InvokeModel answered, by family."""

CHUNK_LISTS: Mapping[str, Body] = {
    "anthropic": anthropic_chunks,
    "anthropic_guardrail": anthropic_guardrail_chunks,
    "nova": nova_chunks,
    "openai": openai_chunks,
    "mistralai": lambda text: [{"outputs": [{"text": text, "stop_reason": "length"}], INVOCATION_METRICS: METRICS}],
    "titan": lambda text: [{"outputText": text, "completionReason": "FINISH", INVOCATION_METRICS: METRICS}],
    "llama": lambda text: [
        {"generation": text},
        {"generation": "", "stop_reason": "stop", INVOCATION_METRICS: METRICS},
    ],
    "cohere": lambda text: [
        {"text": text},
        {"is_finished": True, "finish_reason": "COMPLETE", INVOCATION_METRICS: METRICS},
    ],
    "claude2": lambda text: [
        {"completion": text, "stop_reason": None, "stop": None},
        {"completion": "", "stop_reason": "stop_sequence", "stop": text, INVOCATION_METRICS: METRICS},
    ],
}
"""What InvokeModelWithResponseStream answered, by family."""
