"""What the use cases need of the world: the fact store, the settle timer, the metric sink, the clock."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId, TraceId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import Decision, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.log_record import Rejected, StoredRejected
from request_lens.domain.pricing import PriceTable
from request_lens.domain.publishing.publication import PipelineMetrics, Publication
from request_lens.domain.settling.answers import BatchAnswers, Unrevised
from request_lens.domain.settling.crowds import Crowds
from request_lens.domain.settling.runaway import Runaway
from request_lens.domain.settling.state import OrphanPass, RequestState, TimedKey
from request_lens.domain.spans import CallSpan, LambdaRun, Span, Trace


class FactWriter(Protocol):
    """Stores facts. Storing one twice is a no-op: the first stored content stays. Raises: StoreUnavailable."""

    def store_requests(self, records: Sequence[Request], *, stored_at: datetime) -> Sequence[Request]:
        """Store requests' records; answers with those that are not stored because another request has their id."""

    def store_unlinked(
        self, invocations: Sequence[Invocation], *, stored_at: datetime
    ) -> Mapping[InvocationId, CallSpan]:
        """Store untagged invocations, pending until somebody decides them; answers with the spans known of them."""

    def store_linked(self, linked: Sequence[LinkedInvocation]) -> None:
        """Store invocations under their requests. Each is put whole: a repeated one has the same content.

        Only one may know the model behind an inference profile: the later stays, and the next revision counts by it.
        """


type NamedTrace = tuple[TraceId, Request]
"""A trace, and a request whose record names it."""


class TraceStore(Protocol):
    """Spans, and which records name their traces: of two writers the second finds what the first wrote, each time."""

    def store_spans(self, spans: Sequence[Span], *, stored_at: datetime) -> None:
        """Store spans under their traces, and of each call to Bedrock its trace and times with its invocation."""

    def name_traces(self, named: Sequence[NamedTrace]) -> None:
        """Store that requests' records name these traces."""

    def join_runs(self, runs: Sequence[LambdaRun], records: Sequence[Request]) -> Sequence[NamedTrace]:
        """Store what logs and records say of runs, which answer one request each; answers with traces known by both."""

    def traces_of(self, requests: Sequence[Request]) -> Sequence[TraceId | None]:
        """The trace that each request's record names, by itself or by a function's run, as far as that is known."""

    def find_named(self, trace_ids: Collection[TraceId]) -> Collection[TraceId]:
        """Those of the traces that a request's record names."""

    def load_trace(self, trace_id: TraceId) -> Trace:
        """All that is known of a trace, up to MAX_TRACE_SPANS spans; an unknown one has no spans and no requests."""

    def load_traces(self, trace_ids: Sequence[TraceId]) -> Sequence[Trace]:
        """Those of the traces, each given once, that can be read, in their order; may lag behind the newest writes."""

    def load_call_spans(self, invocation_ids: Sequence[InvocationId]) -> Mapping[InvocationId, CallSpan]:
        """The spans of those of the invocations that have one, whether or not their own events have come."""


class RequestReader(Protocol):
    """Requests' facts and revisions, several at once; one that another version wrote of looks unknown."""

    def load_requests(self, request_ids: Sequence[RequestId], *, most: int | None = None) -> Sequence[RequestState]:
        """All of these requests, in order, strongly consistent; one with more than `most` calls is_cut to its head."""

    def load_heads(self, request_ids: Sequence[RequestId], *, is_consistent: bool = False) -> Sequence[RequestState]:
        """These requests in their order, without their invocations; may lag unless it `is_consistent`."""


class RequestStore(RequestReader, Protocol):
    """One request's facts and revisions, read strongly consistent. Raises: StoreUnavailable."""

    def load_request(self, request_id: RequestId) -> RequestState:
        """All that is known of one request; an unknown one has no record and no invocations."""

    def load_waiting(self, request_id: RequestId, *, most: int) -> RequestState:
        """The same; but one without a record that has more than `most` invocations is_cut to its head."""

    def load_linked(self, request_id: RequestId, *, after: InvocationId, limit: int) -> Sequence[LinkedInvocation]:
        """The request's invocations in order of their ids: the first `limit` behind this one, or BEFORE_ALL."""

    def write_revision(self, request_id: RequestId, *, revision: int, summary: Summary) -> bool:
        """Write a revision on condition that the one before still stands and the record is there; False if not."""

    def flag_runaway(self, request_id: RequestId, runaway: Runaway) -> bool:
        """Flag the request as a runaway, with or without its record; False if it is flagged already."""

    def mark_watched(self, request_id: RequestId, *, until: datetime) -> None:
        """Say that all of the request's calls were looked at for a limit; nothing if its record is there by now."""

    def mark_orphaned(self, request_id: RequestId, orphan_pass: OrphanPass | None = None) -> bool:
        """Say that the request's calls count as unattributed, and of many, which; False if its record is there."""

    def mark_overrun(self, request_id: RequestId) -> None:
        """Say that further calls with this id are to be taken as untagged; nothing if its record is there by now."""

    def find_overrun(self, request_ids: Collection[RequestId]) -> Collection[RequestId]:
        """Those of the ids that are marked so; may lag behind the newest writes."""


