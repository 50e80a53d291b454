"""A settle timer in memory: keys in order of their time, equal times in the order sent."""

import heapq
from collections.abc import Sequence
from datetime import datetime

from request_lens.domain.settling.state import SettleKey


class MemorySettleTimer:
    """A queue of keys that fires exactly when due."""

    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, SettleKey]] = []
        self._sent = 0

    def send(self, keys: Sequence[tuple[SettleKey, datetime]]) -> None:
        """See `ports.SettleTimer`."""
        for key, due_at in keys:
            heapq.heappush(self._due, (due_at, self._sent, key))
            self._sent += 1

    def next_due(self) -> datetime | None:
        """When the next key fires; None if no key is left."""
        return self._due[0][0] if self._due else None

    def take(self) -> SettleKey:
        """The next key. Raises: IndexError if no key is left."""
        return heapq.heappop(self._due)[2]
