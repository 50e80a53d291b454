"""Settle an untagged invocation: decide its chain once that is due, then revise the request that gains its calls.

Of a chain's calls the one that is due last settles it. It decides the others first, stores them under their request,
and decides itself last: while it has no decision, its message comes again and makes good what a crash left out.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from request_lens.application.settle_request import revise_if_due
from request_lens.domain.facts import InvocationId
from request_lens.domain.linking.chains import produced_by
from request_lens.domain.linking.decide import Verdict, decide_chain
from request_lens.domain.linking.link import Decision, Link, LinkedInvocation, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import (
    MAX_FACTS_AROUND,
    OpenChain,
    Surroundings,
    calls_beside,
    calls_span,
    due_at,
    may_be_linked,
    open_chain,
    requests_span,
)
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.ports import Ports

READ_LIMIT = 4 * MAX_FACTS_AROUND
"""How many facts of each kind are read around one invocation: beyond, its surroundings are incomplete."""

MAX_CANDIDATES = 10
"""A chain that fits more requests than this is not looked for among their tagged calls: that is a Query a request."""


def settle_invocation(invocation_id: InvocationId, ports: Ports, policy: Policy) -> None:
    """Decide the invocation and its chain if they are due, and see to it that their request counts them."""
    unlinked = ports.store.load_unlinked(invocation_id)
    if unlinked is None:
        return
    if unlinked.decision is not None:
        # Whoever decided it has most likely stored it under its request: to look costs a tenth of another write.
        _count(_linked([unlinked]), ports.store.find_uncounted(_linked([unlinked])), ports, policy)
    elif due_at(unlinked, policy) > ports.clock.now():
        _look_again(unlinked, due_at(unlinked, policy), ports)
    elif may_be_linked(unlinked, policy):
        _settle_chain(unlinked, ports, policy)
    else:
        _decided(unlinked, Unattributed(reason=Reason.OTHER_CALLER), ports)


def _look_again(unlinked: UnlinkedInvocation, at: datetime, ports: Ports) -> None:
    ports.timer.send([(SettleKey(SettleKind.INVOCATION, unlinked.invocation.invocation_id), at)])


def _settle_chain(asked: UnlinkedInvocation, ports: Ports, policy: Policy) -> None:
    """Decide the chain of this call, which is due, or leave it to the one that is due last, or look again later."""
    now = ports.clock.now()
    around = _calls_around(asked, ports, policy)
    last = around.own.last_due(policy)
    if due_at(last, policy) > now and not around.own.is_too_long(policy):
        return
    around = _with_requests(around, asked, ports, policy)
    verdict = decide_chain(around, now=now, policy=policy)
    if verdict.decisions:
        _decide(verdict, around.own, asked, ports, policy)
    elif verdict.look_again_at is not None and asked == last:
        _look_again(asked, verdict.look_again_at, ports)


def _calls_around(asked: UnlinkedInvocation, ports: Ports, policy: Policy) -> Surroundings:
    """The call's chain among the calls around it. Tagged calls that are orphans, or were, are none of them.

    Where there are more than can be read or told apart, any chain of it is crowded: then it stands for itself, so that
    the work of a settle does not grow with the chain.
    """
    first, last = calls_span(asked.invocation.logged_at, policy)
    found = ports.store.unlinked_between(first, last, limit=READ_LIMIT)
    if len(found) < READ_LIMIT:
        untagged = _with((each for each in found if each.invocation.tag is None), asked)
        if calls_beside(asked, untagged, policy) <= MAX_FACTS_AROUND:
            return Surroundings(own=open_chain(asked, untagged, policy), requests=(), unlinked=untagged)
    return Surroundings(own=open_chain(asked, [asked], policy), requests=(), unlinked=[asked], complete=False)


def _with(found: Iterable[UnlinkedInvocation], asked: UnlinkedInvocation) -> list[UnlinkedInvocation]:
    """The invocations found by time, and this one in any case: the index may lag behind."""
    others = [each for each in found if each.invocation.invocation_id != asked.invocation.invocation_id]
    insort(others, asked, key=lambda each: (each.invocation.logged_at, each.invocation.invocation_id))
    return others


def _with_requests(around: Surroundings, asked: UnlinkedInvocation, ports: Ports, policy: Policy) -> Surroundings:
    """The surroundings with the requests in them, and with the tool-use ids that their calls asked for."""
    if not around.complete:
        return around
    first, last = requests_span(asked.invocation.logged_at, policy)
    requests = ports.store.requests_between(first, last, limit=READ_LIMIT)
    found = replace(around, requests=requests, complete=len(requests) < READ_LIMIT)
    return replace(found, produced=_produced_under_requests(found, ports, policy))


def _produced_under_requests(around: Surroundings, ports: Ports, policy: Policy) -> dict[str, Link]:
    """Tool-use ids that tagged calls asked for, for a chain that returns ids which no untagged call asked for."""
    if not around.own.chain.continues_another or around.is_crowded(policy):
        return {}
    candidates = around.fitting(around.own.chain, policy)
    if len(candidates) > MAX_CANDIDATES:
        return {}
    return {
        tool_use_id: linked.link
        for request in candidates
        for linked in ports.store.load_request(request.request_id).invocations
        for tool_use_id in produced_by(linked.invocation)
    }


def _decide(verdict: Verdict, own: OpenChain, asked: UnlinkedInvocation, ports: Ports, policy: Policy) -> None:
    """Write the decisions, this call's last, and count the calls that are linked now or were before."""
    decisions = {each.unlinked.invocation.invocation_id: each.decision for each in verdict.decisions}
    others = [
        each if each.decision is not None else _decided(each, decisions[each.invocation.invocation_id], ports)
        for each in own.members
        if each.invocation.invocation_id != asked.invocation.invocation_id
    ]
    if copies := _linked(others):
        ports.store.store_linked(copies)
    decided = _decided(asked, decisions[asked.invocation.invocation_id], ports)
    _count(_linked([decided, *others]), _linked([decided]), ports, policy)


def _decided(unlinked: UnlinkedInvocation, decision: Decision, ports: Ports) -> UnlinkedInvocation:
    """The invocation with the decision that stands; an unattributed one keeps what it is published at."""
    if isinstance(decision, Unattributed):
        decision = replace(decision, quote=ports.prices.quote(unlinked.invocation))
    return replace(unlinked, decision=ports.store.decide(unlinked, decision))


def _count(
    linked: Sequence[LinkedInvocation], missing: Sequence[LinkedInvocation], ports: Ports, policy: Policy
) -> None:
    """Store the missing calls under their request, and revise each request that does not know of its calls yet."""
    if missing:
        ports.store.store_linked(missing)
    for request_id in dict.fromkeys(each.link.request_id for each in linked):
        revise_if_due(request_id, ports, policy)


def _linked(decided: Iterable[UnlinkedInvocation]) -> list[LinkedInvocation]:
    return [
        LinkedInvocation(invocation=each.invocation, link=each.decision)
        for each in decided
        if isinstance(each.decision, Link)
    ]
