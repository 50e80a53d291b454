"""The clock of the machine."""

from datetime import UTC, datetime


class SystemClock:
    """The present moment, as the machine has it."""

    def now(self) -> datetime:
        """See `ports.Clock`."""
        return datetime.now(UTC)
