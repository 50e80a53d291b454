"""Provisional links: where pending calls would go if nothing else arrived. For those who look: nothing is stored."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from request_lens.domain.facts import Request
from request_lens.domain.fold import fold
from request_lens.domain.link import Link, LinkedInvocation
from request_lens.domain.linking import decide_due
from request_lens.domain.placement import placed
from request_lens.domain.policy import Policy
from request_lens.domain.summary import MAX_BARS, Summary
from request_lens.domain.surroundings import Surroundings

_EVENTUALLY = datetime.max.replace(tzinfo=UTC)


def provisional_links(around: Surroundings, policy: Policy) -> tuple[LinkedInvocation, ...]:
    """The pending calls that would be linked as things stand: the very decisions, taken before they are due."""
    decided = decide_due(around, now=_EVENTUALLY, policy=policy)
    return tuple(
        LinkedInvocation(invocation=each.unlinked.invocation, link=each.decision)
        for each in decided
        if isinstance(each.decision, Link)
    )


def provisional_summary(
    request: Request, linked: Sequence[LinkedInvocation], provisional: Sequence[LinkedInvocation], policy: Policy
) -> Summary:
    """The summary that the request would have with its provisional calls, whose bars are marked."""
    together = [*linked, *provisional]
    marked = frozenset(each.invocation.invocation_id for each in provisional)
    bars = placed(request, together, policy, provisional=marked)[:MAX_BARS]
    return replace(fold(request, together, policy), bars=bars)
