"""The model: a script that decides by the prompt, as a small model would, and costs nothing."""

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import batched


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """What the model is asked: the last text that was typed, what a tool answered to it, and the tools on offer.

    `characters` is the length of all that was sent.
    """

    prompt: str
    tool_result: str | None
    tools: tuple[str, ...]
    characters: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUse:
    """A tool that the model asks for."""

    tool_use_id: str
    name: str
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One answer of the model."""

    text: str
    tool: ToolUse | None
    input_tokens: int
    output_tokens: int

    @property
    def stop_reason(self) -> str:
        """Why the model stopped, in Bedrock's words."""
        return "end_turn" if self.tool is None else "tool_use"

    @property
    def latency_s(self) -> float:
        """About what a small model takes: its first token, and then a hundred tokens a second."""
        return 0.45 + self.output_tokens / 100


_CHARACTERS_A_TOKEN = 4

_TOOL_TOKENS = 40
"""What the frame of a tool use costs besides its arguments."""

_CITIES = {"Tokyo": "Asia/Tokyo", "New York": "America/New_York", "London": "Europe/London"}

_HAIKU = "White boats on blue air\ndrift without an oar or port;\nevening paints them gold."

_SUM = re.compile(r"(\d+) ?(\+|times|\*) ?(\d+)")

_OTHERWISE = "I am a scripted model on this machine. Ask me for the time, for files in S3, or for a sum."


def answer(conversation: Conversation) -> Turn:
    """The model's turn: a tool where the prompt wants one that is on offer, and what a tool answered once it has."""
    if conversation.tool_result is not None:
        return _turn(conversation, f"Here is what I found: {conversation.tool_result}")
    wanted = _wanted_tool(conversation.prompt)
    if wanted is not None and wanted.name in conversation.tools:
        return _turn(conversation, "I'll look into that.", wanted)
    return _turn(conversation, _plain_answer(conversation.prompt))


def _turn(conversation: Conversation, text: str, tool: ToolUse | None = None) -> Turn:
    written = len(text) + (0 if tool is None else sum(map(len, tool.arguments.values())))
    return Turn(
        text=text,
        tool=tool,
        input_tokens=max(1, conversation.characters // _CHARACTERS_A_TOKEN),
        output_tokens=max(1, written // _CHARACTERS_A_TOKEN) + (0 if tool is None else _TOOL_TOKENS),
    )


def _wanted_tool(prompt: str) -> ToolUse | None:
    asked = prompt.lower()
    if "time is it" in asked:
        return _use("current_time", timezone=next((zone for city, zone in _CITIES.items() if city in prompt), "UTC"))
    if "s3" not in asked:
        return None
    if "write" in asked:
        key, body = ("clouds.txt", _HAIKU) if "haiku" in asked else ("hello.txt", "hello world")
        return _use("s3_write_object", key=key, body=body)
    if "read" in asked:
        return _use("s3_read_object", key="hello.txt")
    return _use("s3_list_objects", prefix="") if "list" in asked else None


def _use(name: str, **arguments: str) -> ToolUse:
    return ToolUse(tool_use_id=f"tooluse_{secrets.token_urlsafe(16)}", name=name, arguments=arguments)


def _plain_answer(prompt: str) -> str:
    if (found := _SUM.search(prompt)) is not None:
        first, sign, second = int(found[1]), found[2], int(found[3])
        return f"{found[0]} is {first + second if sign == '+' else first * second}."
    return "The capital of Japan is Tokyo." if "capital of Japan" in prompt else _OTHERWISE


def pieces(text: str, *, characters: int = 24) -> Iterator[str]:
    """The text in pieces of so many characters, as a model streams it."""
    return ("".join(some) for some in batched(text, characters, strict=False))
