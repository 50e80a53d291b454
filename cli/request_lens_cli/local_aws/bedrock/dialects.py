"""How each operation says what it says: one dialect of bodies for Converse, one for InvokeModel."""

from collections.abc import Iterator
from typing import Protocol

from pydantic import JsonValue

from request_lens_cli.local_aws.bedrock import anthropic_messages, converse
from request_lens_cli.local_aws.bedrock.event_stream import Event, JsonObject
from request_lens_cli.local_aws.bedrock.model_call import Operation, Timing
from request_lens_cli.local_aws.bedrock.scripted_model import Conversation, Turn


class Dialect(Protocol):
    """A module with the shapes of an operation and of its streamed sister."""

    def conversation_of(self, body: bytes) -> Conversation:
        """What a body asks. Raises: pydantic.ValidationError."""

    def whole(self, turn: Turn, timing: Timing) -> JsonObject:
        """The answer in one."""

    def parts(self, turn: Turn) -> Iterator[Event]:
        """The stream's events but for the last."""

    def last_part(self, turn: Turn, timing: Timing) -> Event:
        """The stream's last event, which says what the call took."""

    def logged_input(self, body: JsonObject) -> JsonObject:
        """The body as the invocation log has it."""

    def logged_output(self, turn: Turn, timing: Timing, *, streamed: bool) -> JsonValue:
        """The answer as the invocation log has it."""


def dialect_of(operation: Operation) -> Dialect:
    """The dialect of an operation."""
    return converse if operation.is_converse else anthropic_messages
