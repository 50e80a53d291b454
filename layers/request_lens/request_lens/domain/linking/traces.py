"""Traces: which request a call belongs to by the trace of its span, which requests' records name."""

from bisect import bisect_right
from collections.abc import Collection, Sequence
from datetime import datetime

from request_lens.domain.facts import Request, RequestId
from request_lens.domain.linking.link import (
    Assumption,
    Confidence,
    Decision,
    Link,
    Method,
    Reason,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.linking.neighbourhood import due_at
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import holding, is_born_in, may_hold, may_hold_alone
from request_lens.domain.spans import CallSpan, Trace


class BearingRecords:
    """Those of the records that name a trace which tell whose a call of it is.

    Not those of requests that began after it, unless the trace was born in them: when their records come is chance.
    """

    def __init__(self, trace: Trace, policy: Policy) -> None:
        self._by_start = sorted(trace.records, key=_started_at)
        self._born = [each for each in trace.records if is_born_in(trace.trace_id, each, clock_skew=policy.clock_skew)]
        self._clock_skew = policy.clock_skew

    def on(self, span: CallSpan) -> Sequence[Request]:
        """The records that bear on the call of this span, which is of the trace."""
        count = bisect_right(self._by_start, span.started_at + self._clock_skew, key=_started_at)
        before = self._by_start[:count]
        return [*before, *(each for each in self._born if each not in before)]


def _started_at(request: Request) -> datetime:
    return request.started_at


def decide_in_trace(
    call: UnlinkedInvocation, span: CallSpan, bearing: Sequence[Request], policy: Policy, *, now: datetime
) -> Decision | None:
    """The decision of a call by the records that bear on it; None while none is due, or where there are none.

    A trace that was born in its only request, and a call in that request's time, need not wait for another record: who
    calls that API makes a trace of its own. Else, once the call is due, all records that name the trace have come. The
    only one, that the trace was born in, has made the call, whenever that was; in another's trace it has made what lies
    in its own time, as the rest may be of requests whose records never come. Of several (a session, an API behind an
    API) the one that its exact time fits has, overtime counting as possible.
    """
    is_due = due_at(call, policy) <= now
    if not bearing:
        return None
    if len(bearing) == 1 and is_born_in(span.trace_id, bearing[0], clock_skew=policy.clock_skew):
        is_sure = may_hold(bearing[0], span.started_at, span.ended_at, policy, overtime=False)
        return _link(bearing[0], Confidence.EXACT) if is_sure or is_due else None
    if not is_due:
        return None
    if len(bearing) == 1 and may_hold_alone(bearing[0], span.started_at, span.ended_at, policy):
        return _link(bearing[0], Confidence.EXACT)
    fitting = holding(bearing, span.started_at, span.ended_at, policy)
    if len(fitting) == 1:
        return _link(fitting[0], Confidence.INFERRED)
    candidates = len(fitting) or len(bearing)
    return Unattributed(reason=Reason.AMBIGUOUS, candidates=candidates)


def _link(record: Request, confidence: Confidence) -> Link:
    return Link(request_id=record.request_id, method=Method.TRACE, confidence=confidence)


def is_taken_from_another(record: Request, trace: Trace, policy: Policy) -> bool:
    """Whether a record names a trace that was born in another request: it may have been taken for that one's alone."""
    others = (other for other in trace.records if other.request_id != record.request_id)
    return any(is_born_in(trace.trace_id, other, clock_skew=policy.clock_skew) for other in others)


def shown_by_link(call: UnlinkedInvocation, named: Collection[RequestId]) -> Assumption | None:
    """What an untagged call shows broken whose trace these requests' records name: that its link is to another one."""
    link = call.decision
    if not isinstance(link, Link) or link.method is Method.TAG or link.request_id in named:
        return None
    return Assumption.SPANS_COME_IN_TIME
