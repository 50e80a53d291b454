"""Traffic as the field has it: untagged conversations that go on from request to request, at random."""

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from request_lens.domain.facts import Fact, Invocation, InvocationId, RequestId
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


def field_traffic(
    *, mean_gap_s: float, requests: int, seed: int, kinds: Mapping[Ids, int] | None = None, without_bodies: float = 0
) -> Traffic:
    """About so many requests, in conversations of one to three, that begin so far apart on average.

    Their tool-use ids are of these kinds, by weight; of a share of the calls the log has no bodies.
    """
    kinds = kinds or IDS
    chance = random.Random(seed)
    facts: list[Fact] = []
    truth: dict[InvocationId, RequestId | None] = {}
    began_ms = 0.0
    for number in range(requests // _TURNS):
        began_ms += chance.expovariate(1 / (_TURNS * mean_gap_s * 1000))
        ids = chance.choices(list(kinds), weights=list(kinds.values()))[0]
        manner = Manner(ids=ids, ends=ENDS, timing=_timing, models=(MODEL,))
        turns, _ = converse(chance, f"s{number}", START + timedelta(milliseconds=int(began_ms)), manner)
        for turn in turns:
            facts += [turn.request, *(each.call for each in turn.calls)]
            truth |= {each.call.invocation_id: turn.request.request_id for each in turn.calls}
    lost = random.Random(seed)
    return Traffic(facts=tuple(_kept(fact, lost, without_bodies) for fact in facts), truth=truth)


def _kept(fact: Fact, lost: random.Random, without_bodies: float) -> Fact:
    """The fact as the log has it: a call's bodies may be missing, and with them its tool-use ids."""
    if isinstance(fact, Invocation) and lost.random() < without_bodies:
        return replace(fact, conversation=None)
    return fact


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
