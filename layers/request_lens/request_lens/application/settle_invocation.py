"""Settle an untagged invocation: decide it and all that is due around it, then revise the requests that gain a call."""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from request_lens.application.settle_request import revise_if_due
from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.link import Link, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.linking import decide_due, due_chains
from request_lens.domain.policy import Policy
from request_lens.domain.state import Matter, SettleKey
from request_lens.domain.surroundings import (
    MAX_FACTS_AROUND,
    Surroundings,
    due_at,
    fitting_requests,
    is_crowded,
    open_chains,
    reach,
)
from request_lens.ports import Ports

READ_LIMIT = 4 * MAX_FACTS_AROUND
"""How many facts of each kind are read around one invocation: beyond, its surroundings are incomplete."""


MAX_CANDIDATES = 10
"""A chain that fits more requests than this is not looked for among their tagged calls: that is a Query a request."""


def settle_invocation(invocation_id: InvocationId, ports: Ports, policy: Policy) -> None:
    """Decide the invocation if it is due, and see to it that its request counts it."""
    unlinked = ports.store.load_unlinked(invocation_id)
    if unlinked is None:
        return
    decided = _decide_around(unlinked, ports, policy) if unlinked.decision is None else [unlinked]
    linked = [
        LinkedInvocation(invocation=each.invocation, link=each.decision)
        for each in decided
        if isinstance(each.decision, Link)
    ]
    _count(linked, ports, policy)


def _decide_around(unlinked: UnlinkedInvocation, ports: Ports, policy: Policy) -> list[UnlinkedInvocation]:
    """The invocations that were decided, with the decisions that stand; sends a timer where this one must wait."""
    now = ports.clock.now()
    if due_at(unlinked, policy) > now:
        _wait(unlinked, due_at(unlinked, policy), ports)
        return []
    around = _surroundings(unlinked, now, ports, policy)
    due = decide_due(around, now=now, policy=policy)
    if unlinked not in [each.unlinked for each in due]:
        _look_again(unlinked, around, now, ports, policy)
    return [replace(each.unlinked, decision=ports.store.decide(each.unlinked, each.decision)) for each in due]


def _wait(unlinked: UnlinkedInvocation, until: datetime, ports: Ports) -> None:
    ports.timer.send([(SettleKey(Matter.INVOCATION, unlinked.invocation.invocation_id), until)])


def _look_again(
    unlinked: UnlinkedInvocation, around: Surroundings, now: datetime, ports: Ports, policy: Policy
) -> None:
    """Send a timer for when its chain is due, or, if it was and fits several requests, when its neighbours are.

    So each invocation has a message of its own to come until it is decided, which makes good what a crash leaves out.
    """
    for each in open_chains(around, policy):
        if unlinked.invocation in each.chain.calls:
            _wait(unlinked, each.due_at if each.due_at > now else each.due_at + policy.max_request, ports)


def _surroundings(unlinked: UnlinkedInvocation, now: datetime, ports: Ports, policy: Policy) -> Surroundings:
    """All that bears on the calls within one reach of this one."""
    at, far = unlinked.invocation.logged_at, reach(policy)
    requests = ports.store.requests_between(at - 2 * far, at + 2 * far, limit=READ_LIMIT)
    found = ports.store.unlinked_between(at - 2 * far, at + 2 * far, limit=READ_LIMIT)
    around = Surroundings(
        requests=requests,
        unlinked=_with(found, unlinked),
        core=(at - far, at + far),
        asked=unlinked.invocation.invocation_id,
        complete=len(requests) < READ_LIMIT and len(found) < READ_LIMIT,
    )
    return replace(around, produced=_produced_under_requests(around, now, ports, policy))


def _with(found: Sequence[UnlinkedInvocation], own: UnlinkedInvocation) -> list[UnlinkedInvocation]:
    """The invocations found by time, and this one in any case: the index may lag behind."""
    others = [each for each in found if each.invocation.invocation_id != own.invocation.invocation_id]
    insort(others, own, key=lambda each: (each.invocation.logged_at, each.invocation.invocation_id))
    return others


def _produced_under_requests(around: Surroundings, now: datetime, ports: Ports, policy: Policy) -> dict[str, Link]:
    """Tool-use ids that tagged calls asked for, for chains that return ids which no untagged call asked for."""
    candidates: dict[RequestId, Request] = {}
    for each in due_chains(around, now=now, policy=policy):
        if each.anchor is None and each.continues_another and not is_crowded(each, around, policy):
            fitting = fitting_requests(each.chain, around.requests, policy)
            if len(fitting) <= MAX_CANDIDATES:
                candidates |= {request.request_id: request for request in fitting}
    return {
        tool_use_id: linked.link
        for request_id in candidates
        for linked in ports.store.load_request(request_id).invocations
        if linked.invocation.conversation is not None
        for tool_use_id in linked.invocation.conversation.produced
    }


def _count(linked: Iterable[LinkedInvocation], ports: Ports, policy: Policy) -> None:
    """Store the linked invocations under their requests, and settle each request that did not know of them yet."""
    by_request: dict[RequestId, list[LinkedInvocation]] = {}
    for each in linked:
        by_request.setdefault(each.link.request_id, []).append(each)
    for request_id, own in by_request.items():
        ports.store.store_linked(own)
        revise_if_due(request_id, ports, policy)
