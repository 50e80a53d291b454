"""A clock that stands still until it is set: virtual time for `replay` and the tests."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(slots=True)
class MemoryClock:
    """A clock whose time is the moment that it was last set to."""

    moment: datetime

    def now(self) -> datetime:
        """See `ports.Clock`."""
        return self.moment
