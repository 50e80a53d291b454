"""Asking traces: before time decides calls, the traces of their spans do, as far as they tell."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from request_lens.application.deciding.late_records import decided_at, reopen
from request_lens.application.tracing.settle_trace import settle_trace
from request_lens.domain.facts import InvocationId, TraceId
from request_lens.domain.linking.link import Link, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import NearbyFacts
from request_lens.domain.policy import Policy
from request_lens.domain.settling.answers import SettledTrace
from request_lens.ports import Ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The calls that were asked for, as they stand now, and until when one with a span waits, be it for its run."""

    known: Mapping[InvocationId, UnlinkedInvocation] = field(default_factory=dict)
    waits_until: datetime | None = None

    def as_it_stands(self, call: UnlinkedInvocation) -> UnlinkedInvocation:
        """What is known of a call now, or else what was."""
        return self.known.get(call.invocation.invocation_id, call)

    def of_facts(self, facts: NearbyFacts) -> NearbyFacts:
        """The facts around with what is known of the calls now."""
        return replace(facts, unlinked=[self.as_it_stands(call) for call in facts.unlinked])


def ask_listed(calls: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy) -> Asked:
    """Ask the traces of calls that were read from a list by time, which knows no spans.

    Where some are decided anew, so are all that are nobody's: the list may lag behind.
    """
    if not policy.reads_spans:
        return Asked()
    known = ports.store.load_all_unlinked([call.invocation.invocation_id for call in calls])
    if any(call.reopened for call in calls):
        known = [reopen(call, policy) for call in known]
    return ask_traces(known, ports, policy)


def ask_traces(calls: Iterable[UnlinkedInvocation], ports: Ports, policy: Policy) -> Asked:
    """Settle the traces of those of the calls, which are as they stand, that are not linked, once these are all due."""
    known = {call.invocation.invocation_id: call for call in calls}
    if not policy.reads_spans:
        return Asked(known=known)
    untold = [call for call in known.values() if call.span is not None and call.decision is None]
    if untold and (last := decided_at(untold, ports, policy)) > ports.clock.now():
        return Asked(known=known, waits_until=last)
    waiting: list[datetime] = []
    for call_id in list(known):
        call = known[call_id]  # a trace that was asked for another call may have decided it
        if isinstance(call.decision, Link) or call.span is None:
            continue
        anew = {call_id for call_id, each in known.items() if each.reopened}
        settled = _settled(call, call.span.trace_id, anew, ports, policy)
        known |= {other: stands for other, stands in settled.decided.items() if other in known}
        if call_id in settled.waiting:
            waiting.append(settled.waiting[call_id])
    return Asked(known=known, waits_until=max(waiting, default=None))


def _settled(
    call: UnlinkedInvocation, trace_id: TraceId, anew: Collection[InvocationId], ports: Ports, policy: Policy
) -> SettledTrace:
    """The settled trace of a call: as its batch has settled it, if that told of this call and none is decided anew."""
    known = ports.answers.settled.get(trace_id) if ports.answers is not None else None
    if known is not None and not anew and known.tells_of(call.invocation.invocation_id):
        return known
    return settle_trace(trace_id, ports, policy, anew=anew, last=call.invocation.invocation_id)
