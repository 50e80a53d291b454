"""A settle timer that keeps keys until whoever serves the event sends them on: many in one call to the queue."""

from collections.abc import Sequence
from datetime import datetime

from request_lens.domain.state import SettleKey


class KeptSettleTimer:
    """The keys of one event, in the order in which they were sent. Where they are lost, the event must come again."""

    def __init__(self) -> None:
        self.keys: list[tuple[SettleKey, datetime]] = []

    def send(self, keys: Sequence[tuple[SettleKey, datetime]]) -> None:
        """See `ports.SettleTimer`. Raises nothing."""
        self.keys += keys
