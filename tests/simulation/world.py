"""The world of one schedule: time, events in their order, and the real use cases run by them."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.inference_profiles import MemoryInferenceProfiles
from request_lens.adapters.sqs_settle_timer import delay_of
from request_lens.application.collect import CollectReport
from request_lens.application.settle_batch import SettleFailure, collect_and_settle, settle_messages
from request_lens.application.sweep import AGE, SLICE, slice_of, sweep
from request_lens.domain.facts import Invocation, Request, RequestId
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.publication import PipelineMetrics, Publication
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.errors import StoreUnavailable, TimerUnavailable
from request_lens.ports import Ports
from tests.simulation.drawing.deliveries import Batch
from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.events import Collected, Event, Work, polling, told
from tests.simulation.judging.batch_reference import PRICES
from tests.simulation.pipeline import PRODUCT, Pipeline
from tests.simulation.simulated_store import SimulatedStore
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


@dataclass(slots=True)
class World:
    """Events by time, and what came of them. `drained` is False where the steps ran out."""

    faults: Faults
    policy: Policy
    pipeline: Pipeline = PRODUCT
    printed: list[Publication] = field(default_factory=list)
    collected: list[Collected] = field(default_factory=list)
    steps: int = 0
    drained: bool = False
    errors: list[str] = field(default_factory=list)
    longest_chain: int = 0
    deliveries: int = 0
    stream: SimulatedStream = field(default_factory=SimulatedStream)
    clock: MemoryClock = field(default_factory=lambda: MemoryClock(START))
    store: SimulatedStore = field(init=False)
    _ports: Ports = field(init=False)
    _step: Step = field(init=False)
    _events: list[tuple[datetime, int, Event]] = field(default_factory=list)
    _polled: set[int] = field(default_factory=set)
    _workers: Workers = field(init=False)
    _sent: int = 0

    def __post_init__(self) -> None:
        self._step = Step(self.faults, self._give_way)
        self._workers = Workers(self.faults, self._attempt, self._feed_stream)
        self.store = SimulatedStore(self.pipeline.make_store(self._step, self), self._step, self.clock)
        self._ports = Ports(
            store=self.store,
            timer=self,
            sink=self,
            clock=self.clock,
            profiles=MemoryInferenceProfiles(),
            prices=PRICES,
        )

    def run(self, batches: Sequence[Batch]) -> None:
        """Deliver the batches at their times, and go on until nothing is left to do."""
        self.policy = self.pipeline.waits(self.policy)
        for each in batches:
            self._put(each.at, Event(work=Work.COLLECT, batch=each))
        for begins in sorted({slice_of(each) for batch in batches for each in _times(batch)}):
            self._put(begins + SLICE + AGE, Event(work=Work.SWEEP, moment=begins + SLICE + AGE))
        self.clock.moment = min((each.at for each in batches), default=START)
        while self._events and self.steps < MAX_STEPS:
            self._take()
        self.drained = not self._events

    def send(self, keys: Sequence[tuple[SettleKey, datetime]]) -> None:
        """See `ports.SettleTimer`: SQS takes any part of a batch, waits 900 s at most, and may deliver twice."""
        self._step.some_of(list(keys), self._enqueue)

    def publish(self, publication: Publication) -> None:
        """See `ports.MetricSink`; the function may die before the line is printed, or after."""
        self._print_crash()
        self.printed.append(publication)
        self._print_crash()

    def publish_pipeline(self, metrics: PipelineMetrics) -> None:
        """See `ports.MetricSink`."""
        self._print_crash()

    def _print_crash(self) -> None:
        if self.faults.strike(Fault.PRINT_CRASH):
            raise Killed("crashed at a print")

    def _enqueue(self, keys: Sequence[tuple[SettleKey, datetime]]) -> None:
        now, sender = self.clock.now(), self._workers.event
        rounds = 1 + (sender.rounds if sender is not None and sender.key is not None else 0)
        for key, due_at in keys:
            if self._may_be_lost(key) and self.faults.strike(Fault.LOST_MESSAGE):
                continue
            event = Event(work=Work.SETTLE, key=key, rounds=rounds)
            wait = timedelta(seconds=delay_of(due_at, now))
            if wait and self.faults.strike(Fault.EARLY_MESSAGE):
                wait *= self.faults.chance.random()
            if self.faults.strike(Fault.LATE_MESSAGE):
                wait += timedelta(hours=3)
            self._put(now + wait, event)
            if self.faults.strike(Fault.DUPLICATE_MESSAGE):
                self._put(now + wait + timedelta(seconds=self.faults.chance.choice((0, 2, 40, 10_800))), event)

    def _may_be_lost(self, key: SettleKey) -> bool:
        """Whether `sweep` makes this message good; what it leaves to the dead-letter queue comes again from there."""
        if self.clock.now() >= SWEPT_AT - MAX_LAG:  # what was stored only just now the sweep may not see
            return False
        if key.kind is SettleKind.INVOCATION:
            return True
        return key.kind is SettleKind.REQUEST and self.store.inner.load_request(RequestId(key.id)).record is not None

    def _put(self, at: datetime, event: Event) -> None:
        self._sent += 1
        heapq.heappush(self._events, (at, self._sent, event))

    def _take(self) -> None:
        self._workers.run(self._next_event())

    def _next_event(self) -> Event:
        at, _, event = heapq.heappop(self._events)
        self.clock.moment = max(self.clock.moment, at)
        return event

    def _attempt(self, event: Event) -> None:
        """Run an event; where it fails, it comes again."""
        self.steps += 1
        self.faults.trace.append(f"{self.clock.now():%d %H:%M:%S.%f} {told(event)}")
        self.longest_chain = max(self.longest_chain, event.rounds)
        try:
            self._run(event)
        except (StoreUnavailable, TimerUnavailable, Killed) as error:
            self.faults.trace.append(f"    failed: {error}")
            self._again(event)
        except BUGS as error:
            self.errors.append(f"{told(event)} raised {error!r}")

    def _feed_stream(self) -> None:
        """Whatever was written is in the stream, even if its writer fails later."""
        for shard in self.stream.put(self.store.inner.take_changes()):
            self._poll(shard)

    def _run(self, event: Event) -> None:
        if event.batch is not None:
            report = self._collect(event.batch)
            self.collected.append(Collected(at=self.clock.now(), batch=event.batch, report=report))
        elif event.key is not None:
            self._raise(settle_messages([event.key], self._ports, self.policy))
        elif event.work is Work.SWEEP:
            sweep(self._ports, self.policy, moment=event.moment)
        else:
            self._deliver(event.shard)

    def _collect(self, batch: Batch) -> CollectReport:
        """Collect a batch as the handler does; what could not be settled with it comes through the queue."""
        report, failures = collect_and_settle(batch.records, self._ports, self.policy)
        self.errors.extend(repr(failure.error) for failure in failures if isinstance(failure.error, BUGS))
        return report

    def _raise(self, failures: Sequence[SettleFailure]) -> None:
        """A message that failed is one that comes again."""
        for failure in failures:
            raise failure.error

    def _again(self, event: Event) -> None:
        """Lambda's two retries of a log batch, SQS's visibility time-out, the stream's repeat; or hours later."""
        waits = {Work.COLLECT: 60 * event.attempt, Work.SETTLE: 360, Work.PUBLISH: 1, Work.SWEEP: 60}
        wait = timedelta(seconds=waits[event.work])
        if event.work is not Work.PUBLISH and self.faults.strike(Fault.LATE_RETRY):
            wait = timedelta(hours=3)
        retry = replace(event, attempt=event.attempt + 1)
        self._put(self.clock.now() + wait, retry)

    def _poll(self, shard: int) -> None:
        if shard not in self._polled:
            self._polled.add(shard)
            self._put(self.clock.now() + timedelta(seconds=self.faults.chance.choice((0, 1, 4))), polling(shard))

    def _deliver(self, number: int) -> None:
        """Publish the shard's next changes; the checkpoint moves on afterwards, unless it is lost."""
        shard = self.stream.shards[number]
        size = self.faults.chance.choice((1, 2, 10))
        batch = shard.changes[shard.checkpoint : shard.checkpoint + size]
        self.deliveries += len(batch)
        self.pipeline.publish(batch, self._ports, self.policy)
        if not self.faults.strike(Fault.REPEATED_CHECKPOINT):
            shard.checkpoint += len(batch)
        self._polled.discard(number)
        if shard.checkpoint < len(shard.changes):
            self._poll(number)

    def _give_way(self) -> None:
        """Between two calls: a second worker may take up the same event, or the next event, and any may go on."""
        event = self._workers.event
        if event is not None and self._workers.has_room:
            if self.faults.strike(Fault.TWO_WORKERS):
                self._workers.join(event)
            elif self._is_near() and self.faults.strike(Fault.INTERLEAVED):
                self._workers.join(self._next_event())
        self._workers.give_way()

    def _is_near(self) -> bool:
        return bool(self._events) and self._events[0][0] <= self.clock.now() + NEAR


def _times(batch: Batch) -> Iterator[datetime]:
    """When the batch's facts began."""
    for each in batch.records:
        if isinstance(each, Request):
            yield each.started_at
        elif isinstance(each, Invocation):
            yield each.logged_at
