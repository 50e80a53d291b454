"""Bodies of model calls, read by their shape and never by the operation's name.

Only what a link or a metric needs is named: ids, words, counts, latencies; never a text. Every key is optional and none
can reject its record. A body that is a JSON text, as some exports have it, is read like the JSON that it holds.
"""

from typing import Annotated, TypedDict

from pydantic import AliasChoices, AliasPath, Field, Json
from pydantic.fields import FieldInfo

from request_lens.wire.field_types import DurationMs, LastOf, OrAbsent, OrNone, TokenCount, body_part
from request_lens.wire.messages import Block, Message, OptionalWord

_MEASURED = "amazon-bedrock-invocationMetrics"
"""Where Bedrock writes what it measured of a stream."""

type _OptionalDuration = Annotated[DurationMs, OrAbsent()]
type _OptionalCount = Annotated[TokenCount, OrAbsent()]


@body_part
class RequestBody(TypedDict, total=False):
    """A request's body: that of a conversation has a list of messages, that of an embedding or an image has none."""

    last_message: Annotated[Message, LastOf(), OrAbsent(), Field(alias="messages")]


@body_part
class CacheWrite(TypedDict, total=False):
    """Tokens that Converse wrote to the cache, and how long it keeps them: `ttl` is `5m` or `1h`."""

    ttl: OptionalWord
    tokens: Annotated[_OptionalCount, Field(alias="inputTokens")]


def _first_of(*places: str) -> FieldInfo:
    """A field that stands at the first of these places that a body has: `usage.cacheDetails`, `choices.0.message`."""
    field: FieldInfo = Field(validation_alias=AliasChoices(*map(_path, places)))
    return field


def _path(place: str) -> AliasPath:
    key, *steps = place.split(".")
    return AliasPath(key, *(int(step) if step.isdecimal() else step for step in steps))


@body_part
class ResponseChunk(Message, total=False):
    """A whole response, or one chunk of a streamed one: what any family of models writes at its top.

    Anthropic's message has its content there. Of alternatives the first is read: Bedrock's families give one.
    """

    message: Annotated[
        Message,
        OrAbsent(),
        _first_of(
            "output.message",
            "choices.0.message",  # chat completions: OpenAI, Mistral, Qwen, Jamba …
            "choices.0.delta",
        ),
    ]
    block: Annotated[Block, OrAbsent(), _first_of("content_block", "contentBlockStart.start")]
    stop_reason: Annotated[
        OptionalWord,
        _first_of(
            "stopReason",  # Converse, Nova
            "stop_reason",  # Anthropic, Llama
            "delta.stop_reason",  # Anthropic's message_delta
            "messageStop.stopReason",  # a chunk of Nova
            "choices.0.finish_reason",  # OpenAI, Qwen, Jamba
            "choices.0.stop_reason",  # Mistral's chat completion
            "outputs.0.stop_reason",  # Mistral's text completion
            "results.0.completionReason",  # Titan
            "completionReason",  # a chunk of Titan
            "finish_reason",  # Cohere's chat
            "generations.0.finish_reason",  # Cohere's text generation
            "completions.0.finishReason.reason",  # Jurassic
            "artifacts.0.finishReason",  # Stability
            "finishReason",  # TwelveLabs' Pegasus
        ),
    ]
    latency_ms: Annotated[_OptionalDuration, _first_of("metrics.latencyMs", f"{_MEASURED}.invocationLatency")]
    first_byte_latency_ms: Annotated[_OptionalDuration, _first_of(f"{_MEASURED}.firstByteLatency")]
    guardrail_action: Annotated[OptionalWord, Field(alias="amazon-bedrock-guardrailAction")]
    service_tier: Annotated[OptionalWord, _first_of("serviceTier.type", "service_tier")]
    performance: Annotated[OptionalWord, _first_of("performanceConfig.latency")]
    cache_read: Annotated[
        _OptionalCount,
        _first_of(
            "usage.cacheReadInputTokens",
            "usage.cache_read_input_tokens",
            "message.usage.cache_read_input_tokens",  # Anthropic's message_start
            "usage.cacheReadInputTokenCount",  # Nova
            f"{_MEASURED}.cacheReadInputTokenCount",  # a stream's last chunk
        ),
    ]
    cache_write: Annotated[
        _OptionalCount,
        _first_of(
            "usage.cacheWriteInputTokens",
            "usage.cache_creation_input_tokens",
            "message.usage.cache_creation_input_tokens",
            "usage.cacheWriteInputTokenCount",
            f"{_MEASURED}.cacheWriteInputTokenCount",
        ),
    ]
    cache_write_1h: Annotated[
        _OptionalCount,
        _first_of(
            "usage.cache_creation.ephemeral_1h_input_tokens",
            "message.usage.cache_creation.ephemeral_1h_input_tokens",
        ),
    ]
    cache_details: Annotated[list[Annotated[CacheWrite | None, OrNone()]], OrAbsent(), _first_of("usage.cacheDetails")]


type InputBody = Annotated[RequestBody | Json[RequestBody] | None, Field(union_mode="left_to_right"), OrNone()]
"""`inputBodyJson`; None where it is absent, or of a type that has no messages."""

type _Chunks = list[Annotated[ResponseChunk | None, OrNone()]]

type OutputBody = Annotated[
    _Chunks | ResponseChunk | Json[_Chunks] | Json[ResponseChunk] | None, Field(union_mode="left_to_right"), OrNone()
]
"""`outputBodyJson`. Lists are tried first: a failed try copies the body, which is expensive for thousands of chunks."""
