"""Conversations that go on from request to request: tools in the browser, approvals, sessions resumed, turns resent.

A tool's result may come with the next request, which begins once the one before has answered, or has been given up.
Tool-use ids are unique, counted from 0 in each turn, or the tools' names; a conversation may be a copy of another.
"""

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from request_lens.domain.facts import Conversation, Invocation, InvocationId, Request, RequestId, TokenCounts
from tests.support.facts import ROLE

MAX_MS = 29_000
"""The longest that API Gateway waits."""

TOO_LONG_MS = 75_000
"""A request of this length outlasts what the policy takes for the longest."""


class Ids(StrEnum):
    """How a model makes its tool-use ids."""

    UNIQUE = "unique"
    COUNTED = "counted from 0 in each turn"
    NAMED = "the tool's name"


class End(StrEnum):
    """How a turn ends, and with it its request."""

    ANSWER = "an answer"
    STREAM = "an answer that was streamed while the agent worked"
    BROWSER = "a tool that runs in the browser, at once"
    APPROVAL = "a tool that somebody approves minutes later"
    ERROR = "an error; the session is resumed"
    TIME_OUT = "the API gave it up; the session is resumed while the agent runs on"
    HUNG = "the API gave it up, for its tool hangs; the session is resumed"
    LEFT = "the client left it and sends the turn again"
    ACCEPTED = "accepted; the agent works afterwards"


_STATUS = {End.ERROR: 500, End.TIME_OUT: 504, End.HUNG: 504, End.LEFT: 499, End.ACCEPTED: 202}
_ASKING = frozenset({End.BROWSER, End.APPROVAL, End.ERROR, End.HUNG})
_EARLY = frozenset({End.TIME_OUT, End.LEFT, End.ACCEPTED, End.STREAM})
_PAUSE_MS = {
    End.BROWSER: (200, 8_000),
    End.APPROVAL: (40_000, 240_000),
    End.TIME_OUT: (300, 15_000),
    End.HUNG: (300, 15_000),
    End.LEFT: (50, 4_000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long a turn works, in ms, and when each of its calls begins and how long it takes (None: not logged)."""

    length_ms: int
    calls: tuple[tuple[int, int | None], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How conversations are held; `endless` is the share of requests whose duration is not logged."""

    ids: Ids
    ends: Mapping[End, int]
    timing: Callable[[random.Random], Timing]
    models: tuple[str, ...]
    endless: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnCall:
    """An untagged call as it is logged, when it truly began, and its place in its turn.

    `ids_repeat`: its turn names a tool-use id more than once.
    """

    call: Invocation
    began: datetime
    position: int
    ids_repeat: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One request with the calls that were made for it."""

    request: Request
    calls: tuple[DrawnCall, ...]


def converse(
    chance: random.Random, name: str, began: datetime, manner: Manner, *, pending: str | None = None
) -> tuple[list[Turn], str | None]:
    """One to three turns that begin by returning the `pending` tool-use id; and the one that they leave open."""
    turns: list[Turn] = []
    for number in range(chance.randint(1, 3)):
        end = chance.choices(list(manner.ends), weights=list(manner.ends.values()))[0]
        timing, turn_id = manner.timing(chance), f"{name}-{number}"
        asked = tuple(_tool_use_id(manner.ids, turn_id, place) for place in range(len(timing.calls)))
        plan = _Plan(turn_id=turn_id, began=began, end=end, timing=timing, asked=asked, pending=pending)
        turns.append(Turn(request=_request(chance, plan, manner), calls=tuple(_calls(chance, plan, manner))))
        pending = _left_open(chance, plan)
        ended = turns[-1].request.ended_at or began + timedelta(milliseconds=MAX_MS)
        began = ended + timedelta(milliseconds=chance.randint(*_PAUSE_MS.get(end, (1_000, 30_000))))
    return turns, pending


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A turn before it is drawn: by place in it the tool-use ids that its calls ask for, and what the first returns."""

    turn_id: str
    began: datetime
    end: End
    timing: Timing
    asked: tuple[str, ...]
    pending: str | None

    @property
    def repeats(self) -> bool:
        """Whether it names an id more than once."""
        return len({*self.asked}) < len(self.asked) or self.pending in self.asked


def _request(chance: random.Random, plan: _Plan, manner: Manner) -> Request:
    """The turn's request: shorter than the turn where the agent works on after it, longer where its tool hangs."""
    length_ms = plan.timing.length_ms
    duration_ms = chance.randint(200, length_ms) if plan.end in _EARLY else length_ms
    duration_ms = max(duration_ms, MAX_MS) if plan.end is End.HUNG else duration_ms
    is_known = length_ms >= TOO_LONG_MS or chance.random() >= manner.endless
    return Request(
        request_id=RequestId(plan.turn_id),
        route="POST /ask",
        status=_STATUS.get(plan.end, 200),
        started_at=plan.began,
        duration_ms=duration_ms if is_known else None,
        streamed=plan.end is End.STREAM,
    )


def _calls(chance: random.Random, plan: _Plan, manner: Manner) -> Iterator[DrawnCall]:
    for place, (offset_ms, latency_ms) in enumerate(plan.timing.calls):
        began = plan.began + timedelta(milliseconds=offset_ms)
        returned = plan.asked[place - 1] if place else plan.pending
        asks = place < len(plan.asked) - 1 or plan.end in _ASKING
        call = Invocation(
            invocation_id=InvocationId(f"{plan.turn_id}-{place}"),
            model_id=chance.choice(manner.models),
            operation="ConverseStream",
            logged_at=began.replace(microsecond=0),
            latency_ms=latency_ms,
            stop_reason="tool_use" if asks else "end_turn",
            tokens=TokenCounts(input=chance.randint(1, 2_000), output=chance.choice((None, chance.randint(1, 500)))),
            caller_role=ROLE,
            conversation=Conversation(
                returned=(returned,) if returned else (), produced=(plan.asked[place],) if asks else ()
            ),
        )
        yield DrawnCall(call=call, began=began, position=place, ids_repeat=plan.repeats)


def _left_open(chance: random.Random, plan: _Plan) -> str | None:
    """The tool-use id that the next turn returns, if any: a session resumes where it had been known to be."""
    if plan.end is End.LEFT:
        return plan.pending
    if plan.end is End.TIME_OUT:
        return plan.asked[0] if len(plan.asked) > 1 and chance.random() < 0.7 else plan.pending
    return plan.asked[-1] if plan.end in _ASKING else None


def _tool_use_id(ids: Ids, request_id: str, position: int) -> str:
    match ids:
        case Ids.UNIQUE:
            return f"{request_id}-tool-{position}"
        case Ids.COUNTED:
            return f"call_{position}"
        case Ids.NAMED:
            return "get_weather"
