"""Rejected records in memory, as part of the fact store there."""

from collections.abc import Sequence
from datetime import datetime

from request_lens.domain.log_record import Rejected, StoredRejected


class MemoryRejectedStore:
    """All rejected records in a dictionary."""

    def __init__(self) -> None:
        super().__init__()
        self._rejected: dict[str, StoredRejected] = {}

    def store_rejected(self, records: Sequence[Rejected], *, stored_at: datetime) -> None:
        """See `ports.RejectedStore`."""
        self._rejected |= {record.key: StoredRejected(record=record, stored_at=stored_at) for record in records}

    def rejected_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[StoredRejected]:
        """See `ports.RejectedStore`."""
        records = [stored for stored in self._rejected.values() if first <= stored.stored_at <= last]
        return sorted(records, key=lambda stored: (stored.stored_at, stored.record.key))[:limit]
