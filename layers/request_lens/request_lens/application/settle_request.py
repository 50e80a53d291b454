"""Settle a request: write a revision when its facts should be in, or give its calls up as orphans."""

from dataclasses import replace

from request_lens.domain.facts import RequestId
from request_lens.domain.folding.fold import fold
from request_lens.domain.linking.assumptions import violations_by_orphan
from request_lens.domain.linking.link import Decision, LinkedInvocation, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.readiness import has_news, revision_due_at
from request_lens.domain.settling.runaway import runaway_of
from request_lens.domain.settling.state import RequestState, SettleKey, SettleKind
from request_lens.errors import StoreUnavailable
from request_lens.ports import Ports

MAX_RACES = 5
"""How often a revision is tried when others write at the same time; then the message comes again."""


def settle_request(request_id: RequestId, ports: Ports, policy: Policy) -> None:
    """Write the request's next revision if there is news and it is due; else send the key that looks again."""
    state = revise_if_due(request_id, ports, policy)
    if state.record is None:
        _await_record(state, ports, policy)
    elif has_news(state):
        ports.timer.send([(SettleKey(SettleKind.REQUEST, request_id), revision_due_at(state, policy))])


def settle_request_at_once(request_id: RequestId, ports: Ports, policy: Policy) -> None:
    """Settle a request whose last fact may have come just now; else send the key that looks again.

    A record that is not there yet is on its way: the key comes soon, and only then begins the wait for an orphan's.
    """
    state = revise_if_due(request_id, ports, policy)
    if state.record is None:
        ports.timer.send([(SettleKey(SettleKind.REQUEST, request_id), ports.clock.now() + policy.settle_delay)])
    elif has_news(state):
        ports.timer.send([(SettleKey(SettleKind.REQUEST, request_id), revision_due_at(state, policy))])


def revise_if_due(request_id: RequestId, ports: Ports, policy: Policy) -> RequestState:
    """Write the request's next revision if there is news and it is due; answers with the state that was acted on.

    The answer has news only if its time has not come. A runaway is flagged whether or not its time has come.
    """
    for _ in range(MAX_RACES):
        state = ports.store.load_request(request_id)
        _flag_runaway(state, ports, policy)
        if not has_news(state) or revision_due_at(state, policy) > ports.clock.now():
            return state
        if (written := _write_revision(state, ports, policy)) is not None:
            return written
    raise StoreUnavailable(f"{MAX_RACES} others wrote a revision of one request at the same time; it is tried again")


def settle_orphan(request_id: RequestId, ports: Ports, policy: Policy) -> None:
    """Count the request's calls as unattributed unless its record came by now."""
    state = ports.store.load_request(request_id)
    if state.record is not None and not has_news(state):
        return
    if state.record is not None or not ports.store.mark_orphaned(request_id):
        settle_request(request_id, ports, policy)
        return
    for each in state.invocations:
        never_seen = Unattributed(
            reason=Reason.REQUEST_NEVER_SEEN,
            violates=violations_by_orphan(each.invocation, policy),
            quote=ports.prices.quote(each.invocation),
        )
        _decide(each, never_seen, ports)


def _await_record(state: RequestState, ports: Ports, policy: Policy) -> None:
    if state.invocations:
        due = ports.clock.now() + policy.orphan_after
        ports.timer.send([(SettleKey(SettleKind.ORPHAN, state.request_id), due)])


def _write_revision(state: RequestState, ports: Ports, policy: Policy) -> RequestState | None:
    """Take the orphans back, then write the revision that counts them; None if another one was written first."""
    if state.record is None:
        return None
    if state.orphaned:
        for each in state.invocations:
            _decide(each, each.link, ports)
    summary = fold(state.record, state.invocations, policy, ports.prices)
    revision = state.revision + 1
    written = ports.store.write_revision(state.request_id, revision=revision, summary=summary)
    return replace(state, revision=revision, summary=summary) if written else None


def _decide(linked: LinkedInvocation, decision: Decision, ports: Ports) -> None:
    """Write the decision on the invocation's own item."""
    ports.store.decide(UnlinkedInvocation(invocation=linked.invocation, stored_at=ports.clock.now()), decision)


def _flag_runaway(state: RequestState, ports: Ports, policy: Policy) -> None:
    """Flag a request beyond the limits, once: who comes second finds the flag."""
    calls = [each.invocation for each in state.invocations]
    runaway = None if state.runaway is not None else runaway_of(calls, policy, ports.prices)
    if runaway is not None:
        ports.store.flag_runaway(state.request_id, runaway)
