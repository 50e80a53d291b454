"""Links by trace, each broken in one place: what the order of writes and reads, and each rule, are there for."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application import settle_chain as chain_product
from request_lens.application.collecting.sorted_batch import SortedBatch
from request_lens.application.collecting.trace_facts import store_trace_facts
from request_lens.application.tracing import settle_trace as product
from request_lens.application.tracing.ask_traces import Asked, ask_listed
from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId, TraceId
from request_lens.domain.linking.link import (
    Confidence,
    Decision,
    Link,
    LinkedInvocation,
    Method,
    Reason,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.linking.traces import decide_in_trace
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import facts_come_at
from request_lens.domain.spans import CallSpan, Span, SpanKind, Trace
from request_lens.domain.tracing.tools import tool_runs
from request_lens.ports import Ports
from tests.simulation.broken_rules import APPLICATION, broken
from tests.simulation.pipeline import Pipeline

SECOND = timedelta(seconds=1)


class TraceOnlyStore(MemoryFactStore):
    """Keeps a call's span under its trace, and not with the call: who comes with the call does not see it."""

    def store_unlinked(
        self, invocations: Sequence[Invocation], *, stored_at: datetime
    ) -> Mapping[InvocationId, CallSpan]:
        super().store_unlinked(invocations, stored_at=stored_at)
        return {}

    def load_unlinked(self, invocation_id: InvocationId) -> UnlinkedInvocation | None:
        found = super().load_unlinked(invocation_id)
        return None if found is None else replace(found, span=None)


def _read_before_writing(batch: SortedBatch, ports: Ports, *, stored_at: datetime) -> Collection[TraceId]:
    """Which of the batch's traces are named is read before the batch is stored."""
    touched = {span.trace_id for span in batch.spans}
    before = ports.store.find_named(sorted(touched)) if touched else ()
    return {*before, *store_trace_facts(batch, ports, stored_at=stored_at)}


def _read_nothing_more(
    named: Collection[TraceId], batch: SortedBatch, calls: Iterable[CallSpan], ports: Ports
) -> Collection[TraceId]:
    return {*named, *(ports.store.find_named(sorted({span.trace_id for span in calls})))}


def _logged_calls_by_chat(trace: Trace, ports: Ports) -> Sequence[UnlinkedInvocation]:
    """A framework's span around a call is taken for the call that was logged in its second."""
    found = {call.invocation.invocation_id: call for call in _LOGGED_CALLS(trace, ports)}
    for chat in (span for span in trace.spans if span.kind is SpanKind.CHAT):
        begun = chat.started_at.replace(microsecond=0)
        for call in ports.store.unlinked_between(begun, begun, limit=9):
            if call.invocation.tag is None:
                found.setdefault(call.invocation.invocation_id, replace(call, span=chat.call))
    return list(found.values())


_LOGGED_CALLS = product._logged_calls


def _count_fresh_alone(
    trace: Trace, calls: product._Calls, ports: Ports, policy: Policy
) -> Mapping[RequestId, Sequence[InvocationId]]:
    """Calls that were found linked are passed over: whoever linked them has stored their copies."""
    return _STORE_COPIES(trace, product._Calls(calls.fresh, calls.fresh), ports, policy)


_STORE_COPIES = product._store_copies


def _decide_by_the_first(
    call: UnlinkedInvocation, span: CallSpan, records: Sequence[Request], policy: Policy, *, now: datetime
) -> Decision | None:
    """A trace is the request's that it was born in, whoever else names it."""
    alone = (decide_in_trace(call, span, [record], policy, now=now) for record in records)
    return next((made for made in alone if made is not None), None)


def _link_all_to_the_only(
    call: UnlinkedInvocation, span: CallSpan, records: Sequence[Request], policy: Policy, *, now: datetime
) -> Decision | None:
    """An older trace, too, is all of the only request's that names it."""
    made = decide_in_trace(call, span, records, policy, now=now)
    if len(records) == 1 and isinstance(made, Unattributed):
        return Link(request_id=records[0].request_id, method=Method.TRACE, confidence=Confidence.EXACT)
    return made


def _ask_for_no_pause(request: Request, trace: Trace, policy: Policy, *, longer_than: timedelta) -> bool:
    """What one agent's sums prove holds for all agents."""
    return True


