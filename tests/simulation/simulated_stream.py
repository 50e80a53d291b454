"""The table's stream in memory: in order per item, at least once, from checkpoints that may be lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from request_lens.domain.publishing.changes import Change, InvocationDecided, RevisionWritten, RunawayFlagged

SHARDS = 2


@dataclass(slots=True)
class Shard[Record]:
    """One shard's records in order, and how far they were taken."""

    records: list[Record] = field(default_factory=list)
    checkpoint: int = 0


class SimulatedStream[Record]:
    """Records by shard; one item's records are all in one shard."""

    def __init__(self, item_of: Callable[[Record], str], *, shards: int = SHARDS) -> None:
        self.shards = [Shard[Record]() for _ in range(shards)]
        self._item_of = item_of

    def put(self, records: Sequence[Record]) -> set[int]:
        """Append records; answers with the numbers of the shards that have something new."""
        touched: set[int] = set()
        for record in records:
            number = crc32(self._item_of(record).encode()) % len(self.shards)
            self.shards[number].records.append(record)
            touched.add(number)
        return touched

    def all_records(self) -> list[Record]:
        """Everything that the stream ever held."""
        return [record for shard in self.shards for record in shard.records]

    @property
    def is_read(self) -> bool:
        """Whether it was read to its end."""
        return all(shard.checkpoint == len(shard.records) for shard in self.shards)


def changed_item(change: Change) -> str:
    """The item that a change is of."""
    match change:
        case RevisionWritten():
            return f"request#{change.request.request_id}"
        case RunawayFlagged():
            return f"request#{change.request_id}"
        case InvocationDecided():
            return f"invocation#{change.invocation.invocation_id}"
