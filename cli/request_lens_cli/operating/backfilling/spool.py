"""Log events that are set aside until it is their turn."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from tempfile import SpooledTemporaryFile

from request_lens_cli.operating.backfilling.past_event import PastEvent

IN_MEMORY_BYTES = 8 * 1024 * 1024
"""So much of them stays in memory; more goes to a file without a name, which goes with the process."""


@dataclass(slots=True, eq=False)
class Spool:
    """Log events, in the order in which they were added: as many as there are, whatever memory there is."""

    count: int = 0
    _file: SpooledTemporaryFile[bytes] = field(default_factory=partial(SpooledTemporaryFile, IN_MEMORY_BYTES))

    def add(self, event: PastEvent) -> None:
        """Set one more aside."""
        fields = (event.log_group, event.log_stream, event.id, event.at.isoformat(), event.message)
        self._file.write(json.dumps(fields).encode() + b"\n")
        self.count += 1

    def events(self) -> Iterator[PastEvent]:
        """All of them; nothing may be added afterwards."""
        self._file.seek(0)
        for line in self._file:
            log_group, log_stream, event_id, at, message = json.loads(line)
            yield PastEvent(
                log_group=log_group, log_stream=log_stream, id=event_id, at=datetime.fromisoformat(at), message=message
            )

    def close(self) -> None:
        """Forget them."""
        self._file.close()
