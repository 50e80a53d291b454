"""What a `scenario.toml` may say: who asked what, what the agent answered, how long everything took.

A request begins `pause_ms` after the end of the one before it, waits `before_ms` for its first call, runs its calls one
after the other, and answers `after_ms` after the last one. Where its last call asks for a tool, the result comes with
the next request, which `continues` the conversation.
"""

import tomllib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

type Milliseconds = Annotated[int, Field(ge=0)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tool(_Part):
    """A tool as the model is told of it; each parameter with its description."""

    name: str
    description: str
    parameters: Mapping[str, str]


class Call(_Part):
    """One attempt to call the model, `gap_ms` after the one before has ended.

    `tokens` are input and output. An attempt with `error_code` has failed: its log line tells no latency and no tokens.
    """

    latency_ms: Milliseconds
    gap_ms: Milliseconds = 0
    tokens: tuple[int, int] = (0, 0)
    text: str = ""
    tool: str | None = None
    arguments: Mapping[str, str] = Field(default_factory=dict)
    result: str = ""
    error_code: str | None = None
    invocation_id: str | None = None


class Ask(_Part):
    """One API request and the calls that it makes.

    One that `continues` goes on in the conversation of the request before it. Where it was not `typed`, the prompt only
    names the request: a tool's result is all that it brings.
    """

    prompt: str
    type: str | None = None
    continues: bool = False
    typed: bool = True
    status: int = 200
    before_ms: Milliseconds
    after_ms: Milliseconds
    pause_ms: Milliseconds = 0
    calls: tuple[Call, ...]

    @property
    def kind(self) -> str:
        """The script's word for the request, else the article's."""
        return self.type or ("Tool Use" if any(call.tool for call in self.calls) else "Simple")

    @property
    def duration(self) -> timedelta:
        """From the request's start to its response."""
        calls_ms = sum(call.gap_ms + call.latency_ms for call in self.calls)
        return timedelta(milliseconds=self.before_ms + calls_ms + self.after_ms)


class Script(_Part):
    """A whole scenario. With `start_offsets_ms`, requests begin that long after `starts_at`, whatever they pause."""

    api: Literal["http", "rest"]
    route_path: str
    starts_at: datetime
    start_offsets_ms: tuple[Milliseconds, ...] = ()
    model_id: str
    inference_regions: tuple[str, ...]
    caller_arn: str
    system: str
    tools: tuple[Tool, ...]
    requests: tuple[Ask, ...]

    def starts(self) -> tuple[datetime, ...]:
        """When each request begins."""
        if self.start_offsets_ms:
            return tuple(self.starts_at + timedelta(milliseconds=each) for each in self.start_offsets_ms)
        starts, moment = [], self.starts_at
        for ask in self.requests:
            starts.append(moment + timedelta(milliseconds=ask.pause_ms))
            moment = starts[-1] + ask.duration
        return tuple(starts)


def read_script(folder: Path) -> Script:
    """The script in a scenario's folder; `based_on` takes everything that it does not say from another scenario.

    Raises: FileNotFoundError, tomllib.TOMLDecodeError, pydantic.ValidationError.
    """
    said = tomllib.loads((folder / "scenario.toml").read_text(encoding="utf-8"))
    base = said.pop("based_on", None)
    if base is not None:
        said = tomllib.loads((folder.parent / base / "scenario.toml").read_text(encoding="utf-8")) | said
    return Script.model_validate(said)
