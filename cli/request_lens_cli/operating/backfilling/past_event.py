"""A log event of the past, and where such events are read from."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class PastEvent:
    """One log event: where it lies, when it was logged, and its text."""

    log_group: str
    log_stream: str
    id: str
    at: datetime
    message: str

    @property
    def leads(self) -> bool:
        """Whether it goes ahead of its time: an invocation, which needs the requests around it, does not."""
        return "ModelInvocationLog" not in self.message


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """About how much a source holds of a period; None is unknown."""

    events: int | None
    size_bytes: int | None


class Source(Protocol):
    """A log group, or the objects below a prefix."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    def volume(self) -> Volume:
        """About how much it holds of the period that is asked for."""

    def read(self, first: datetime, end: datetime) -> Iterator[PastEvent]:
        """Every event of [first, end). Raises: where a page cannot be read; an answer is never cut short."""


class SourceError(Exception):
    """A source cannot be read; the message names it and says why."""
