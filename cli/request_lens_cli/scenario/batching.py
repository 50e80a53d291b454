"""Log lines in batches, as services deliver them: what comes within the delay goes together."""

import threading
from collections.abc import Callable, Sequence


class Batches[Item]:
    """Hands items on in batches, each `delay_s` seconds after its first item came."""

    def __init__(self, deliver: Callable[[Sequence[Item]], None], *, delay_s: float) -> None:
        self._deliver = deliver
        self._delay_s = delay_s
        self._lock = threading.Lock()
        self._waiting: list[Item] = []

    def add(self, item: Item) -> None:
        """Have the item delivered with those that come soon after."""
        with self._lock:
            self._waiting.append(item)
            if len(self._waiting) == 1:
                timer = threading.Timer(self._delay_s, self._deliver_waiting)
                timer.daemon = True
                timer.start()

    def _deliver_waiting(self) -> None:
        with self._lock:
            batch, self._waiting = self._waiting, []
        self._deliver(batch)
