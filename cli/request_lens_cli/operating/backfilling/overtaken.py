"""Untagged calls that were decided before a request was known that they fit: what is decided stays decided."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from request_lens.domain.facts import Request, RequestId
from request_lens.domain.linking.chains import lone_chain
from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import due_at, may_be_linked
from request_lens.domain.linking.parts import fitting
from request_lens.domain.policy import Policy
from request_lens_cli.deployed.table import DeployedTable
from request_lens_cli.report.period import Period

_HOUR = timedelta(hours=1)


def count_overtaken(table: DeployedTable, period: Period, policy: Policy) -> int:
    """How many calls of the period are `no_request` and fit a request whose record came after they were decided.

    Read hour by hour, and of the requests only what lies around such calls. Raises: StoreUnavailable.
    """
    return sum(_count(table, calls, policy) for calls in _left_alone(table, period, policy))


def _left_alone(table: DeployedTable, period: Period, policy: Policy) -> Iterator[Sequence[UnlinkedInvocation]]:
    """The period's calls that are `no_request`, those of each hour that has any."""
    first = period.first
    while first < period.last:
        last = min(first + _HOUR, period.last) - timedelta(microseconds=1)
        if calls := [call for call in table.reader.iter_unlinked(first, last) if _is_left_alone(call, policy)]:
            yield calls
        first += _HOUR


def _is_left_alone(call: UnlinkedInvocation, policy: Policy) -> bool:
    is_without = isinstance(call.decision, Unattributed) and call.decision.reason is Reason.NO_REQUEST
    return is_without and may_be_linked(call, policy)


def _count(table: DeployedTable, calls: Sequence[UnlinkedInvocation], policy: Policy) -> int:
    logged = [call.invocation.logged_at for call in calls]
    around = list(table.reader.iter_requests(min(logged) - policy.reach, max(logged) + policy.reach))
    fitted = [(call, fitting(lone_chain(call.invocation), around, policy)) for call in calls]
    came_at = _stored_at(table, [request for _, requests in fitted for request in requests])
    return sum(
        any(came > due_at(call, policy) for request in requests if (came := came_at.get(request.request_id)))
        for call, requests in fitted
    )


def _stored_at(table: DeployedTable, requests: Sequence[Request]) -> Mapping[RequestId, datetime]:
    """When each request's record came."""
    states = table.reader.load_heads(list(dict.fromkeys(request.request_id for request in requests)))
    return {state.request_id: state.stored_at for state in states if state.stored_at is not None}
