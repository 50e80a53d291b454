"""Traffic that hypothesis draws: requests that may overlap, each with loops of calls that truly ran inside it."""

import random
from dataclasses import dataclass

from hypothesis import strategies as st

from request_lens.domain.facts import Fact, Invocation, Request, Tag
from tests.support.facts import call, request, tag


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Facts, and chance to deliver them by."""

    requests: tuple[Request, ...]
    calls: tuple[Invocation, ...]
    chance: random.Random

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Records and calls."""
        return (*self.requests, *self.calls)


@st.composite
def traffic(draw: st.DrawFn, *, most_requests: int = 4) -> Traffic:
    """Up to so many requests of 1-25 s within half a minute, of 0-4 calls each; some of the calls are tagged."""
    starts = draw(st.lists(st.integers(0, 30_000), min_size=1, max_size=most_requests))
    chance = draw(st.randoms(use_true_random=False))
    requests = [
        request(f"r{n}", start / 1_000, duration_ms=chance.randint(1_000, 25_000)) for n, start in enumerate(starts)
    ]
    calls = [
        each for record, start in zip(requests, starts, strict=True) for each in _calls_inside(record, start, chance)
    ]
    return Traffic(requests=tuple(requests), calls=tuple(calls), chance=chance)


def _calls_inside(record: Request, start_ms: int, chance: random.Random) -> list[Invocation]:
    """One loop of calls, one after the other, from a tagged or an untagged caller, or from both in turn."""
    how_many, tagged = chance.randint(0, 4), chance.choice((0.0, 0.0, 0.5, 1.0))
    step = (record.duration_ms or 0) // (how_many or 1)
    found: list[Invocation] = []
    for index in range(how_many):
        began_ms = start_ms + index * step + chance.randint(0, step // 2)
        found.append(
            call(
                f"{record.request_id}-{index}",
                began_ms // 1_000,
                latency_ms=chance.choice((step // 2, step // 3, None)),
                returned=[f"{record.request_id}-tool-{index - 1}"] if index else [],
                produced=[f"{record.request_id}-tool-{index}"] if index < how_many - 1 else [],
                error_code="ThrottlingException" if chance.random() < 0.1 else None,
                tag=_tag(record, index, began_ms) if chance.random() < tagged else None,
            )
        )
    return found


def _tag(record: Request, index: int, began_ms: int) -> Tag:
    """The layer's tag on even places; on odd ones that of a caller who passes the request's id and no more."""
    if index % 2:
        return tag(record.request_id)
    return tag(record.request_id, index + 1, started=began_ms / 1_000)
