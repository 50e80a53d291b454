"""Provisional links: where pending calls would go if nothing else arrived. For those who look: nothing is stored."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from request_lens.domain.facts import Request
from request_lens.domain.folding.bars import placed
from request_lens.domain.folding.fold import fold
from request_lens.domain.folding.summary import MAX_BARS, Summary
from request_lens.domain.linking.chains import chains_of
from request_lens.domain.linking.decide import decide_chain
from request_lens.domain.linking.link import Link, LinkedInvocation, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import OpenChain, Surroundings, may_be_linked
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import PriceTable

_EVENTUALLY = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFacts:
    """What is known around pending calls, in order of time; `produced` and `complete` are as in `Surroundings`."""

    requests: Sequence[Request]
    unlinked: Sequence[UnlinkedInvocation]
    produced: Mapping[str, Link]
    complete: bool


def provisional_links(known: KnownFacts, policy: Policy) -> Iterator[LinkedInvocation]:
    """The pending calls that would be linked as things stand: the very decisions, taken before they are due."""
    untagged = [each for each in known.unlinked if each.invocation.tag is None]
    ours = {each.invocation.invocation_id: each for each in untagged if may_be_linked(each, policy)}
    for chain in chains_of(each.invocation for each in ours.values()):
        own = OpenChain(chain=chain, members=tuple(ours[call.invocation_id] for call in chain.calls))
        around = Surroundings(
            own=own,
            requests=known.requests,
            unlinked=untagged,
            produced=known.produced,
            complete=known.complete,
        )
        decisions = decide_chain(around, now=_EVENTUALLY, policy=policy).decisions if own.open else ()
        for each in decisions:
            if isinstance(each.decision, Link):
                yield LinkedInvocation(invocation=each.unlinked.invocation, link=each.decision)


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
    marked = frozenset(each.invocation.invocation_id for each in provisional)
    bars = placed(request, together, policy, provisional=marked)[:MAX_BARS]
    return replace(fold(request, together, policy, prices), bars=bars)
