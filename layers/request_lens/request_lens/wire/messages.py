"""Messages of a conversation, read for the ids of tool uses alone, as each family of models words them."""

from collections.abc import Sequence
from typing import Annotated, TypedDict

from pydantic import Field

from request_lens.wire.field_types import OrAbsent, OrNone, Word, body_part

type OptionalWord = Annotated[Word, OrAbsent()]

MAX_TOOL_IDS = 100
"""Tool uses of one turn that are kept, so that an item's size is bounded."""


@body_part
class _ToolReference(TypedDict, total=False):
    tool_use_id: Annotated[OptionalWord, Field(alias="toolUseId")]


@body_part
class Block(TypedDict, total=False):
    """A content block of Converse and Nova (`toolUse`, `toolResult`) or of Anthropic (`id`, `tool_use_id`)."""

    tool_use: Annotated[_ToolReference, OrAbsent(), Field(alias="toolUse")]
    tool_result: Annotated[_ToolReference, OrAbsent(), Field(alias="toolResult")]
    id: OptionalWord
    tool_use_id: OptionalWord


@body_part
class _ToolCall(TypedDict, total=False):
    id: OptionalWord


@body_part
class Message(TypedDict, total=False):
    """A message; chat completions (OpenAI, Mistral, Qwen …) name their tool calls beside the content."""

    content: Annotated[list[Annotated[Block | None, OrNone()]], OrAbsent()]
    tool_calls: Annotated[list[Annotated[_ToolCall | None, OrNone()]], OrAbsent()]
    tool_call_id: OptionalWord


def tool_uses_requested(message: Message) -> list[str]:
    """The ids of the tool uses that a message asks for."""
    blocks, calls = message.get("content", ()), message.get("tool_calls", ())
    ids = [tool_use_id for block in blocks if block and (tool_use_id := requested_id(block)) is not None]
    return [*ids, *(call["id"] for call in calls if call)] if calls else ids


def requested_id(block: Block) -> str | None:
    """The id of the tool use that a block asks for: of all blocks only these have ids."""
    return block["tool_use"].get("tool_use_id") if "tool_use" in block else block.get("id")


def tool_uses_answered(message: Message) -> list[str]:
    """The ids of the tool uses whose results a message brings.

    Chat completions bring each result in a message of its own; the last one's id leads to the call that asked for all.
    """
    blocks = message.get("content", ())
    ids = [tool_use_id for block in blocks if block and (tool_use_id := _answered_id(block)) is not None]
    return [message["tool_call_id"], *ids] if "tool_call_id" in message else ids


def _answered_id(block: Block) -> str | None:
    return block["tool_result"].get("tool_use_id") if "tool_result" in block else block.get("tool_use_id")


def unique_ids(ids: Sequence[str]) -> tuple[str, ...]:
    """The ids, each once, in order, at most MAX_TOOL_IDS."""
    return tuple(dict.fromkeys(ids))[:MAX_TOOL_IDS] if len(ids) > 1 else tuple(ids)
