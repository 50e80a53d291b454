"""What is known of one request at one moment: its record, its linked invocations, its last revision."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from request_lens.domain.facts import InvocationId, Request, RequestId, TraceId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.runaway import Runaway
from request_lens.domain.spans import SpanKind, Trace
from request_lens.domain.tracing.runs import own_spans
from request_lens.domain.tracing.traced import Traced, traced

BEFORE_ALL = InvocationId("")
"""What comes before every invocation, where they are in order of their ids."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanPass:
    """One going through the calls of an id that no record has, some at a time by their ids, to give them up.

    All that lay under the id when it `begun_at` are decided up to the one it has come to: `after`; all where it
    `is_done`. Whoever decides the next ones is at it until `busy_until`.
    """

    begun_at: datetime
    after: InvocationId = BEFORE_ALL
    is_done: bool = False
    busy_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestState:
    """One request as the table holds it; `record` is None until the access log's line has arrived.

    `revision` 0 means that no summary was written yet: the request is `pending`. `orphaned` says that its calls were
    counted as unattributed because no record came in time; of many `orphan_pass` tells which are by now. `runaway` is
    what the request had made when it was flagged; `watched_until` is how long nobody looks whether it is to be.
    `traced` is what its spans say by now, where `spans_read` says that they were read: those of its `trace`. `is_cut`:
    it has more invocations than were to be read, and none of them is here.
    """

    request_id: RequestId
    record: Request | None = None
    stored_at: datetime | None = None
    revision: int = 0
    summary: Summary | None = None
    orphaned: bool = False
    orphan_pass: OrphanPass | None = None
    runaway: Runaway | None = None
    watched_until: datetime | None = None
    invocations: tuple[LinkedInvocation, ...] = ()
    spans_read: bool = False
    trace: Trace | None = None
    traced: Traced | None = None
    is_cut: bool = False

    @property
    def spans_prove(self) -> bool:
        """Whether its spans prove that it has all of its calls: as they were read, or by its last revision."""
        told = self.traced if self.spans_read or self.summary is None else self.summary.traced
        return told is not None and told.complete is True

    @property
    def request(self) -> Request:
        """The record, for those who ask for requests whose record came. Raises: ValueError."""
        if self.record is None:
            raise ValueError(f"no record of request {self.request_id}")
        return self.record


def cut_to_its_head(state: RequestState) -> RequestState:
    """The same without its invocations, which are too many."""
    return replace(state, invocations=(), is_cut=True)


def with_trace(state: RequestState, trace: Trace, policy: Policy, *, region: str | None) -> RequestState:
    """The same with what a trace's spans say of the request, and of each of its calls.

    `region` is where the invocation log is. Raises: ValueError for a request whose record has not come.
    """
    own = own_spans(state.request, trace, policy)
    calls = {span.invocation_id: span.call for span in own if span.kind is SpanKind.CALL}
    linked = [call.invocation for call in state.invocations]
    return replace(
        state,
        invocations=tuple(
            replace(call, span=calls.get(call.invocation.invocation_id, call.span)) for call in state.invocations
        ),
        spans_read=True,
        trace=trace,
        traced=traced(state.request, linked, trace, policy, region=region),
    )


class SettleKind(StrEnum):
    """What a settle message is about.

    A request, a request whose record may never come, the many calls of one that go on being given up, an untagged
    invocation, or a trace that a record names.
    """

    REQUEST = "request"
    ORPHAN = "orphan"
    ORPHANS = "orphans"
    INVOCATION = "invocation"
    TRACE = "trace"


class SettleKey(NamedTuple):
    """All that a settle message says: any copy of it, at any time, is safe."""

    kind: SettleKind
    id: RequestId | InvocationId | TraceId


type TimedKey = tuple[SettleKey, datetime]
"""A key and when it is due."""
