"""The settle queue as far as it decides what is read: when messages come, and how many together."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import batched
from random import Random

from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.sqs_settle_timer import delay_of
from request_lens.domain.settling.state import SettleKey, TimedKey

RECEIVED = 10
"""Messages of one receive."""


class SlottedQueue:
    """Keys come at the ends of their slots, those of one slot in any order, where `chance` is given."""

    def __init__(self, clock: MemoryClock, chance: Random | None = None) -> None:
        self.waiting: list[TimedKey] = []
        self._clock = clock
        self._chance = chance

    def send(self, keys: Sequence[TimedKey]) -> None:
        """See `ports.SettleTimer`."""
        now = self._clock.now()
        self.waiting += [(key, now + timedelta(seconds=delay_of(due_at, now))) for key, due_at in keys]

    def take(self) -> Iterator[Sequence[SettleKey]]:
        """The keys that have come by now, by receive."""
        now = self._clock.now()
        come = [key for key, due_at in self.waiting if due_at <= now]
        self.waiting = [(key, due_at) for key, due_at in self.waiting if due_at > now]
        if self._chance is not None:
            self._chance.shuffle(come)
        return batched(come, RECEIVED, strict=False)
