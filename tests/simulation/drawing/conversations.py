"""Conversations that go on from request to request: tools in the browser, approvals, sessions resumed, turns resent.

A tool's result may come with the next request, which begins once the one before has answered, or has been given up.
Tool-use ids are unique, counted from 0 in each turn, or the tools' names; a conversation may be a copy of another.
"""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from request_lens.domain.facts import Conversation, Invocation, InvocationId, Request, RequestId, TokenCounts
from tests.simulation.drawing.truth import MODELS, OBSERVED_ROUTE, CallTruth, Style, logged, tagged
from tests.support.facts import ROLE, START

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
    LEFT = "the client left it and sends the turn again"
    ACCEPTED = "accepted; the agent works afterwards"


_STATUS = {End.ERROR: 500, End.TIME_OUT: 504, End.LEFT: 499, End.ACCEPTED: 202}
_ASKING = frozenset({End.BROWSER, End.APPROVAL, End.ERROR})
_EARLY = frozenset({End.TIME_OUT, End.LEFT, End.ACCEPTED, End.STREAM})
_PAUSE_MS = {
    End.BROWSER: (200, 8_000),
    End.APPROVAL: (40_000, 240_000),
    End.TIME_OUT: (300, 15_000),
    End.LEFT: (50, 4_000),
}


@dataclass(slots=True)
class Drawn:
    """Requests and calls as they are drawn."""

    chance: random.Random
    style: Style
    ids: Ids
    requests: list[Request] = field(default_factory=list)
    calls: list[CallTruth] = field(default_factory=list)


def draw_conversations(chance: random.Random, style: Style) -> tuple[list[Request], list[CallTruth]]:
    """One to three conversations of one to three turns each."""
    drawn = Drawn(chance, style, chance.choice(list(Ids)))
    spread_ms = chance.choice((1_000, 10_000, 60_000))
    pending: str | None = None
    for number in range(chance.randint(1, 3)):
        copied = pending if chance.random() < 0.2 else None
        began = START + timedelta(milliseconds=chance.randint(0, spread_ms))
        pending = _converse(drawn, f"s{number}", began, copied)
    return drawn.requests, drawn.calls


def _converse(drawn: Drawn, name: str, began: datetime, pending: str | None) -> str | None:
    """One conversation; answers with the tool-use id that it leaves open."""
    chance = drawn.chance
    for turn in range(chance.randint(1, 3)):
        end = chance.choices(list(End), weights=(30, 8, 22, 8, 8, 10, 7, 7))[0]
        request, left_open = _turn(drawn, RequestId(f"{name}-{turn}"), began, end, pending)
        pending = pending if end is End.LEFT else left_open
        ended = request.ended_at or began + timedelta(milliseconds=MAX_MS)
        began = ended + timedelta(milliseconds=chance.randint(*_PAUSE_MS.get(end, (1_000, 30_000))))
    return pending


def _turn(
    drawn: Drawn, request_id: RequestId, began: datetime, end: End, pending: str | None
) -> tuple[Request, str | None]:
    """One request with its calls, and the tool-use id that the next turn returns, if any."""
    chance = drawn.chance
    how_many, full = chance.randint(1, 3), drawn.style is Style.PARTLY or chance.random() < 0.7
    length_ms = TOO_LONG_MS if chance.random() < 0.02 else chance.randint(1_500, MAX_MS)
    step_ms = length_ms // how_many
    asked = [_tool_use_id(drawn.ids, request_id, position) for position in range(how_many)]
    duration_ms = chance.randint(200, length_ms) if end in _EARLY else length_ms
    request = Request(
        request_id=request_id,
        route=OBSERVED_ROUTE,
        status=_STATUS.get(end, 200),
        started_at=began,
        duration_ms=duration_ms if chance.random() < 0.95 else None,
        streamed=end is End.STREAM,
    )
    repeated = len({*asked}) < how_many
    for position in range(how_many):
        asks = position < how_many - 1 or end in _ASKING
        at = began + timedelta(milliseconds=position * step_ms + chance.randint(0, step_ms // 4))
        call = _call(
            f"{request_id}-{position}",
            returned=asked[position - 1] if position else pending,
            produced=asked[position] if asks else None,
            latency_ms=chance.randint(0, step_ms // 2) if chance.random() < 0.95 else None,
            tokens=TokenCounts(input=chance.randint(1, 2_000), output=chance.choice((None, chance.randint(1, 500)))),
        )
        truth = CallTruth(
            call=logged(call, at), request_id=request_id, began=at, position=position, ids_repeat=repeated
        )
        drawn.calls.append(tagged(chance, truth, request, drawn.style, index=position + 1 if full else None))
    drawn.requests.append(request)
    resumes = asked[0] if how_many > 1 and chance.random() < 0.7 else pending
    return request, resumes if end is End.TIME_OUT else asked[-1] if end in _ASKING else None


def _tool_use_id(ids: Ids, request_id: RequestId, position: int) -> str:
    match ids:
        case Ids.UNIQUE:
            return f"{request_id}-tool-{position}"
        case Ids.COUNTED:
            return f"call_{position}"
        case Ids.NAMED:
            return "get_weather"


def _call(
    invocation_id: str, *, returned: str | None, produced: str | None, latency_ms: int | None, tokens: TokenCounts
) -> Invocation:
    return Invocation(
        invocation_id=InvocationId(invocation_id),
        model_id=MODELS[len(invocation_id) % 2],
        operation="ConverseStream",
        logged_at=START,
        latency_ms=latency_ms,
        stop_reason="tool_use" if produced else "end_turn",
        tokens=tokens,
        caller_role=ROLE,
        conversation=Conversation(returned=(returned,) if returned else (), produced=(produced,) if produced else ()),
    )
