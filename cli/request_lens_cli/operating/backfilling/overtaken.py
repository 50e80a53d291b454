"""Untagged calls that were decided before a request was known that they fit: what is decided stays decided."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import partial

from request_lens.domain.linking.chains import lone_chain
from request_lens.domain.linking.link import Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import due_at, may_be_linked
from request_lens.domain.linking.parts import fitting
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens_cli.deployed.table import PARALLEL_READS, DeployedTable
from request_lens_cli.operating.parallel import in_parallel
from request_lens_cli.report.period import Period

_HOUR = timedelta(hours=1)


def count_overtaken(table: DeployedTable, period: Period, policy: Policy) -> int:
    """How many calls of the period are `no_request` and fit a request whose record came after they were decided.

    Read by hours, some at once, and of the requests only what lies around such calls. Raises: StoreUnavailable.
    """
    count = partial(_count, table, policy)
    return sum(in_parallel(count, _hours(period), workers=PARALLEL_READS))


def overtaken(
    calls: Iterable[UnlinkedInvocation], requests: Iterable[RequestState], policy: Policy
) -> Iterator[UnlinkedInvocation]:
    """Those of the calls that are `no_request` and fit one of the requests, whose record came after they were decided.

    Of the requests those count whose record is there, and when it came.
    """
    came = {state.record: state.stored_at for state in requests if state.record is not None and state.stored_at}
    in_order = sorted(came, key=lambda request: request.started_at)
    for call in calls:
        if _is_left_alone(call, policy):
            fitted = fitting(lone_chain(call.invocation), in_order, policy)
            if any(came[request] > due_at(call, policy) for request in fitted):
                yield call


def _hours(period: Period) -> Iterator[Period]:
    """The period in parts that no moment is in twice."""
    first = period.first
    while first < period.last:
        yield Period(first=first, last=min(first + _HOUR, period.last) - timedelta(microseconds=1))
        first += _HOUR


def _is_left_alone(call: UnlinkedInvocation, policy: Policy) -> bool:
    is_without = isinstance(call.decision, Unattributed) and call.decision.reason is Reason.NO_REQUEST
    return is_without and may_be_linked(call, policy)


def _count(table: DeployedTable, policy: Policy, hour: Period) -> int:
    calls = [call for call in table.reader.iter_unlinked(hour.first, hour.last) if _is_left_alone(call, policy)]
    if not calls:
        return 0
    around = list(table.reader.iter_requests(hour.first - policy.reach, hour.last + policy.reach))
    fitted = (request for call in calls for request in fitting(lone_chain(call.invocation), around, policy))
    states = table.reader.load_heads(list(dict.fromkeys(request.request_id for request in fitted)))
    return sum(1 for _ in overtaken(calls, states, policy))
