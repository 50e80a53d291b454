"""Settle an orphan: give the calls of a request up whose record did not come."""

from request_lens.application.settle_request import decide_orphans, settle_request
from request_lens.domain.facts import Invocation, RequestId
from request_lens.domain.linking.assumptions import violations_by_orphan
from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.settling.readiness import has_news
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.ports import Ports

MAX_ORPHANS = 1_000
"""An id without a record under which more calls lie than this is none of a request's: a fallback, a job's, a session's.
Its further calls are taken as untagged, so that each costs what any call costs."""

MAX_DECISIONS = 2_000
"""So many orphans are decided at a time, in some seconds; another message goes on."""


def settle_orphan(request_id: RequestId, ports: Ports, policy: Policy) -> None:
    """Count the request's calls as unattributed unless its record came by now."""
    state = ports.store.load_request(request_id)
    if state.record is not None and not has_news(state):
        return
    if state.record is not None or not ports.store.mark_orphaned(request_id):
        settle_request(request_id, ports, policy)
        return
    if len(state.invocations) > MAX_ORPHANS:
        ports.store.mark_overrun(request_id)
    decided = ports.store.load_decisions([linked.invocation.invocation_id for linked in state.invocations])
    orphans = [linked.invocation for linked in state.invocations if linked.invocation.invocation_id not in decided]
    decide_orphans([(call, _never_seen(call, ports, policy)) for call in orphans[:MAX_DECISIONS]], ports)
    if len(orphans) > MAX_DECISIONS:
        ports.timer.send([(SettleKey(SettleKind.ORPHAN, request_id), ports.clock.now())])


def _never_seen(call: Invocation, ports: Ports, policy: Policy) -> Unattributed:
    return Unattributed(
        reason=Reason.REQUEST_NEVER_SEEN,
        violates=violations_by_orphan(call, policy),
        quote=ports.prices.quote(call),
    )
