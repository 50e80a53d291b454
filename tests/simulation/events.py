"""What can happen in a schedule: the processor's triggers, and what a batch came to."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from request_lens.application.collect import CollectReport
from request_lens.domain.settling.state import SettleKey
from tests.simulation.drawing.deliveries import Batch


class Work(StrEnum):
    """The processor's four triggers."""

    COLLECT = "collect"
    SETTLE = "settle"
    PUBLISH = "publish"
    SWEEP = "sweep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something to run: a batch, a key (none: whatever is in the queue), a shard, or the sweep for a moment.

    `rounds` counts the settle messages that led to this one.
    """

    work: Work
    batch: Batch | None = None
    key: SettleKey | None = None
    shard: int = 0
    moment: datetime | None = None
    attempt: int = 1
    rounds: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """A batch that was collected: when, and what its report says."""

    at: datetime
    batch: Batch
    report: CollectReport


@dataclass(slots=True)
class Begun:
    """The line of a trace that says when an event began: written only where somebody reads it."""

    at: datetime
    event: Event

    def __str__(self) -> str:
        return f"{self.at:%d %H:%M:%S.%f} {told(self.event)}"


def polling(shard: int) -> Event:
    """The event that reads a shard."""
    return Event(work=Work.PUBLISH, shard=shard)


def told(event: Event) -> str:
    """One line that names an event."""
    if event.batch is not None:
        return f"collect {[_name(each) for each in event.batch.records]}"
    if event.key is not None:
        return f"settle {event.key.kind} {event.key.id}"
    return f"publish shard {event.shard}" if event.work is Work.PUBLISH else str(event.work)


def _name(record: object) -> str:
    return str(getattr(record, "invocation_id", None) or getattr(record, "request_id", type(record).__name__))
