"""A fact store in memory: for `replay`, the tests and the simulator.

It keeps the same promises as the DynamoDB one; one contract suite runs over both.
"""

from bisect import insort
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from request_lens.adapters.memory.by_time import between
from request_lens.adapters.memory.rejected_store import MemoryRejectedStore
from request_lens.adapters.memory.trace_store import MemoryTraceStore
from request_lens.domain.doctor import is_doctors
from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import Decision, LinkedInvocation, UnlinkedInvocation, supersedes
from request_lens.domain.publishing.changes import Change, InvocationDecided, RevisionWritten, RunawayFlagged
from request_lens.domain.settling.answers import Unrevised
from request_lens.domain.settling.readiness import has_news
from request_lens.domain.settling.runaway import Runaway
from request_lens.domain.settling.state import OrphanPass, RequestState, cut_to_its_head
from request_lens.domain.spans import CallSpan


class MemoryFactStore(MemoryTraceStore, MemoryRejectedStore):
    """All facts in dictionaries, with the table's stream as a list of changes."""

    def __init__(self) -> None:
        super().__init__()
        self._requests: dict[RequestId, RequestState] = {}
        self._linked: dict[RequestId, dict[InvocationId, LinkedInvocation]] = {}
        self._unlinked: dict[InvocationId, UnlinkedInvocation] = {}
        self._requests_by_time: list[tuple[datetime, RequestId]] = []
        self._unlinked_by_time: list[tuple[datetime, InvocationId]] = []
        self._overrun: set[RequestId] = set()
        self._changes: list[Change] = []

    def take_changes(self) -> list[Change]:
        """The changes since the last call, in order: what the table's stream would deliver."""
        taken, self._changes = self._changes, []
        return taken

    def all_requests(self) -> list[RequestState]:
        """Every request with its record, by start, then id."""
        return [self.load_request(request_id) for _, request_id in self._requests_by_time]

    def all_unlinked(self) -> list[UnlinkedInvocation]:
        """Every invocation that has an item of its own, by timestamp, then id."""
        return [self._unlinked[invocation_id] for _, invocation_id in self._unlinked_by_time]

    def store_requests(self, records: Sequence[Request], *, stored_at: datetime) -> Sequence[Request]:
        """See `ports.FactWriter`."""
        conflicting = []
        for record in records:
            state = self._state(record.request_id)
            if state.record is None:
                self._requests[record.request_id] = replace(state, record=record, stored_at=stored_at)
                if not is_doctors(record.request_id):
                    insort(self._requests_by_time, (record.started_at, record.request_id))
            elif record.is_another_than(state.record):
                conflicting.append(record)
        return conflicting

    def store_unlinked(
        self, invocations: Sequence[Invocation], *, stored_at: datetime
    ) -> Mapping[InvocationId, CallSpan]:
        """See `ports.FactWriter`."""
        for invocation in invocations:
            self._store(UnlinkedInvocation(invocation=invocation, stored_at=stored_at))
        return self.load_call_spans([invocation.invocation_id for invocation in invocations])

    def store_linked(self, linked: Sequence[LinkedInvocation]) -> None:
        """See `ports.FactWriter`."""
        for call in linked:
            self._linked.setdefault(call.link.request_id, {})[call.invocation.invocation_id] = call

    def load_request(self, request_id: RequestId) -> RequestState:
        """See `ports.RequestStore`."""
        state, linked = self._state(request_id), self._linked.get(request_id)
        return replace(state, invocations=tuple(linked[key] for key in sorted(linked))) if linked else state

    def load_waiting(self, request_id: RequestId, *, most: int) -> RequestState:
        """See `ports.RequestStore`."""
        state = self._state(request_id)
        is_cut = state.record is None and len(self._linked.get(request_id, {})) > most
        return cut_to_its_head(state) if is_cut else self.load_request(request_id)

    def load_linked(self, request_id: RequestId, *, after: InvocationId, limit: int) -> Sequence[LinkedInvocation]:
        """See `ports.RequestStore`."""
        linked = self._linked.get(request_id, {})
        return [linked[key] for key in sorted(linked) if key > after][:limit]

    def write_revision(self, request_id: RequestId, *, revision: int, summary: Summary) -> bool:
        """See `ports.RequestStore`."""
        state = self._state(request_id)
        if state.record is None or state.stored_at is None or state.revision != revision - 1:
            return False
        self._requests[request_id] = replace(state, revision=revision, summary=summary)
        self._changes.append(
            RevisionWritten(
                request=state.record,
                stored_at=state.stored_at,
                revision=revision,
                summary=summary,
                previous=state.summary,
                orphaned=state.orphaned,
            )
        )
        return True

    def flag_runaway(self, request_id: RequestId, runaway: Runaway) -> bool:
        """See `ports.RequestStore`."""
        state = self._state(request_id)
        if state.runaway is not None:
            return False
        self._requests[request_id] = replace(state, runaway=runaway)
        self._changes.append(RunawayFlagged(request_id=request_id, runaway=runaway))
        return True

    def mark_watched(self, request_id: RequestId, *, until: datetime) -> None:
        """See `ports.RequestStore`."""
        state = self._state(request_id)
        if state.record is None:
            self._requests[request_id] = replace(state, watched_until=until)

    def mark_orphaned(self, request_id: RequestId, orphan_pass: OrphanPass | None = None) -> bool:
        """See `ports.RequestStore`."""
        state = self._state(request_id)
        if state.record is not None:
            return False
        self._requests[request_id] = replace(state, orphaned=True, orphan_pass=orphan_pass or state.orphan_pass)
        return True

    def mark_overrun(self, request_id: RequestId) -> None:
        """See `ports.RequestStore`."""
        if self._state(request_id).record is None:
            self._overrun.add(request_id)

    def find_overrun(self, request_ids: Collection[RequestId]) -> Collection[RequestId]:
        """See `ports.RequestStore`."""
        return {
            request_id
            for request_id in self._overrun.intersection(request_ids)
            if self._state(request_id).record is None
        }

    def decide_all(self, decisions: Sequence[tuple[UnlinkedInvocation, Decision]]) -> None:
        """See `ports.DecisionStore`."""
        for unlinked, decision in decisions:
            self.decide(unlinked, decision)

    def load_decisions(self, invocation_ids: Sequence[InvocationId]) -> Mapping[InvocationId, Decision]:
        """See `ports.DecisionStore`."""
        stored = ((call_id, self._unlinked.get(call_id)) for call_id in invocation_ids)
        return {call_id: call.decision for call_id, call in stored if call is not None and call.decision is not None}

    def load_unlinked(self, invocation_id: InvocationId) -> UnlinkedInvocation | None:
        """See `ports.DecisionStore`."""
        return next(iter(self.load_all_unlinked([invocation_id])), None)

    def load_all_unlinked(self, invocation_ids: Sequence[InvocationId]) -> Sequence[UnlinkedInvocation]:
        """See `ports.DecisionStore`."""
        found = (self._unlinked[call_id] for call_id in dict.fromkeys(invocation_ids) if call_id in self._unlinked)
        return [replace(call, span=self._calls.get(call.invocation.invocation_id)) for call in found]

    def decide(self, unlinked: UnlinkedInvocation, decision: Decision) -> Decision:
        """See `ports.DecisionStore`."""
        stored = self._store(unlinked)
        if stored.decision is not None and not supersedes(decision, stored.decision):
            return stored.decision
        self._unlinked[stored.invocation.invocation_id] = replace(stored, decision=decision)
        self._changes.append(
            InvocationDecided(
                invocation=stored.invocation,
                stored_at=stored.stored_at,
                decision=decision,
                previous=stored.decision,
            )
        )
        return decision

    def requests_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        """See `ports.Neighbourhood`."""
        request_ids = between(self._requests_by_time, first, last)[:limit]
        records = (self._requests[request_id].record for request_id in request_ids)
        return [record for record in records if record is not None]

    def unlinked_between(self, first: datetime, last: datetime, *, limit: int) -> Sequence[UnlinkedInvocation]:
        """See `ports.Neighbourhood`."""
        return [self._unlinked[call_id] for call_id in between(self._unlinked_by_time, first, last)[:limit]]

    def iter_requests(self, first: datetime, last: datetime) -> Iterator[Request]:
        """See `ports.SweepQueries`."""
        return iter(self.requests_between(first, last, limit=len(self._requests_by_time)))

    def iter_unlinked(self, first: datetime, last: datetime) -> Iterator[UnlinkedInvocation]:
        """See `ports.SweepQueries`."""
        return iter(self.unlinked_between(first, last, limit=len(self._unlinked_by_time)))

    def newest_requests(self, first: datetime, last: datetime, *, limit: int) -> Sequence[Request]:
        """See `ports.FactReader`."""
        return list(self.requests_between(first, last, limit=len(self._requests_by_time)))[-limit:]

    def count_requests(self, first: datetime, last: datetime, *, limit: int) -> int:
        """See `ports.FactReader`."""
        return min(len(between(self._requests_by_time, first, last)), limit)

    def load_heads(
        self,
        request_ids: Sequence[RequestId],
        *,
        is_consistent: bool = False,  # noqa: ARG002 - nothing lags here
    ) -> Sequence[RequestState]:
        """See `ports.RequestReader`."""
        return [self._state(request_id) for request_id in request_ids]

    def load_requests(self, request_ids: Sequence[RequestId], *, most: int | None = None) -> Sequence[RequestState]:
        """See `ports.RequestReader`."""
        states = map(self.load_request, request_ids)
        return [cut_to_its_head(each) if most is not None and len(each.invocations) > most else each for each in states]

    def find_unsettled(self, request_ids: Sequence[RequestId]) -> Sequence[RequestId]:
        """See `ports.SweepQueries`."""
        states = self.load_requests(list(dict.fromkeys(request_ids)))
        return [state.request_id for state in states if state.revision == 0 or has_news(state)]

    def find_uncounted(self, linked: Sequence[LinkedInvocation]) -> Sequence[LinkedInvocation]:
        """See `ports.SweepQueries`."""
        return [
            call for call in linked if call.invocation.invocation_id not in self._linked.get(call.link.request_id, {})
        ]

    def find_unrevised(self, linked: Sequence[LinkedInvocation]) -> Unrevised:
        """See `ports.SweepQueries`."""
        missing = self.find_uncounted(linked)
        unsettled = self.find_unsettled([call.link.request_id for call in linked])
        return Unrevised(missing, {*unsettled, *(call.link.request_id for call in missing)})

    def _store(self, unlinked: UnlinkedInvocation) -> UnlinkedInvocation:
        """Store the invocation unless it is there, and return it as it is stored."""
        invocation = unlinked.invocation
        if invocation.invocation_id not in self._unlinked:
            self._unlinked[invocation.invocation_id] = replace(unlinked, decision=None, span=None)
            insort(self._unlinked_by_time, (invocation.logged_at, invocation.invocation_id))
        return self._unlinked[invocation.invocation_id]

    def _state(self, request_id: RequestId) -> RequestState:
        return self._requests.get(request_id) or RequestState(request_id=request_id)
