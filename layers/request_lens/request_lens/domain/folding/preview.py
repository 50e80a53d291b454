"""Preview: where pending calls would go if nothing else arrived. For those who look: nothing is stored."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from request_lens.domain.facts import Request
from request_lens.domain.folding.bars import bars_by_call
from request_lens.domain.folding.fold import fold
from request_lens.domain.folding.summary import MAX_BARS, Summary
from request_lens.domain.linking.chains import chains_of
from request_lens.domain.linking.context import context_of, linking_context
from request_lens.domain.linking.decide import decide_chain
from request_lens.domain.linking.evidence import weigh
from request_lens.domain.linking.link import Link, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import NearbyFacts, may_be_linked
from request_lens.domain.linking.parts import parts_of
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import PriceTable

_EVENTUALLY = datetime.max.replace(tzinfo=UTC)


def provisional_links(facts: NearbyFacts, policy: Policy) -> Iterator[LinkedInvocation]:
    """The pending calls that would be linked as things stand: the very decisions, taken before they are due."""
    untagged = [call for call in facts.unlinked if call.invocation.tag is None]
    facts = replace(facts, unlinked=untagged)
    ours = {call.invocation.invocation_id: call for call in untagged if may_be_linked(call, policy)}
    chains = chains_of((call.invocation for call in ours.values()), policy=policy)
    for part in (part for chain in chains for part in parts_of(chain, facts.running_on, policy)):
        context = context_of(part, facts, policy)
        decisions = decide_chain(context, now=_EVENTUALLY).decisions if context.open_members else {}
        for invocation_id, decision in decisions.items():
            if isinstance(decision, Link):
                yield LinkedInvocation(invocation=ours[invocation_id].invocation, link=decision)


def fitting_requests(call: UnlinkedInvocation, facts: NearbyFacts, policy: Policy) -> Sequence[Request]:
    """The requests, by start, that may have made a call together with its chain; none where the facts lack the call."""
    untagged = [each for each in facts.unlinked if each.invocation.tag is None]
    call_id = call.invocation.invocation_id
    if call_id not in {each.invocation.invocation_id for each in untagged if may_be_linked(each, policy)}:
        return ()
    evidence = weigh(linking_context(call, replace(facts, unlinked=untagged), policy))
    return evidence.candidates if evidence.is_whole else evidence.options[call_id]


def provisional_summary(
    request: Request,
    linked: Sequence[LinkedInvocation],
    *,
    provisional: Sequence[LinkedInvocation],
    policy: Policy,
    prices: PriceTable,
) -> Summary:
    """The summary that the request would have, by these prices, with its provisional calls, whose bars are marked."""
    together = [*linked, *provisional]
    marked = frozenset(call.invocation.invocation_id for call in provisional)
    bars = bars_by_call(request, together, policy, provisional=marked)[:MAX_BARS]
    return replace(fold(request, together, policy, prices), bars=tuple(bar for _, bar in bars))
