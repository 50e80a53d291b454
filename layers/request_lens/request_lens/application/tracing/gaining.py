"""Gaining: the requests that may have something to say anew once a trace is settled."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from request_lens.application.deciding.candidates import MAX_CANDIDATES
from request_lens.application.tracing.views import with_shared
from request_lens.domain.facts import Invocation, InvocationId, RequestId
from request_lens.domain.linking.link import Link, LinkedInvocation, Unattributed, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.domain.spans import Trace
from request_lens.domain.tracing.traced import traced
from request_lens.ports import Ports


def gaining(
    trace: Trace,
    decided: Collection[UnlinkedInvocation],
    missing: Sequence[LinkedInvocation],
    ports: Ports,
    policy: Policy,
) -> Mapping[RequestId, Sequence[InvocationId]]:
    """The requests to which `decided` calls of a trace are linked, with these, and those that name it while few do.

    Of those that gain no call that was `missing`, only such as have no revision yet, or one that says of the spans what
    they do not say by now: a session's trace has many requests, and each of its messages concerns one of them.
    """
    calls = _by_request(decided)
    trace = with_shared(trace, (call for call in decided if isinstance(call.decision, Unattributed)))
    named = trace.requests if len(trace.requests) <= MAX_CANDIDATES else ()
    gained = {copy.link.request_id for copy in missing}
    concerned = list(dict.fromkeys((*calls, *named)))
    others = [request_id for request_id in concerned if request_id not in gained]
    heads = ports.store.load_heads(others, is_consistent=True) if len(concerned) > 1 and others else ()
    unchanged = {
        head.request_id for head in heads if _says_all(head, calls.get(head.request_id, ()), trace, ports, policy)
    }
    return {
        request_id: [call.invocation_id for call in calls.get(request_id, ())]
        for request_id in concerned
        if request_id not in unchanged
    }


def _by_request(decided: Iterable[UnlinkedInvocation]) -> Mapping[RequestId, Sequence[Invocation]]:
    calls: dict[RequestId, list[Invocation]] = defaultdict(list)
    for call in decided:
        if isinstance(call.decision, Link):
            calls[call.decision.request_id].append(call.invocation)
    return calls


def _says_all(head: RequestState, calls: Sequence[Invocation], trace: Trace, ports: Ports, policy: Policy) -> bool:
    """Whether a request's last revision counts these calls alone, and says of the spans what they say now."""
    if head.record is None or head.summary is None or head.summary.totals.invocations != len(calls):
        return False
    return head.summary.tells(traced(head.record, calls, trace, policy, region=ports.region))
