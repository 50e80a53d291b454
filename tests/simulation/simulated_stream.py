"""The table's stream in memory: in order per item, at least once, from checkpoints that may be lost."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from zlib import crc32

from request_lens.domain.publishing.changes import Change, InvocationDecided, RevisionWritten, RunawayFlagged

SHARDS = 2


@dataclass(slots=True)
class Shard:
    """One shard's changes in order, and how far they were taken."""

    changes: list[Change] = field(default_factory=list)
    checkpoint: int = 0
    delivered: int = 0


class SimulatedStream:
    """Changes by shard; one item's changes are all in one shard. `repeats` are changes delivered more than once."""

    def __init__(self) -> None:
        self.shards = [Shard() for _ in range(SHARDS)]

    def put(self, changes: Sequence[Change]) -> set[int]:
        """Append changes; answers with the numbers of the shards that have something new."""
        touched: set[int] = set()
        for change in changes:
            number = crc32(_item(change).encode()) % SHARDS
            self.shards[number].changes.append(change)
            touched.add(number)
        return touched

    def all_changes(self) -> list[Change]:
        """Everything that the stream ever held."""
        return [change for shard in self.shards for change in shard.changes]


def _item(change: Change) -> str:
    match change:
        case RevisionWritten():
            return f"request#{change.request.request_id}"
        case RunawayFlagged():
            return f"request#{change.request_id}"
        case InvocationDecided():
            return f"invocation#{change.invocation.invocation_id}"
