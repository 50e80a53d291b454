"""Settle a trace: link its calls to the request whose record names it, and revise the requests that gain them.

It looks at all of the trace's calls, found linked or not, so that whoever died after a decision is made good.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from request_lens.application.deciding.candidates import MAX_CANDIDATES
from request_lens.application.deciding.late_records import decided_at, reopen
from request_lens.application.deciding.standing import decide
from request_lens.application.read_context import MAX_CALLS_READ
from request_lens.application.recounts import decisions_of, linked_of, recount_all, recount_uncertain, settled_around
from request_lens.application.settle_request import revise_if_due
from request_lens.application.tracing.contradictions import unless_traced
from request_lens.application.tracing.gaining import gaining
from request_lens.application.tracing.views import read_trace, told_by_spans
from request_lens.domain.facts import InvocationId, Request, RequestId, TraceId
from request_lens.domain.linking.agent_runs import CallsOfRun, calls_by_run, decide_run, requests_around
from request_lens.domain.linking.link import (
    Decision,
    Link,
    Reason,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.linking.neighbourhood import READ_LIMIT, due_at, may_be_linked
from request_lens.domain.linking.traces import BearingRecords, decide_in_trace
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import all_come_at
from request_lens.domain.settling.answers import SettledTrace
from request_lens.domain.settling.proofs import proven_by
from request_lens.domain.settling.readiness import has_news, revision_due_at
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.domain.spans import Trace
from request_lens.errors import UnreadableItem
from request_lens.ports import Ports


def settle_trace_once(trace_id: TraceId, ports: Ports, policy: Policy) -> None:
    """Settle a trace if its batch has not: what it is settled for was stored before the batch began."""
    if ports.answers is None or trace_id not in ports.answers.settled:
        settle_trace(trace_id, ports, policy)


def settle_trace(
    trace_id: TraceId,
    ports: Ports,
    policy: Policy,
    *,
    anew: Collection[InvocationId] = (),
    last: InvocationId | None = None,
) -> SettledTrace:
    """Decide the calls of a trace as far as it tells their request by now, and see to it that requests count them.

    Those of its calls that are to be decided `anew`, and those of their runs, are if they are nobody's. It never sends
    its own key: whoever comes with another fact of the trace does, and each call is due by itself. The `last` call,
    whose message this is, is decided when all is done for the others: until then it comes again.
    """
    trace, now = read_trace(trace_id, ports), ports.clock.now()
    logged = _logged_calls(trace, ports)
    calls = _reopened(trace, _own_calls(trace, logged), anew, policy)
    settled = SettledTrace(decided={_id(call): call for call in calls if call.decision is not None})
    bearing = BearingRecords(trace, policy)
    made = [
        *_decisions_named(calls, bearing, policy, now=now),
        *_decisions_of_runs(_runs_left_to_time(trace, calls, bearing, policy), settled, ports, policy),
    ]
    own = [(call, decision) for call, decision in made if _id(call) == last]
    fresh = [decide(call, decision, ports) for call, decision in made if _id(call) != last]
    settled.decided.update({_id(call): call for call in fresh})
    about_to = {link.request_id for link in _links(own)}
    _see_to(trace, _Calls(list(settled.decided.values()), fresh), ports, policy, but=about_to)
    if own:
        fresh = [decide(call, decision, ports) for call, decision in own]
        settled.decided.update({_id(call): call for call in fresh})
        _see_to(trace, _Calls(list(settled.decided.values()), fresh), ports, policy)
    due = {_id(call) for call in calls if due_at(call, policy) <= now}
    settled = replace(settled, untold=frozenset(due - settled.decided.keys() - settled.waiting.keys()))
    if ports.answers is not None:
        ports.answers.settled[trace_id] = settled
    return settled


def _links(made: Iterable[tuple[UnlinkedInvocation, Decision]]) -> Iterator[Link]:
    return (decision for _, decision in made if isinstance(decision, Link))


def _id(call: UnlinkedInvocation) -> InvocationId:
    return call.invocation.invocation_id


def _logged_calls(trace: Trace, ports: Ports) -> Sequence[UnlinkedInvocation]:
    """The trace's calls whose own event has come."""
    call_ids = [span.invocation_id for span in trace.calls if span.invocation_id is not None]
    return ports.store.load_all_unlinked(call_ids) if call_ids else ()


def _own_calls(trace: Trace, logged: Sequence[UnlinkedInvocation]) -> Sequence[UnlinkedInvocation]:
    """Those of the logged calls without a tag, which tells their request by itself; their span is of this trace."""
    return [
        call
        for call in sorted(logged, key=lambda call: (call.invocation.logged_at, call.invocation.invocation_id))
        if call.invocation.tag is None and call.span is not None and call.span.trace_id == trace.trace_id
    ]


def _reopened(
    trace: Trace, calls: Sequence[UnlinkedInvocation], anew: Collection[InvocationId], policy: Policy
) -> Sequence[UnlinkedInvocation]:
    """The calls, with those as if they had no decision that are decided anew, be it with their run."""
    if not anew:
        return calls
    by_run = ({_id(call) for call in of_run.calls} for of_run in calls_by_run(trace, calls))
    together = set(anew).union(*(run for run in by_run if not run.isdisjoint(anew)))
    return [reopen(call, policy) if _id(call) in together else call for call in calls]


def _decisions_named(
    calls: Sequence[UnlinkedInvocation], bearing: BearingRecords, policy: Policy, *, now: datetime
) -> Iterator[tuple[UnlinkedInvocation, Decision]]:
    """What is to be decided anew of the calls of a trace on which a record that names it bears."""
    for call in calls:
        if call.span is None or isinstance(call.decision, Link):
            continue
        decision = decide_in_trace(call, call.span, bearing.on(call.span), policy, now=now)
        if isinstance(decision, Link) or (decision is not None and call.decision is None):
            yield call, decision


