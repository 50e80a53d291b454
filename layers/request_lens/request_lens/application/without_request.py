"""Calls without a request: which of them count beside a list of requests. One rule for all who show both."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from request_lens.domain.linking.link import Link, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.domain.settling.uncertainty import leave_other_traces, possible_attempts, possible_span
from request_lens.ports import FactReader


@dataclass(frozen=True, slots=True, kw_only=True)
class UntaggedCalls:
    """Untagged calls beside some requests, the earliest; there `may_be_more` where not all of them were read."""

    calls: Sequence[UnlinkedInvocation] = ()
    may_be_more: bool = False


def untagged_beside(
    reader: FactReader,
    policy: Policy,
    states: Sequence[RequestState],
    *,
    span: tuple[datetime, datetime],
    limit: int,
) -> UntaggedCalls:
    """The untagged calls that count beside requests of the span: one read, of at most `limit`."""
    spans = [span, *(possible_span(state.request, policy) for state in asking(states))]
    first, last = min(first for first, _ in spans), max(last for _, last in spans)
    read = reader.unlinked_between(_floored(first), last, limit=limit)
    return UntaggedCalls(calls=beside(read, policy, states, span=span), may_be_more=len(read) >= limit)


def beside(
    calls: Sequence[UnlinkedInvocation],
    policy: Policy,
    states: Iterable[RequestState],
    *,
    span: tuple[datetime, datetime],
) -> Sequence[UnlinkedInvocation]:
    """Those of the calls that count beside requests of the span: its own, and others without a request that fit one.

    A call's time is floored to the second: it is of the span if any moment of its second is. One that lies outside
    counts for a request that may have it, else that would tell of more than are shown.
    """
    first, last = _floored(span[0]), span[1]
    outside = [
        call for call in calls if not first <= call.invocation.logged_at <= last and not isinstance(call.decision, Link)
    ]
    theirs = {
        call.invocation.invocation_id
        for state in asking(states)
        for call in (_possible_calls(state, outside, policy) if outside else ())
    }
    return [
        call for call in calls if first <= call.invocation.logged_at <= last or call.invocation.invocation_id in theirs
    ]


def asking(states: Iterable[RequestState]) -> Iterator[RequestState]:
    """The requests of which calls without a request may be: those that count some as possible, or are not settled."""
    return (
        state
        for state in states
        if state.record is not None and (state.summary is None or state.summary.counts_possible)
    )


def _possible_calls(
    state: RequestState, calls: Iterable[UnlinkedInvocation], policy: Policy
) -> Sequence[UnlinkedInvocation]:
    """Those that fit the request, of which not all calls may have been read: all that it counts, and maybe more."""
    first, last = possible_span(state.request, policy)
    around = [call for call in calls if first <= call.invocation.logged_at <= last]
    told = state.summary.traced if state.summary is not None else None
    left = leave_other_traces(around, told.trace_id if told is not None else None)
    return possible_attempts(state.request, (), left, policy)


def _floored(moment: datetime) -> datetime:
    """The moment's second, as a call's log has it."""
    return moment.replace(microsecond=0)
