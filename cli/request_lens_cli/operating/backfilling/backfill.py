"""Backfill: slice by slice of a period, all requests' records a little ahead, then the calls.

An untagged call is decided a minute after it was stored, by the facts around it: so these must be stored by then. The
records of requests go ahead by more than a request can lie apart from its calls, and a slice is so short that what lies
around a call follows within seconds. To send a slice again changes nothing.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from request_lens_cli.operating.backfilling.packing import Packed, packed
from request_lens_cli.operating.backfilling.past_event import PastEvent, Source
from request_lens_cli.operating.invoked_processor import SENDERS, DeployedProcessor, ProcessorFailedError
from request_lens_cli.operating.parallel import in_parallel

SHORTEST, BEGINNING, LONGEST = timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=1)
"""How long slices are: shorter where many events are, longer where few are."""

QUIET = timedelta(days=1)
"""So long a time without any event is passed over at once."""

MANY, FEW = 2_000, 500
"""Log events of a slice: some ten seconds and some three."""

PAUSES_S = (1, 5, 20)
"""How long a batch that failed waits before it is sent again; after the last the backfill stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """All events until this moment have been sent, and so many of them in so many batches."""

    until: datetime
    events: int
    batches: int


@dataclass(slots=True, kw_only=True)
class Backfill:
    """The events of [first, end) from some sources, on their way to the processor; records go ahead by `lead`."""

    sources: Sequence[Source]
    processor: DeployedProcessor
    first: datetime
    end: datetime
    lead: timedelta
    pause: Callable[[float], None] = time.sleep
    _held: list[PastEvent] = field(default_factory=list)

    def run(self) -> Iterator[Progress]:
        """Send everything; answers after each slice.

        Raises: ClientError, BotoCoreError, SourceError, ProcessorFailedError: nothing is left out in silence, and what
        the last answer says is sent.
        """
        begins, length, events, batches = self.first, BEGINNING, 0, 0
        read_until = self.first
        while begins < self.end:
            ends = min(begins + length, self.end)
            if length > LONGEST and not self._is_quiet(read_until, ends + self.lead):
                length = LONGEST
                continue
            sent = [batch.count for batch in self._send(packed(self._slice(read_until, ends)))]
            begins, read_until = ends, ends + self.lead
            events, batches = events + sum(sent), batches + len(sent)
            yield Progress(until=begins, events=events, batches=batches)
            length = _next_length(length, sum(sent))

    def _is_quiet(self, first: datetime, end: datetime) -> bool:
        """Whether there is nothing to send until then."""
        return not self._held and all(next(source.read(first, end), None) is None for source in self.sources)

    def _slice(self, read_until: datetime, ends: datetime) -> Iterator[PastEvent]:
        """What is to be sent until a slice's end: records that lead, and the others of before its end.

        Of what is read ahead the others are held back; beyond the period they are left out.
        """
        held, self._held = self._held, []
        yield from (event for event in held if event.at < ends)
        self._held += [event for event in held if event.at >= ends]
        for source in self.sources:
            for event in source.read(read_until, ends + self.lead):
                if event.leads or event.at < ends:
                    yield event
                elif event.at < self.end:
                    self._held.append(event)

    def _send(self, batches: Iterator[Packed]) -> Iterator[Packed]:
        return in_parallel(self._send_one, batches, workers=SENDERS)

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
