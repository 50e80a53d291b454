"""Backfill: slice by slice of a period, all requests' records a little ahead, then the calls.

An untagged call is decided a minute after it was stored, by the facts around it: so these must be stored by then. The
records of requests go ahead by more than a request can lie apart from its calls, in each slice those of all sources
before any call; and a slice is so short that what lies around a call follows within seconds. To send a slice again
changes nothing.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from request_lens_cli.operating.backfilling.packing import Packed, packed
from request_lens_cli.operating.backfilling.past_event import PastEvent, Source
from request_lens_cli.operating.backfilling.slices import Reading, Slice
from request_lens_cli.operating.invoked_processor import SENDERS, DeployedProcessor, ProcessorFailedError
from request_lens_cli.operating.parallel import in_parallel

SHORTEST, BEGINNING, LONGEST = timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)
"""How long slices are: shorter where many events are, longer where few are."""

QUIET = timedelta(days=1)
"""So long a time without any event is passed over at once."""

MOST, MANY, FEW = 4_000, 2_000, 500
"""Log events of a slice: some twenty seconds, some ten and some three. One with more than `MOST` is cut."""

PAUSES_S = (1, 5, 20)
"""How long a batch that failed waits before it is sent again; after the last the backfill stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """All events until this moment have been sent, and so many of them in so many batches."""

    until: datetime
    events: int
    batches: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Backfill:
    """The events of [first, end) from some sources, on their way to the processor; records go ahead by `lead`."""

    sources: Sequence[Source]
    processor: DeployedProcessor
    first: datetime
    end: datetime
    lead: timedelta
    pause: Callable[[float], None] = time.sleep

    def run(self) -> Iterator[Progress]:
        """Send everything; answers after each slice.

        Raises: ClientError, BotoCoreError, SourceError, ProcessorFailedError: nothing is left out in silence, and what
        the last answer says is sent.
        """
        with closing(Reading(sources=self.sources, end=self.end)) as reading:
            yield from self._slices(reading)

    def _slices(self, reading: Reading) -> Iterator[Progress]:
        begins, read_until, length = self.first, self.first, BEGINNING
        progress = Progress(until=begins, events=0, batches=0)
        while begins < self.end:
            ends = min(begins + length, self.end)
            if length > LONGEST and not reading.is_quiet(read_until, ends + self.lead):
                length = LONGEST
                continue
            most = MOST if length > SHORTEST else None
            read = reading.read(read_until, ends + self.lead, ends=ends, at_most=most)
            if read is None:
                length = max(length / 2, SHORTEST)
                continue
            progress = self._sent(read, progress, ends)
            reading.keep(read)
            begins, read_until = ends, ends + self.lead
            yield progress
            length = _next_length(length, read.count)

    def _sent(self, read: Slice, progress: Progress, until: datetime) -> Progress:
        """Send a slice: every record has been stored before the first call goes."""
        batches = sum(1 for events in (read.records_in_order, read.calls_in_order) for _ in self._send(events))
        return Progress(until=until, events=progress.events + read.count, batches=progress.batches + batches)

    def _send(self, events: Iterator[PastEvent]) -> Iterator[Packed]:
        return in_parallel(self._send_one, packed(events), workers=SENDERS)

    def _send_one(self, batch: Packed) -> Packed:
        for pause_s in PAUSES_S:
            try:
                self.processor.send(batch.event)
            except (ClientError, BotoCoreError, ProcessorFailedError):
                self.pause(pause_s)
            else:
                return batch
        self.processor.send(batch.event)
        return batch


def _next_length(length: timedelta, events: int) -> timedelta:
    if events > MANY:
        return max(length / 2, SHORTEST)
    if not events:
        return min(length * 2, QUIET)
    return min(length * 2, LONGEST) if events < FEW else length
