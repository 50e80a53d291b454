"""Settle an untagged invocation: decide its chain once that is due, then revise the request that gains its calls.

Of a chain's calls the one that is due last settles it. It decides the others first, stores them under their request,
and decides itself last: while it has no decision, its message comes again and makes good what a crash left out.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from request_lens.application.deciding.decisions import count_uncounted, decide_all, look_again
from request_lens.application.deciding.late_records import (
    MAX_LIST_LAG,
    decided_at,
    is_nobodys,
    overtaken_at,
    reopen,
)
from request_lens.application.deciding.settle_linked import is_linked_by_trace, make_good
from request_lens.application.deciding.standing import decide
from request_lens.application.read_context import read_calls, read_requests, with_requests
from request_lens.application.recounts import (
    came_late,
    decisions_of,
    recount_all,
    recount_uncertain,
    settled_around,
    settled_with,
)
from request_lens.application.tracing.ask_traces import Asked, ask_listed, ask_traces
from request_lens.application.tracing.contradictions import unless_traced
from request_lens.domain.facts import InvocationId
from request_lens.domain.linking.context import LinkingContext, linking_context
from request_lens.domain.linking.decide import decide_chain
from request_lens.domain.linking.link import Link, Reason, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import NearbyFacts, due_at, due_order, may_be_linked
from request_lens.domain.policy import Policy
from request_lens.ports import Ports

MAX_LEFT_BEHIND = 64
"""So many calls, at most, are settled with one because they had left their chain to it."""


def settle_invocation(invocation_id: InvocationId, ports: Ports, policy: Policy) -> None:
    """Decide the invocation and its chain if they are due, and see to it that their request counts them."""
    unlinked = ports.store.load_unlinked(invocation_id)
    if unlinked is None:
        return
    if unlinked.decision is None and due_at(unlinked, policy) > ports.clock.now():
        look_again(unlinked, due_at(unlinked, policy), ports)
        return
    asked = ask_traces([unlinked], ports, policy)
    standing = asked.as_it_stands(unlinked)
    if is_linked_by_trace(standing):
        make_good([standing], ports, policy)
    elif standing.decision is not None:
        count_uncounted([standing], ports, policy)
        if is_nobodys(standing, policy) and overtaken_at([standing], ports, policy):
            _settle_chains(reopen(standing, policy), ports, policy)
        elif may_be_linked(standing, policy) and (came_late(standing, policy) or not _is_crowded(standing)):
            _make_chain_good(standing, ports, policy)
    elif asked.waits_until is not None:
        look_again(standing, asked.waits_until, ports)
    elif may_be_linked(standing, policy):
        _settle_chains(standing, ports, policy)
    else:
        decide(standing, Unattributed(reason=Reason.OTHER_CALLER), ports)


def _settle_chains(target: UnlinkedInvocation, ports: Ports, policy: Policy) -> None:
    """Settle the call's chain, and those of calls that had left theirs to this one before more was known.

    A call that is reopened is decided by the same way as any: only when, and what then gives way, is another matter.
    Of more of them than MAX_LEFT_BEHIND the rest get a message each.
    """
    waiting, seen = [target], {target.invocation.invocation_id}
    while waiting:
        left_behind = _settle_chain(waiting.pop(0), ports, policy)
        fresh = [call for call in left_behind if call.invocation.invocation_id not in seen]
        room = max(MAX_LEFT_BEHIND - len(seen), 0)
        for call in fresh[room:]:
            look_again(call, ports.clock.now(), ports)
        waiting += fresh[:room]
        seen |= {call.invocation.invocation_id for call in fresh}


def _settle_chain(target: UnlinkedInvocation, ports: Ports, policy: Policy) -> Sequence[UnlinkedInvocation]:
    """Decide the chain of this call, which is due, or leave it to the one that is due last, or look again later.

    Where it is decided, answers with the calls that are due and may have left their chain to it, and that it does not
    decide: what came since may have made the chain longer than any request, or have parted it.
    """
    facts, sharing = read_calls(target, ports, policy)
    if target.reopened:
        facts = replace(facts, unlinked=[reopen(call, policy) for call in facts.unlinked])
    suspected = linking_context(target, facts, policy)
    if target.reopened:
        _make_links_good(suspected, ports, policy)
    last = decided_at(suspected.open_members, ports, policy)
    if last > ports.clock.now():
        _leave_chain(target, (), last, ports, policy)
        return ()
    asked = _ask(_undecided(suspected), target, ports, policy)
    if asked is None:
        return ()
    if (target := asked.as_it_stands(target)).decision is not None:  # what is left of its chain goes on without it
        count_uncounted([target], ports, policy)  # whoever decided it meanwhile may have died then
        _recount_around([target], ports, policy)
        return [call for call in map(asked.as_it_stands, suspected.open_members) if call.decision is None]
    return _decide_by_time(target, (asked.of_facts(facts), sharing), asked, ports, policy)


def _undecided(context: LinkingContext) -> Sequence[UnlinkedInvocation]:
    """The calls of the chain that are not decided yet; others than the context's `deciding` may be traced, too."""
    return [call for call in context.members if call.decision is None]


