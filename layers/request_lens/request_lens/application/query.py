"""Query: the requests of a time range as they stand now, their pending calls where they would go. Nothing is stored."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from request_lens.application.without_request import UntaggedCalls, asking, beside, untagged_beside
from request_lens.domain.facts import LOG_PRECISION_MS, InvocationId, Request, RequestId
from request_lens.domain.folding.preview import fitting_requests, provisional_links, provisional_summary
from request_lens.domain.folding.summary import Summary, estimate_within
from request_lens.domain.linking.link import LinkedInvocation, Method, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import NearbyFacts
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import Estimate, PriceTable
from request_lens.domain.settling.state import RequestState
from request_lens.domain.settling.uncertainty import leave_other_traces, possible_attempts, possible_span, untold_by
from request_lens.ports import FactReader

MAX_COUNTED = 10_000
"""Requests beyond the rows are counted up to here."""

MAX_PENDING = 64
"""Pending requests that are read whole, the newest of them: a Query each."""

READ_LIMIT = 2_000
"""Facts of each kind that are read to place pending calls; with more, none is placed."""

PENDING_WITHIN = timedelta(hours=3)
"""Calls that are older are not looked for among the pending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPorts:
    """All that looking needs of the world; `prices` are those of what has no revision yet."""

    reader: FactReader
    prices: PriceTable


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """A request as it stands; `is_pending` while a revision is still to come, `summary` None while it has no calls.

    `state` is what is stored of it, its calls only where they had to be read.
    """

    record: Request
    state: RequestState
    summary: Summary | None
    is_pending: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPage:
    """The newest requests of a range, by start, and what is not among them.

    `earlier` is how many more the range holds, MAX_COUNTED where there may be more still. `unplaced` are the untagged
    calls without a decision that would be linked to no request as things stand: those of the range, and others that may
    be of a request shown.
    """

    requests: Sequence[RequestView]
    earlier: int = 0
    unplaced: Sequence[UnlinkedInvocation] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDetail:
    """One request with its calls; those in `provisional` are not decided yet. `view` is None until its record arrives.

    `estimates` has each call's cost, or why it has none; None where its summary was priced with another table.
    `possible` are calls that may be its own besides, where they were looked for.
    """

    view: RequestView | None
    calls: Sequence[LinkedInvocation]
    provisional: frozenset[InvocationId]
    estimates: Mapping[InvocationId, Estimate | None]
    possible: Sequence[UnlinkedInvocation] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pending:
    """The links that pending calls around would get, by request, and those that would get none."""

    links: Mapping[RequestId, Sequence[LinkedInvocation]]
    unplaced: Sequence[UnlinkedInvocation] = ()


def list_requests(
    ports: ReadPorts, policy: Policy, *, span: tuple[datetime, datetime], now: datetime, limit: int
) -> RequestPage:
    """The latest `limit` requests that started in the span, bounds included, as they stand now."""
    reader, (first, last) = ports.reader, span
    records = reader.newest_requests(first, last, limit=limit)
    counted = reader.count_requests(first, last, limit=MAX_COUNTED) if len(records) == limit else len(records)
    heads = reader.load_heads([record.request_id for record in records])
    whole = _whole(reader, [head.request_id for head in heads if not head.revision])
    states = [replace(head, record=record) for record, head in zip(records, heads, strict=True)]
    pending = _pending(reader, policy, span=_pending_span(states, policy, span=span, now=now), whole=whole.values())
    whole |= _whole(reader, [head.request_id for head in heads if head.request_id in pending.links.keys() - whole])
    return RequestPage(
        requests=[
            _view(whole.get(record.request_id, head), record, pending=pending, policy=policy, prices=ports.prices)
            for record, head in zip(records, heads, strict=True)
        ],
        earlier=max(counted - len(records), 0),
        unplaced=tuple(beside(pending.unplaced, policy, states, span=(_earliest(span[0], policy), span[1]))),
    )


def unattributed_beside(
    ports: ReadPorts, policy: Policy, page: RequestPage, *, span: tuple[datetime, datetime]
) -> UntaggedCalls:
    """The calls that belong to no request in the time that the page's requests are of, and those that may be theirs."""
    first = page.requests[0].record.started_at if page.earlier else span[0]
    states = [view.state for view in page.requests]
    read = untagged_beside(ports.reader, policy, states, span=(first, span[1]), limit=READ_LIMIT)
    calls = [call for call in read.calls if isinstance(call.decision, Unattributed)]
    return UntaggedCalls(calls=calls, may_be_more=read.may_be_more)


def get_request(ports: ReadPorts, policy: Policy, *, request_id: RequestId) -> RequestDetail:
    """One request with its calls by id, the provisional ones last."""
    (state,) = ports.reader.load_requests([request_id])
    if state.record is None:
        estimates = _estimates(state.invocations, None, ports.prices)
        return RequestDetail(view=None, calls=state.invocations, provisional=frozenset(), estimates=estimates)
    started_at = state.record.started_at
    pending = _pending(ports.reader, policy, span=(started_at, started_at + policy.reach), whole=[state])
    provisional = pending.links.get(request_id, ())
    view = _view(state, state.record, pending=pending, policy=policy, prices=ports.prices)
    calls = [*state.invocations, *provisional]
    return RequestDetail(
        view=view,
        calls=calls,
        provisional=frozenset(call.invocation.invocation_id for call in provisional),
        estimates=_estimates(calls, view.summary, ports.prices),
    )


