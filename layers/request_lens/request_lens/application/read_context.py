"""Reading the context of a chain: the calls and requests around it, as much of them as can be told apart."""

import re
from bisect import insort
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.application.deciding.candidates import MAX_CANDIDATES
from request_lens.application.tracing.views import told_by_spans
from request_lens.domain.facts import RequestId
from request_lens.domain.linking.chains import Chain, lone_chain, named_by, produced_by, returned_by, sharing_ids
from request_lens.domain.linking.context import LinkingContext, linking_context
from request_lens.domain.linking.link import LinkedInvocation, Method, Unattributed, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import (
    MAX_FACTS_AROUND,
    READ_LIMIT,
    NearbyFacts,
    calls_span,
    may_be_linked,
    requests_span,
)
from request_lens.domain.linking.parts import started_within
from request_lens.domain.policy import Policy
from request_lens.domain.settling.crowds import TimeSpan
from request_lens.domain.settling.proofs import proven_by
from request_lens.domain.settling.state import RequestState
from request_lens.domain.settling.uncertainty import untold_roles
from request_lens.domain.times import EPOCH
from request_lens.ports import Ports

MAX_SHARING = 8
"""Of more calls in a crowd that share a tool-use id none has left its chain to another: the id joins nothing."""

MAX_ELSEWHERE = 64
"""Where more requests lie within reach of a chain, it goes on from no tagged call: the same id may be under any."""

MAX_CALLS_READ = MAX_FACTS_AROUND
"""Of a request with more calls none are read for a neighbour's sake: they are more than can be told apart, too."""

_GRID = timedelta(seconds=10)


def read_calls(
    target: UnlinkedInvocation, ports: Ports, policy: Policy
) -> tuple[NearbyFacts, Sequence[UnlinkedInvocation]]:
    """The calls around this one, and those of them that share tool-use ids with it, be it through others.

    Tagged calls that are orphans, or were, are none of them: those whose requests are not known are `unseen`. Where
    there are more calls than can be read or told apart, any chain of this one is crowded: then it stands for itself, so
    that the work of a settle does not grow with the chain, and only few are looked for that share an id.
    """
    at = target.invocation.logged_at
    both_sides = at - policy.max_request, at + policy.max_request
    if _is_known([both_sides], ports) or _is_in_crowd(list(_spans_beside(at, policy)), ports):
        return NearbyFacts(unlinked=[target], complete=False), _left_at_the_edge(target, ports, policy)
    calls = ports.around.unlinked_between(*calls_span(at, policy), limit=READ_LIMIT)
    beside = [call for call in calls if abs(call.invocation.logged_at - at) <= policy.max_request]
    if len(calls) >= READ_LIMIT or len(beside) > MAX_FACTS_AROUND:
        _remember(both_sides, ports)
        return NearbyFacts(unlinked=[target], complete=False), _left_at_the_edge(target, ports, policy)
    untagged = _including(target, (call for call in calls if call.invocation.tag is None))
    ours = {call.invocation.invocation_id: call for call in untagged if may_be_linked(call, policy)}
    sharing = sharing_ids(target.invocation, (call.invocation for call in ours.values()))
    unseen = [call for call in calls if isinstance(call.decision, Unattributed) and call.invocation.tag]
    return NearbyFacts(unlinked=untagged, unseen=unseen), [ours[call.invocation_id] for call in sharing]


def _spans_beside(at: datetime, policy: Policy) -> Iterator[TimeSpan]:
    """Parts of the time beside a moment: where one is dense, the moment lies in a crowd.

    The first three begin and end on a grid, so that all calls of a batch ask for the same ones, which are read once.
    The first is the longest that lies beside all of these; it holds the next two.
    """
    grid, width = at - (at - EPOCH) % _GRID, policy.max_request - _GRID
    if width > timedelta(0):
        yield grid - width, grid + _GRID + width
        yield grid + _GRID, grid + _GRID + width
        yield grid - width, grid
    yield at, at + policy.max_request
    yield at - policy.max_request, at


