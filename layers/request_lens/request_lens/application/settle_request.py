"""Settle a request: write a revision when its facts should be in."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from request_lens.application.deciding.late_records import overtaken_by
from request_lens.application.deciding.possible import count_possible
from request_lens.application.deciding.runaways import flag_runaway
from request_lens.application.tracing.breaches import breaches_by_spans
from request_lens.application.tracing.views import views
from request_lens.domain.facts import Invocation, InvocationId, RequestId
from request_lens.domain.folding.fold import fold
from request_lens.domain.folding.samples import taking_samples
from request_lens.domain.linking.link import (
    Decision,
    Link,
    LinkedInvocation,
    UnlinkedInvocation,
)
from request_lens.domain.policy import Policy
from request_lens.domain.settling.readiness import has_news, revision_due_at
from request_lens.domain.settling.state import RequestState, SettleKey, SettleKind, TimedKey
from request_lens.errors import StoreUnavailable
from request_lens.ports import Ports

MAX_RACES = 5
"""How often a revision is tried when others write at the same time; then the message is retried."""

MAX_WAITING_CALLS = 8
"""While its record has not come no more of a request's calls are read, but to find a runaway: they say nothing yet."""

_RACES_LOST = f"{MAX_RACES} others wrote a revision of one request at the same time; it is retried"

_NOTHING: Mapping[InvocationId, Decision] = {}


def settle_request(request_id: RequestId, ports: Ports, policy: Policy, *, record_is_coming: bool = False) -> None:
    """Write the request's next revision if there is news and it is due; else send the key that looks again.

    `record_is_coming`: the request's last fact is only just being collected, so a record that is missing is on its way.
    A message that finds nothing to write may come again because its settle died, also where its batch has looked at the
    request before: then what is possible counts anew.
    """
    known = _acted_on(request_id, (), ports, policy)
    state, is_written = (known, False) if known is not None else _revise(request_id, ports, policy)
    if not is_written and state.summary is not None and state.summary.counts_possible:
        recount(request_id, ports, policy, just_decided=_NOTHING)
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
    has_calls = state.is_cut or state.invocations
    return (SettleKey(SettleKind.ORPHAN, state.request_id), now + policy.orphan_after) if has_calls else None


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
    known = _acted_on(request_id, linked, ports, policy)
    return known if known is not None else _revise(request_id, ports, policy, just_decided)[0]


def _revise(
    request_id: RequestId, ports: Ports, policy: Policy, just_decided: Mapping[InvocationId, Decision] = _NOTHING
) -> tuple[RequestState, bool]:
    """The same, acted on in this batch or not; also tells whether a revision was written."""
    for _ in range(MAX_RACES):
        stored = ports.store.load_waiting(request_id, most=MAX_WAITING_CALLS)
        flag_runaway(stored, ports, policy)
        for state in views(stored, ports, policy):
            if not _is_due(state, ports, policy):
                return _remembered(state, ports), False
        if (written := _write_revision(state, ports, policy, just_decided)) is not None:
            return _remembered(written, ports), True
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
        known = (stored.summary.possible_calls, stored.summary.possible_failed_calls)
        for state in views(stored, ports, policy):
            count = count_possible(state, stored.record, ports, policy, just_decided)
            if not has_news(state) and (count.number, count.failed) == known:
                return
        if _write_revision(state, ports, policy, just_decided) is not None:
            return
    raise StoreUnavailable(_RACES_LOST)


def _write_revision(
    state: RequestState, ports: Ports, policy: Policy, just_decided: Mapping[InvocationId, Decision]
) -> RequestState | None:
    """Take the orphans back, then write the revision that counts them; None if another one was written first.

    Where calls that it counts as possible are just being decided, it looks again: whoever decides them may have looked
    for revisions before this one was there. So it does where it says of the spans what the one before did not: whoever
    brought a further span may have found that one right.
    """
    if state.record is None:
        return None
    if state.orphaned:
        _take_back(state.invocations, ports)
    revision = state.revision + 1
    possible = count_possible(state, state.record, ports, policy, just_decided)
    summary = fold(
        state.record,
        state.invocations,
        policy,
        ports.prices,
        possible_calls=possible.number,
        possible_failed_calls=possible.failed,
        traced=state.traced,
    )
    certain_since = state.summary.certain_since if state.summary is not None else None
    if certain_since is None and summary.is_certain:
        certain_since = revision
    violates = (*summary.violates, *breaches_by_spans(state, ports, policy))
    summary = taking_samples(replace(summary, certain_since=certain_since, violates=violates), state.summary)
    if ports.answers is not None:
        ports.answers.states.pop(state.request_id, None)
    if not ports.store.write_revision(state.request_id, revision=revision, summary=summary):
        return None
    tells_anew = state.summary is not None and not state.summary.tells(state.traced)
    if tells_anew and state.trace is not None and ports.answers is not None:
        ports.answers.traces.pop(state.trace.trace_id, None)
    if possible.is_changing or tells_anew:
        recount(state.request_id, ports, policy, just_decided=just_decided)
    return replace(state, revision=revision, summary=summary)


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
