"""Settle a request: write a revision when its facts should be in."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.application.deciding.late_records import overtaken_by
from request_lens.application.read_context import MAX_CALLS_READ
from request_lens.application.tracing.breaches import breaches_by_spans
from request_lens.application.tracing.views import views
from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId
from request_lens.domain.folding.fold import fold
from request_lens.domain.folding.samples import taking_samples
from request_lens.domain.linking.link import (
    Decision,
    Link,
    LinkedInvocation,
    Method,
    Reason,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.linking.neighbourhood import due_at
from request_lens.domain.policy import Policy
from request_lens.domain.settling.readiness import has_news, revision_due_at
from request_lens.domain.settling.runaway import runaway_of
from request_lens.domain.settling.state import RequestState, SettleKey, SettleKind, TimedKey
from request_lens.domain.settling.uncertainty import (
    MAX_POSSIBLE,
    leave_other_traces,
    needs_count,
    possible_calls,
    possible_span,
)
from request_lens.errors import StoreUnavailable
from request_lens.ports import Ports

MAX_RACES = 5
"""How often a revision is tried when others write at the same time; then the message is retried."""

_RACES_LOST = f"{MAX_RACES} others wrote a revision of one request at the same time; it is retried"

MAX_READ = 4 * MAX_POSSIBLE
"""How many calls are read to count those that may be a request's."""

MAX_READ_AGAIN = 100
"""So many calls, at most, are read again to learn whether they were decided, or taken back, moments ago: a batch."""

READ_AHEAD = timedelta(seconds=10)
"""So long before a call is due it is read again, too: so far behind may be the list that it is from, and what its own
message reads of requests."""

_NOTHING: Mapping[InvocationId, Decision] = {}


def settle_request(request_id: RequestId, ports: Ports, policy: Policy, *, record_is_coming: bool = False) -> None:
    """Write the request's next revision if there is news and it is due; else send the key that looks again.

    `record_is_coming`: the request's last fact is only just being collected, so a record that is missing is on its way.
    """
    state = revise_if_due(request_id, ports, policy)
    next_key = _next_key(state, ports.clock.now(), policy, record_is_coming=record_is_coming)
    keys = [next_key] if next_key is not None else []
    if keys := [*keys, *overtaken_by(state, ports, policy)]:
        ports.timer.send(keys)


def _next_key(state: RequestState, now: datetime, policy: Policy, *, record_is_coming: bool) -> TimedKey | None:
    request_key = SettleKey(SettleKind.REQUEST, state.request_id)
    if state.record is not None:
        return (request_key, revision_due_at(state, policy)) if has_news(state) else None
    if record_is_coming:
        return request_key, now + policy.settle_delay
    return (SettleKey(SettleKind.ORPHAN, state.request_id), now + policy.orphan_after) if state.invocations else None


def revise_if_due(
    request_id: RequestId,
    ports: Ports,
    policy: Policy,
    *,
    just_decided: Mapping[InvocationId, Decision] = _NOTHING,
    linked: Collection[InvocationId] = (),
) -> RequestState:
    """Write the request's next revision if there is news and it is due; answers with the state that was acted on.

    The answer has news only if its time has not come. A runaway is flagged whether or not its time has come. What was
    `just_decided` of calls holds, whatever a list by time, which may lag behind, says of them. Where the request was
    acted on in this batch, when these `linked` calls were its own already, nothing is done again.
    """
    if (known := _acted_on(request_id, linked, ports, policy)) is not None:
        return known
    for _ in range(MAX_RACES):
        stored = ports.store.load_request(request_id)
        _flag_runaway(stored, ports, policy)
        for state in views(stored, ports, policy):
            if not _is_due(state, ports, policy):
                return _remembered(state, ports)
        if (written := _write_revision(state, ports, policy, just_decided)) is not None:
            return _remembered(written, ports)
    raise StoreUnavailable(_RACES_LOST)


def _is_due(state: RequestState, ports: Ports, policy: Policy) -> bool:
    return has_news(state) and revision_due_at(state, policy) <= ports.clock.now()


def _acted_on(
    request_id: RequestId, linked: Collection[InvocationId], ports: Ports, policy: Policy
) -> RequestState | None:
    """The request as it was acted on in this batch, if it had its record and these calls then, and still is not due."""
    known = ports.answers.states.get(request_id) if ports.answers is not None else None
    if known is None or known.record is None or _is_due(known, ports, policy):
        return None
    own = {call.invocation.invocation_id for call in known.invocations}
    return known if own.issuperset(linked) else None


def _remembered(state: RequestState, ports: Ports) -> RequestState:
    if ports.answers is not None:
        ports.answers.states[state.request_id] = state
    return state


def recount(
    request_id: RequestId, ports: Ports, policy: Policy, *, just_decided: Mapping[InvocationId, Decision]
) -> None:
    """Write another revision of a request that has one if other calls are, or may be, its own than that one says.

    Or if its spans say something else by now.
    """
    for _ in range(MAX_RACES):
        stored = ports.store.load_request(request_id)
        if stored.record is None or stored.summary is None:
            return
        known = stored.summary.possible_calls
        for state in views(stored, ports, policy):
            if not has_news(state) and _possible_calls(state, stored.record, ports, policy, just_decided) == known:
                return
        if _write_revision(state, ports, policy, just_decided) is not None:
            return
    raise StoreUnavailable(_RACES_LOST)


