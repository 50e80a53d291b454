"""Settle calls that their traces have linked: for all of a batch together, what is left to do is looked up at once."""

from collections.abc import Collection, Sequence

from request_lens.application.deciding.decisions import count_uncounted
from request_lens.application.recounts import recount_uncertain, settled_around
from request_lens.domain.facts import InvocationId
from request_lens.domain.linking.link import Link, Method, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import due_at, may_be_linked
from request_lens.domain.policy import Policy
from request_lens.ports import Ports


def settle_linked(invocation_ids: Sequence[InvocationId], ports: Ports, policy: Policy) -> Collection[InvocationId]:
    """Do for those of the calls that are due and that a trace linked what whoever linked them may have left undone.

    Answers with which these are: nothing more is to be done for them. None where no spans are read.
    """
    if not policy.reads_spans or not invocation_ids:
        return ()
    now = ports.clock.now()
    stored = ports.store.load_all_unlinked(invocation_ids)
    calls = [call for call in stored if is_linked_by_trace(call) and due_at(call, policy) <= now]
    make_good(calls, ports, policy)
    return {call.invocation.invocation_id for call in calls}


def is_linked_by_trace(call: UnlinkedInvocation) -> bool:
    """Whether the trace of the call's span told its request."""
    return isinstance(call.decision, Link) and call.decision.method is Method.TRACE


def make_good(calls: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy) -> None:
    """See that calls that their traces linked are counted, and that settled requests around them count anew."""
    count_uncounted(calls, ports, policy)
    if ours := [call for call in calls if may_be_linked(call, policy)]:
        recount_uncertain(settled_around(ours, ports, policy), ours, ports, policy)
