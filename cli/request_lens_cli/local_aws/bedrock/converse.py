"""The shapes of Converse and ConverseStream: what is asked, what is answered, and what the invocation log has of it."""

import json
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from request_lens_cli.local_aws.bedrock.event_stream import Event, JsonObject
from request_lens_cli.local_aws.bedrock.model_call import Timing
from request_lens_cli.local_aws.bedrock.scripted_model import Conversation, Turn, pieces


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True)


class _Result(_Part):
    content: tuple[dict[str, JsonValue], ...] = ()


class _Block(_Part):
    text: str | None = None
    tool_result: _Result | None = Field(alias="toolResult", default=None)


class _Message(_Part):
    content: tuple[_Block, ...]


class _Spec(_Part):
    name: str


class _Tool(_Part):
    tool_spec: _Spec | None = Field(alias="toolSpec", default=None)


class _ToolConfig(_Part):
    tools: tuple[_Tool, ...] = ()


class _Body(_Part):
    messages: tuple[_Message, ...] = Field(min_length=1)
    tool_config: _ToolConfig = Field(alias="toolConfig", default=_ToolConfig())
    request_metadata: dict[str, str] | None = Field(alias="requestMetadata", default=None)


def conversation_of(body: bytes) -> Conversation:
    """What a body asks. Raises: pydantic.ValidationError."""
    asked = _Body.model_validate_json(body)
    texts = [block.text for message in asked.messages for block in message.content if block.text is not None]
    results = [block.tool_result for block in asked.messages[-1].content if block.tool_result is not None]
    return Conversation(
        prompt=next((text for text in reversed(texts) if text), ""),
        tool_result=_told(results[-1]) if results else None,
        tools=tuple(tool.tool_spec.name for tool in asked.tool_config.tools if tool.tool_spec is not None),
        characters=len(body),
    )


def metadata_of(body: bytes) -> dict[str, str] | None:
    """The caller's `requestMetadata`. Raises: pydantic.ValidationError."""
    return _Body.model_validate_json(body).request_metadata


def logged_input(body: JsonObject) -> JsonObject:
    """The body as it is logged: the metadata stands beside it."""
    return {name: value for name, value in body.items() if name != "requestMetadata"}


def _told(result: _Result) -> str:
    return " ".join(
        str(part["text"]) if "text" in part else json.dumps(part.get("json"), ensure_ascii=False)
        for part in result.content
    )


def whole(turn: Turn, timing: Timing) -> JsonObject:
    """The answer of Converse."""
    return {
        "output": {"message": {"role": "assistant", "content": _content(turn, {})}},
        "stopReason": turn.stop_reason,
        "metrics": {"latencyMs": timing.latency_ms},
        "usage": _usage(turn),
    }


def logged_output(turn: Turn, timing: Timing, *, streamed: bool) -> JsonObject:  # noqa: ARG001 - the log has both alike
    """The answer as it is logged, streamed or not: put together, and each tool use with a type."""
    content = _content(turn, {"type": "tool_use"})
    return {**whole(turn, timing), "output": {"message": {"role": "assistant", "content": content}}}


def _content(turn: Turn, more: dict[str, JsonValue]) -> list[JsonValue]:
    content: list[JsonValue] = [{"text": turn.text}]
    if (tool := turn.tool) is not None:
        use: dict[str, JsonValue] = {"toolUseId": tool.tool_use_id, "name": tool.name, "input": {**tool.arguments}}
        content.append({"toolUse": {**use, **more}})
    return content


def _usage(turn: Turn) -> dict[str, JsonValue]:
    counted = turn.input_tokens, turn.output_tokens
    return {"inputTokens": counted[0], "outputTokens": counted[1], "totalTokens": sum(counted)}


def parts(turn: Turn) -> Iterator[Event]:
    """The events of ConverseStream before the last one."""
    yield Event(type="messageStart", payload={"role": "assistant"})
    for piece in pieces(turn.text):
        yield Event(type="contentBlockDelta", payload={"contentBlockIndex": 0, "delta": {"text": piece}})
    yield Event(type="contentBlockStop", payload={"contentBlockIndex": 0})
    if (tool := turn.tool) is not None:
        start: JsonObject = {"toolUse": {"toolUseId": tool.tool_use_id, "name": tool.name}}
        yield Event(type="contentBlockStart", payload={"contentBlockIndex": 1, "start": dict(start)})
        for piece in pieces(json.dumps(dict(tool.arguments), ensure_ascii=False)):
            delta: dict[str, JsonValue] = {"toolUse": {"input": piece}}
            yield Event(type="contentBlockDelta", payload={"contentBlockIndex": 1, "delta": delta})
        yield Event(type="contentBlockStop", payload={"contentBlockIndex": 1})
    yield Event(type="messageStop", payload={"stopReason": turn.stop_reason})


def last_part(turn: Turn, timing: Timing) -> Event:
    """The last event of ConverseStream, which says what the call took."""
    return Event(type="metadata", payload={"usage": _usage(turn), "metrics": {"latencyMs": timing.latency_ms}})