def _write_revision(
    state: RequestState, ports: Ports, policy: Policy, just_decided: Mapping[InvocationId, Decision]
) -> RequestState | None:
    """Take the orphans back, then write the revision that counts them; None if another one was written first."""
    if state.record is None:
        return None
    if state.orphaned:
        _take_back(state.invocations, ports)
    revision = state.revision + 1
    possible = _possible_calls(state, state.record, ports, policy, just_decided)
    summary = fold(state.record, state.invocations, policy, ports.prices, possible_calls=possible, traced=state.traced)
    certain_since = state.summary.certain_since if state.summary is not None else None
    if certain_since is None and summary.is_certain:
        certain_since = revision
    violates = (*summary.violates, *breaches_by_spans(state, ports, policy))
    summary = taking_samples(replace(summary, certain_since=certain_since, violates=violates), state.summary)
    if ports.answers is not None:
        ports.answers.states.pop(state.request_id, None)
    written = ports.store.write_revision(state.request_id, revision=revision, summary=summary)
    return replace(state, revision=revision, summary=summary) if written else None


def _possible_calls(
    state: RequestState, record: Request, ports: Ports, policy: Policy, just_decided: Mapping[InvocationId, Decision]
) -> int | None:
    """How many calls that nobody has may be the request's: one read by time, where that can tell.

    There are none where its spans prove that it has all of its own, and none of another trace than that of its spans.
    Calls that bear the id which a request shares with another are that one's: its own may be among them.
    """
    if state.traced is not None and state.traced.complete:
        return 0
    if record.claimed_id is not None and _has_tagged(record.claimed_id, ports):
        return None
    around: Sequence[UnlinkedInvocation] = ()
    if needs_count(record, state.invocations, policy):
        first, last = possible_span(record, policy)
        around = ports.around.unlinked_between(first, last, limit=MAX_READ)
    known: Iterable[UnlinkedInvocation] = (
        replace(call, decision=just_decided[call.invocation.invocation_id])
        if call.invocation.invocation_id in just_decided
        else call
        for call in around
    )
    own_trace = state.traced.trace_id if state.traced is not None else None
    possible = possible_calls(record, state.invocations, leave_other_traces(known, own_trace), policy)
    if possible and (as_they_stand := _read_again(possible, ports, policy)):
        known = [as_they_stand.get(call.invocation.invocation_id, call) for call in possible]
        possible = possible_calls(record, state.invocations, leave_other_traces(known, own_trace), policy)
    if not possible and len(around) >= MAX_READ:
        return None  # there are more than were read, and one of those may be the request's
    return None if possible is None else len(possible)


def _read_again(
    calls: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy
) -> Mapping[InvocationId, UnlinkedInvocation]:
    """Those of the calls as they stand of which the list that they are from may say what was: it may lag behind.

    A count that is wrong is not made good by itself. Of more than are read, those that look undecided are read first.
    """
    now = ports.clock.now()
    changing = sorted(
        (call for call in calls if _may_have_changed(call, now, policy)), key=lambda call: call.decision is not None
    )
    ids = [call.invocation.invocation_id for call in changing[:MAX_READ_AGAIN]]
    return {call.invocation.invocation_id: call for call in ports.store.load_all_unlinked(ids)} if ids else {}


def _may_have_changed(call: UnlinkedInvocation, now: datetime, policy: Policy) -> bool:
    """Whether a call that the request may have made looks undecided and is due, or may be taken back.

    A call that is nobody's and fits a request after all may be by a late record, any by its trace.
    """
    if isinstance(call.decision, Unattributed):
        return policy.reads_spans or call.decision.reason is Reason.NO_REQUEST
    return call.decision is None and due_at(call, policy) <= now + READ_AHEAD


def _has_tagged(request_id: RequestId, ports: Ports) -> bool:
    """Whether the request has a tagged call, which is taken for true where it has too many to be read."""
    (state,) = ports.store.load_requests([request_id], most=MAX_CALLS_READ)
    return state.is_cut or any(linked.link.method is Method.TAG for linked in state.invocations)


def _take_back(invocations: Sequence[LinkedInvocation], ports: Ports) -> None:
    """Link the orphans, whose record has come: also those that a late settle may still give up."""
    decided = ports.store.load_decisions([linked.invocation.invocation_id for linked in invocations])
    orphans = [linked for linked in invocations if not isinstance(decided.get(linked.invocation.invocation_id), Link)]
    decide_orphans([(linked.invocation, linked.link) for linked in orphans], ports)


def decide_orphans(decisions: Sequence[tuple[Invocation, Decision]], ports: Ports) -> None:
    """Write the decisions on the invocations' own items."""
    now = ports.clock.now()
    if decisions:
        ports.store.decide_all([(UnlinkedInvocation(invocation=call, stored_at=now), made) for call, made in decisions])


def _flag_runaway(state: RequestState, ports: Ports, policy: Policy) -> None:
    """Flag a request beyond the limits, once: who comes second finds the flag."""
    calls = [linked.invocation for linked in state.invocations]
    runaway = None if state.runaway is not None else runaway_of(calls, policy, ports.prices)
    if runaway is not None:
        ports.store.flag_runaway(state.request_id, runaway)
