"""Bodies of model calls, read by their shape and never by the operation's name.

Only what a link or a metric needs is named: ids, words, counts, latencies; never a text. Every key is optional and none
can reject its record. A body that is a JSON text, as some exports have it, is read like the JSON that it holds.
"""

from typing import Annotated, TypedDict

from pydantic import Field, Json, OnErrorOmit
from pydantic.fields import FieldInfo

from request_lens.wire.field_types import DurationMs, IsText, Name, OrNone, body_part, first_of
from request_lens.wire.messages import Block, EarlierTurn, Item, Message, OptionalWord, Turn
from request_lens.wire.usage import Usage

_MEASURED = "amazon-bedrock-invocationMetrics"
"""Where Bedrock writes what it measured of a stream: in its last chunk."""

_AS_LISTED: FieldInfo = Field(union_mode="left_to_right")
"""Of the types of a union the first that fits."""

_OptionalDuration = OnErrorOmit[DurationMs]
_Items = list[Annotated[Item | None, OrNone()]]


@body_part
class RequestBody(TypedDict, total=False):
    """A request's body: that of a conversation has a list of messages, or of items of the Responses API.

    Agents send the whole conversation with every call, and only its end shows what the call is for: what stands before
    is passed over. `is_text`: a text stands where the items would, a question or what is to be embedded.
    """

    last_message: Annotated[OnErrorOmit[Turn], first_of("messages.-1")]
    last_item: Annotated[OnErrorOmit[Turn], first_of("input.-1")]
    is_text: Annotated[OnErrorOmit[Annotated[bool, IsText()]], Field(alias="input")]
    second_last: Annotated[OnErrorOmit[EarlierTurn], first_of("messages.-2", "input.-2")]
    third_last: Annotated[OnErrorOmit[EarlierTurn], first_of("messages.-3", "input.-3")]
    fourth_last: Annotated[OnErrorOmit[EarlierTurn], first_of("messages.-4", "input.-4")]
    service_tier: Annotated[OptionalWord, first_of("serviceTier.type", "service_tier")]
    performance: Annotated[OptionalWord, first_of("performanceConfig.latency")]


@body_part
class Response(TypedDict, total=False):
    """An answer of OpenAI's Responses API; of all families only it has a list as its output."""

    output: OnErrorOmit[_Items]
    status: OptionalWord
    incomplete_reason: Annotated[OptionalWord, first_of("incomplete_details.reason")]
    service_tier: OptionalWord
    usage: OnErrorOmit[Usage]


@body_part
class _Output(TypedDict, total=False):
    """The output of Converse and Nova."""

    message: OnErrorOmit[Message]


@body_part
class ResponseChunk(Message, total=False):
    """One chunk of a streamed response: what any family of models writes at its top.

    Anthropic's message has its content there. Of alternatives the first is read: Bedrock's families give one.
    """

    output: OnErrorOmit[Annotated[_Output | _Items, _AS_LISTED]]
    message: Annotated[
        OnErrorOmit[Message],
        first_of("choices.0.message", "choices.0.delta"),  # chat completions: OpenAI, Mistral, Qwen, Jamba …
    ]
    block: Annotated[OnErrorOmit[Block], first_of("content_block", "contentBlockStart.start")]
    stop_reason: Annotated[
        OptionalWord,
        first_of(
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
    latency_ms: Annotated[_OptionalDuration, first_of("metrics.latencyMs", f"{_MEASURED}.invocationLatency")]
    first_byte_latency_ms: Annotated[_OptionalDuration, first_of(f"{_MEASURED}.firstByteLatency")]
    guardrail_action: Annotated[OptionalWord, Field(alias="amazon-bedrock-guardrailAction")]
    service_tier: Annotated[OptionalWord, first_of("serviceTier.type", "service_tier")]
    performance: Annotated[OptionalWord, first_of("performanceConfig.latency")]
    invoked_model: Annotated[OnErrorOmit[Name], first_of("trace.promptRouter.invokedModelId")]
    usage: OnErrorOmit[Usage]
    usage_at_start: Annotated[OnErrorOmit[Usage], first_of("message.usage")]  # Anthropic's message_start
    usage_measured: Annotated[OnErrorOmit[Usage], Field(alias=_MEASURED)]
    response: OnErrorOmit[Response]  # an event of the Responses API
    item: OnErrorOmit[Item]  # likewise: response.output_item.done


@body_part
class WholeResponse(ResponseChunk, total=False):
    """A whole response: has at its top what a chunk has, or what an event of the Responses API has one level below."""

    status: OptionalWord
    incomplete_reason: Annotated[OptionalWord, first_of("incomplete_details.reason")]


InputBody = Annotated[RequestBody | Json[RequestBody] | None, _AS_LISTED, OrNone()]
"""`inputBodyJson`; None where it is absent, or of a type that has no messages."""

_Chunks = list[Annotated[ResponseChunk | None, OrNone()]]
_BODY = "outputBodyJson"


class OutputBodies(TypedDict, total=False):
    """`outputBodyJson` as the chunks of a stream, or else as a whole response.

    A body that is tried as the wrong one is copied for the error, at the cost of reading it. So what is tried is
    something small in it, where that shows it to be the other: a whole response's stop reason or usage is no list, and
    a stream's first chunk is read like a response.
    """

    chunks: Annotated[
        OnErrorOmit[Annotated[_Chunks | Json[_Chunks], _AS_LISTED]],
        first_of(f"{_BODY}.stopReason", f"{_BODY}.stop_reason", f"{_BODY}.usage", _BODY),
    ]
    whole: Annotated[
        OnErrorOmit[Annotated[WholeResponse | Json[WholeResponse], _AS_LISTED]], first_of(f"{_BODY}.0", _BODY)
    ]
