"""Recounts: settled requests say anew how many calls may be theirs, once a call that may be is decided."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime

from request_lens.application.deciding.candidates import candidates_among, requests_beside
from request_lens.application.settle_request import recount
from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.linking.context import LinkingContext
from request_lens.domain.linking.link import Confidence, Decision, Link, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.readiness import revision_due_at
from request_lens.domain.settling.state import RequestState
from request_lens.domain.settling.uncertainty import doubts_assumed_links
from request_lens.errors import UnreadableItem
from request_lens.ports import Ports


def came_late(call: UnlinkedInvocation, policy: Policy) -> bool:
    """Whether requests around may have been settled before the call was known."""
    return call.stored_at > call.invocation.logged_at + policy.link_delay


def settled_around(calls: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy) -> list[RequestId]:
    """The requests that may have made one of these calls, alone, if few may; whether they are settled is not asked."""
    return few_around(calls, requests_beside(calls, ports, policy), policy)


def few_around(calls: Iterable[UnlinkedInvocation], requests: Sequence[Request], policy: Policy) -> list[RequestId]:
    """Those of the requests that may have made one of these calls, alone; none for a call that many may have made."""
    few = (candidates_among(requests, call, policy) for call in calls)
    return list({request.request_id: None for found in few for request in found})


def settled_with(
    decided: Sequence[UnlinkedInvocation], context: LinkingContext, states: Sequence[RequestState], ports: Ports
) -> Iterator[RequestId]:
    """The requests that may count one of these calls as possible, those too that may have settled meanwhile.

    Those that a call is linked to have been revised by that. In a crowd nobody is asked, but for a late call: whoever
    counts there has long been settled.
    """
    if states:
        now, gained = ports.clock.now(), {copy.link.request_id for copy in linked_of(decided)}
        yield from (
            state.request_id
            for state in states
            if state.revision or (state.request_id not in gained and _may_settle(state, now, context.policy))
        )
    elif not context.is_crowded:
        yield from few_around(decided, context.facts.requests, context.policy)
    elif not context.facts.complete and (late := [call for call in decided if came_late(call, context.policy)]):
        yield from settled_around(late, ports, context.policy)


def _may_settle(state: RequestState, now: datetime, policy: Policy) -> bool:
    """Whether a request that had no revision may have one by now; what its spans say was not read with it."""
    return state.record is not None and (policy.reads_spans or revision_due_at(state, policy) <= now)


def recount_all(
    settled: Iterable[RequestId], decided: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy
) -> None:
    """Let settled requests say anew how many calls may be theirs: a call that they counted, or did not, is decided."""
    just_decided = decisions_of(decided)
    for request_id in dict.fromkeys(settled):
        with suppress(UnreadableItem):  # its own settle tells that another version wrote of it
            recount(request_id, ports, policy, just_decided=just_decided)


def recount_uncertain(
    settled: Iterable[RequestId], decided: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy
) -> None:
    """The same for those that say that calls may be theirs, for calls whose own message asks again once they are due.

    What each says is read together, and may lag behind. A link leaves none of the others anything to say, but for what
    `_says_nothing_new` names.
    """
    heads = _heads(dict.fromkeys(settled), ports)
    uncertain = [
        head.request_id
        for head in heads
        if head.summary is not None
        and not (head.summary.knows_failed_calls and _says_nothing_new(head, decided, policy))
    ]
    recount_all(uncertain, decided, ports, policy)


def _says_nothing_new(head: RequestState, decided: Sequence[UnlinkedInvocation], policy: Policy) -> bool:
    """Whether a request that says none is possible need not look at what was decided: all of that was linked.

    A link that is but assumed may be of a call that a request without any has made: see `possible_attempts`.
    """
    links = [call.decision for call in decided if isinstance(call.decision, Link)]
    doubts = doubts_assumed_links(policy) or (head.record is not None and head.record.may_run_on)
    may_have_made = doubts and not _has_calls(head)
    is_doubted = may_have_made and any(link.confidence is Confidence.ASSUMED for link in links)
    return len(links) == len(decided) and not is_doubted


def _has_calls(head: RequestState) -> bool:
    """Whether it has, as its last revision says: its calls are not read with it."""
    return head.summary is not None and head.summary.totals.llm_calls > 0


def _heads(request_ids: Collection[RequestId], ports: Ports) -> Sequence[RequestState]:
    """What is stored of requests without their calls, each read once a batch."""
    known = ports.answers.heads if ports.answers is not None else {}
    unknown = [request_id for request_id in request_ids if request_id not in known]
    known |= {head.request_id: head for head in (ports.store.load_heads(unknown) if unknown else ())}
    return [known[request_id] for request_id in request_ids]


def decisions_of(decided: Iterable[UnlinkedInvocation]) -> dict[InvocationId, Decision]:
    """What was decided, by call."""
    return {call.invocation.invocation_id: call.decision for call in decided if call.decision is not None}


def linked_of(decided: Iterable[UnlinkedInvocation]) -> list[LinkedInvocation]:
    """Those that were linked, as they stand under their requests."""
    return [
        LinkedInvocation(invocation=call.invocation, link=call.decision)
        for call in decided
        if isinstance(call.decision, Link)
    ]
