"""Standing decisions: of a decision that is written, the one that stands is answered, whoever made it."""

from dataclasses import replace

from request_lens.domain.linking.link import Decision, Link, Method, Unattributed, UnlinkedInvocation
from request_lens.ports import Ports


def decide(call: UnlinkedInvocation, decision: Decision, ports: Ports) -> UnlinkedInvocation:
    """Write a decision, an unattributed one with the call's trace and what it is published at.

    Answers with the call as it stands then. A trace's link takes back that the call was unattributed, also where
    somebody decided so meanwhile; so does any link of a call that is decided anew.
    """
    standing = _write(call, decision, ports)
    if _is_of_trace(decision) and isinstance(standing, Unattributed):
        standing = _write(replace(call, decision=standing), decision, ports)
    if ports.shared is not None:
        ports.shared.tell_decision(call.invocation.invocation_id, standing)
    return replace(call, decision=standing, reopened=False)


def _write(call: UnlinkedInvocation, decision: Decision, ports: Ports) -> Decision:
    if isinstance(decision, Unattributed):
        trace_id = call.span.trace_id if call.span is not None else None
        decision = replace(decision, trace_id=trace_id, quote=ports.prices.quote(call.invocation))
    elif call.reopened or (_is_of_trace(decision) and isinstance(call.decision, Unattributed)):
        decision = replace(decision, taken_back=True)
    return ports.store.decide(call, decision)


def _is_of_trace(decision: Decision) -> bool:
    return isinstance(decision, Link) and decision.method is Method.TRACE
