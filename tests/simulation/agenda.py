"""What simulated worlds have in common: events by time, workers that run them, and that what failed comes again."""

import heapq
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.adapters.memory.clock import MemoryClock
from request_lens.application.sweep import AGE, SLICE, slice_of
from request_lens.domain.facts import Invocation, Request, RequestId
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.errors import StoreUnavailable, TimerUnavailable
from tests.simulation.drawing.deliveries import Batch
from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.events import Begun, Collected, Event, Work, polling, told
from tests.simulation.simulated_stream import SimulatedStream
from tests.simulation.snapshots import MAX_LAG
from tests.simulation.step import Killed, Step
from tests.simulation.workers import Workers
from tests.support.facts import START

SWEPT_AT = START.replace(minute=10, second=0) + AGE
"""When the first facts are swept, which are of ten past: what is lost later stays lost, by design."""

MAX_STEPS = 3_000
"""A schedule that takes more events than this is taken never to end: all that were run take far fewer."""

NEAR = timedelta(seconds=4)
"""Events of the next seconds can run in the middle of another: lines come later than that after their end."""

BUGS = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""Errors that no use case may raise: they are found, not retried."""


class Agenda[Record](ABC):
    """Events by time, and what came of them. `drained` is False where the steps ran out."""

    def __init__(self, faults: Faults, stream: SimulatedStream[Record]) -> None:
        self.faults = faults
        self.stream = stream
        self.clock = MemoryClock(START)
        self.clock_error = timedelta(0)
        self.collected: list[Collected] = []
        self.errors: list[str] = []
        self.steps = 0
        self.drained = False
        self.longest_chain = 0
        self.deliveries = 0
        self.step = Step(faults, self._give_way)
        self.workers = Workers(faults, self._attempt, self._after_turn, self._can_meet)
        self._ever_meet = self._can_meet()
        self._events: list[tuple[datetime, int, Event]] = []
        self._polled: set[int] = set()
        self._sent = 0

    @abstractmethod
    def _collect(self, batch: Batch) -> None:
        """Run the processor for a batch of log lines, and note what it reports."""

    @abstractmethod
    def _settle(self, event: Event) -> None:
        """Run the processor for settle messages."""

    @abstractmethod
    def _publish(self, records: Sequence[Record]) -> None:
        """Run the processor for records of the table's stream."""

    @abstractmethod
    def _sweep(self, moment: datetime) -> None:
        """Run the processor for the schedule's event of a moment."""

    @abstractmethod
    def _has_record(self, request_id: RequestId) -> bool:
        """Whether the request's record is stored."""

    @abstractmethod
    def _after_turn(self) -> None:
        """Called after every turn of a worker."""

    def put(self, at: datetime, event: Event) -> None:
        """Have an event run at its time."""
        self._sent += 1
        heapq.heappush(self._events, (at, self._sent, event))

    def poll(self, shard: int) -> None:
        """Have a shard of the stream read soon."""
        if shard not in self._polled:
            self._polled.add(shard)
            self.put(self.clock.now() + timedelta(seconds=self.faults.chance.choice((0, 1, 4))), polling(shard))

    def may_be_lost(self, key: SettleKey) -> bool:
        """Whether `sweep` makes this message good; what it leaves to the dead-letter queue comes again from there."""
        if self.clock.now() >= SWEPT_AT - MAX_LAG:  # what was stored only just now the sweep may not see
            return False
        if key.kind in (SettleKind.INVOCATION, SettleKind.TRACE):
            return True
        return key.kind is SettleKind.REQUEST and self._has_record(RequestId(key.id))

    def _run_all(self, batches: Sequence[Batch], *, sweeps: bool = True) -> None:
        """Deliver the batches at their times, and go on until nothing is left to do."""
        for each in batches:
            self.put(each.at, Event(work=Work.COLLECT, batch=each))
        for begins in sorted({slice_of(each) for batch in batches for each in _times(batch)}) if sweeps else ():
            self.put(begins + SLICE + AGE, Event(work=Work.SWEEP, moment=begins + SLICE + AGE))
        self.clock.moment = min((each.at for each in batches), default=START)
        while self._events and self.steps < MAX_STEPS:
            self.workers.run(self._next_event())
        self.drained = not self._events

    def _next_event(self) -> Event:
        at, _, event = heapq.heappop(self._events)
        self.clock.moment = max(self.clock.moment, at)
        return event

    def _attempt(self, event: Event) -> None:
        """Run an event; where it fails, it comes again."""
        self.steps += 1
        self.faults.trace.append(Begun(self.clock.now(), event))
        self.longest_chain = max(self.longest_chain, event.rounds)
        try:
            self._run(event)
        except (StoreUnavailable, TimerUnavailable, Killed) as error:
            self.faults.trace.append(f"    failed: {error}")
            self._again(event)
        except BUGS as error:
            self.errors.append(f"{told(event)} raised {error!r}")

    def _run(self, event: Event) -> None:
        if event.batch is not None:
            self._collect(event.batch)
        elif event.moment is not None:
            self._sweep(event.moment)
        elif event.work is Work.SETTLE:
            self._settle(event)
        else:
            self._deliver(event.shard)

    def _again(self, event: Event) -> None:
        """Lambda's two retries of a log batch, SQS's visibility time-out, the stream's repeat; or hours later."""
        waits = {Work.COLLECT: 60 * event.attempt, Work.SETTLE: 360, Work.PUBLISH: 1, Work.SWEEP: 60}
        wait = timedelta(seconds=waits[event.work])
        if event.work is not Work.PUBLISH and self.faults.strike(Fault.LATE_RETRY):
            wait = timedelta(hours=3)
        retry = replace(event, attempt=event.attempt + 1)
        self.put(self.clock.now() + wait, retry)

    def _deliver(self, number: int) -> None:
        """Publish the shard's next records; the checkpoint moves on afterwards, unless it is lost."""
        shard = self.stream.shards[number]
        size = self.faults.chance.choice((1, 2, 10))
        batch = shard.records[shard.checkpoint : shard.checkpoint + size]
        self.deliveries += len(batch)
        self._publish(batch)
        if not self.faults.strike(Fault.REPEATED_CHECKPOINT):
            shard.checkpoint += len(batch)
        self._polled.discard(number)
        if shard.checkpoint < len(shard.records):
            self.poll(number)

    def _give_way(self) -> None:
        """Between two calls: a second worker may take up the same event, or the next event, and any may go on."""
        if not self._ever_meet:
            return
        event = self.workers.event
        if event is not None and self.workers.has_room:
            if self.faults.strike(Fault.TWO_WORKERS):
                self._twice(event)
            elif self._is_near() and self.faults.strike(Fault.INTERLEAVED):
                self.workers.join(self._next_event())
        self.workers.give_way()

    def _can_meet(self) -> bool:
        return self.faults.can_strike(Fault.TWO_WORKERS, Fault.INTERLEAVED)

    def _twice(self, event: Event) -> None:
        """Have a second worker take up the event that is run."""
        self.workers.join(event)

    def _is_near(self) -> bool:
        return bool(self._events) and self._events[0][0] <= self.clock.now() + NEAR


def _times(batch: Batch) -> Iterator[datetime]:
    """When the batch's facts began."""
    for each in batch.records:
        if isinstance(each, Request):
            yield each.started_at
        elif isinstance(each, Invocation):
            yield each.logged_at
