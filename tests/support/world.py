"""The use cases in a world of memory adapters, where writes can fail and a failed message comes again."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.adapters.memory.inference_profiles import MemoryInferenceProfiles
from request_lens.adapters.memory.metric_sink import MemoryMetricSink
from request_lens.adapters.memory.settle_timer import MemorySettleTimer
from request_lens.application.collect import CollectReport, collect
from request_lens.application.publish import publish
from request_lens.application.settle import settle
from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import Decision, LinkedInvocation, Unattributed, UnlinkedInvocation
from request_lens.domain.log_record import LogRecord, Rejected
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES, PriceTable
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import Publication
from request_lens.domain.settling.readiness import has_news
from request_lens.domain.settling.runaway import Runaway
from request_lens.domain.settling.state import OrphanPass, RequestState
from request_lens.domain.spans import CallSpan, LambdaRun, Span
from request_lens.errors import StoreUnavailable
from request_lens.ports import NamedTrace, Ports
from tests.support.facts import at

RETRY_AFTER = timedelta(seconds=60)
"""How long after a failure a message or batch comes again."""

MAX_TIMERS = 5_000
"""A world that fires more timers than this feeds itself."""


class FailingStore(MemoryFactStore):
    """A store whose `fails_at`-th write (from 1) raises: before it is done, or where `after` is set, when it is."""

    def __init__(self, *, fails_at: int = 0, after: bool = False) -> None:
        super().__init__()
        self.writes = 0
        self._fails_at = fails_at
        self._after = after

    def _written[Answer](self, write: Callable[[], Answer]) -> Answer:
        self.writes += 1
        fails = self.writes == self._fails_at
        if fails and not self._after:
            raise StoreUnavailable("the test's outage, before the write")
        answer = write()
        if fails:
            raise StoreUnavailable("the test's outage, after the write")
        return answer

    def store_requests(self, records: Sequence[Request], *, stored_at: datetime) -> Sequence[Request]:
        write = super().store_requests
        return self._written(lambda: write(records, stored_at=stored_at))

    def store_unlinked(
        self, invocations: Sequence[Invocation], *, stored_at: datetime
    ) -> Mapping[InvocationId, CallSpan]:
        write = super().store_unlinked
        return self._written(lambda: write(invocations, stored_at=stored_at))

    def store_spans(self, spans: Sequence[Span], *, stored_at: datetime) -> None:
        write = super().store_spans
        self._written(lambda: write(spans, stored_at=stored_at))

    def name_traces(self, named: Sequence[NamedTrace]) -> None:
        write = super().name_traces
        self._written(lambda: write(named))

    def join_runs(self, runs: Sequence[LambdaRun], records: Sequence[Request]) -> Sequence[NamedTrace]:
        write = super().join_runs
        return self._written(lambda: write(runs, records))

    def store_linked(self, linked: Sequence[LinkedInvocation]) -> None:
        write = super().store_linked
        self._written(lambda: write(linked))

    def store_rejected(self, records: Sequence[Rejected], *, stored_at: datetime) -> None:
        write = super().store_rejected
        self._written(lambda: write(records, stored_at=stored_at))

    def write_revision(self, request_id: RequestId, *, revision: int, summary: Summary) -> bool:
        write = super().write_revision
        return self._written(lambda: write(request_id, revision=revision, summary=summary))

    def flag_runaway(self, request_id: RequestId, runaway: Runaway) -> bool:
        write = super().flag_runaway
        return self._written(lambda: write(request_id, runaway))

    def mark_watched(self, request_id: RequestId, *, until: datetime) -> None:
        write = super().mark_watched
        self._written(lambda: write(request_id, until=until))

    def mark_orphaned(self, request_id: RequestId, orphan_pass: OrphanPass | None = None) -> bool:
        write = super().mark_orphaned
        return self._written(lambda: write(request_id, orphan_pass))

    def decide(self, unlinked: UnlinkedInvocation, decision: Decision) -> Decision:
        write = super().decide
        return self._written(lambda: write(unlinked, decision))


class World:
    """Time, the store, the timers and what was printed."""

    def __init__(
        self,
        policy: Policy | None = None,
        *,
        store: MemoryFactStore | None = None,
        timer: MemorySettleTimer | None = None,
        prices: PriceTable = NO_PRICES,
    ) -> None:
        self.policy = policy or Policy()
        self.store = store or MemoryFactStore()
        self.sink = MemoryMetricSink()
        self.timer = timer or MemorySettleTimer()
        self.clock = MemoryClock(at(0))
        self.profiles: dict[str, str] = {}
        self.ports = Ports(
            store=self.store,
            timer=self.timer,
            sink=self.sink,
            clock=self.clock,
            profiles=MemoryInferenceProfiles(self.profiles),
            prices=prices,
        )
        self.fired = 0

    def collect(self, seconds: float, *records: LogRecord) -> CollectReport:
        """Run until then, and take one batch; where the store fails, the same batch comes again at once."""
        self.run_until(seconds)
        self.clock.moment = max(self.clock.moment, at(seconds))
        try:
            report = collect(records, self.ports, self.policy)
        except StoreUnavailable:
            report = collect(records, self.ports, self.policy)
        self.timer.send(report.keys)
        self._publish()
        return report

    def run_until(self, seconds: float | None = None) -> None:
        """Fire the timers that are due before then, or all there are."""
        end = None if seconds is None else at(seconds)
        while (due := self.timer.next_due()) is not None and (end is None or due < end):
            self.clock.moment = max(self.clock.moment, due)
            self._settle()
            self.fired += 1
            assert self.fired < MAX_TIMERS, "the timers feed themselves"

    def _settle(self) -> None:
        key = self.timer.take()
        try:
            settle(key, self.ports, self.policy)
        except StoreUnavailable:
            self.timer.send([(key, self.clock.moment + RETRY_AFTER)])
        self._publish()

    def _publish(self) -> None:
        if changes := self.store.take_changes():
            publish(changes, self.ports, self.policy)

    def request(self, request_id: str = "r1") -> RequestState:
        """What the store holds of a request."""
        return self.store.load_request(RequestId(request_id))

    def decision(self, invocation_id: str) -> Decision | None:
        """What was decided of an untagged invocation."""
        found = self.store.load_unlinked(InvocationId(invocation_id))
        return None if found is None else found.decision

    def calls_of(self, request_id: str = "r1") -> dict[str, tuple[str, str]]:
        """The request's calls, each with its link's method and confidence."""
        found = self.request(request_id).invocations
        return {each.invocation.invocation_id: (each.link.method.value, each.link.confidence.value) for each in found}

    def published(self) -> dict[str, Publication]:
        """What was printed, by publication id; none was printed twice."""
        found = {each.publication_id: each for each in self.sink.publications}
        assert len(found) == len(self.sink.publications)
        return found

    def sum_of(self, metric: Metric) -> float:
        """The sum of a metric over all that was printed."""
        return sum(sum(each.values.get(metric, ())) for each in self.sink.publications)

    def pipeline_sum(self, metric: Metric) -> float:
        """The sum of a metric over what the pipeline says of itself."""
        return sum(sum(each.values.get(metric, ())) for each in self.sink.pipeline)


def run(arrivals: Iterable[tuple[float, LogRecord]], policy: Policy | None = None) -> World:
    """A world in which these records came at these seconds, one a batch, and all timers have fired."""
    world = World(policy)
    for seconds, record in sorted(arrivals, key=lambda each: each[0]):
        world.collect(seconds, record)
    world.run_until()
    return world


def places(world: World) -> dict[str, str]:
    """For each invocation that was decided where it counts: under its request, or for its reason.

    Fails where an invocation counts twice, or where a request's last revision does not count all that is under it.
    """
    found: dict[str, str] = {}
    for state in world.store.all_requests():
        assert not has_news(state), f"{state.request_id} was not revised"
        for each in state.invocations:
            assert each.invocation.invocation_id not in found, "under two requests"
            found[each.invocation.invocation_id] = state.request_id
    for lone in world.store.all_unlinked():
        if isinstance(lone.decision, Unattributed):
            assert lone.invocation.invocation_id not in found, "linked and unattributed"
            found[lone.invocation.invocation_id] = str(lone.decision.reason)
    return found