def _is_in_crowd(spans: Sequence[TimeSpan], ports: Ports) -> bool:
    """Whether one of these spans is too dense: what is known is asked first."""
    return _is_known(spans, ports) or any(_is_dense(span, ports) for span in spans)


def _is_known(spans: Sequence[TimeSpan], ports: Ports) -> bool:
    return ports.crowds is not None and ports.crowds.has_any(spans)


def _is_dense(span: TimeSpan, ports: Ports) -> bool:
    is_dense = len(ports.around.unlinked_between(*span, limit=MAX_FACTS_AROUND + 1)) > MAX_FACTS_AROUND
    if is_dense:
        _remember(span, ports)
    return is_dense


def _remember(crowd: TimeSpan, ports: Ports) -> None:
    if ports.crowds is not None:
        ports.crowds.add(crowd)


def _left_at_the_edge(target: UnlinkedInvocation, ports: Ports, policy: Policy) -> Sequence[UnlinkedInvocation]:
    """Open calls before this one, of no crowd themselves, that share an id with it: it may be the last of their chain.

    None where they are many, for such an id joins nothing.
    """
    named, at = frozenset(named_by(target.invocation)), target.invocation.logged_at
    if not named or _is_in_crowd([span for span in _spans_beside(at, policy) if span[1] <= at], ports):
        return ()
    calls = ports.around.unlinked_between(at - policy.reach, at, limit=MAX_FACTS_AROUND + 1)
    ours = (call for call in calls if call.decision is None and may_be_linked(call, policy))
    sharing = [call for call in ours if not named.isdisjoint(named_by(call.invocation))]
    return sharing if len(sharing) <= MAX_SHARING else ()


def _including(target: UnlinkedInvocation, calls: Iterable[UnlinkedInvocation]) -> list[UnlinkedInvocation]:
    """The invocations found by time, and this one in any case: the index may lag behind."""
    others = [call for call in calls if call.invocation.invocation_id != target.invocation.invocation_id]
    insort(others, target, key=lambda call: (call.invocation.logged_at, call.invocation.invocation_id))
    return others


def with_requests(target: UnlinkedInvocation, facts: NearbyFacts, ports: Ports, policy: Policy) -> NearbyFacts:
    """The facts with the requests around the call, as far as they are not too many."""
    if not facts.complete:
        return facts
    first, last = requests_span(target.invocation.logged_at, policy)
    requests = ports.around.requests_between(first, last, limit=READ_LIMIT)
    return replace(facts, requests=requests, complete=len(requests) < READ_LIMIT)


def read_requests(
    target: UnlinkedInvocation, facts: NearbyFacts, ports: Ports, policy: Policy
) -> tuple[LinkingContext, Sequence[RequestState]]:
    """The call's context with the requests around and their tagged calls, and what is stored of the nearest of them.

    Those are the requests that may have made one of its chain's calls. What must have come of them (`all_told_at`)
    may prove that they have all of their calls: then they made nobody else's. Where they are more than are looked at,
    none is left out. The chain may be a part of what it was: tagged calls, too, ask for tool-use ids and return them.
    A call that goes on from one of those does so by an id that nobody else names: then other requests' are looked at.
    So they are where a call goes on from another by an id that models give again; among too many a link is but assumed.
    Where one of the nearest has more calls than are read, the chain is crowded by them.
    """
    facts = with_requests(target, facts, ports, policy)
    context = linking_context(target, facts, policy)
    if context.is_crowded:
        return context, ()
    near = _possible_makers(context)
    by_chance = len(near) > 1 and _follows_by_chance(context.chain)
    if len(near) > MAX_CANDIDATES:
        return replace(context, is_but_assumed=by_chance), ()
    states = ports.store.load_requests(sorted(near), most=MAX_CALLS_READ)
    is_cut = any(state.is_cut for state in states)
    facts = replace(facts, under_requests=list(_tagged(states)), complete=not is_cut)
    if facts.under_requests or is_cut:
        context = linking_context(target, facts, policy)
    if is_cut:
        return context, ()
    if context.askers or by_chance:
        elsewhere = _tagged_elsewhere(context, near, ports, policy)
        tagged = [*facts.under_requests, *(elsewhere or ())]
        facts = replace(facts, under_requests=tagged, follows_tagged=elsewhere is not None)
        context = linking_context(target, facts, policy)
        is_unsure = by_chance and (elsewhere is None or _lacks_bodies(facts))
        context = replace(context, is_but_assumed=is_unsure and _follows_by_chance(context.chain))
    return _beside_proven(context, states, ports), states


