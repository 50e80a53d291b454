"""Log events, packed as a subscription filter packs them: gzip and base64, those of one stream together."""

import base64
import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from request_lens.domain.times import EPOCH, whole_ms
from request_lens_cli.operating.backfilling.past_event import PastEvent

MAX_EVENTS = 250
"""So many take the processor a few seconds, of the 300 that it has."""

MAX_BYTES = 4 * 1024 * 1024
"""What even text that does not compress may have, so that its base64 stays below Lambda's 6 MB."""

MAX_HELD_BYTES, MAX_HELD_EVENTS = 16 * 1024 * 1024, 1_000
"""So much is held of all streams together; then the batches go that have waited longest: so none waits for long, and
what was logged in many streams at one time is sent at one time."""

type LambdaEvent = Mapping[str, Mapping[str, str]]
"""What the processor gets of CloudWatch Logs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A batch, packed, and how many log events it holds."""

    event: LambdaEvent
    count: int


@dataclass(slots=True)
class _Batch:
    events: list[PastEvent] = field(default_factory=list)
    size_bytes: int = 0

    def has_room(self, size_bytes: int) -> bool:
        return not self.events or (len(self.events) < MAX_EVENTS and self.size_bytes + size_bytes <= MAX_BYTES)

    def add(self, event: PastEvent, size_bytes: int) -> None:
        self.events.append(event)
        self.size_bytes += size_bytes


def packed(events: Iterable[PastEvent]) -> Iterator[Packed]:
    """All events, in batches of one stream each; those of a stream stay in order."""
    waiting: dict[tuple[str, str], _Batch] = {}
    size_bytes = count = 0
    for event in events:
        stream, size = (event.log_group, event.log_stream), len(json.dumps(event.message))
        is_full = stream in waiting and not waiting[stream].has_room(size)
        while is_full or size_bytes > MAX_HELD_BYTES or count >= MAX_HELD_EVENTS:
            batch = waiting.pop(stream if is_full else next(iter(waiting)))
            size_bytes, count, is_full = size_bytes - batch.size_bytes, count - len(batch.events), False
            yield _pack(batch)
        waiting.setdefault(stream, _Batch()).add(event, size)
        size_bytes, count = size_bytes + size, count + 1
    yield from map(_pack, waiting.values())


def _pack(batch: _Batch) -> Packed:
    first = batch.events[0]
    envelope = {
        "messageType": "DATA_MESSAGE",
        "owner": "",
        "logGroup": first.log_group,
        "logStream": first.log_stream,
        "subscriptionFilters": ["request-lens backfill"],
        "logEvents": [
            {"id": event.id, "timestamp": whole_ms(event.at - EPOCH), "message": event.message}
            for event in batch.events
        ],
    }
    data = base64.b64encode(gzip.compress(json.dumps(envelope).encode())).decode()
    return Packed(event={"awslogs": {"data": data}}, count=len(batch.events))
