"""Settle an untagged invocation: decide its chain once that is due, then revise the request that gains its calls.

Of a chain's calls the one that is due last settles it. It decides the others first, stores them under their request,
and decides itself last: while it has no decision, its message comes again and makes good what a crash left out.
"""

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.application.settle_request import recount, revise_if_due
from request_lens.domain.facts import LOG_PRECISION_MS, InvocationId, RequestId
from request_lens.domain.linking.chains import lone_chain, named_by, sharing_ids
from request_lens.domain.linking.decide import ChainDecision, decide_chain
from request_lens.domain.linking.fit import fits
from request_lens.domain.linking.link import (
    Decision,
    Link,
    LinkedInvocation,
    Method,
    Reason,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.linking.neighbourhood import (
    MAX_FACTS_AROUND,
    LinkingContext,
    NearbyFacts,
    calls_span,
    count_neighbours,
    due_at,
    linking_context,
    may_be_linked,
    requests_span,
)
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState, SettleKey, SettleKind
from request_lens.domain.settling.uncertainty import is_proven
from request_lens.errors import UnreadableItem
from request_lens.ports import Ports

READ_LIMIT = 6 * MAX_FACTS_AROUND
"""How many facts of each kind are read around one invocation: beyond, what is known around it is incomplete."""

MAX_LEFT_BEHIND = 64
"""So many calls, at most, are settled with one because they had left their chain to it."""

MAX_SHARING = 8
"""Of more calls in a crowd that share a tool-use id none has left its chain to another: the id joins nothing."""

MAX_CANDIDATES = 10
"""Where more requests may have made a chain's calls, their own calls are not read, and they do not say anew what is
possible for them: that is a Query a request."""


def settle_invocation(invocation_id: InvocationId, ports: Ports, policy: Policy) -> None:
    """Decide the invocation and its chain if they are due, and see to it that their request counts them."""
    unlinked = ports.store.load_unlinked(invocation_id)
    if unlinked is None:
        return
    if unlinked.decision is not None:
        # Whoever decided it has most likely stored it under its request: to look costs a tenth of another write.
        _count(_linked([unlinked]), ports.store.find_uncounted(_linked([unlinked])), ports, policy)
        if may_be_linked(unlinked, policy) and _came_late(unlinked, policy):
            _recount(_settled_around(unlinked, ports, policy), _linked([unlinked]), ports, policy)
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
    facts, sharing = _calls_around(target, ports, policy)
    context = linking_context(target, facts, policy)
    last = context.last_due
    if due_at(last, policy) > now:
        return ()
    context, states = _with_requests(context, target, ports)
    decision = decide_chain(context, now=now)
    if decision.decisions:
        linked = _decide_all(decision, context, target, ports)
        settled = [state.request_id for state in states if state.revision]
        if not context.facts.complete and _came_late(target, policy):
            settled = _settled_around(target, ports, policy)
        _recount(settled, linked, ports, policy)
    elif decision.retry_at is not None and target == last:
        _look_again(target, decision.retry_at, ports)
    decided_here = {member.invocation.invocation_id for member in context.deciding}
    others = (call for call in sharing if call.invocation.invocation_id not in decided_here)
    return [call for call in others if due_at(call, policy) <= now]


def _calls_around(
    target: UnlinkedInvocation, ports: Ports, policy: Policy
) -> tuple[NearbyFacts, Sequence[UnlinkedInvocation]]:
    """The calls around this one, and the open ones of them that share tool-use ids with it, be it through others.

    Tagged calls that are orphans, or were, are none of them. Where there are more calls than can be read or told apart,
    any chain of this one is crowded: then it stands for itself, so that the work of a settle does not grow with the
    chain, and only few are looked for that share an id.
    """
    first, last = calls_span(target.invocation.logged_at, policy)
    calls = ports.store.unlinked_between(first, last, limit=READ_LIMIT)
    if len(calls) < READ_LIMIT and count_neighbours(target, calls, policy) <= MAX_FACTS_AROUND:
        untagged = _including(target, (call for call in calls if call.invocation.tag is None))
        ours = {call.invocation.invocation_id: call for call in untagged if may_be_linked(call, policy)}
        sharing = sharing_ids(target.invocation, (call.invocation for call in ours.values()))
        found = (ours[call.invocation_id] for call in sharing)
        return NearbyFacts(unlinked=untagged), [call for call in found if call.decision is None]
    return NearbyFacts(unlinked=[target], complete=False), _few_sharing_ids(target, calls, policy)


def _few_sharing_ids(
    target: UnlinkedInvocation, calls: Iterable[UnlinkedInvocation], policy: Policy
) -> Sequence[UnlinkedInvocation]:
    """The open calls that share an id with this one themselves; none where they are many: such an id joins nothing."""
    named = named_by(target.invocation)
    ours = (call for call in calls if named and call.decision is None and may_be_linked(call, policy))
    sharing = [call for call in ours if not named.isdisjoint(named_by(call.invocation))]
    return sharing if len(sharing) <= MAX_SHARING else ()


def _including(target: UnlinkedInvocation, calls: Iterable[UnlinkedInvocation]) -> list[UnlinkedInvocation]:
    """The invocations found by time, and this one in any case: the index may lag behind."""
    others = [call for call in calls if call.invocation.invocation_id != target.invocation.invocation_id]
    insort(others, target, key=lambda call: (call.invocation.logged_at, call.invocation.invocation_id))
    return others


def _with_requests(
    context: LinkingContext, target: UnlinkedInvocation, ports: Ports
) -> tuple[LinkingContext, Sequence[RequestState]]:
    """The context with the requests around and their tagged calls, and what is stored of those that may have made one.

    Requests that are proven to have all of their calls are left out: they made nobody else's. Where more requests may
    have made one than are looked at, none is left out.
    """
    if not context.facts.complete:
        return context, ()
    first, last = requests_span(target.invocation.logged_at, context.policy)
    requests = ports.store.requests_between(first, last, limit=READ_LIMIT)
    facts = replace(context.facts, requests=requests, complete=len(requests) < READ_LIMIT)
    context = replace(context, facts=facts)
    if context.is_crowded:
        return context, ()
    near = {request.request_id for options in context.lone_options() for request in options}
    if len(near) > MAX_CANDIDATES:
        return context, ()
    states = [state for request_id in sorted(near) if (state := _readable_state(request_id, ports)) is not None]
    # A failed attempt's log may lack the tag that its call had: it may yet be of a request that has all of its calls.
    is_call = any(call.is_llm_call for call in context.chain.calls)
    proven = {state.request_id for state in states if is_call and is_proven(state.invocations)}
    tagged = [call for state in states for call in state.invocations if call.link.method is Method.TAG]
    rivals = [request for request in requests if request.request_id not in proven]
    return replace(context, facts=replace(facts, requests=rivals, under_requests=tagged)), states


def _readable_state(request_id: RequestId, ports: Ports) -> RequestState | None:
    """What is stored of a request; None where another version wrote of it: its own settle tells that."""
    try:
        return ports.store.load_request(request_id)
    except UnreadableItem:
        return None


def _came_late(call: UnlinkedInvocation, policy: Policy) -> bool:
    """Whether requests around may have been settled before the call was known."""
    return call.stored_at > call.invocation.logged_at + policy.link_delay


def _settled_around(target: UnlinkedInvocation, ports: Ports, policy: Policy) -> list[RequestId]:
    """The requests that may have made this call alone; whether they are settled is not asked."""
    logged_at = target.invocation.logged_at
    span = logged_at - policy.reach, logged_at + policy.clock_skew + timedelta(milliseconds=LOG_PRECISION_MS)
    requests = ports.store.requests_between(*span, limit=READ_LIMIT)
    return [request.request_id for request in requests if fits(lone_chain(target.invocation), request, policy)]


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
    return replace(unlinked, decision=ports.store.decide(unlinked, decision))


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