def _ask(calls: Sequence[UnlinkedInvocation], target: UnlinkedInvocation, ports: Ports, policy: Policy) -> Asked | None:
    """Ask the calls' traces; None where one of them is not ready to be decided: then look at this one again."""
    asked = ask_listed(calls, ports, policy)
    if asked.waits_until is not None:
        look_again(target, asked.waits_until, ports)
        return None
    return asked


def _decide_by_time(
    target: UnlinkedInvocation,
    read: tuple[NearbyFacts, Sequence[UnlinkedInvocation]],
    asked: Asked,
    ports: Ports,
    policy: Policy,
) -> Sequence[UnlinkedInvocation]:
    """Decide the chain of a call that its trace does not decide, by what was read around it: see `_settle_chain`."""
    facts, sharing = read
    suspected = linking_context(target, facts, policy)
    context, states = read_requests(target, facts, ports, policy)
    if target.reopened:
        _make_links_good(context, ports, policy)
    others = [call for call in _undecided(context) if call.invocation.invocation_id not in asked.known]
    if others and policy.reads_spans:  # with the requests the part may have more calls, whose traces were not asked
        if (more := _ask(others, target, ports, policy)) is None:
            return ()
        context, states = read_requests(target, more.of_facts(facts), ports, policy)
    decision = decide_chain(context, now=ports.clock.now())
    if not decision.decisions:
        # With the requests the part may end earlier than without them: then nobody else would decide this call.
        _leave_chain(target, (suspected.last_due, context.last_due), decision.retry_at, ports, policy)
        return ()
    together = [member.invocation.invocation_id for member in context.members]
    decision = replace(decision, decisions=unless_traced(decision.decisions, together, ports, policy))
    decided = decide_all(decision, context, target, ports)
    recount_all(settled_with(decided, context, states, ports), decided, ports, policy)
    left_behind = _left_behind(target, replace(suspected, facts=context.facts), sharing)
    known = decisions_of(decided)
    return [call for call in left_behind if call.decision is None and call.invocation.invocation_id not in known]


def _leave_chain(
    target: UnlinkedInvocation,
    last: Collection[UnlinkedInvocation],
    at: datetime | None,
    ports: Ports,
    policy: Policy,
) -> None:
    """Leave the call's chain to those that are due last, which look at it again then.

    So does one that is decided anew, and where spans are read, any: a trace may decide those alone.
    """
    if at is not None and (target in last or target.reopened or policy.reads_spans):
        look_again(target, at, ports)


def _left_behind(
    target: UnlinkedInvocation, context: LinkingContext, sharing: Sequence[UnlinkedInvocation]
) -> Iterator[UnlinkedInvocation]:
    """The calls due before this one that may have left their chain to it, of those that share ids with it.

    Those of its chain that were not decided with it have, whatever parted them, and those may have that looked before
    the last of them all came. The others saw the same chains: to look at them again would have calls of one id look at
    each other without end.
    """
    policy = context.policy
    of_chain = {member.invocation.invocation_id for member in context.members}
    last_came = max(call.stored_at for call in [context.members[0], *sharing])
    for call in sharing:
        call_id = call.invocation.invocation_id
        saw_all = context.facts.complete and last_came < due_at(call, policy) - MAX_LIST_LAG
        if (call_id in of_chain or not saw_all) and due_order(call, policy) < due_order(target, policy):
            yield call


def _is_crowded(call: UnlinkedInvocation) -> bool:
    return isinstance(call.decision, Unattributed) and call.decision.reason is Reason.CROWDED


def _make_chain_good(target: UnlinkedInvocation, ports: Ports, policy: Policy) -> None:
    """Do for a decided call what whoever decided it may have left undone, as it died then.

    The settled requests around its chain count anew, and calls that had left their chain to it are settled; where one
    was, that may have been with this one, and its requests count anew, too.
    """
    facts, sharing = read_calls(target, ports, policy)
    context = linking_context(target, facts, policy)
    left_behind = list(_left_behind(target, context, sharing))
    for call in left_behind:
        if call.decision is None:
            _settle_chains(call, ports, policy)
    count_uncounted(left_behind, ports, policy)
    if len(sharing) > len(context.members):  # with the requests the part may have more of them
        context = linking_context(target, with_requests(target, facts, ports, policy), policy)
    count_uncounted(_linked_anew(context), ports, policy)
    _recount_around(context.members, ports, policy)
    of_chain = {member.invocation.invocation_id for member in context.members}
    _recount_around([call for call in left_behind if call.invocation.invocation_id not in of_chain], ports, policy)


def _make_links_good(context: LinkingContext, ports: Ports, policy: Policy) -> None:
    """Do the same for links that were made anew, for whichever call of the chain: any of these comes again."""
    anew = _linked_anew(context)
    count_uncounted(anew, ports, policy)
    _recount_around(anew, ports, policy)


def _linked_anew(context: LinkingContext) -> Sequence[UnlinkedInvocation]:
    return [call for call in context.members if isinstance(call.decision, Link) and call.decision.taken_back]


def _recount_around(calls: Sequence[UnlinkedInvocation], ports: Ports, policy: Policy) -> None:
    """Let the settled requests around those of the calls that are decided say anew how many calls may be theirs."""
    if decided := [call for call in calls if call.decision is not None]:
        recount_uncertain(settled_around(decided, ports, policy), decided, ports, policy)