def possible_calls_of(reader: FactReader, policy: Policy, *, state: RequestState) -> Sequence[UnlinkedInvocation]:
    """The attempts that may be a request's own as things stand: one read, where its last revision counts any.

    As many as that counts, unless some were decided since, or more than it counts or READ_LIMIT lie around.
    """
    if state.record is None or state.summary is None or not state.summary.counts_possible:
        return ()
    first, last = possible_span(state.record, policy)
    around = reader.unlinked_between(first, last, limit=READ_LIMIT)
    own_trace = state.traced.trace_id if state.traced is not None else None
    left = leave_other_traces(around, own_trace)
    return possible_attempts(state.record, state.invocations, left, policy, untold=untold_by(state, policy))


def requests_that_fit(reader: FactReader, policy: Policy, *, call: UnlinkedInvocation) -> Sequence[RequestId] | None:
    """The requests, by start, that an unattributed call fits; None where what is read now tells others than it counts.

    So it may where facts came since, or more than READ_LIMIT lie around; a trace that was known then told its own.
    """
    decision, at, far = call.decision, call.invocation.logged_at, 2 * policy.reach
    if not isinstance(decision, Unattributed) or decision.trace_id or decision.reason is Reason.CROWDED:
        return None
    if not decision.candidates:
        return []
    requests = reader.requests_between(at - far, at + far, limit=READ_LIMIT)
    unlinked = reader.unlinked_between(at - far, at + far, limit=READ_LIMIT)
    fitting = fitting_requests(call, NearbyFacts(unlinked=unlinked, requests=requests), policy)
    return [each.request_id for each in fitting] if len(fitting) == decision.candidates else None


def _estimates(
    calls: Iterable[LinkedInvocation], summary: Summary | None, prices: PriceTable
) -> Mapping[InvocationId, Estimate | None]:
    return {call.invocation.invocation_id: estimate_within(summary, call.invocation, prices) for call in calls}


def _view(
    state: RequestState, record: Request, *, pending: _Pending, policy: Policy, prices: PriceTable
) -> RequestView:
    provisional = pending.links.get(record.request_id, ())
    if state.revision and not provisional:
        return RequestView(record=record, state=state, summary=state.summary, is_pending=False)
    if not (state.invocations or provisional):
        return RequestView(record=record, state=state, summary=None, is_pending=True)
    summary = provisional_summary(record, state.invocations, provisional=provisional, policy=policy, prices=prices)
    said = state.summary.traced if state.summary is not None else None
    return RequestView(record=record, state=state, summary=replace(summary, traced=said), is_pending=True)


def _whole(reader: FactReader, request_ids: Sequence[RequestId]) -> dict[RequestId, RequestState]:
    """The newest MAX_PENDING of these requests with all their calls."""
    return {state.request_id: state for state in reader.load_requests(request_ids[-MAX_PENDING:])}


def _pending_span(
    heads: Sequence[RequestState], policy: Policy, *, span: tuple[datetime, datetime], now: datetime
) -> tuple[datetime, datetime]:
    """Where pending calls may lie: as far back as the waits go, or as the earliest request without a revision.

    And as long after the time as a request of it may have made some.
    """
    waits = policy.due_after + policy.max_agent + policy.max_request + policy.reach
    open_since = (head.record.started_at for head in heads if not head.revision and head.record is not None)
    first = max(min([now - waits, *open_since]), now - PENDING_WITHIN)
    last = max([span[1], *(possible_span(state.request, policy)[1] for state in asking(heads))])
    return max(first, span[0]), last


def _pending(
    reader: FactReader, policy: Policy, *, span: tuple[datetime, datetime], whole: Iterable[RequestState]
) -> _Pending:
    """The pending calls of the span, placed by what is known within their reach and of the `whole` requests."""
    if span[0] > span[1]:
        return _Pending(links={})
    first, last = _earliest(span[0], policy), span[1]
    far = policy.reach
    unlinked = reader.unlinked_between(first - far, last + far, limit=READ_LIMIT)
    pending = [call for call in unlinked if call.decision is None and first <= call.invocation.logged_at <= last]
    if not pending:
        return _Pending(links={})
    requests = reader.requests_between(first - far, last + far, limit=READ_LIMIT)
    facts = NearbyFacts(
        unlinked=unlinked,
        requests=requests,
        under_requests=[call for state in whole for call in state.invocations if call.link.method is Method.TAG],
        complete=len(unlinked) < READ_LIMIT and len(requests) < READ_LIMIT,
    )
    pending_ids = {call.invocation.invocation_id for call in pending}
    linked = [call for call in provisional_links(facts, policy) if call.invocation.invocation_id in pending_ids]
    linked_ids = {call.invocation.invocation_id for call in linked}
    return _Pending(
        links=_by_request(linked),
        unplaced=[call for call in pending if call.invocation.invocation_id not in linked_ids],
    )


def _earliest(start: datetime, policy: Policy) -> datetime:
    """When a call of a request that started then may have been logged: its time is floored to the second."""
    return start - policy.clock_skew - timedelta(milliseconds=LOG_PRECISION_MS)


def _by_request(linked: Iterable[LinkedInvocation]) -> Mapping[RequestId, Sequence[LinkedInvocation]]:
    by_request: dict[RequestId, list[LinkedInvocation]] = {}
    for call in linked:
        by_request.setdefault(call.link.request_id, []).append(call)
    return by_request
