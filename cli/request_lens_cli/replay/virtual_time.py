"""Replay in virtual time: the very use cases of the processor over log records, with the in-memory adapters."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.adapters.memory.inference_profiles import MemoryInferenceProfiles
from request_lens.adapters.memory.metric_sink import MemoryMetricSink
from request_lens.adapters.memory.settle_timer import MemorySettleTimer
from request_lens.adapters.price_list import bedrock_prices
from request_lens.application.collect import collect
from request_lens.application.publish import publish
from request_lens.application.settle import settle
from request_lens.application.sweep import AGE, SLICE, slice_of, sweep
from request_lens.domain.facts import Invocation, InvocationId, Request
from request_lens.domain.folding.fold import without_log
from request_lens.domain.linking.link import Unattributed, UnlinkedInvocation
from request_lens.domain.log_record import LogRecord, Rejected
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.changes import Change, RevisionWritten
from request_lens.domain.publishing.publication import PipelineMetrics, Publication
from request_lens.domain.settling.state import RequestState
from request_lens.domain.spans import LambdaRun, Span
from request_lens.domain.times import EPOCH
from request_lens.ports import Ports

DELIVERY = timedelta(seconds=10)
"""How long after its end a record arrives where nothing says when (5-13 s were observed from a call's start)."""

UNKNOWN_LATENCY = timedelta(seconds=1)
"""How long a call of unknown latency is taken to last, for its arrival only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A log record and when it arrives; None where nothing says so."""

    record: LogRecord
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a replay ends with. `requests` are those whose record came, by start, then id."""

    requests: Sequence[RequestState]
    unattributed: Sequence[UnlinkedInvocation]
    rejected: Sequence[Rejected]
    publications: Sequence[Publication]
    pipeline: Sequence[PipelineMetrics]


def replay(arrivals: Iterable[Arrival], policy: Policy) -> Replay:
    """Run all records through collect, settle and publish, and time on until no timer is left.

    Records come in order of their arrival, equal ones in the order given, before timers of the same instant. A record
    without a readable time arrives with the one before it. A timer fires exactly when due; what none was left for is
    swept, as it is two hours later in a deployed stack.

    Without any invocation no request is certain: what it made is unknown, not 0.

    Raises: ReplayIncompleteError where a fact is neither in a summary nor unattributed after that.
    """
    timed = sorted(_timed(arrivals), key=lambda arrival: arrival[0])
    world = _World(policy, lacks_log=not any(isinstance(record, Invocation) for _, record in timed))
    for at, record in timed:
        world.run_until(at)
        world.collect(at, record)
    world.run_until(None)
    world.sweep_what_is_left()
    return Replay(
        requests=world.requests(),
        unattributed=[call for call in world.store.all_unlinked() if isinstance(call.decision, Unattributed)],
        rejected=world.rejected,
        publications=world.sink.publications,
        pipeline=world.sink.pipeline,
    )


def _timed(arrivals: Iterable[Arrival]) -> list[tuple[datetime, LogRecord]]:
    latest = EPOCH
    timed: list[tuple[datetime, LogRecord]] = []
    for arrival in arrivals:
        latest = arrival.at or _usual_arrival(arrival.record) or latest
        timed.append((latest, arrival.record))
    return timed


def _usual_arrival(record: LogRecord) -> datetime | None:
    match record:
        case Request():
            return (record.ended_at or record.started_at) + DELIVERY
        case Invocation():
            return record.logged_at + (UNKNOWN_LATENCY if record.latency_ms is None else record.latency) + DELIVERY
        case Span():
            return record.ended_at + DELIVERY
        case LambdaRun():
            return record.at + DELIVERY
        case _:
            return None


class ReplayIncompleteError(Exception):
    """A fact that went in would not be in what comes out."""


class _World:
    """The in-memory adapters and the clock that the replay moves."""

    def __init__(self, policy: Policy, *, lacks_log: bool) -> None:
        self.store = MemoryFactStore()
        self.sink = MemoryMetricSink()
        self.rejected: list[Rejected] = []
        self._collected: dict[InvocationId, datetime] = {}
        self._policy = policy
        self._lacks_log = lacks_log
        self._timer = MemorySettleTimer()
        self._clock = MemoryClock(EPOCH)
        self._ports = Ports(
            store=self.store,
            timer=self._timer,
            sink=self.sink,
            clock=self._clock,
            profiles=MemoryInferenceProfiles(),
            prices=bedrock_prices(),
        )

    def requests(self) -> Sequence[RequestState]:
        """The requests whose record came; what they made is unknown where no invocation came at all."""
        states = self.store.all_requests()
        return [_unsure(state) for state in states] if self._lacks_log else states

    def collect(self, at: datetime, record: LogRecord) -> None:
        """Take one record at its moment."""
        self._clock.moment = at
        report = collect([record], self._ports, self._policy)
        self._timer.send(report.keys)
        self.rejected += report.rejected
        if isinstance(record, Invocation) and report.facts:
            self._collected[record.invocation_id] = record.logged_at
        self._publish()

    def run_until(self, end: datetime | None) -> None:
        """Fire every timer that is due before `end`, or all there are."""
        while (due := self._timer.next_due()) is not None and (end is None or due < end):
            self._clock.moment = max(self._clock.moment, due)
            settle(self._timer.take(), self._ports, self._policy)
            self._publish()

    def sweep_what_is_left(self) -> None:
        """Sweep the minutes of all that is neither settled nor decided. Raises: ReplayIncompleteError."""
        for begins in sorted({slice_of(moment) for moment in self._left()}):
            swept_at = begins + SLICE + AGE
            self._clock.moment = max(self._clock.moment, swept_at)
            sweep(self._ports, self._policy, moment=swept_at)
            self.run_until(None)
        if left := self._left():
            raise ReplayIncompleteError(f"{len(left)} facts were neither settled nor decided: please report this")

    def _left(self) -> list[datetime]:
        """The times of the facts that are neither settled nor decided, and so in nothing that comes out."""
        states = [state for state in self.store.all_requests() if state.record]
        counted = {
            call.invocation.invocation_id for state in states if _is_counted(state) for call in state.invocations
        }
        told = counted | {
            call.invocation.invocation_id
            for call in self.store.all_unlinked()
            if isinstance(call.decision, Unattributed)
        }
        return [
            *(state.request.started_at for state in states if not state.revision),
            *(at for call_id, at in self._collected.items() if call_id not in told),
        ]

    def _publish(self) -> None:
        if changes := self.store.take_changes():
            known = [_unsure_change(change) for change in changes] if self._lacks_log else changes
            publish(known, self._ports, self._policy)


def _is_counted(state: RequestState) -> bool:
    return state.summary is not None and state.summary.totals.invocations == len(state.invocations)


def _unsure(state: RequestState) -> RequestState:
    return state if state.summary is None else replace(state, summary=without_log(state.summary))


def _unsure_change(change: Change) -> Change:
    if not isinstance(change, RevisionWritten):
        return change
    previous = None if change.previous is None else without_log(change.previous)
    return replace(change, summary=without_log(change.summary), previous=previous)
