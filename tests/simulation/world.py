"""The world of one schedule: the real use cases over a store in memory, run by events in their time."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from request_lens.adapters.memory.inference_profiles import MemoryInferenceProfiles
from request_lens.adapters.sqs_settle_timer import delay_of
from request_lens.application.settle_batch import collect_and_settle, settle_messages
from request_lens.application.sweep import sweep
from request_lens.domain.facts import RequestId
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.changes import Change
from request_lens.domain.publishing.publication import PipelineMetrics, Publication
from request_lens.domain.settling.crowds import Crowds
from request_lens.domain.settling.state import RequestState, SettleKey
from request_lens.ports import Ports
from tests.simulation.agenda import BUGS, Agenda
from tests.simulation.drawing.deliveries import Batch
from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.events import Collected, Event, Work
from tests.simulation.judging.batch_reference import PRICES
from tests.simulation.pipeline import PRODUCT, Pipeline
from tests.simulation.simulated_store import SimulatedStore
from tests.simulation.simulated_stream import SimulatedStream, changed_item
from tests.simulation.step import Killed


class World(Agenda[Change]):
    """The settle timer and the metric sink of the use cases, whose store is in memory."""

    def __init__(self, faults: Faults, policy: Policy, pipeline: Pipeline = PRODUCT, *, sweeps: bool = True) -> None:
        super().__init__(faults, SimulatedStream(changed_item))
        self.policy = policy
        self._sweeps = sweeps
        self.pipeline = pipeline
        self.printed: list[Publication] = []
        self._store = SimulatedStore(pipeline.make_store(self.step, self), self.step, self.clock)
        self._ports = Ports(
            store=self._store,
            timer=self,
            sink=self,
            clock=self.clock,
            profiles=MemoryInferenceProfiles(),
            prices=PRICES,
            crowds=Crowds(),
        )

    def run(self, batches: Sequence[Batch]) -> None:
        """Deliver the batches at their times, and go on until nothing is left to do."""
        self.policy = self.pipeline.waits(self.policy)
        self._run_all(batches, sweeps=self._sweeps)

    @property
    def first_stored(self) -> Mapping[str, datetime]:
        """When each fact was stored first, by its id."""
        return self._store.first_stored

    @property
    def first_traced(self) -> Mapping[str, datetime]:
        """When each call was first linked by its trace, by its id."""
        return self._store.first_traced

    def all_requests(self) -> Sequence[RequestState]:
        """The requests whose record came."""
        return self._store.inner.all_requests()

    def all_unlinked(self) -> Sequence[UnlinkedInvocation]:
        """The calls that have an item of their own."""
        return self._store.inner.all_unlinked()

    def all_changes(self) -> Sequence[Change]:
        """Everything that the stream ever held."""
        return self.stream.all_records()

    def send(self, keys: Sequence[tuple[SettleKey, datetime]]) -> None:
        """See `ports.SettleTimer`: SQS takes any part of a batch, waits 900 s at most, and may deliver twice."""
        self.step.some_of(list(keys), self._enqueue)

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
        now, sender = self.clock.now(), self.workers.event
        rounds = 1 + (sender.rounds if sender is not None and sender.key is not None else 0)
        for key, due_at in keys:
            if self._sweeps and self.may_be_lost(key) and self.faults.strike(Fault.LOST_MESSAGE):
                continue
            event = Event(work=Work.SETTLE, key=key, rounds=rounds)
            wait = timedelta(seconds=delay_of(due_at, now))
            if wait and self.faults.strike(Fault.EARLY_MESSAGE):
                wait *= self.faults.chance.random()
            if self.faults.strike(Fault.LATE_MESSAGE):
                wait += timedelta(hours=3)
            self.put(now + wait, event)
            if self.faults.strike(Fault.DUPLICATE_MESSAGE):
                self.put(now + wait + timedelta(seconds=self.faults.chance.choice((0, 2, 40, 10_800))), event)

    def _has_record(self, request_id: RequestId) -> bool:
        return any(state.record is not None for state in self._store.inner.load_heads([request_id]))

    def _after_turn(self) -> None:
        """Whatever was written is in the stream, even if its writer fails later."""
        for shard in sorted(self.stream.put(self._store.inner.take_changes())):
            self.poll(shard)

    def _collect(self, batch: Batch) -> None:
        """Collect a batch as the handler does; what could not be settled with it comes through the queue."""
        report, failures = collect_and_settle(batch.records, self._ports, self.policy)
        self.errors.extend(repr(failure.error) for failure in failures if isinstance(failure.error, BUGS))
        self.collected.append(Collected(at=self.clock.now(), batch=batch, report=report))

    def _settle(self, event: Event) -> None:
        """Settle one message; where that fails, it comes again."""
        keys = [event.key] if event.key is not None else []
        for failure in settle_messages(keys, self._ports, self.policy):
            raise failure.error

    def _publish(self, records: Sequence[Change]) -> None:
        self.pipeline.publish(records, self._ports, self.policy)

    def _sweep(self, moment: datetime) -> None:
        sweep(self._ports, self.policy, moment=moment)
