"""The in-memory store as it was some seconds ago: what an index by time, or an eventually consistent read, may show."""

from datetime import datetime, timedelta

from request_lens.adapters.memory.fact_store import MemoryFactStore

MAX_LAG = timedelta(seconds=5)
"""How far such a read is behind at most. DynamoDB names no bound; it usually takes fractions of a second."""


class Snapshots:
    """What a store held before the first write of each moment; the latest moments only."""

    def __init__(self, store: MemoryFactStore) -> None:
        self._store = store
        self._taken: list[tuple[datetime, MemoryFactStore]] = []

    def before_write(self, now: datetime) -> None:
        """To be called before each write."""
        if not self._taken or self._taken[-1][0] < now:
            self._taken = [each for each in self._taken if each[0] > now - MAX_LAG]
            self._taken.append((now, _copied(self._store)))

    def at(self, moment: datetime) -> MemoryFactStore:
        """The store as it was when this moment's writes had all been made."""
        return next((store for taken_at, store in self._taken if taken_at > moment), self._store)


def _copied(store: MemoryFactStore) -> MemoryFactStore:
    """The store with containers of its own; the facts and decisions in them never change."""
    copied = object.__new__(type(store))
    vars(copied).update(
        {name: value.copy() if isinstance(value, dict | list | set) else value for name, value in vars(store).items()}
    )
    copied._linked = {request_id: dict(linked) for request_id, linked in store._linked.items()}
    return copied
