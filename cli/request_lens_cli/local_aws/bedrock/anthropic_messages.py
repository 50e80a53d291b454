"""The shapes of InvokeModel, plain and streamed, for a model of Anthropic's Messages API."""

import base64
import json
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from request_lens_cli.local_aws.bedrock.event_stream import Event, JsonObject
from request_lens_cli.local_aws.bedrock.model_call import Timing
from request_lens_cli.local_aws.bedrock.scripted_model import Conversation, Turn, pieces


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Block(_Part):
    type: str
    text: str | None = None
    content: str | tuple["_Block", ...] | None = None


class _Message(_Part):
    content: str | tuple[_Block, ...]

    @property
    def blocks(self) -> tuple[_Block, ...]:
        """The content, of which a text alone is the short form."""
        return (_Block(type="text", text=self.content),) if isinstance(self.content, str) else self.content


class _Tool(_Part):
    name: str


class _Body(_Part):
    messages: tuple[_Message, ...] = Field(min_length=1)
    tools: tuple[_Tool, ...] = ()


def conversation_of(body: bytes) -> Conversation:
    """What a body asks. Raises: pydantic.ValidationError."""
    asked = _Body.model_validate_json(body)
    texts = [block.text for message in asked.messages for block in message.blocks if block.text]
    results = [block for block in asked.messages[-1].blocks if block.type == "tool_result"]
    return Conversation(
        prompt=texts[-1] if texts else "",
        tool_result=_told(results[-1]) if results else None,
        tools=tuple(tool.name for tool in asked.tools),
        characters=len(body),
    )


def _told(result: _Block) -> str:
    if isinstance(result.content, str):
        return result.content
    return " ".join(block.text for block in result.content or () if block.text is not None)


def logged_input(body: JsonObject) -> JsonObject:
    """The body as it is logged."""
    return body


def whole(turn: Turn, timing: Timing) -> JsonObject:  # noqa: ARG001 - this answer does not say what it took
    """The answer of InvokeModel."""
    return {
        **_opening(turn),
        "content": _content(turn),
        "stop_reason": turn.stop_reason,
        "usage": {"input_tokens": turn.input_tokens, "output_tokens": turn.output_tokens},
    }


def _opening(turn: Turn) -> dict[str, JsonValue]:
    return {
        "id": "msg_bdrk_standin",
        "type": "message",
        "role": "assistant",
        "model": "scripted",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": turn.input_tokens, "output_tokens": 1},
    }


def _content(turn: Turn) -> list[JsonValue]:
    content: list[JsonValue] = [{"type": "text", "text": turn.text}]
    if (tool := turn.tool) is not None:
        content.append({"type": "tool_use", "id": tool.tool_use_id, "name": tool.name, "input": {**tool.arguments}})
    return content


def _chunks(turn: Turn) -> Iterator[JsonObject]:
    yield {"type": "message_start", "message": _opening(turn)}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for piece in pieces(turn.text):
        yield {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": piece}}
    yield {"type": "content_block_stop", "index": 0}
    if (tool := turn.tool) is not None:
        block: dict[str, JsonValue] = {"type": "tool_use", "id": tool.tool_use_id, "name": tool.name, "input": {}}
        yield {"type": "content_block_start", "index": 1, "content_block": block}
        for piece in pieces(json.dumps(dict(tool.arguments), ensure_ascii=False)):
            yield {
                "type": "content_block_delta",
                "index": 1,
                "delta": {"type": "input_json_delta", "partial_json": piece},
            }
        yield {"type": "content_block_stop", "index": 1}
    delta: dict[str, JsonValue] = {"stop_reason": turn.stop_reason, "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": turn.output_tokens}}


def _last_chunk(turn: Turn, timing: Timing) -> JsonObject:
    metrics: dict[str, JsonValue] = {
        "inputTokenCount": turn.input_tokens,
        "outputTokenCount": turn.output_tokens,
        "invocationLatency": timing.latency_ms,
        "firstByteLatency": timing.first_ms,
    }
    return {"type": "message_stop", "amazon-bedrock-invocationMetrics": metrics}


def parts(turn: Turn) -> Iterator[Event]:
    """The chunks of InvokeModelWithResponseStream before the last one."""
    return map(_chunk_event, _chunks(turn))


def last_part(turn: Turn, timing: Timing) -> Event:
    """The last chunk, with which Bedrock says what the call took."""
    return _chunk_event(_last_chunk(turn, timing))


def _chunk_event(chunk: JsonObject) -> Event:
    text = json.dumps(dict(chunk), ensure_ascii=False).encode()
    return Event(type="chunk", payload={"bytes": base64.b64encode(text).decode()})


def logged_output(turn: Turn, timing: Timing, *, streamed: bool) -> JsonValue:
    """The answer as it is logged: the body, or the list of all chunks."""
    if not streamed:
        return dict(whole(turn, timing))
    return [dict(chunk) for chunk in (*_chunks(turn), _last_chunk(turn, timing))]
