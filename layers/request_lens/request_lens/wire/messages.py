"""Messages of a conversation, read for the ids of tool uses alone, as each family of models words them."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Literal, TypedDict

from pydantic import Field, OnErrorOmit

from request_lens.wire.field_types import OrNone, Word, body_part, first_of

OptionalWord = OnErrorOmit[Word]
"""A word, or none. Types of bodies are no `type` aliases: pydantic would follow a reference for each value."""

_Role = Literal["assistant", "user", "system", "developer", "tool"]

MAX_TOOL_IDS = 100
"""Tool uses of one turn that are kept, so that an item's size is bounded."""

_OUTPUT = "_output"
"""How the types of the Responses API's items end that bring a tool's result: `function_call_output`."""


@body_part
class _ToolReference(TypedDict, total=False):
    tool_use_id: Annotated[OptionalWord, Field(alias="toolUseId")]


@body_part
class Block(TypedDict, total=False):
    """A content block of Converse and Nova (`toolUse`, `toolResult`) or of Anthropic (`id`, `tool_use_id`)."""

    tool_use: Annotated[OnErrorOmit[_ToolReference], Field(alias="toolUse")]
    tool_result: Annotated[OnErrorOmit[_ToolReference], Field(alias="toolResult")]
    id: OptionalWord
    tool_use_id: OptionalWord


@body_part
class _ToolCall(TypedDict, total=False):
    id: OptionalWord


@body_part
class Message(TypedDict, total=False):
    """A message; chat completions (OpenAI, Mistral, Qwen …) name their tool calls beside the content."""

    content: OnErrorOmit[list[Annotated[Block | None, OrNone()]]]
    tool_calls: OnErrorOmit[list[Annotated[_ToolCall | None, OrNone()]]]
    tool_call_id: OptionalWord


@body_part
class Item(TypedDict, total=False):
    """What a model of the Responses API puts out, or gets: tools are called and answered by `call_id`."""

    type: OptionalWord
    call_id: OptionalWord


@body_part
class Turn(Message, Item, total=False):
    """What a conversation is a list of: messages, or items of the Responses API, of which a message is one."""


@body_part
class EarlierTurn(TypedDict, total=False):
    """A turn before the last: who said it, and the first tool's result in it, which leads to the call that asked."""

    role: OnErrorOmit[_Role]
    type: OptionalWord
    answered: Annotated[
        OptionalWord,
        first_of(
            "content.0.toolResult.toolUseId",
            "content.-1.toolResult.toolUseId",
            "content.0.tool_use_id",
            "content.-1.tool_use_id",
            "tool_call_id",
            "call_id",
        ),
    ]


def tool_uses_requested(message: Message) -> list[str]:
    """The ids of the tool uses that a message asks for."""
    ids = [call["id"] for call in message["tool_calls"] if call and "id" in call] if "tool_calls" in message else []
    if "content" in message:
        ids += [tool_use_id for block in message["content"] if block and (tool_use_id := requested_id(block))]
    return ids


def requested_id(block: Block) -> str | None:
    """The id of the tool use that a block asks for: of all blocks only these have ids."""
    return block["tool_use"].get("tool_use_id") if "tool_use" in block else block.get("id")


def calls_requested(items: Iterable[Item | None]) -> list[str]:
    """The ids of the tools that items ask the caller for: one that the service ran has its result among the items."""
    calls = [item for item in items if item and "call_id" in item]
    answered = {item["call_id"] for item in calls if _is_result(item)}
    return [item["call_id"] for item in calls if item["call_id"] not in answered]


def _is_result(item: Item) -> bool:
    return item.get("type", "").endswith(_OUTPUT)


def tool_uses_answered(last: Turn, earlier: Iterable[EarlierTurn | None]) -> list[str]:
    """The ids of the tool uses whose results the turns bring that came since the model spoke: `earlier`, newest first.

    Chat completions and the Responses API bring each result in a turn of its own, and an agent's reminder may follow.
    """
    if _is_the_models_item(last):
        return []
    ids = [result for block in last.get("content", ()) if block and (result := _answered_id(block))]
    ids += [last["tool_call_id"]] if "tool_call_id" in last else ()
    ids += [last["call_id"]] if "call_id" in last else ()
    for turn in earlier:
        if turn is None or _is_the_models(turn):
            break
        ids = [turn["answered"], *ids] if "answered" in turn else ids
    return ids


def _is_the_models(turn: EarlierTurn) -> bool:
    """Whether the model said this; what nobody is known to have said counts as its own, so that no tail is too long."""
    if "role" in turn:
        return turn["role"] == "assistant"
    return "type" not in turn or _is_the_models_item(turn)


def _is_the_models_item(item: Item | EarlierTurn) -> bool:
    """Whether the model put this item out: its call of a tool, or what it thought."""
    kind = item.get("type", "")
    return kind.endswith("_call") or kind == "reasoning"


def _answered_id(block: Block) -> str | None:
    return block["tool_result"].get("tool_use_id") if "tool_result" in block else block.get("tool_use_id")


def unique_ids(ids: Sequence[str]) -> tuple[str, ...]:
    """The ids, each once, in order, at most MAX_TOOL_IDS."""
    return tuple(dict.fromkeys(ids))[:MAX_TOOL_IDS] if len(ids) > 1 else tuple(ids)