def _tell_of_all_roles(linked: Iterable[LinkedInvocation], policy: Policy) -> Set[str | None]:
    """What one agent's sums prove holds for agents that send no spans, too."""
    return frozenset()


def _let_unattributed_stand(new: Decision, standing: Decision) -> bool:
    """Only "never seen" is superseded."""
    if not isinstance(standing, Unattributed) or not isinstance(new, Link):
        return False
    return standing.reason is Reason.REQUEST_NEVER_SEEN


def _ask_no_trace_anew(calls: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy) -> Asked:
    """A call that is decided anew is decided by its chain alone, whatever run it is of."""
    return Asked() if any(call.reopened for call in calls) else ask_listed(calls, ports, policy)


def _tool_runs_by_time(spans: Sequence[Span]) -> Sequence[Span]:
    """A run of a tool in the time of another one of it is that one's double."""
    return tool_runs([replace(span, tool_call_id=None) for span in spans])


type _Breaking = Callable[[], AbstractContextManager[None]]


def _both(one: _Breaking, other: _Breaking) -> _Breaking:
    """What puts two rules in place."""

    @contextmanager
    def breaking() -> Iterator[None]:
        with one(), other():
            yield

    return breaking


def _leave_for_good(
    target: UnlinkedInvocation,
    last: Collection[UnlinkedInvocation],
    at: datetime | None,
    ports: Ports,
    policy: Policy,
) -> None:
    """Who leaves its chain to the call that is due last looks again only if it is that one."""
    _LEAVE_CHAIN(target, last, at, ports, replace(policy, reads_spans=False))


_LEAVE_CHAIN = chain_product._leave_chain


_TRACING = f"{APPLICATION}.tracing.settle_trace"

VARIANTS = {
    "reads which traces are named before it writes": Pipeline(
        breaking=_both(
            broken(f"{APPLICATION}.collect.store_trace_facts", _read_before_writing),
            broken(f"{APPLICATION}.collect.traces_to_settle", _read_nothing_more),
        )
    ),
    "keeps a call's span under its trace only": Pipeline(make_store=lambda step, sink: TraceOnlyStore()),
    "decides by a framework's own chat span": Pipeline(
        breaking=broken(f"{_TRACING}._logged_calls", _logged_calls_by_chat)
    ),
    "passes over calls that are linked already": Pipeline(
        breaking=broken(f"{_TRACING}._store_copies", _count_fresh_alone)
    ),
    "takes a trace for a request's although a second record names it": Pipeline(
        breaking=broken(f"{_TRACING}.decide_in_trace", _decide_by_the_first)
    ),
    "takes all of an older trace for its only request's": Pipeline(
        breaking=broken(f"{_TRACING}.decide_in_trace", _link_all_to_the_only)
    ),
    "leaves a chain for good to a call that its trace decides": Pipeline(
        breaking=broken(f"{APPLICATION}.settle_chain._leave_chain", _leave_for_good)
    ),
    "takes runs of one tool at once for one": Pipeline(
        breaking=broken("request_lens.domain.tracing.traced.tool_runs", _tool_runs_by_time)
    ),
    "takes a session's request for whole before the next one must be there": Pipeline(
        breaking=broken("request_lens.domain.linking.parts.all_come_at", facts_come_at)
    ),
    "lets unattributed stand": Pipeline(
        breaking=broken("request_lens.adapters.memory.fact_store.supersedes", _let_unattributed_stand)
    ),
}
"""Each broken design by its name."""

PARTS_RUNS = Pipeline(breaking=broken(f"{APPLICATION}.settle_chain.ask_listed", _ask_no_trace_anew))
"""Parts a run of which a late record holds some calls."""

SETTLES_PROVEN = Pipeline(breaking=broken("request_lens.domain.settling.readiness.has_no_pause", _ask_for_no_pause))
"""Settles at once what one agent's sums prove, though another agent had time."""

PROVES_FOR_ALL = Pipeline(
    breaking=_both(
        broken(f"{APPLICATION}.read_context.untold_roles", _tell_of_all_roles),
        broken("request_lens.domain.settling.uncertainty.untold_roles", _tell_of_all_roles),
    )
)
"""Takes what spans prove of one role's calls for a proof of all that are listed."""
