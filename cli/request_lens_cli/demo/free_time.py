"""When a scenario is played: at a time of its own, for untagged calls of two runs at one time cannot be told apart."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from request_lens.domain.facts import Request

MARGIN = timedelta(seconds=45)
"""Between two runs: more than the local AWS's MaxRequestSeconds, MaxAgentSeconds and the clocks' skew together."""


def end_in_free_time(others: Iterable[Request], *, ends_at: datetime, length: timedelta) -> datetime:
    """The latest moment, `ends_at` or before, at which a run of that length can end with no other request around it."""
    for request in sorted(others, key=lambda request: request.started_at, reverse=True):
        ended_at = request.ended_at or request.started_at
        if request.started_at - MARGIN < ends_at and ended_at + MARGIN > ends_at - length:
            ends_at = request.started_at - MARGIN
    return ends_at
