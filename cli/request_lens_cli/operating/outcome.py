"""What became of each thing that had failed, and how many there are of each kind."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from request_lens_cli.operating.failed_event import FailedKind

UNREADABLE = "unreadable objects"
DEAD_LETTERS = "dead letters"
KINDS = (FailedKind.LOG_BATCH, FailedKind.STREAM_RECORDS, FailedKind.SWEEP, DEAD_LETTERS, FailedKind.OTHER, UNREADABLE)
"""All kinds, in the order in which they are shown."""


class Fate(StrEnum):
    """What was done with one thing: `WAITING` where nothing was tried, `LEFT` where it is not to be sent again."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one thing, or of `count` of them. `where` is its key or message id, `error` why it failed."""

    kind: str
    fate: Fate
    where: str = ""
    error: str = ""
    count: int = 1


@dataclass(slots=True)
class Tally:
    """Outcomes, counted as they come."""

    counts: Counter[tuple[str, Fate]] = field(default_factory=Counter)
    failures: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count one more."""
        self.counts[outcome.kind, outcome.fate] += outcome.count
        if outcome.fate is Fate.FAILED:
            self.failures.append(outcome)

    @property
    def kinds(self) -> Sequence[str]:
        """The kinds of which there is one."""
        return [kind for kind in KINDS if any(self.counts[kind, fate] for fate in Fate)]

    def total(self, fate: Fate) -> int:
        """How many had this fate."""
        return sum(self.counts[kind, fate] for kind in KINDS)
