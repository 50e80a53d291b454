"""Fit: whether a chain of calls can have run inside a request, given how coarsely its starts are known."""

from datetime import datetime

from request_lens.domain.call_start import earliest_start
from request_lens.domain.facts import Request
from request_lens.domain.linking.chains import Chain
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import runs_until
from request_lens.domain.times import MS


def fits(chain: Chain, request: Request, policy: Policy, *, overtime: bool = True) -> bool:
    """Whether the chain's calls, laid end to end as early as they can, stay inside the request.

    Give or take `ClockSkewMs`. Where the agent may run on after the request, calls may go on for `MaxAgentSeconds`,
    unless `overtime` is left out. A request of unknown duration is taken to have lasted `MaxRequestSeconds`.
    """
    latest_end = runs_until(request, policy, overtime=overtime)
    if chain.calls[-1].logged_at > latest_end + policy.clock_skew:
        return False  # most pairs end here, at a comparison
    return _fitting_until(latest_end, chain, request, policy) == len(chain.calls)


def fitting_part(chain: Chain, request: Request, policy: Policy, *, first: int = 0, overtime: bool = True) -> int:
    """How far the calls from position `first` on fit the request: the position of the first that does not.

    What came before `first` is left out, as if the chain began there; the rest is as in `fits`.
    """
    return _fitting_until(runs_until(request, policy, overtime=overtime), chain, request, policy, first=first)


def _fitting_until(latest_end: datetime, chain: Chain, request: Request, policy: Policy, *, first: int = 0) -> int:
    """The position of the first call from `first` on that cannot both have begun in the request and ended by then."""
    skew = policy.clock_skew
    may_begin = request.started_at - skew
    ends: list[datetime] = []
    for position in range(first, len(chain.calls)):
        call = chain.calls[position]
        earliest, precision_ms = earliest_start(call, skew)
        # As early as its log, its request and its predecessors allow. Each bound has the skew of the two clocks that
        # took part: Bedrock's hosts may each be off, and so by twice that among each other.
        begins = max(earliest, may_begin)
        for before in chain.previous[position]:
            if before >= first:
                begins = max(begins, ends[before - first] - 2 * skew)
        # A start floored to the second lies within it: a later begin contradicts the log.
        if begins >= earliest + precision_ms * MS or (ended := begins + call.latency) > latest_end:
            return position
        ends.append(ended)
    return len(chain.calls)
