"""Settle a trace: link its calls to the request whose record names it, and revise the requests that gain them.

It looks at all of the trace's calls, found linked or not, so that whoever died after a decision is made good.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from request_lens.application.deciding.candidates import MAX_CANDIDATES
from request_lens.application.deciding.late_records import decided_at, reopen
from request_lens.application.read_context import readable_state
from request_lens.application.recounts import decisions_of, linked_of, recount_all, settled_around
from request_lens.application.settle_request import revise_if_due
from request_lens.application.tracing.decision import decide
from request_lens.domain.facts import InvocationId, Request, RequestId, TraceId
from request_lens.domain.linking.agent_runs import CallsOfRun, calls_by_run, decide_run, requests_around
from request_lens.domain.linking.link import Decision, Link, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import READ_LIMIT, due_at, may_be_linked
from request_lens.domain.linking.traces import decide_in_trace
from request_lens.domain.policy import Policy
from request_lens.domain.settling.readiness import has_news, revision_due_at
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.domain.settling.uncertainty import is_proven
from request_lens.domain.spans import Trace
from request_lens.errors import UnreadableItem
from request_lens.ports import Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledTrace:
    """What a trace told of its calls: those that are decided by now, as they stand, and when others will be."""

    decided: dict[InvocationId, UnlinkedInvocation] = field(default_factory=dict)
    waiting: dict[InvocationId, datetime] = field(default_factory=dict)


def settle_trace(
    trace_id: TraceId, ports: Ports, policy: Policy, *, anew: Collection[InvocationId] = ()
) -> SettledTrace:
    """Decide the calls of a trace as far as it tells their request by now, and see to it that requests count them.

    Those of its calls that are to be decided `anew`, and those of their runs, are if they are nobody's. It never sends
    its own key: whoever comes with another fact of the trace does, and each call is due by itself.
    """
    trace = ports.store.load_trace(trace_id)
    calls = _reopened(trace, _own_calls(trace, ports), anew, policy)
    settled = SettledTrace(decided={call.invocation.invocation_id: call for call in calls if call.decision is not None})
    fresh = (
        _decide_named(trace, calls, ports, policy)
        if trace.records
        else _decide_runs(trace, calls, settled, ports, policy)
    )
    settled.decided.update({call.invocation.invocation_id: call for call in fresh})
    _count(trace, list(settled.decided.values()), ports, policy)
    _recount_around(settled.decided.values(), fresh, ports, policy)
    return settled


def _own_calls(trace: Trace, ports: Ports) -> Sequence[UnlinkedInvocation]:
    """The trace's calls whose own event has come without a tag: a tag tells their request by itself."""
    call_ids = [span.invocation_id for span in trace.calls if span.invocation_id is not None]
    stored = ports.store.load_all_unlinked(call_ids) if call_ids else ()
    return [
        call
        for call in sorted(stored, key=lambda call: (call.invocation.logged_at, call.invocation.invocation_id))
        if call.invocation.tag is None and call.span is not None and call.span.trace_id == trace.trace_id
    ]


def _reopened(
    trace: Trace, calls: Sequence[UnlinkedInvocation], anew: Collection[InvocationId], policy: Policy
) -> Sequence[UnlinkedInvocation]:
    """The calls, with those as if they had no decision that are decided anew, be it with their run."""
    if not anew:
        return calls
    by_run = ({call.invocation.invocation_id for call in of_run.calls} for of_run in calls_by_run(trace, calls))
    together = set(anew).union(*(run for run in by_run if not run.isdisjoint(anew)))
    return [reopen(call, policy) if call.invocation.invocation_id in together else call for call in calls]


def _decide_named(
    trace: Trace, calls: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy
) -> list[UnlinkedInvocation]:
    """Decide the calls of a trace that a record names; answers with those that are decided anew, as they stand."""
    now, fresh = ports.clock.now(), []
    for call in calls:
        if call.span is None or isinstance(call.decision, Link):
            continue
        decision = decide_in_trace(call, call.span, trace.records, policy, now=now)
        if isinstance(decision, Link) or (decision is not None and call.decision is None):
            fresh.append(decide(call, decision, ports))
    return fresh


def _decide_runs(
    trace: Trace, calls: Sequence[UnlinkedInvocation], settled: SettledTrace, ports: Ports, policy: Policy
) -> list[UnlinkedInvocation]:
    """Decide the calls below the entry spans of a trace that no record names, each run's together once all are due.

    While several requests may have made a run, one of them may yet prove that it has all of its calls.
    """
    ours = [call for call in calls if may_be_linked(call, policy)]
    now, fresh = ports.clock.now(), []
    for of_run in calls_by_run(trace, ours):
        if not of_run.open_calls:
            continue
        due = max(decided_at(call, ports, policy) for call in of_run.open_calls)
        decision = _decision_of_run(of_run, ports, policy) if due <= now else None
        if isinstance(decision, Unattributed) and decision.reason is Reason.AMBIGUOUS:
            due += policy.max_request
        if decision is None or due > now:
            settled.waiting.update({call.invocation.invocation_id: due for call in of_run.open_calls})
            continue
        fresh += [decide(call, decision, ports) for call in of_run.open_calls]
    return fresh


def _decision_of_run(of_run: CallsOfRun, ports: Ports, policy: Policy) -> Decision:
    run = of_run.run
    requests = ports.around.requests_between(run.started_at - policy.reach, run.ended_at, limit=READ_LIMIT)
    if len(requests) >= READ_LIMIT:
        return Unattributed(reason=Reason.CROWDED)
    return decide_run(of_run, _unproven(requests_around(run, requests, policy), ports), policy)


def _unproven(candidates: Sequence[Request], ports: Ports) -> Sequence[Request]:
    """Those that are not known to have all of their calls; of many none is looked at."""
    if len(candidates) > MAX_CANDIDATES:
        return candidates
    states = (readable_state(each.request_id, ports) for each in candidates)
    proven = {
        state.request_id
        for state in states
        if state is not None and (state.spans_prove or is_proven(state.invocations))
    }
    return [each for each in candidates if each.request_id not in proven]


def _count(trace: Trace, decided: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy) -> None:
    """Store the copies of linked calls that are missing under their requests, and revise whoever gains by the trace."""
    linked = linked_of(decided)
    missing = ports.store.find_uncounted(linked) if linked else ()
    if missing:
        ports.store.store_linked(missing)
    just_decided = decisions_of(decided)
    named = trace.requests if len(trace.requests) <= MAX_CANDIDATES else ()
    gaining: dict[RequestId, None] = dict.fromkeys((*(copy.link.request_id for copy in linked), *named))
    for request_id in gaining:
        with suppress(UnreadableItem):  # its own settle tells that another version wrote of it
            state = revise_if_due(request_id, ports, policy, just_decided=just_decided)
            if has_news(state) and state.traced is not None and state.traced.has_all_calls:
                # Its own message may be for a later time: that is from before its calls were known to be there.
                ports.timer.send([(SettleKey(SettleKind.REQUEST, request_id), revision_due_at(state, policy))])


def _recount_around(
    decided: Iterable[UnlinkedInvocation], fresh: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy
) -> None:
    """Let settled requests around say anew how many calls may be theirs, where a call is decided now, or may have been.

    A call's own message makes good what was left undone; of a call that is overdue that has come already.
    """
    now = ports.clock.now()
    overdue = [call for call in decided if due_at(call, policy) <= now and call not in fresh]
    if calls := [*fresh, *overdue]:
        recount_all(settled_around(calls, ports, policy), calls, ports, policy)
