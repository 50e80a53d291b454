"""What a backfill will send, and about what that costs, said before it begins."""

from collections.abc import Iterable
from dataclasses import dataclass

from request_lens_cli.operating.backfilling.past_event import Volume

LEAST_USD_PER_MILLION, MOST_USD_PER_MILLION = 2.0, 6.0
"""What a million log events cost in the processor: the sums of docs/operating-cost.md are of a million invocations and
588,000 requests, that is of 1,588,000 log events (a test compares)."""

USD_PER_GB_OUT = 0.09
"""What AWS asks for data that leave a Region to the internet; a month's first 100 GB are free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Log events, their bytes and their cost in USD, all about; None is unknown."""

    events: int | None
    size_bytes: int | None
    least_usd: float | None
    most_usd: float | None


def estimate_of(volumes: Iterable[Volume]) -> Estimate:
    """What all sources together hold: unknown where one of them does not tell."""
    known = list(volumes)
    events = _sum(volume.events for volume in known)
    size = _sum(volume.size_bytes for volume in known)
    if events is None or size is None:
        return Estimate(events=events, size_bytes=size, least_usd=None, most_usd=None)
    millions, gigabytes = events / 1_000_000, size / 1_000_000_000
    most = MOST_USD_PER_MILLION * millions + USD_PER_GB_OUT * gigabytes
    return Estimate(events=events, size_bytes=size, least_usd=LEAST_USD_PER_MILLION * millions, most_usd=most)


def _sum(counts: Iterable[int | None]) -> int | None:
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total
