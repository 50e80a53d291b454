"""Possible calls: how many that nobody has may be a request's, counted by what is stored of the calls around it."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from request_lens.application.read_context import MAX_CALLS_READ
from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.linking.link import Decision, Method, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import due_at
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.domain.settling.uncertainty import (
    MAX_POSSIBLE,
    has_unknown_reach,
    is_proven,
    is_told_whole,
    is_unbounded,
    leave_other_traces,
    possible_attempts,
    possible_span,
    untold_by,
)
from request_lens.ports import Ports

MAX_READ = 4 * MAX_POSSIBLE
"""How many calls are read to count those that may be a request's."""

MAX_READ_AGAIN = 100
"""So many calls, at most, are read again to learn whether they were decided, or taken back, moments ago: a batch."""

READ_AHEAD = timedelta(seconds=10)
"""So long before a call is due it is read again, too: so far behind may be the list that it is from, and what its own
message reads of requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PossibleCalls:
    """How many LLM calls, and failed attempts, may be a request's, None where that is unknown.

    `is_changing`: some are just being decided.
    """

    number: int | None
    failed: int | None
    is_changing: bool = False


_UNKNOWN = PossibleCalls(number=None, failed=None)


def count_possible(
    state: RequestState, record: Request, ports: Ports, policy: Policy, just_decided: Mapping[InvocationId, Decision]
) -> PossibleCalls:
    """How many calls that nobody has may be the request's: one read by time, where that can tell.

    There are none of another trace than that of its spans, nor LLM calls of roles that these tell of, where they prove
    that it has all of those. Calls that bear the id which a request shares with another are that one's: its own may be
    among them.
    """
    untold = untold_by(state, policy)
    is_whole = is_told_whole(untold)
    if record.claimed_id is not None and not is_whole and _has_tagged(record.claimed_id, ports):
        return _UNKNOWN
    if is_unbounded(record, state.invocations, policy, untold=untold):
        return _UNKNOWN
    around = _around(record, ports, policy, just_decided)
    possible = _possible(state, around, untold, ports, policy)
    calls = [call for call in possible if call.invocation.is_llm_call]
    has_all, was_cut, now = is_whole or is_proven(state.invocations), len(around) >= MAX_READ, ports.clock.now()
    return PossibleCalls(
        number=_counted(len(calls), was_cut=was_cut and not has_all),
        failed=None
        if not is_whole and has_unknown_reach(record, policy)
        else _counted(len(possible) - len(calls), was_cut=was_cut),
        is_changing=any(_is_being_decided(call, now, policy) for call in possible),
    )


def _counted(found: int, *, was_cut: bool) -> int | None:
    """How many are possible of these; unknown where more than were read may be, and none of those is."""
    return None if was_cut and not found else min(found, MAX_POSSIBLE)


def _around(
    record: Request, ports: Ports, policy: Policy, just_decided: Mapping[InvocationId, Decision]
) -> Sequence[UnlinkedInvocation]:
    """The calls in a request's time, with what was just decided of them."""
    first, last = possible_span(record, policy)
    return [
        replace(call, decision=just_decided[call.invocation.invocation_id])
        if call.invocation.invocation_id in just_decided
        else call
        for call in ports.around.unlinked_between(first, last, limit=MAX_READ)
    ]


def _possible(
    state: RequestState,
    around: Sequence[UnlinkedInvocation],
    untold: Set[str | None] | None,
    ports: Ports,
    policy: Policy,
) -> Sequence[UnlinkedInvocation]:
    """Those of the attempts that may be the request's, as they stand."""
    own_trace = state.traced.trace_id if state.traced is not None else None

    def among(calls: Sequence[UnlinkedInvocation]) -> Sequence[UnlinkedInvocation]:
        rest = leave_other_traces(calls, own_trace)
        return possible_attempts(state.request, state.invocations, rest, policy, untold=untold)

    possible = among(around)
    if not possible or not (as_they_stand := _read_again(possible, ports, policy)):
        return possible
    return among([as_they_stand.get(call.invocation.invocation_id, call) for call in possible])


def _read_again(
    calls: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy
) -> Mapping[InvocationId, UnlinkedInvocation]:
    """Those of the calls as they stand of which the list that they are from may say what was: it may lag behind.

    A count that is wrong is not made good by itself. Of more than are read, LLM calls are read first, those that look
    undecided before all.
    """
    now = ports.clock.now()
    changing = sorted(
        (call for call in calls if _may_have_changed(call, now, policy)),
        key=lambda call: (not call.invocation.is_llm_call, call.decision is not None),
    )
    ids = [call.invocation.invocation_id for call in changing[:MAX_READ_AGAIN]]
    return {call.invocation.invocation_id: call for call in ports.store.load_all_unlinked(ids)} if ids else {}


def _may_have_changed(call: UnlinkedInvocation, now: datetime, policy: Policy) -> bool:
    """Whether a call that the request may have made looks undecided and is due, or may be taken back.

    A call that is nobody's and fits a request after all may be by a late record, any by its trace.
    """
    if isinstance(call.decision, Unattributed):
        return policy.reads_spans or call.decision.reason is Reason.NO_REQUEST
    return _is_being_decided(call, now, policy)


def _is_being_decided(call: UnlinkedInvocation, now: datetime, policy: Policy) -> bool:
    """Whether a call looks undecided and is due: its own message may be at work."""
    return call.decision is None and due_at(call, policy) <= now + READ_AHEAD


def _has_tagged(request_id: RequestId, ports: Ports) -> bool:
    """Whether the request has a tagged call, which is taken for true where it has too many to be read."""
    (state,) = ports.store.load_requests([request_id], most=MAX_CALLS_READ)
    return state.is_cut or any(linked.link.method is Method.TAG for linked in state.invocations)
