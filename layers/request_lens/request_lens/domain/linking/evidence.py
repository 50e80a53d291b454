"""Evidence: what the facts around say of a chain, before anything is decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.linking.chains import lone_chain
from request_lens.domain.linking.context import LinkingContext
from request_lens.domain.linking.elimination import MAX_LOOPS, Elimination, eliminated, is_loop
from request_lens.domain.linking.explanations import Bounds
from request_lens.domain.linking.fit import fits
from request_lens.domain.linking.link import Assumption, Confidence, Link, Method
from request_lens.domain.linking.parts import of_known_duration
from request_lens.domain.policy import Policy

MAX_RIVALS = 3
"""So many requests, at most, may have made a call that is linked to the only one of them that did so in its own time.

In simulated traffic of the field 2 to 4 % of such links are wrong, and one in seven where more requests might be it.
"""

MAX_CHAINS = 64
"""So many chains around one, the nearest, are looked at for one that goes on from request to request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the facts say of a chain.

    `candidates` may have made the whole of it, `options` each call of it if it may be split between requests.
    `is_whole`: it is taken for one request's. So it is where one holds the whole of it without overtime that no exact
    link of its calls rules out, and no chain around shows that a conversation goes on from one request to the next.
    `only` is the link to the one request that can have made it whole.
    """

    context: LinkingContext
    candidates: Sequence[Request]
    options: Mapping[InvocationId, Sequence[Request]]
    is_whole: bool
    only: Link | None

    @property
    def open_options(self) -> list[Sequence[Request]]:
        """The options of the calls that are to be decided."""
        return [self.options[member.invocation.invocation_id] for member in self.context.open_members]

    @property
    def leaves_choice(self) -> bool:
        """Whether more than one request can have made a call that is to be decided."""
        if self.is_whole:
            return self.context.anchor is None and self.only is None
        return any(len(options) > 1 for options in self.open_options)


def weigh(context: LinkingContext) -> Evidence:
    """What the facts in this context say of its chain."""
    chain, policy = context.chain, context.policy
    followed = _followed(context)
    explanations = context.explain(chain, Bounds(linked=context.surely_linked, follow=followed))
    candidates = context.candidates(chain)
    linked = set(context.surely_linked.values())
    holders = (request for request in of_known_duration(candidates) if linked <= {request.request_id})
    is_held = any(fits(chain, request, policy, overtime=False) for request in holders)
    is_whole = is_held and not context.is_cut and not _conversations_go_on(context)
    return Evidence(
        context=context,
        candidates=candidates,
        options={call.invocation_id: of_call for call, of_call in zip(chain.calls, explanations.options, strict=True)},
        is_whole=is_whole,
        only=_only_candidate(context, candidates, followed) if is_whole else None,
    )


def options_beside_links(context: LinkingContext) -> set[RequestId]:
    """The requests that may have made calls of the chain that are to be decided, where its links are as they stand."""
    explanations = context.explain(context.chain, Bounds(linked=context.linked, follow=_followed(context)))
    open_ids = {member.invocation.invocation_id for member in context.open_members}
    of_calls = zip(context.chain.calls, explanations.options, strict=True)
    return {request.request_id for call, options in of_calls if call.invocation_id in open_ids for request in options}


def _followed(context: LinkingContext) -> Mapping[InvocationId, RequestId]:
    return {call_id: link.request_id for call_id, link in context.followed.items()}


def nominal_requests(evidence: Evidence) -> Mapping[InvocationId, Request]:
    """By call of the chain, the only request that has it by all explanations in which no agent ran on.

    None for a call that stands alone, whose ids tell nothing, and none where too many requests may have made it.
    """
    context, chain = evidence.context, evidence.context.chain
    if len(chain.calls) == 1 or (evidence.is_whole and len(evidence.candidates) > MAX_RIVALS):
        return {}
    linked = {} if evidence.is_whole else context.surely_linked  # what is whole goes with its anchor
    bounds = Bounds(linked=linked, follow=_followed(context))
    explanations = context.explain(chain, bounds, overtime=False)
    return {
        call.invocation_id: options[0]
        for call, options in zip(chain.calls, explanations.options, strict=True)
        if len(options) == 1
        and options[0].duration_ms is not None
        and len(evidence.options[call.invocation_id]) <= MAX_RIVALS
    }


def _conversations_go_on(context: LinkingContext) -> bool:
    """Whether a chain around, complete when this one is, can only be explained as one of several requests' calls."""
    begins, complete_at = context.own.calls[0].logged_at, context.complete_at(context.own)
    around = [part for part in context.tool_parts_around() if context.complete_at(part.own) <= complete_at]
    distances = sorted((abs(part.own.calls[0].logged_at - begins), at) for at, part in enumerate(around))
    nearest = [around[at].seen for distance, at in distances[:MAX_CHAINS] if distance <= context.policy.reach]
    return any(not context.candidates(chain) and context.explain(chain).leave_none_out for chain in nearest)


