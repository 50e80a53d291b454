"""Late records: which calls had been decided to be nobody's before a record came of a request that may have made them.

A record that comes in time is there when the calls around it are decided. One that comes later, as of an API that was
attached afterwards, finds them `no_request`. It has each that it fits looked at again, once the records of all requests
that ran beside it should have come, too. Then it is decided as it was at first, with its chain or its run, as if those
of it that are nobody's had no decision: so what is decided rests on facts alone, whoever asks and how often.
"""

from bisect import insort
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.application.deciding.candidates import candidates_among, requests_beside
from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.linking.chains import lone_chain
from request_lens.domain.linking.fit import fits
from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import due_at, may_be_linked
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState, SettleKey, SettleKind, TimedKey
from request_lens.domain.settling.uncertainty import MAX_POSSIBLE, is_proven, possible_span
from request_lens.ports import Ports

MAX_LIST_LAG = timedelta(seconds=10)
"""So far behind the table a list by time may be, as it is taken."""


def overtaken_by(state: RequestState, ports: Ports, policy: Policy) -> Sequence[TimedKey]:
    """The keys of calls that this request may have made and that were decided before its record came.

    Not of calls that more requests may have made than can be asked: among those none is found. Two reads by time for a
    record that came so late; none for any other, nor where the request has all of its calls.
    """
    record, came_at = state.record, state.stored_at
    if record is None or _came_late_by(record, came_at, policy) is None or is_proven(state.invocations):
        return ()
    around = ports.around.unlinked_between(*possible_span(record, policy), limit=MAX_POSSIBLE)
    reopened = [(call, reopened_at(call, record, came_at, policy)) for call in around if is_nobodys(call, policy)]
    calls = [call for call, at in reopened if at is not None]
    beside = _including(record, requests_beside(calls, ports, policy)) if calls else ()
    return [
        (SettleKey(SettleKind.INVOCATION, call.invocation.invocation_id), at)
        for call, at in reopened
        if at is not None and candidates_among(beside, call, policy)
    ]


def _including(record: Request, requests: Iterable[Request]) -> Sequence[Request]:
    """The requests found by time, and this one in any case: the index may lag behind."""
    others = [request for request in requests if request.request_id != record.request_id]
    insort(others, record, key=lambda request: request.started_at)
    return others


def reopen(call: UnlinkedInvocation, policy: Policy) -> UnlinkedInvocation:
    """The call to be decided anew if it is nobody's, else as it stands."""
    return replace(call, decision=None, reopened=True) if is_nobodys(call, policy) else call


def decided_at(calls: Collection[UnlinkedInvocation], ports: Ports, policy: Policy) -> datetime:
    """When calls without a decision can all be decided: when due, or anew, when their last late record lets them be."""
    anew = overtaken_at([call for call in calls if call.reopened], ports, policy)
    return max(anew.get(call.invocation.invocation_id) or due_at(call, policy) for call in calls)


def overtaken_at(calls: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy) -> Mapping[InvocationId, datetime]:
    """When calls of ours that are nobody's can be decided anew, without those that no record fits which came late.

    Nor is one decided anew that more requests may have made than can be asked. The others' are asked together.
    """
    beside = requests_beside(calls, ports, policy) if calls else ()
    fitting = {call.invocation.invocation_id: candidates_among(beside, call, policy) for call in calls}
    came_at = _came_at({record.request_id for records in fitting.values() for record in records}, ports)
    anew: dict[InvocationId, datetime] = {}
    for call in calls:
        call_id = call.invocation.invocation_id
        moments = (reopened_at(call, each, came_at.get(each.request_id), policy) for each in fitting[call_id])
        if found := [at for at in moments if at is not None]:
            anew[call_id] = max(found)
    return anew


def _came_at(request_ids: Collection[RequestId], ports: Ports) -> Mapping[RequestId, datetime]:
    """When the requests' records came, each asked for once a batch: that never changes."""
    known = ports.answers.came_at if ports.answers is not None else {}
    unknown = sorted(set(request_ids) - known.keys())
    heads = ports.store.load_heads(unknown, is_consistent=True) if unknown else ()
    known |= {head.request_id: head.stored_at for head in heads if head.stored_at is not None}
    return known


def reopened_at(
    call: UnlinkedInvocation, record: Request, stored_at: datetime | None, policy: Policy
) -> datetime | None:
    """When a call is decided anew that was nobody's before this record came late; None where it was not so.

    By then the records have come of all that ran beside the call, if they are as late as this one.
    """
    late = _came_late_by(record, stored_at, policy)
    if late is None or stored_at is None or stored_at + MAX_LIST_LAG <= due_at(call, policy):
        return None  # the list by time had the record when the call was decided
    if not fits(lone_chain(call.invocation), record, policy):
        return None
    return max(call.invocation.logged_at + late + policy.due_after, stored_at + policy.link_delay)


def _came_late_by(record: Request, stored_at: datetime | None, policy: Policy) -> timedelta | None:
    """How long after the request's end its record came, if that is longer than `LinkDelaySeconds`."""
    if stored_at is None:
        return None
    late = stored_at - (record.ended_at or record.started_at)
    return late if late > policy.link_delay else None


def is_nobodys(call: UnlinkedInvocation, policy: Policy) -> bool:
    """Whether it was decided that a call of ours fits no request that was known."""
    is_without = isinstance(call.decision, Unattributed) and call.decision.reason is Reason.NO_REQUEST
    return is_without and may_be_linked(call, policy)