class DecisionStore(Protocol):
    """Untagged invocations and what was decided of them. Raises: StoreUnavailable."""

    def load_unlinked(self, invocation_id: InvocationId) -> UnlinkedInvocation | None:
        """One untagged invocation, read strongly consistent; None if there is none."""

    def load_all_unlinked(self, invocation_ids: Sequence[InvocationId]) -> Sequence[UnlinkedInvocation]:
        """Those of the invocations that are there, each once, in any order, read strongly consistent."""

    def decide(self, unlinked: UnlinkedInvocation, decision: Decision) -> Decision:
        """Write the decision unless there is one; answers with the one that stands.

        Stores the invocation too where it is not in the table yet. Which takes the place of which, `supersedes` says.
        """

    def decide_all(self, decisions: Sequence[tuple[UnlinkedInvocation, Decision]]) -> None:
        """Decide each, in any order, as `decide` does; what had stood is not told."""

    def load_decisions(self, invocation_ids: Sequence[InvocationId]) -> Mapping[InvocationId, Decision]:
        """The decisions of those of the invocations that have one; may lag behind the newest writes."""


class Neighbourhood(Protocol):
    """Facts by time, in order of their start and id; may lag behind the newest writes. Raises: StoreUnavailable."""

    def requests_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        """Requests that started in [first, last], the earliest `limit` of them."""

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        """Untagged invocations whose timestamp lies in [first, last], the earliest `limit` of them."""


class SharedNeighbourhood(Neighbourhood, Protocol):
    """Facts by time that are read once for several settles, and so may be older than what those have decided since."""

    def tell_decision(self, invocation_id: InvocationId, decision: Decision) -> None:
        """Let later reads know of a decision."""


class FactReader(RequestReader, Neighbourhood, Protocol):
    """What those who look at requests read, and nothing that writes. Raises: StoreUnavailable."""

    def newest_requests(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        """Requests that started in [first, last], the latest `limit` of them, in order of their start."""

    def count_requests(self, first: datetime, last: datetime, *, limit: int) -> int:
        """How many requests started in [first, last]; `limit` means that many or more."""


class SweepQueries(Protocol):
    """What was left undone, looked up in bulk; may lag behind the newest writes. Raises: StoreUnavailable."""

    def iter_requests(self, first: datetime, last: datetime) -> Iterator[Request]:
        """All requests that started in [first, last], in order of their start and id, read as they are asked for."""

    def iter_unlinked(self, first: datetime, last: datetime) -> Iterator[UnlinkedInvocation]:
        """All untagged invocations whose timestamp lies in [first, last], in order of it and id, likewise."""

    def find_unsettled(self, request_ids: Sequence[RequestId]) -> Sequence[RequestId]:
        """Those of the requests, each once, that have no revision, or more invocations than their last one counts."""

    def find_uncounted(self, linked: Sequence[LinkedInvocation]) -> Sequence[LinkedInvocation]:
        """Those of the invocations, each given once, that are not stored under their request."""

    def find_unrevised(self, linked: Sequence[LinkedInvocation]) -> Unrevised:
        """What of these invocations, each given once, the revisions of their requests do not count yet."""


class RejectedStore(Protocol):
    """Keeps what was set aside. Raises: StoreUnavailable."""

    def store_rejected(self, records: Sequence[Rejected], *, stored_at: datetime) -> None:
        """Keep rejected records. One that is delivered again is still one, of the later time."""

    def rejected_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[StoredRejected]:
        """Those stored in [first, last], the earliest `limit` by time and key; may lag behind the newest writes."""


class FactStore(
    FactWriter, TraceStore, RequestStore, DecisionStore, Neighbourhood, SweepQueries, RejectedStore, Protocol
):
    """The table as a whole."""


class InferenceProfiles(Protocol):
    """The models behind application inference profiles."""

    def models_behind(self, profile_ids: Sequence[str]) -> Mapping[str, str]:
        """The model id of each of these profiles that can be learnt now; never raises, never waits for long."""


class SettleTimer(Protocol):
    """Delivers a key at or after its time, at least once. Raises: TimerUnavailable."""

    def send(self, keys: Sequence[TimedKey]) -> None:
        """Schedule each key for its time; a time in the past means now."""


class MetricSink(Protocol):
    """Where lines are published, at least once each."""

    def publish(self, publication: Publication) -> None:
        """Print one publication: per-request or unattributed metrics, and the same per model."""

    def publish_pipeline(self, metrics: PipelineMetrics) -> None:
        """Print what the pipeline says of itself."""


class Clock(Protocol):
    """The present moment."""

    def now(self) -> datetime:
        """Aware, in UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """All that a use case needs of the world; `prices` are what LLM calls cost in it.

    `shared` are reads by time that the settles of one batch share, `answers` what else they know of each other,
    `crowds` what a process knows of dense times; without, each looks itself. `region` is where the log of calls is.
    """

    store: FactStore
    timer: SettleTimer
    sink: MetricSink
    clock: Clock
    profiles: InferenceProfiles
    prices: PriceTable
    shared: SharedNeighbourhood | None = None
    answers: BatchAnswers | None = None
    crowds: Crowds | None = None
    region: str | None = None

    @property
    def around(self) -> Neighbourhood:
        """Where facts are read that lie around another one."""
        return self.shared or self.store
