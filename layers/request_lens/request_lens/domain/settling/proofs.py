"""Proofs: which requests are known to have all of their calls when another call is decided, so that it is not theirs.

By what must have come by then alone: what comes in time, or later, is chance.
"""

from collections.abc import Iterable
from datetime import datetime

from request_lens.domain.facts import Invocation, Request, RequestId
from request_lens.domain.linking.parts import has_come_by
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import all_come_at, runs_until
from request_lens.domain.settling.state import RequestState
from request_lens.domain.settling.uncertainty import is_proven


def proven_by(states: Iterable[RequestState], moment: datetime, policy: Policy) -> set[RequestId]:
    """The requests that the tags or spans that have come by then prove to have all of their calls."""
    return {
        state.request_id
        for state in states
        if _tags_prove(state, moment, policy) or _spans_prove(state, moment, policy)
    }


def _tags_prove(state: RequestState, moment: datetime, policy: Policy) -> bool:
    come = (call for call in state.invocations if _has_come_by(call.invocation, state.record, moment, policy))
    return is_proven(come)


def _spans_prove(state: RequestState, moment: datetime, policy: Policy) -> bool:
    """Whether its spans do, once all of them must be there: until then others may come or not."""
    return state.spans_prove and (state.record is None or all_come_at(state.record, policy) <= moment)


def _has_come_by(call: Invocation, record: Request | None, moment: datetime, policy: Policy) -> bool:
    """The same as `has_come_by` of a call of this request: of unknown latency, it ended with that at the latest."""
    if record is None or record.latest_end is None or call.logged_at > runs_until(record, policy):
        return has_come_by(call, moment, policy)
    return all_come_at(record, policy) <= moment or has_come_by(call, moment, policy)
