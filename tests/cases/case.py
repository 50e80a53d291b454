"""A case: a small log file of a shape that people have, what it is, and what is right about it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

type Json = Any

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """`what` is the file's one-line purpose, `right` what a reader may expect of it, both for people.

    `sums` work the cost of a call out by hand, by its id: `2 × 4.40 + 6 × 22 = 0.0001408`, tokens times USD for a
    million. `settings` are what `--set` is given, `reads` which fields `inspect` shows of each line, and `notes` is
    whether its grounds for what is unknown are shown.
    """

    name: str
    title: str
    what: str
    right: str
    content: str
    suffix: str = "ndjson"
    sums: Mapping[str, str] = field(default_factory=dict)
    settings: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    notes: bool = False

    @property
    def path(self) -> Path:
        """The log file."""
        return DATA / f"{self.name}.{self.suffix}"


def ndjson(*lines: Json) -> str:
    """The lines of a log file; a text is a line as it is."""
    return "".join(f"{line if isinstance(line, str) else compact(line)}\n" for line in lines)


def compact(value: Json) -> str:
    """The value as loggers write it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
