"""Requests that run on, and chains whose calls lie far apart: what has come when a call is decided, and what has not.

Some requests tag their calls and are proven, some make none, and some share conversations whose calls are untagged.
Seconds count from START, as in `tests.support.facts`.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace

from request_lens.domain.facts import LEFT_EARLY, Invocation
from tests.support.conversations import DrawnCall, Turn
from tests.support.facts import START, at, call, request, tag

_STATUSES = (200, 200, 200, 500, 504, 504, 499, 499, 202, 202)
_LONGEST_S = 30.0
"""Of a request: `MaxRequestSeconds`."""

_OVERTIME_S = 60.0
"""So long an agent works on, at most, after its request."""

type _Name = Callable[[str, int], str]
"""The tool-use id that a conversation's call at a place asks for."""

_NAMES: tuple[_Name, ...] = (
    lambda who, place: f"{who}-x{place}",
    lambda who, place: f"{who}-x{place}",
    lambda _, place: f"x{place}",
    lambda _, place: f"x{place % 2}",
)
"""Unique ids, ids counted from 0 in each conversation, and two tools' names."""


@dataclass(slots=True, kw_only=True)
class _Answering:
    """A request that is being answered: it ends with its last call unless its agent works on after its `length_s`."""

    name: str
    start: float
    status: int
    streamed: bool
    length_s: float | None
    last_end: float
    calls: list[DrawnCall] = field(default_factory=list)

    @property
    def until(self) -> float:
        """When its last call must have ended."""
        return self.start + (_LONGEST_S if self.length_s is None else self.length_s + _OVERTIME_S)

    @property
    def end(self) -> float:
        """When it was answered, if no further call is its own."""
        return self.start + (max(self.last_end - self.start, 0.1) if self.length_s is None else self.length_s)

    def turn(self, chance: random.Random) -> Turn:
        """It with its calls; now and then its duration is not logged."""
        duration_ms = round((self.end - self.start) * 1_000)
        is_known = chance.random() >= 0.12
        record = request(self.name, self.start, duration_ms=duration_ms if is_known else None, status=self.status)
        return Turn(request=replace(record, streamed=self.streamed), calls=tuple(self.calls))


def draw_turns(chance: random.Random) -> list[Turn]:
    """One to some ten requests that begin within one to three minutes, each with its calls."""
    name, span_s = chance.choice(_NAMES), chance.choice((60, 120, 180))
    slowest_s = chance.choice((2, 2, 10, 25))
    turns = [_tagging(chance, f"p{n}", chance.uniform(0, span_s), name) for n in range(chance.randint(0, 3))]
    silent = (_begin(chance, f"b{n}", chance.uniform(0, span_s)) for n in range(chance.randint(0, 2)))
    turns += [each.turn(chance) for each in silent]
    for n in range(chance.choice((1, 1, 2, 2, 3))):
        turns += _conversation(chance, f"c{n}", chance.uniform(0, 0.7 * span_s), name, slowest_s)
    return [*turns, *_lasting(copy(chance), turns)]


def _lasting(chance: random.Random, turns: Sequence[Turn]) -> Iterator[Turn]:
    """In a third of the worlds a request that makes no call and lasts as long as one may, from when some call began.

    Its record is the last of all that can bear on that call. It is drawn beside the others, which stay as they are.
    """
    calls = [each for turn in turns for each in turn.calls]
    if calls and chance.random() < 1 / 3:
        start = (chance.choice(calls).began - START).total_seconds() - chance.uniform(0, 0.2)
        silent = replace(_begin(chance, "longest", start), status=200, length_s=None, last_end=start + _LONGEST_S)
        yield silent.turn(chance)


def _begin(chance: random.Random, name: str, start: float) -> _Answering:
    """A request that has made no call yet."""
    status, streamed = chance.choice(_STATUSES), chance.random() < 0.1
    length_s = chance.uniform(0.5, _LONGEST_S)
    return _Answering(
        name=name,
        start=round(start, 3),
        status=status,
        streamed=streamed,
        length_s=length_s if status in LEFT_EARLY or streamed else None,
        last_end=start + length_s,
    )


def _tagging(chance: random.Random, name: str, start: float, tool: _Name) -> Turn:
    """A request of one to three tagged calls, some of them after it; most of such requests are proven."""
    answering, how_many = _begin(chance, name, start), chance.randint(1, 3)
    ends = chance.uniform(answering.end, answering.until) if chance.random() < 0.5 else answering.end
    counts, began = chance.random() < 0.8, round(start + 0.1, 3)
    for place in range(how_many):
        latency_s = chance.uniform(0, (ends - began) / 2)
        started = began if chance.random() < 0.8 else None
        drawn = _call(chance, f"{name}-{place}", began, latency_s)
        asks = place < how_many - 1 or not counts
        its_tag = tag(name, place + 1 if counts else None, started=started)
        answering.calls.append(_in_place(replace(drawn, tag=its_tag), began, name, place, tool, asks=asks))
        began = round(began + latency_s + chance.uniform(0, (ends - began - latency_s) / 2), 3)
    answering.last_end = answering.end
    return answering.turn(chance)


def _conversation(chance: random.Random, name: str, began: float, tool: _Name, slowest_s: float) -> Iterator[Turn]:
    """The requests of a chain of one to five untagged calls, up to a minute apart."""
    how_many, turns = chance.choice((1, 2, 2, 3, 3, 4, 4, 5, 5)), 0
    answering: _Answering | None = None
    for place in range(how_many):
        latency_s = chance.uniform(0.2, slowest_s)
        if answering is None or not _goes_on(chance, answering, began, latency_s):
            start = began - chance.uniform(0.05, 3)
            if answering is not None:
                yield answering.turn(chance)
                start = max(answering.end + 0.01, began - chance.uniform(0.05, 8))
            answering, turns = _begin(chance, f"{name}-t{turns}", start), turns + 1
            began = round(max(began, start), 3)
            latency_s = min(latency_s, start + _LONGEST_S - began)
        answering.last_end = began + latency_s
        asks = place < how_many - 1 or chance.random() < 0.3
        drawn = _call(chance, f"{name}-{place}", began, latency_s)
        answering.calls.append(_in_place(drawn, began, name, place, tool, asks=asks))
        gap_s = chance.choice((chance.uniform(1, 5), chance.uniform(1, 65), chance.uniform(25, 65)))
        began = round(began + latency_s + gap_s, 3)
    if answering is not None:
        yield answering.turn(chance)


def _goes_on(chance: random.Random, answering: _Answering, began: float, latency_s: float) -> bool:
    """Whether the request makes this call, too: not where it must have ended, and not always where it may have."""
    return began + latency_s <= answering.until and (began <= answering.end + 0.2 or chance.random() >= 0.12)


def _call(chance: random.Random, invocation_id: str, began: float, latency_s: float) -> Invocation:
    latency_ms = round(latency_s * 1_000) if chance.random() >= 0.06 else None
    return call(invocation_id, began // 1, latency_ms=latency_ms)


def _in_place(drawn: Invocation, began: float, who: str, place: int, tool: _Name, *, asks: bool) -> DrawnCall:
    """The call with what it returns and asks for at its place in its conversation."""
    told = call(
        drawn.invocation_id,
        began // 1,
        returned=[tool(who, place - 1)] if place else [],
        produced=[tool(who, place)] if asks else [],
    )
    placed = replace(drawn, conversation=told.conversation, stop_reason=told.stop_reason)
    return DrawnCall(call=placed, began=at(began), position=place, ids_repeat=tool("a", 0) == tool("b", 0))
