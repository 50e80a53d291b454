"""Traffic as the field has it: untagged conversations that go on from request to request, at random."""

import random
from datetime import timedelta

from request_lens.domain.facts import Fact, InvocationId, RequestId
from tests.benchmark.untagged_traffic import START, Traffic
from tests.support.conversations import End, Ids, Manner, Timing, converse
from tests.support.facts import MODEL

ENDS = {
    End.ANSWER: 52,
    End.STREAM: 5,
    End.BROWSER: 20,
    End.APPROVAL: 5,
    End.ERROR: 4,
    End.TIME_OUT: 4,
    End.HUNG: 4,
    End.LEFT: 3,
    End.ACCEPTED: 3,
}
"""How a hundred requests end."""

IDS = {Ids.UNIQUE: 70, Ids.COUNTED: 20, Ids.NAMED: 10}
"""How the tool-use ids of a hundred conversations are made."""

OVERLONG = 0.01
"""This share of requests takes a minute more, and outlasts `MaxRequestSeconds`."""

_TURNS = 2
"""Of one conversation, on average."""


def field_traffic(*, mean_gap_s: float, requests: int, seed: int) -> Traffic:
    """About so many requests, in conversations of one to three, that begin so far apart on average."""
    chance = random.Random(seed)
    facts: list[Fact] = []
    truth: dict[InvocationId, RequestId | None] = {}
    began_ms = 0.0
    for number in range(requests // _TURNS):
        began_ms += chance.expovariate(1 / (_TURNS * mean_gap_s * 1000))
        ids = chance.choices(list(IDS), weights=list(IDS.values()))[0]
        manner = Manner(ids=ids, ends=ENDS, timing=_timing, models=(MODEL,))
        turns, _ = converse(chance, f"s{number}", START + timedelta(milliseconds=int(began_ms)), manner)
        for turn in turns:
            facts += [turn.request, *(each.call for each in turn.calls)]
            truth |= {each.call.invocation_id: turn.request.request_id for each in turn.calls}
    return Traffic(facts=tuple(facts), truth=truth)


def _timing(chance: random.Random) -> Timing:
    """One loop of calls as `untagged_traffic` has it: 1-5 of 0.4 to 2.6 s each, with short tools between them."""
    now_ms = chance.uniform(50, 500) + (60_000 if chance.random() < OVERLONG else 0)
    calls: list[tuple[int, int | None]] = []
    for _ in range(chance.choices((1, 2, 3, 4, 5), weights=(35, 35, 15, 10, 5))[0]):
        now_ms += chance.uniform(50, 900) if calls else 0
        latency_ms = int(chance.uniform(400, 2_600))
        calls.append((int(now_ms), latency_ms))
        now_ms += latency_ms
    return Timing(length_ms=int(now_ms + chance.uniform(30, 400)), calls=tuple(calls))