def _only_candidate(
    context: LinkingContext, candidates: Sequence[Request], followed: Mapping[InvocationId, RequestId]
) -> Link | None:
    """The link to the request of a call that the chain goes on from, or to the only one that can have made it.

    It is as sure as that call's only where time, too, leaves nobody else for any call: a tool-use id proves nothing by
    itself. It is but assumed where the chain might also be split between requests: by the facts alone, whatever of the
    chain is linked already, so that a settle that died amid its decisions changes none.
    """
    fitting = ids_of(of_known_duration(candidates))
    link = next((link for link in context.followed.values() if link.request_id in fitting), None)
    if link is not None:
        link = replace(link, method=Method.CHAIN, violates=None)
        if context.is_beside_unseen or _may_be_of_others(context, link.request_id):
            link = no_surer_than_time(link, context.policy)
    elif len(candidates) == 1:
        violated = second_loop(elimination_around(context, timedelta(0)))
        link = replace(link_by_time(candidates[0], context.policy), violates=violated)
    else:
        return None
    explanations = context.explain(context.chain, Bounds(linked={}, follow=followed))
    options = {request.request_id for options in explanations.options for request in options}
    return link if options == {link.request_id} else replace(link, confidence=Confidence.ASSUMED)


def _may_be_of_others(context: LinkingContext, request_id: RequestId) -> bool:
    """Whether another request may have made a call of the chain, whatever is told of the others."""
    return any(ids_of(context.candidates(lone_chain(call))) - {request_id} for call in context.chain.calls)


def elimination_around(context: LinkingContext, later: timedelta) -> Elimination:
    """What the loops around leave to this one.

    They are those that begin no more than `MaxRequestSeconds` before it, and no `later` than so after it, and are
    complete when it is decided, whatever was decided of them: so the answer depends on the facts alone, not on who asks
    or when.
    """
    policy = context.policy
    if not policy.one_loop_per_request or not is_loop(context.chain):
        return Elimination()
    first_call = context.chain.calls[0]
    begins, complete_at = first_call.logged_at, context.complete_at(context.own) + later
    loops = [
        chain
        for chain in context.chains_around()
        if is_loop(chain)
        and begins - policy.max_request <= chain.calls[0].logged_at <= begins + later
        and context.complete_at(chain) <= complete_at
    ]
    if len(loops) > MAX_LOOPS:
        return Elimination()
    fitting = {
        loop.calls[0].invocation_id: [request.request_id for request in context.candidates(loop)] for loop in loops
    }
    return eliminated(first_call.invocation_id, fitting)


def second_loop(elimination: Elimination) -> Assumption | None:
    """The assumption that is broken where no assignment of the loops exists."""
    return None if elimination.is_possible else Assumption.ONE_LOOP_PER_REQUEST


def link_by_time(request: Request, policy: Policy) -> Link:
    """The link to the only request whose time a call fits: but assumed while everybody's calls are considered."""
    return Link(request_id=request.request_id, method=Method.WINDOW, confidence=_by_time(policy))


def no_surer_than_time(link: Link, policy: Policy) -> Link:
    """The link of a call that others may have made, but for a tool-use id."""
    return replace(link, confidence=max(link.confidence, _by_time(policy), key=list(Confidence).index))


def _by_time(policy: Policy) -> Confidence:
    return Confidence.INFERRED if policy.agent_role_names else Confidence.ASSUMED


def ids_of(requests: Iterable[Request]) -> set[RequestId]:
    """The requests' ids."""
    return {request.request_id for request in requests}
