"""Settle an orphan: give the calls of a request up whose record did not come.

Few calls are read, and decided, at once. Many are gone through in a pass, some at a time by their ids, and whoever
comes while the pass can be about its calls leaves them to it: so an id under which calls lie by the thousand costs each
of them what it costs any.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from request_lens.application.deciding.runaways import look_for_runaway
from request_lens.application.settle_request import MAX_WAITING_CALLS, decide_orphans, settle_request
from request_lens.domain.facts import Invocation, RequestId
from request_lens.domain.linking.assumptions import violations_by_orphan
from request_lens.domain.linking.link import LinkedInvocation, Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.settling.readiness import has_news
from request_lens.domain.settling.state import OrphanPass, SettleKey, SettleKind
from request_lens.ports import Ports

MAX_ORPHANS = 1_000
"""An id without a record under which more calls lie than this is none of a request's: a fallback, a job's, a session's.
Its further calls are taken as untagged, so that each costs what any call costs."""

MAX_DECISIONS = 2_000
"""So many orphans are looked at, and decided, at a time, in some seconds; another message goes on. They are more than
`MAX_ORPHANS`: the first of them tell whether an id has too many."""

TURN = timedelta(seconds=60)
"""So long others leave the next calls of a pass to whoever has begun with them; then they look whether it died."""


def settle_orphan(request_id: RequestId, ports: Ports, policy: Policy) -> None:
    """Count the request's calls as unattributed unless its record came by now.

    The calls that this message is about were stored `OrphanAfterSeconds` ago. A pass over them that began in the later
    half of that has them all, whatever clocks say; an earlier one that is not done is waited for, and another follows.
    """
    state = ports.store.load_waiting(request_id, most=MAX_WAITING_CALLS)
    if state.record is not None and not has_news(state):
        return
    if state.is_cut:
        now, known = ports.clock.now(), state.orphan_pass
        is_early = known is not None and known.begun_at <= now - policy.orphan_after / 2
        if known is None or (known.is_done and is_early):
            look_for_runaway(state, ports, policy)  # whatever message of theirs was lost
            known = OrphanPass(begun_at=now)
            is_early = False
        is_busy = known.busy_until is not None and now < known.busy_until
        _take_turn(SettleKey(SettleKind.ORPHAN, request_id), known, ports, policy)
        if is_early and not is_busy:  # one message goes on, and none from a turn that failed: that comes again itself
            ports.timer.send([(SettleKey(SettleKind.ORPHAN, request_id), now + TURN)])
    elif state.record is not None or not ports.store.mark_orphaned(request_id):
        settle_request(request_id, ports, policy)
    else:
        _give_up(state.invocations, ports, policy)


def go_on_giving_up(request_id: RequestId, ports: Ports, policy: Policy) -> None:
    """Go on with the pass over a request's calls; nothing where it is done, or the record has come meanwhile."""
    state = ports.store.load_waiting(request_id, most=MAX_WAITING_CALLS)
    if state.record is None and state.orphan_pass is not None:
        _take_turn(SettleKey(SettleKind.ORPHANS, request_id), state.orphan_pass, ports, policy)


def _take_turn(key: SettleKey, known: OrphanPass, ports: Ports, policy: Policy) -> None:
    """Give the next calls of a pass up; another message goes on behind them, or later where somebody is at it.

    What two write who begin at the same time holds, whoever is the last: the calls up to there are decided.
    """
    now, request_id = ports.clock.now(), RequestId(key.id)
    if known.is_done:
        return
    if known.busy_until is not None and now < known.busy_until:
        ports.timer.send([(key, known.busy_until)])
        return
    if not ports.store.mark_orphaned(request_id, replace(known, busy_until=now + TURN)):
        settle_request(request_id, ports, policy)
        return
    linked = ports.store.load_linked(request_id, after=known.after, limit=MAX_DECISIONS)
    if len(linked) > MAX_ORPHANS:
        ports.store.mark_overrun(request_id)
    _give_up(linked, ports, policy)
    is_done = len(linked) < MAX_DECISIONS
    reached = linked[-1].invocation.invocation_id if linked else known.after
    ports.store.mark_orphaned(request_id, OrphanPass(begun_at=known.begun_at, after=reached, is_done=is_done))
    if not is_done:
        ports.timer.send([(SettleKey(SettleKind.ORPHANS, request_id), now)])


def _give_up(linked: Sequence[LinkedInvocation], ports: Ports, policy: Policy) -> None:
    """Decide those of the calls that nobody has decided."""
    decided = ports.store.load_decisions([call.invocation.invocation_id for call in linked])
    orphans = [call.invocation for call in linked if call.invocation.invocation_id not in decided]
    decide_orphans([(call, _never_seen(call, ports, policy)) for call in orphans], ports)


def _never_seen(call: Invocation, ports: Ports, policy: Policy) -> Unattributed:
    return Unattributed(
        reason=Reason.REQUEST_NEVER_SEEN,
        violates=violations_by_orphan(call, policy),
        quote=ports.prices.quote(call),
    )