def _runs_left_to_time(
    trace: Trace, calls: Sequence[UnlinkedInvocation], bearing: BearingRecords, policy: Policy
) -> Iterator[tuple[CallsOfRun, Sequence[UnlinkedInvocation]]]:
    """The runs of a trace with those of their calls that are to be decided, and that no record bears on."""
    ours = [call for call in calls if may_be_linked(call, policy)]
    unnamed = {_id(call) for call in ours if call.span is not None and not bearing.on(call.span)}
    for of_run in calls_by_run(trace, ours) if unnamed else ():
        if left := [call for call in of_run.open_calls if _id(call) in unnamed]:
            whole = (span for span in trace.calls if of_run.run.holds(span))
            yield replace(of_run, is_parted=any(bearing.on(span.call) for span in whole)), left


def _decisions_of_runs(
    runs: Iterable[tuple[CallsOfRun, Sequence[UnlinkedInvocation]]],
    settled: SettledTrace,
    ports: Ports,
    policy: Policy,
) -> list[tuple[UnlinkedInvocation, Decision]]:
    """The same of those on which none bears: of the calls below each of its entry spans together, once all are due."""
    made = []
    for of_run, left in runs:
        decision = _decision_of_run(of_run, decided_at(left, ports, policy), ports, policy)
        if isinstance(decision, datetime):
            settled.waiting.update({_id(call): decision for call in left})
            continue
        decisions = unless_traced({_id(call): decision for call in left}, [*map(_id, of_run.calls)], ports, policy)
        made += [(call, decisions[_id(call)]) for call in left]
    return made


def _decision_of_run(of_run: CallsOfRun, due: datetime, ports: Ports, policy: Policy) -> Decision | datetime:
    """The decision of a run whose calls are due then; or until when it waits.

    It waits for all that comes of the requests that may have made it: what one of them then has may prove that it has
    all of its calls. So that is told by the facts alone, not by when this is asked.
    """
    run, now = of_run.run, ports.clock.now()
    if due > now:
        return due
    requests = ports.around.requests_between(run.started_at - policy.reach, run.ended_at, limit=READ_LIMIT)
    if len(requests) >= READ_LIMIT:
        return Unattributed(reason=Reason.CROWDED)
    candidates = requests_around(run, requests, policy)
    complete_at = max(call.invocation.logged_at for call in of_run.calls) + policy.due_after
    told_at = max([complete_at, *(all_come_at(each, policy) for each in candidates)])
    if told_at > now:
        return told_at
    return decide_run(of_run, _unproven(candidates, told_at, ports, policy), policy)


def _unproven(candidates: Sequence[Request], moment: datetime, ports: Ports, policy: Policy) -> Sequence[Request]:
    """Those that are not known by then to have all of their calls; of many, or of many calls, none is looked at."""
    if len(candidates) > MAX_CANDIDATES:
        return candidates
    states = ports.store.load_requests([each.request_id for each in candidates], most=MAX_CALLS_READ)
    proven = proven_by(told_by_spans(states, ports, policy), moment, policy)
    return [each for each in candidates if each.request_id not in proven]


class _Calls(NamedTuple):
    """A trace's calls that are decided by now, and which of them just were."""

    decided: Collection[UnlinkedInvocation]
    fresh: Sequence[UnlinkedInvocation]


def _see_to(trace: Trace, calls: _Calls, ports: Ports, policy: Policy, *, but: Collection[RequestId] = ()) -> None:
    """See that requests count these calls of a trace, and that those around say anew how many may be theirs.

    All `but` these, to which another call is about to be linked: they would take themselves for whole without it.
    """
    gained = _store_copies(trace, calls, ports, policy)
    just_decided = decisions_of(calls.decided)
    for request_id, linked in gained.items():
        if request_id in but:
            continue
        with suppress(UnreadableItem):  # its own settle tells that another version wrote of it
            state = revise_if_due(request_id, ports, policy, just_decided=just_decided, linked=linked)
            if has_news(state) and state.traced is not None and state.traced.has_all_calls:
                # Its own message may be for a later time: that is from before its calls were known to be there.
                ports.timer.send([(SettleKey(SettleKind.REQUEST, request_id), revision_due_at(state, policy))])
    _recount_around(calls, ports, policy, but=but)


def _store_copies(
    trace: Trace, calls: _Calls, ports: Ports, policy: Policy
) -> Mapping[RequestId, Sequence[InvocationId]]:
    """Store the copies of linked calls that are missing under their requests; whoever gains by the trace, with them."""
    found = linked_of(call for call in calls.decided if call not in calls.fresh)
    missing = [*linked_of(calls.fresh), *(ports.store.find_uncounted(found) if found else ())]
    if missing:
        ports.store.store_linked(missing)
    return gaining(trace, calls.decided, missing, ports, policy)


def _recount_around(calls: _Calls, ports: Ports, policy: Policy, *, but: Collection[RequestId]) -> None:
    """Let settled requests around say anew how many calls may be theirs, where a call is decided now, or may have been.

    A call's own message makes good what was left undone; of a call that is overdue that has come already.
    """
    now = ports.clock.now()
    overdue = [call for call in calls.decided if due_at(call, policy) <= now]
    early = [call for call in calls.fresh if call not in overdue]
    for some, recount_those in ((overdue, recount_all), (early, recount_uncertain)):
        if some:
            around = [each for each in settled_around(some, ports, policy) if each not in but]
            recount_those(around, [*overdue, *early], ports, policy)
