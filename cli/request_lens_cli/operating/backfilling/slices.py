"""What is sent of a period at a time: the records of requests first, then the calls in order of time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from heapq import merge
from itertools import chain

from request_lens_cli.operating.backfilling.past_event import PastEvent, Source
from request_lens_cli.operating.backfilling.spool import Spool


@dataclass(frozen=True, slots=True)
class Slice:
    """What was read to be sent until a moment, of each source in the order in which it gave it.

    `records` go ahead of their time, `calls` are of before that moment; `later` ones are those that were read with
    the records, and are held for the next slice.
    """

    records: Sequence[Spool]
    calls: Sequence[Spool]
    later: Sequence[Spool]

    @property
    def count(self) -> int:
        """How many are sent."""
        return sum(spool.count for spool in (*self.records, *self.calls))

    @property
    def records_in_order(self) -> Iterator[PastEvent]:
        """The records of all sources, by time."""
        return _in_order(self.records)

    @property
    def calls_in_order(self) -> Iterator[PastEvent]:
        """The calls of all sources, by time: those of one chain go soon after each other, wherever they were logged."""
        return _in_order(self.calls)


def _in_order(spools: Sequence[Spool]) -> Iterator[PastEvent]:
    return merge(*(spool.events() for spool in spools), key=lambda event: event.at)


@dataclass(slots=True, kw_only=True)
class Reading:
    """The sources, read slice by slice until `end`; what no slice has sent yet is held. To be closed at the end."""

    sources: Sequence[Source]
    end: datetime
    _held: Sequence[Spool] = ()
    _open: list[Spool] = field(default_factory=list)

    def is_quiet(self, first: datetime, end: datetime) -> bool:
        """Whether there is nothing to send until then."""
        held = any(spool.count for spool in self._held)
        return not held and all(next(source.read(first, end), None) is None for source in self.sources)

    def read(self, first: datetime, last: datetime, *, ends: datetime, at_most: int | None) -> Slice | None:
        """The slice that ends at `ends`, of what is held and of all that lies in [first, last), where records end.

        None where more than so many are to be read: then nothing has changed.
        """
        read = Slice(*([self._spool() for _ in self.sources] for _ in range(3)))
        left = at_most
        for place, events in enumerate(self._events(first, last)):
            for event in events:
                if left == 0:
                    self._close_all_but(self._held)
                    return None
                left = None if left is None else left - 1
                self._set_aside(event, place, ends, read)
        return read

    def keep(self, read: Slice) -> None:
        """A slice was sent: hold what comes after it."""
        self._held = read.later
        self._close_all_but(self._held)

    def close(self) -> None:
        """Forget what is held."""
        self._close_all_but(())

    def _spool(self) -> Spool:
        self._open.append(Spool())
        return self._open[-1]

    def _close_all_but(self, held: Sequence[Spool]) -> None:
        for spool in self._open:
            if spool not in held:
                spool.close()
        self._open = list(held)

    def _events(self, first: datetime, last: datetime) -> Iterator[Iterator[PastEvent]]:
        """Each source's events, after what is held of it."""
        for place, source in enumerate(self.sources):
            held = self._held[place].events() if self._held else iter(())
            yield chain(held, source.read(first, last))

    def _set_aside(self, event: PastEvent, place: int, ends: datetime, read: Slice) -> None:
        """Beyond the period there are records only: those of its last calls."""
        if event.leads:
            read.records[place].add(event)
        elif event.at < ends:
            read.calls[place].add(event)
        elif event.at < self.end:
            read.later[place].add(event)
