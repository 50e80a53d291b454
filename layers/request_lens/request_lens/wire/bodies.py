"""Bodies of model calls, read by their shape and never by the operation's name.

Only what a link or a metric needs is named: ids, a stop reason, a latency. Every field is optional and none can reject
its record. Bodies that are strings or lists are not read.
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from request_lens.domain.facts import Conversation
from request_lens.wire.field_types import DurationMs, ForeignModel, OrNone, Word

MAX_TOOL_IDS = 100
"""Tool uses of one turn that are kept, so that an item's size is bounded."""

_OptionalWord = Annotated[Word | None, OrNone()]


class _ToolReference(ForeignModel):
    tool_use_id: _OptionalWord = None


_OptionalReference = Annotated[_ToolReference | None, OrNone()]


class _Block(ForeignModel):
    """A content block of Converse (`toolUse`, `toolResult`) or of Anthropic messages (`type` with its id)."""

    tool_use: _OptionalReference = None
    tool_result: _OptionalReference = None
    type: _OptionalWord = None
    id: _OptionalWord = None
    answers: Annotated[Word | None, OrNone(), Field(alias="tool_use_id")] = None

    @property
    def produced(self) -> str | None:
        """The id of the tool use that this block asks for."""
        if self.tool_use is not None:
            return self.tool_use.tool_use_id
        return self.id if self.type == "tool_use" else None

    @property
    def returned(self) -> str | None:
        """The id of the tool use whose result this block brings."""
        if self.tool_result is not None:
            return self.tool_result.tool_use_id
        return self.answers if self.type == "tool_result" else None


type _Content = tuple[_Block | None, ...] | None


class _Message(ForeignModel):
    content: Annotated[tuple[Annotated[_Block | None, OrNone()], ...] | None, OrNone()] = None


_OptionalMessage = Annotated[_Message | None, OrNone()]


class _Answer(ForeignModel):
    message: _OptionalMessage = None


class _Metrics(ForeignModel):
    latency_ms: Annotated[DurationMs | None, OrNone()] = None


class InputBody(ForeignModel):
    """What was asked: a conversation has a list of messages, an embedding or an image has none."""

    messages: Annotated[tuple[_OptionalMessage, ...] | None, OrNone()] = None


class OutputBody(_Message):
    """What was answered: Converse's aggregate (`output.message`), or an Anthropic message (`content` at the top)."""

    output: Annotated[_Answer | None, OrNone()] = None
    stop_reason: _OptionalWord = None
    anthropic_stop_reason: Annotated[Word | None, OrNone(), Field(alias="stop_reason")] = None
    metrics: Annotated[_Metrics | None, OrNone()] = None


def stop_reason_of(body: OutputBody | None) -> str | None:
    """Why the model stopped, as the body words it; None is unknown."""
    return None if body is None else body.stop_reason or body.anthropic_stop_reason


def latency_ms_of(body: OutputBody | None) -> int | None:
    """`metrics.latencyMs` in whole milliseconds; None is unknown."""
    if body is None or body.metrics is None or body.metrics.latency_ms is None:
        return None
    return round(body.metrics.latency_ms)


def conversation_of(asked: InputBody | None, answered: OutputBody | None) -> Conversation | None:
    """The tool-use ids that came and went, or None where no messages can be read."""
    if asked is None or asked.messages is None:
        return None
    last = asked.messages[-1] if asked.messages else _Message()
    if last is None:
        return None
    return Conversation(
        returned=_ids(block.returned for block in last.content or () if block),
        produced=_ids(block.produced for block in _answer(answered) or () if block),
    )


def _answer(body: OutputBody | None) -> _Content:
    if body is None:
        return None
    message = body.output.message if body.output else None
    return message.content if message else body.content


def _ids(found: Iterable[str | None]) -> tuple[str, ...]:
    """Each id once, in order."""
    return tuple(dict.fromkeys(each for each in found if each))[:MAX_TOOL_IDS]
