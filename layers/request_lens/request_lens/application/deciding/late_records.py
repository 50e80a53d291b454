"""Late records: which calls had been decided to be nobody's before a record came of a request that may have made them.

A record that comes in time is there when the calls around it are decided. One that comes later, as of an API that was
attached afterwards, finds them `no_request`. It has each that it fits looked at again, once the records of all requests
that ran beside it should have come, too. Then it is decided as it was at first, with its chain or its run, as if those
of it that are nobody's had no decision: so what is decided rests on facts alone, whoever asks and how often.
"""

from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.application.deciding.candidates import candidates_among, requests_beside
from request_lens.domain.facts import Request, RequestId
from request_lens.domain.linking.chains import lone_chain
from request_lens.domain.linking.fit import fits
from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import due_at, may_be_linked
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState, SettleKey, SettleKind, TimedKey
from request_lens.domain.settling.uncertainty import MAX_POSSIBLE, is_proven, possible_span
from request_lens.errors import UnreadableItem
from request_lens.ports import Ports


def overtaken_by(state: RequestState, ports: Ports, policy: Policy) -> Sequence[TimedKey]:
    """The keys of calls that this request may have made and that were decided before its record came.

    Not of calls that more requests may have made than can be asked: among those none is found. Two reads by time for a
    record that came so late; none for any other, nor where the request has all of its calls.
    """
    if state.record is None or _came_late_by(state, policy) is None or is_proven(state.invocations):
        return ()
    around = ports.around.unlinked_between(*possible_span(state.record, policy), limit=MAX_POSSIBLE)
    reopened = [(call, reopened_at(call, state, policy)) for call in around if is_nobodys(call, policy)]
    calls = [call for call, at in reopened if at is not None]
    beside = _including(state.record, requests_beside(calls, ports, policy)) if calls else ()
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


def decided_at(call: UnlinkedInvocation, ports: Ports, policy: Policy) -> datetime:
    """When a call without a decision can be decided: when it is due, or anew, when its last late record lets it be."""
    reopened = overtaken_at(call, ports, policy) if call.reopened else None
    return reopened or due_at(call, policy)


def overtaken_at(call: UnlinkedInvocation, ports: Ports, policy: Policy) -> datetime | None:
    """When a call of ours that is nobody's can be decided anew; None where no record came late that it fits.

    Nor is it decided anew where more requests may have made it than can be asked.
    """
    beside = requests_beside([call], ports, policy)
    ids = [request.request_id for request in candidates_among(beside, call, policy)]
    moments = (reopened_at(call, state, policy) for state in _states(ids, ports))
    return max((at for at in moments if at is not None), default=None)


def _states(request_ids: Sequence[RequestId], ports: Ports) -> Iterator[RequestState]:
    for request_id in request_ids:
        with suppress(UnreadableItem):  # its own settle tells that another version wrote of it
            yield ports.store.load_request(request_id)


def reopened_at(call: UnlinkedInvocation, state: RequestState, policy: Policy) -> datetime | None:
    """When a call is decided anew that was nobody's before this request's record came late; None where it was not so.

    By then the records have come of all that ran beside the call, if they are as late as this one.
    """
    late = _came_late_by(state, policy)
    if late is None or state.record is None or state.stored_at is None or state.stored_at <= due_at(call, policy):
        return None
    if not fits(lone_chain(call.invocation), state.record, policy):
        return None
    beside_it = call.invocation.logged_at + late + policy.max_request
    return max(beside_it, state.stored_at) + policy.link_delay


def _came_late_by(state: RequestState, policy: Policy) -> timedelta | None:
    """How long after the request's end its record came, if that is longer than `LinkDelaySeconds`."""
    if state.record is None or state.stored_at is None:
        return None
    late = state.stored_at - (state.record.ended_at or state.record.started_at)
    return late if late > policy.link_delay else None


def is_nobodys(call: UnlinkedInvocation, policy: Policy) -> bool:
    """Whether it was decided that a call of ours fits no request that was known."""
    is_without = isinstance(call.decision, Unattributed) and call.decision.reason is Reason.NO_REQUEST
    return is_without and may_be_linked(call, policy)
