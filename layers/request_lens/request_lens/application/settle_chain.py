"""Settle an untagged invocation: decide its chain once that is due, then revise the request that gains its calls.

Of a chain's calls the one that is due last settles it. It decides the others first, stores them under their request,
and decides itself last: while it has no decision, its message comes again and makes good what a crash left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from request_lens.application.read_context import MAX_CANDIDATES, find_candidates, read_calls, read_requests
from request_lens.application.settle_request import recount, revise_if_due
from request_lens.domain.facts import InvocationId, RequestId
from request_lens.domain.linking.decide import ChainDecision, decide_chain
from request_lens.domain.linking.link import (
    Decision,
    Link,
    LinkedInvocation,
    Reason,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.linking.neighbourhood import (
    LinkingContext,
    due_at,
    linking_context,
    may_be_linked,
)
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.ports import Ports

MAX_LEFT_BEHIND = 64
"""So many calls, at most, are settled with one because they had left their chain to it."""


def settle_invocation(invocation_id: InvocationId, ports: Ports, policy: Policy) -> None:
    """Decide the invocation and its chain if they are due, and see to it that their request counts them."""
    unlinked = ports.store.load_unlinked(invocation_id)
    if unlinked is None:
        return
    if unlinked.decision is not None:
        # Whoever decided it has most likely stored it under its request: to look costs a tenth of another write.
        _count(_linked([unlinked]), ports.store.find_uncounted(_linked([unlinked])), ports, policy)
        if may_be_linked(unlinked, policy) and _came_late(unlinked, policy):
            _recount(find_candidates(unlinked, ports, policy), _linked([unlinked]), ports, policy)
    elif due_at(unlinked, policy) > ports.clock.now():
        _look_again(unlinked, due_at(unlinked, policy), ports)
    elif may_be_linked(unlinked, policy):
        _settle_chains(unlinked, ports, policy)
    else:
        _decide(unlinked, Unattributed(reason=Reason.OTHER_CALLER), ports)


def _look_again(unlinked: UnlinkedInvocation, at: datetime, ports: Ports) -> None:
    ports.timer.send([(SettleKey(SettleKind.INVOCATION, unlinked.invocation.invocation_id), at)])


def _settle_chains(target: UnlinkedInvocation, ports: Ports, policy: Policy) -> None:
    """Settle the call's chain, and those of calls that had left theirs to this one before more was known."""
    waiting, settled = [target], {target.invocation.invocation_id}
    while waiting:
        left_behind = _settle_chain(waiting.pop(0), ports, policy)
        fresh = [call for call in left_behind if call.invocation.invocation_id not in settled]
        waiting += fresh[: MAX_LEFT_BEHIND - len(settled)]
        settled |= {call.invocation.invocation_id for call in waiting}


def _settle_chain(target: UnlinkedInvocation, ports: Ports, policy: Policy) -> Sequence[UnlinkedInvocation]:
    """Decide the chain of this call, which is due, or leave it to the one that is due last, or look again later.

    Answers with the calls that are due and may have left their chain to this one, which does not decide them: what came
    since may have made the chain longer than any request, or have parted it.
    """
    now = ports.clock.now()
    facts, sharing = read_calls(target, ports, policy)
    context = linking_context(target, facts, policy)
    last = context.last_due
    if due_at(last, policy) > now:
        return ()
    context, states = read_requests(context, target, ports)
    decision = decide_chain(context, now=now)
    if decision.decisions:
        linked = _decide_all(decision, context, target, ports)
        settled = [state.request_id for state in states if state.revision]
        if not context.facts.complete and _came_late(target, policy):
            settled = find_candidates(target, ports, policy)
        _recount(settled, linked, ports, policy)
    elif decision.retry_at is not None and target == last:
        _look_again(target, decision.retry_at, ports)
    decided_here = {member.invocation.invocation_id for member in context.deciding}
    others = (call for call in sharing if call.invocation.invocation_id not in decided_here)
    return [call for call in others if due_at(call, policy) <= now]


def _came_late(call: UnlinkedInvocation, policy: Policy) -> bool:
    """Whether requests around may have been settled before the call was known."""
    return call.stored_at > call.invocation.logged_at + policy.link_delay


def _recount(settled: Sequence[RequestId], linked: Sequence[LinkedInvocation], ports: Ports, policy: Policy) -> None:
    """Let settled requests say anew how many calls may be theirs: a call that they counted, or did not, is decided."""
    if len(settled) > MAX_CANDIDATES:
        return
    just_linked = {call.invocation.invocation_id for call in linked}
    for request_id in settled:
        recount(request_id, ports, policy, just_linked=just_linked)


def _decide_all(
    decision: ChainDecision, context: LinkingContext, target: UnlinkedInvocation, ports: Ports
) -> Sequence[LinkedInvocation]:
    """Write the decisions, this call's last, and count the calls that are linked now or were before: the answer."""
    decisions, target_id = decision.decisions, target.invocation.invocation_id
    others = [
        member if member.decision is not None else _decide(member, decisions[member.invocation.invocation_id], ports)
        for member in context.deciding
        if member.invocation.invocation_id != target_id
    ]
    if copies := _linked(others):
        ports.store.store_linked(copies)
    decided = _decide(target, decisions[target_id], ports)
    linked = _linked([decided, *others])
    _count(linked, _linked([decided]), ports, context.policy)
    return linked


def _decide(unlinked: UnlinkedInvocation, decision: Decision, ports: Ports) -> UnlinkedInvocation:
    """Write a decision, an unattributed one with what it is published at; answers with the decision that stands."""
    if isinstance(decision, Unattributed):
        decision = replace(decision, quote=ports.prices.quote(unlinked.invocation))
    standing = ports.store.decide(unlinked, decision)
    if ports.shared is not None:
        ports.shared.tell_decision(unlinked.invocation.invocation_id, standing)
    return replace(unlinked, decision=standing)


def _count(
    linked: Sequence[LinkedInvocation], missing: Sequence[LinkedInvocation], ports: Ports, policy: Policy
) -> None:
    """Store the missing calls under their request, and revise each request that does not know of its calls yet."""
    if missing:
        ports.store.store_linked(missing)
    just_linked = {call.invocation.invocation_id for call in linked}
    for request_id in dict.fromkeys(call.link.request_id for call in linked):
        revise_if_due(request_id, ports, policy, just_linked=just_linked)


def _linked(decided: Iterable[UnlinkedInvocation]) -> list[LinkedInvocation]:
    return [
        LinkedInvocation(invocation=call.invocation, link=call.decision)
        for call in decided
        if isinstance(call.decision, Link)
    ]
