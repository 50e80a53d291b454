"""The settle queue as far as it decides what is read: when messages come, and how many together."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import batched

from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.sqs_settle_timer import delay_of
from request_lens.domain.settling.state import SettleKey, TimedKey

RECEIVED = 10
"""Messages of one receive."""


class SlottedQueue:
    """Keys come at the ends of their slots; `sent` is how many were sent."""

    def __init__(self, clock: MemoryClock) -> None:
        self.waiting: list[TimedKey] = []
        self.sent = 0
        self._clock = clock

    def send(self, keys: Sequence[TimedKey]) -> None:
        """See `ports.SettleTimer`."""
        now = self._clock.now()
        self.sent += len(keys)
        self.waiting += [(key, now + timedelta(seconds=delay_of(due_at, now))) for key, due_at in keys]

    def take(self) -> Iterator[Sequence[SettleKey]]:
        """The keys that have come by now, by receive."""
        now = self._clock.now()
        come = [key for key, due_at in self.waiting if due_at <= now]
        self.waiting = [(key, due_at) for key, due_at in self.waiting if due_at > now]
        return batched(come, RECEIVED, strict=False)
