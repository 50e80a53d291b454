"""Settle or send: after a log batch, settle the requests that it may have completed, and send all other timers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.ports import Ports

MAX_INLINE_SETTLES = 25
"""Requests that are settled with the batch that may have completed them; a message each for the rest comes at once."""

INLINE_BUDGET = timedelta(seconds=15)
"""After this long no further one is begun: where the table answers slowly, a time-out would repeat the whole batch."""


def settle_or_send(
    keys: Sequence[tuple[SettleKey, datetime]], ports: Ports, *, is_settled: Callable[[SettleKey, Ports], bool]
) -> None:
    """Settle the requests that are due now, which saves them the way through the queue, and send the other timers.

    From the first request on that cannot be settled, all go through the queue. Nothing is sent before the end, so the
    batch must come again where this raises. Raises: TimerUnavailable.
    """
    now, timer = ports.clock.now(), KeptSettleTimer()
    keeping = replace(ports, timer=timer)
    ready = [timed for timed in keys if timed[1] <= now and timed[0].kind is SettleKind.REQUEST][:MAX_INLINE_SETTLES]
    timer.send([timed for timed in keys if timed not in ready])
    while ready and ports.clock.now() - now < INLINE_BUDGET and is_settled(ready[0][0], keeping):
        ready.pop(0)
    timer.send(ready)
    if timer.keys:
        ports.timer.send(timer.keys)


class KeptSettleTimer:
    """The keys of one event, in the order in which they were sent. Where they are lost, the event must come again."""

    def __init__(self) -> None:
        self.keys: list[tuple[SettleKey, datetime]] = []

    def send(self, keys: Sequence[tuple[SettleKey, datetime]]) -> None:
        """See `ports.SettleTimer`. Raises nothing."""
        self.keys += keys
