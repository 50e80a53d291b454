"""Proofs: which requests are known to have all of their calls when another call is decided, so that it is not theirs.

By what must have come by then alone: what comes in time, or later, is chance.
"""

from collections.abc import Iterable
from datetime import datetime

from request_lens.domain.facts import Invocation, Request, RequestId
from request_lens.domain.linking.parts import has_come_by
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import facts_come_at, owner_known_at
from request_lens.domain.settling.state import RequestState
from request_lens.domain.settling.uncertainty import is_proven


def proven_by(states: Iterable[RequestState], moment: datetime, policy: Policy) -> set[RequestId]:
    """The requests that their spans, or the tags that have come by then, prove to have all of their calls.

    By then all that comes in time has come of each of them.
    """
    return {
        state.request_id
        for state in states
        if _spans_prove(state, moment, policy) or _tags_prove(state, moment, policy)
    }


def _spans_prove(state: RequestState, moment: datetime, policy: Policy) -> bool:
    """Whether spans do, once it is known that they are its own: a session's trace may be named by a function alone."""
    if not state.spans_prove or state.record is None or state.traced is None:
        return False
    return owner_known_at(state.record, state.traced.trace_id, policy) <= moment


def _tags_prove(state: RequestState, moment: datetime, policy: Policy) -> bool:
    come = (call for call in state.invocations if _has_come_by(call.invocation, state.record, moment, policy))
    return is_proven(come)


def _has_come_by(call: Invocation, record: Request | None, moment: datetime, policy: Policy) -> bool:
    """The same as `has_come_by` of a call of this request: one that may have ended with it has come with it."""
    if record is None or record.latest_end is None:
        return has_come_by(call, moment, policy)
    with_request = facts_come_at(record, policy)
    may_end_with_it = call.logged_at + call.latency + policy.link_delay <= with_request
    return (may_end_with_it and with_request <= moment) or has_come_by(call, moment, policy)