def _possible_makers(context: LinkingContext) -> Set[RequestId]:
    """The requests that may have made one of a chain's calls, each taken alone."""
    lone_options = (context.candidates(lone_chain(call)) for call in context.chain.calls)
    return {request.request_id for options in lone_options for request in options}


def _beside_proven(context: LinkingContext, states: Sequence[RequestState], ports: Ports) -> LinkingContext:
    """The context without requests that are proven to have all of their calls.

    A failed attempt's log may lack the tag that its call had: it may yet be of one of these. Spans prove it for the
    agents that send them: by roles that they tell nothing of another agent may have called there. A link beside such a
    request is but assumed.
    """
    if not any(call.is_llm_call for call in context.chain.calls):
        return context
    told = told_by_spans(states, ports, context.policy, deciding={call.invocation_id for call in context.chain.calls})
    proven = proven_by(told, context.told_at, context.policy)
    roles = {call.caller_role for call in context.chain.calls}
    untold = {state.request_id for state in told if roles <= untold_roles(state.invocations, context.policy)}
    silent = proven & untold & {state.request_id for state in told if state.spans_prove}
    if not silent or roles <= _roles_with_spans(context, ports):
        return context.without(proven)
    return replace(context.without(proven - silent), is_but_assumed=True)


def _roles_with_spans(context: LinkingContext, ports: Ports) -> Set[str | None]:
    """The roles by which calls of the chain have a span, which a list by time does not hold, whatever was decided."""
    members = ports.store.load_all_unlinked([member.invocation.invocation_id for member in context.members])
    return {member.invocation.caller_role for member in members if member.span is not None}


def _follows_by_chance(chain: Chain) -> bool:
    """Whether a call follows another by ids alone that a model may give again: a number, or a tool's name.

    An id in which eight letters and digits stand together is taken to be drawn at random.
    """
    steps = ((chain.calls[first], chain.calls[second]) for first, second in chain.steps())
    shared = ({*produced_by(first)}.intersection(returned_by(second)) for first, second in steps)
    return any(not any(_is_random(tool_use_id) for tool_use_id in ids) for ids in shared)


def _lacks_bodies(facts: NearbyFacts) -> bool:
    """Whether the log has no body of a call around: that one may have asked by any id, or returned it."""
    return any(call.invocation.is_llm_call and call.invocation.conversation is None for call in facts.unlinked)


def _is_random(tool_use_id: str) -> bool:
    runs = re.findall(r"[A-Za-z0-9]{8,}", tool_use_id)
    return any(not run.isalpha() and not run.isdigit() for run in runs)


def _tagged(states: Iterable[RequestState]) -> Iterator[LinkedInvocation]:
    return (call for state in states for call in state.invocations if call.link.method is Method.TAG)


def _tagged_elsewhere(
    context: LinkingContext, near: Set[RequestId], ports: Ports, policy: Policy
) -> Sequence[LinkedInvocation] | None:
    """The tagged calls within reach of the chain of requests that cannot have made it; None where these are too many.

    Or where one of them has more calls than are read. Records of requests that began after it need not have come yet.
    """
    logged = [call.logged_at for call in context.chain.calls]
    around = started_within(context.facts.requests, min(logged) - policy.reach, max(logged), policy)
    elsewhere = [request.request_id for request in around if request.request_id not in near]
    if len(elsewhere) > MAX_ELSEWHERE:
        return None
    states = ports.store.load_requests(elsewhere, most=MAX_CALLS_READ)
    return None if any(state.is_cut for state in states) else list(_tagged(states))
