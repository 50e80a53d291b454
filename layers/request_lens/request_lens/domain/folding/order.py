"""Order: how a request's calls are listed and numbered, the same on every surface."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from request_lens.domain.call_start import call_start
from request_lens.domain.facts import InvocationId
from request_lens.domain.linking.chains import Chain, chains_of
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.policy import Policy


def in_order(linked: Sequence[LinkedInvocation], policy: Policy) -> list[LinkedInvocation]:
    """The calls by their start, as it is known, each after the calls of its chain that it follows; else by id.

    The log's whole seconds do not tell which of two calls came first: their chain does.
    """
    by_id = {call.invocation.invocation_id: call for call in linked}
    chains = chains_of((call.invocation for call in linked), policy=policy)
    return [by_id[invocation_id] for invocation_id in ids_in_order(chains, policy)]


def ids_in_order(chains: Iterable[Chain], policy: Policy) -> list[InvocationId]:
    """The chains' calls in the order of `in_order`, by id."""
    begins = [
        (begin, call.invocation_id)
        for chain in chains
        for call, begin in zip(chain.calls, _begins(chain, policy), strict=True)
    ]
    # A stable sort: where a call takes no known time, its follower begins with it and stands behind it already.
    return [invocation_id for _, invocation_id in sorted(begins, key=lambda call: call[0])]


def _begins(chain: Chain, policy: Policy) -> list[datetime]:
    """When each call begins at the earliest: at its own start, and no earlier than those end that it follows."""
    begins: list[datetime] = []
    for call, before in zip(chain.calls, chain.previous, strict=True):
        start = call_start(call, clock_skew=policy.clock_skew).earliest
        begins.append(max([start, *(begins[at] + chain.calls[at].latency for at in before)]))
    return begins
