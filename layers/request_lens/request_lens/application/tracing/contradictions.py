"""Contradictions: links by time that spans speak against are not made."""

from collections.abc import Collection, Mapping, Set

from request_lens.application.read_context import MAX_CALLS_READ
from request_lens.application.tracing.views import told_by_spans
from request_lens.domain.facts import InvocationId, RequestId
from request_lens.domain.linking.link import Assumption, Decision, Link, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.ports import Ports


def unless_traced(
    made: Mapping[InvocationId, Decision], calls: Collection[UnlinkedInvocation], ports: Ports, policy: Policy
) -> Mapping[InvocationId, Decision]:
    """What time decides of calls that belong together, without links to a request that spans show to be another's.

    Where a call has a span and its trace left it to time, no record that names the trace bears on it. So it is of no
    request whose own spans are known: those are of another trace, or that request began after it.
    """
    spanned = {call.invocation.invocation_id for call in calls if call.span is not None}
    links = (decision for call_id, decision in made.items() if call_id in spanned)
    linked = {link.request_id for link in links if isinstance(link, Link)}
    refused = _traced_among(linked, ports, policy) if linked else frozenset()
    return {
        call_id: _nobodys(policy) if isinstance(decision, Link) and decision.request_id in refused else decision
        for call_id, decision in made.items()
    }


def _traced_among(request_ids: Collection[RequestId], ports: Ports, policy: Policy) -> Set[RequestId]:
    """Those of the requests of which spans of their own have come."""
    states = ports.store.load_requests(sorted(request_ids), most=MAX_CALLS_READ)
    return {state.request_id for state in told_by_spans(states, ports, policy) if state.traced is not None}


def _nobodys(policy: Policy) -> Unattributed:
    is_breach = bool(policy.agent_role_names)
    return Unattributed(reason=Reason.NO_REQUEST, violates=Assumption.CALLS_HAVE_REQUESTS if is_breach else None)
