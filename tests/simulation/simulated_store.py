"""The in-memory store behind faulty boundaries, and when each fact was stored first."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime

from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId, TraceId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import Decision, Link, LinkedInvocation, Method, UnlinkedInvocation
from request_lens.domain.log_record import Rejected, StoredRejected
from request_lens.domain.settling.answers import Unrevised
from request_lens.domain.settling.runaway import Runaway
from request_lens.domain.settling.state import OrphanPass, RequestState
from request_lens.domain.spans import CallSpan, LambdaRun, Span, Trace
from request_lens.errors import StoreUnavailable
from request_lens.ports import FactStore, NamedTrace
from tests.simulation.drawing.faults import Fault
from tests.simulation.snapshots import MAX_LAG, Snapshots
from tests.simulation.step import Step


class SimulatedStore:
    """Passes every call on to a store, through a `Step`; `inner` is the store itself, for the oracles."""

    def __init__(self, inner: MemoryFactStore, step: Step, clock: MemoryClock) -> None:
        self.inner = inner
        self.first_stored: dict[str, datetime] = {}
        self.first_traced: dict[str, datetime] = {}
        self._port: FactStore = inner
        self._step = step
        self._clock = clock
        self._lags = step.faults.can_strike(Fault.INDEX_LAG)
        self._snapshots = Snapshots(inner)

    def _seen(self, facts: Sequence[Request | Invocation]) -> None:
        for each in facts:
            key = each.request_id if isinstance(each, Request) else each.invocation_id
            self.first_stored.setdefault(key, self._clock.now())

    def _written[Answer](self, effect: Callable[[], Answer]) -> Answer:
        if self._lags:
            self._snapshots.before_write(self._clock.now())
        return effect()

    def _write[Answer](self, effect: Callable[[], Answer]) -> Answer:
        return self._step.write(lambda: self._written(effect), StoreUnavailable)

    def _lagging[Answer](self, effect: Callable[[FactStore], Answer]) -> Answer:
        """What is read eventually consistent: where it differs, it may be what was there some seconds ago."""
        answer, lag = effect(self._port), MAX_LAG * self._step.faults.chance.random()
        if not self._lags or (then := self._snapshots.at(self._clock.now() - lag)) is self.inner:
            return answer
        behind = effect(then)
        return behind if behind != answer and self._step.faults.strike(Fault.INDEX_LAG) else answer

    def store_requests(self, records: Sequence[Request], *, stored_at: datetime) -> Sequence[Request]:
        conflicting: list[Request] = []

        def store(some: list[Request]) -> None:
            self._seen(some)
            conflicting.extend(self._written(lambda: self._port.store_requests(some, stored_at=stored_at)))

        self._step.some_of(list(records), store)
        return conflicting

    def store_unlinked(
        self, invocations: Sequence[Invocation], *, stored_at: datetime
    ) -> Mapping[InvocationId, CallSpan]:
        spans: dict[InvocationId, CallSpan] = {}

        def store(some: list[Invocation]) -> None:
            self._seen(some)
            spans.update(self._written(lambda: self._port.store_unlinked(some, stored_at=stored_at)))

        self._step.some_of(list(invocations), store)
        return spans

    def store_spans(self, spans: Sequence[Span], *, stored_at: datetime) -> None:
        def store(some: list[Span]) -> None:
            for each in some:
                self.first_stored.setdefault(each.span_id, self._clock.now())
            self._written(lambda: self._port.store_spans(some, stored_at=stored_at))

        self._step.some_of(list(spans), store)

    def name_traces(self, named: Sequence[NamedTrace]) -> None:
        self._step.some_of(list(named), lambda some: self._written(lambda: self._port.name_traces(some)))

    def join_runs(self, runs: Sequence[LambdaRun], records: Sequence[Request]) -> Sequence[NamedTrace]:
        return self._write(lambda: self._port.join_runs(runs, records))

    def traces_of(self, requests: Sequence[Request]) -> Sequence[TraceId | None]:
        return [self._trace_of(request) for request in requests]

    def _trace_of(self, request: Request) -> TraceId | None:
        (trace_id,) = self._step.read(lambda: self._port.traces_of([request]))
        return trace_id

    def find_named(self, trace_ids: Collection[TraceId]) -> Collection[TraceId]:
        return self._step.read(lambda: self._port.find_named(trace_ids))

    def load_trace(self, trace_id: TraceId) -> Trace:
        return self._step.read(lambda: self._port.load_trace(trace_id))

    def load_traces(self, trace_ids: Sequence[TraceId]) -> Sequence[Trace]:
        return self._step.read(lambda: self._lagging(lambda store: store.load_traces(trace_ids)))

    def load_call_spans(self, invocation_ids: Sequence[InvocationId]) -> Mapping[InvocationId, CallSpan]:
        return self._step.read(lambda: self._port.load_call_spans(invocation_ids))

    def store_linked(self, linked: Sequence[LinkedInvocation]) -> None:
        def store(some: list[LinkedInvocation]) -> None:
            self._seen([each.invocation for each in some])
            self._written(lambda: self._port.store_linked(some))

        self._step.some_of(list(linked), store)

    def load_request(self, request_id: RequestId) -> RequestState:
        return self._step.read(lambda: self._port.load_request(request_id))

    def load_waiting(self, request_id: RequestId, *, most: int) -> RequestState:
        return self._step.read(lambda: self._port.load_waiting(request_id, most=most))

    def load_linked(self, request_id: RequestId, *, after: InvocationId, limit: int) -> Sequence[LinkedInvocation]:
        return self._step.read(lambda: self._port.load_linked(request_id, after=after, limit=limit))

    def load_requests(self, request_ids: Sequence[RequestId], *, most: int | None = None) -> Sequence[RequestState]:
        return self._step.read(lambda: self._port.load_requests(request_ids, most=most))

    def load_heads(self, request_ids: Sequence[RequestId], *, is_consistent: bool = False) -> Sequence[RequestState]:
        if is_consistent:
            return self._step.read(lambda: self._port.load_heads(request_ids, is_consistent=True))
        return self._step.read(lambda: self._lagging(lambda store: store.load_heads(request_ids)))

    def write_revision(self, request_id: RequestId, *, revision: int, summary: Summary) -> bool:
        return self._write(lambda: self._port.write_revision(request_id, revision=revision, summary=summary))

    def flag_runaway(self, request_id: RequestId, runaway: Runaway) -> bool:
        return self._write(lambda: self._port.flag_runaway(request_id, runaway))

    def mark_watched(self, request_id: RequestId, *, until: datetime) -> None:
        self._write(lambda: self._port.mark_watched(request_id, until=until))

    def mark_orphaned(self, request_id: RequestId, orphan_pass: OrphanPass | None = None) -> bool:
        return self._write(lambda: self._port.mark_orphaned(request_id, orphan_pass))

    def mark_overrun(self, request_id: RequestId) -> None:
        self._write(lambda: self._port.mark_overrun(request_id))

    def find_overrun(self, request_ids: Collection[RequestId]) -> Collection[RequestId]:
        return self._step.read(lambda: self._lagging(lambda store: store.find_overrun(request_ids)))

    def decide_all(self, decisions: Sequence[tuple[UnlinkedInvocation, Decision]]) -> None:
        self._step.some_of(list(decisions), lambda some: self._written(lambda: self._port.decide_all(some)))

    def load_decisions(self, invocation_ids: Sequence[InvocationId]) -> Mapping[InvocationId, Decision]:
        return self._step.read(lambda: self._lagging(lambda store: store.load_decisions(invocation_ids)))

    def load_unlinked(self, invocation_id: InvocationId) -> UnlinkedInvocation | None:
        return self._step.read(lambda: self._port.load_unlinked(invocation_id))

    def load_all_unlinked(self, invocation_ids: Sequence[InvocationId]) -> Sequence[UnlinkedInvocation]:
        return self._step.read(lambda: self._port.load_all_unlinked(invocation_ids))

    def decide(self, unlinked: UnlinkedInvocation, decision: Decision) -> Decision:
        standing = self._write(lambda: self._port.decide(unlinked, decision))
        if isinstance(standing, Link) and standing.method is Method.TRACE:
            self.first_traced.setdefault(unlinked.invocation.invocation_id, self._clock.now())
        return standing

    def requests_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        return self._step.read(lambda: self._lagging(lambda store: store.requests_between(first, last, limit=limit)))

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        return self._step.read(lambda: self._lagging(lambda store: store.unlinked_between(first, last, limit=limit)))

    def iter_requests(self, first: datetime, last: datetime) -> Iterator[Request]:
        return iter(self._step.read(lambda: self._lagging(lambda store: list(store.iter_requests(first, last)))))

    def iter_unlinked(self, first: datetime, last: datetime) -> Iterator[UnlinkedInvocation]:
        return iter(self._step.read(lambda: self._lagging(lambda store: list(store.iter_unlinked(first, last)))))

    def find_unsettled(self, request_ids: Sequence[RequestId]) -> Sequence[RequestId]:
        return self._step.read(lambda: self._lagging(lambda store: store.find_unsettled(request_ids)))

    def find_uncounted(self, linked: Sequence[LinkedInvocation]) -> Sequence[LinkedInvocation]:
        return self._step.read(lambda: self._lagging(lambda store: store.find_uncounted(linked)))

    def find_unrevised(self, linked: Sequence[LinkedInvocation]) -> Unrevised:
        return self._step.read(lambda: self._lagging(lambda store: store.find_unrevised(linked)))

    def store_rejected(self, records: Sequence[Rejected], *, stored_at: datetime) -> None:
        self._step.some_of(list(records), lambda some: self._port.store_rejected(some, stored_at=stored_at))

    def rejected_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[StoredRejected]:
        return self._step.read(lambda: self._port.rejected_between(first, last, limit=limit))
