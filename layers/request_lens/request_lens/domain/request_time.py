"""A request's time: which moments lie in it, its overtime included, and when all that tells of it has come."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from request_lens.domain.facts import Request, TraceId
from request_lens.domain.policy import Policy
from request_lens.domain.times import EPOCH

_SECOND = timedelta(seconds=1)


def overtime_of(request: Request, policy: Policy) -> timedelta:
    """How long after the request's end its calls can go on."""
    return policy.max_agent if request.may_run_on else timedelta(0)


def runs_until(request: Request, policy: Policy, *, overtime: bool = True) -> datetime:
    """The latest moment at which a call of the request ends, give or take the skew.

    A request of unknown duration is taken to have lasted `MaxRequestSeconds`.
    """
    latest_end = request.latest_end or request.latest_start + policy.max_request
    return latest_end + policy.clock_skew + (overtime_of(request, policy) if overtime else timedelta(0))


def facts_come_at(request: Request, policy: Policy) -> datetime:
    """When the logs of a request's calls and its spans have come, as far as they come in time.

    None is taken to last longer than `MaxRequestSeconds`: whatever a record says, what it may have made is decided.
    """
    longest = request.latest_start + policy.max_request + overtime_of(request, policy) + 2 * policy.clock_skew
    return min(runs_until(request, policy), longest) + policy.link_delay


def all_come_at(request: Request, policy: Policy) -> datetime:
    """When all has come that tells which calls are the request's, as far as it comes in time."""
    return owner_known_at(request, request.trace_id if policy.reads_spans else None, policy)


def owner_known_at(request: Request, trace_id: TraceId | None, policy: Policy) -> datetime:
    """When it is known, too, which spans in its time are the request's, of the trace that its record or function names.

    Where the trace did not begin while it ran, the next request of a session may have begun in that time, and made
    them: the record of that one names the trace, too, and comes when it has ended.
    """
    come_at = facts_come_at(request, policy)
    return come_at if trace_id is None or _began_while(request, trace_id, policy) else come_at + policy.max_overlap


def _began_while(request: Request, trace_id: TraceId, policy: Policy) -> bool:
    """Whether a trace began while a request ran: the function of an HTTP API begins one, after its authorizer."""
    latest_end = request.latest_end or request.latest_start + policy.max_request
    return request.started_at - policy.clock_skew - _SECOND <= _birth_of(trace_id) <= latest_end


def may_hold(request: Request, begin: datetime, end: datetime, policy: Policy, *, overtime: bool = True) -> bool:
    """Whether a time that is known to the millisecond lies in the request's, give or take the skew.

    A request of unknown duration holds nothing without overtime.
    """
    if request.latest_end is None and not overtime:
        return False
    return request.started_at - policy.clock_skew <= begin and end <= runs_until(request, policy, overtime=overtime)


def holding(requests: Iterable[Request], begin: datetime, end: datetime, policy: Policy) -> list[Request]:
    """Those of the requests whose time, overtime included, may hold this one."""
    return [request for request in requests if may_hold(request, begin, end, policy)]


def may_hold_alone(request: Request, begin: datetime, end: datetime, policy: Policy) -> bool:
    """The same of a request that no other one competes with: of unknown duration, it holds all from its start on."""
    if request.latest_end is None:
        return request.started_at - policy.clock_skew <= begin
    return may_hold(request, begin, end, policy)


def is_born_in(trace_id: TraceId, request: Request, *, clock_skew: timedelta) -> bool:
    """Whether the trace may have begun with the request: in the second of its start, or one next to it.

    Of other makers' ids than X-Ray's and ADOT's chance tells it, and their traces are born in no request.
    """
    started = EPOCH + (request.started_at - EPOCH) // _SECOND * _SECOND
    return abs(_birth_of(trace_id) - started) <= _SECOND + clock_skew


def _birth_of(trace_id: TraceId) -> datetime:
    """The second of a trace's birth, which is its first eight digits: X-Ray and ADOT put the time there.

    https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-traceids
    """
    return EPOCH + int(trace_id[:8], 16) * _SECOND
