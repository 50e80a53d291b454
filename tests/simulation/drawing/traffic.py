"""What truly happened in a schedule: requests, the calls made for them, and who else called a model."""

import random
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from request_lens.domain.facts import Conversation, Invocation, InvocationId, Request, RequestId, TokenCounts
from request_lens.domain.policy import Policy
from tests.simulation.drawing.conversations import draw_conversations
from tests.simulation.drawing.running_on import draw_running_on
from tests.simulation.drawing.tracing import with_telemetry
from tests.simulation.drawing.truth import (
    EARLY,
    MODELS,
    OBSERVED_ROUTE,
    OTHER_ROLE,
    TIMED_OUT,
    UNOBSERVED_ROUTE,
    CallTruth,
    Style,
    Traffic,
    logged,
    numbered_twice,
    tagged,
)
from tests.support.facts import ROLE, START

_STYLES = (
    Style.TAGGED,
    Style.TAGGED,
    Style.MIXED,
    Style.PARTLY,
    Style.PARTLY,
    Style.SPARSE,
    Style.OVERLAPPING,
    Style.CONVERSING,
    Style.CONVERSING,
)
_WITH_TAGS = frozenset({Style.TAGGED, Style.MIXED, Style.PARTLY})


def draw_traffic(chance: random.Random) -> Traffic:
    """One to four requests of up to four calls, or a few conversations, and now and then another's call."""
    style = chance.choice(_STYLES)
    goes_on = style is Style.CONVERSING or (style in _WITH_TAGS and chance.random() < 0.25)
    if style is Style.CONVERSING and chance.random() < 0.4:
        requests, calls = draw_running_on(chance)
    elif goes_on:
        requests, calls = draw_conversations(chance, style)
    else:
        requests = _requests(chance, style)
        calls = _loops(chance, requests, style)
    there = requests
    if goes_on and style is not Style.TAGGED and chance.random() < 0.3:
        there = [each for each in requests if chance.random() < 0.7]
        calls = _of_nobody(calls, {each.request_id for each in there})
    calls += _others(chance, style)
    traffic = Traffic(
        style=style,
        policy=Policy(
            agent_role_names=frozenset({ROLE}) if chance.random() < 0.75 else frozenset(),
            agent_routes=frozenset({OBSERVED_ROUTE}) if chance.random() < 0.5 else frozenset(),
            one_loop_per_request=chance.random() < 0.25,
        ),
        requests={each.request_id: each for each in there},
        calls={each.call.invocation_id: each for each in calls},
        goes_on=goes_on,
        lacks_requests=len(there) < len(requests),
    )
    return with_telemetry(chance, traffic) if chance.random() < 0.6 else traffic


def _of_nobody(calls: Sequence[CallTruth], there: Collection[RequestId]) -> list[CallTruth]:
    """The calls, those of requests that are not there as nobody's."""
    return [each if each.request_id in there else replace(each, request_id=None) for each in calls]


def _requests(chance: random.Random, style: Style) -> list[Request]:
    apart = 300_000 if style is Style.SPARSE else chance.choice((2_000, 12_000, 40_000))
    found: list[Request] = []
    for n in range(chance.randint(1, 4)):
        start_ms = n * apart + chance.randint(0, 5_000)
        found.append(
            Request(
                request_id=RequestId(f"r{n}"),
                route=OBSERVED_ROUTE if chance.random() < 0.9 else UNOBSERVED_ROUTE,
                status=chance.choice((200, 200, 200, 500, TIMED_OUT, TIMED_OUT, 202, 499)),
                started_at=START + timedelta(milliseconds=start_ms),
                duration_ms=_duration_ms(chance),
                streamed=chance.random() < 0.05,
            )
        )
    return found


def _duration_ms(chance: random.Random) -> int | None:
    """Now and then unknown, or longer than the policy takes for the longest."""
    if chance.random() < 0.02:
        return chance.randint(31_000, 90_000)
    return chance.randint(1_000, 25_000) if chance.random() < 0.9 else None


def _loops(chance: random.Random, requests: Sequence[Request], style: Style) -> list[CallTruth]:
    """One loop a request that is observed."""
    bodies = chance.random() < 0.85
    observed = (request for request in requests if request.route == OBSERVED_ROUTE)
    loops = [_loop(chance, request, style, bodies) for request in observed]
    return [each for loop in loops for each in (numbered_twice(chance, loop) if chance.random() < 0.2 else loop)]


def _loop(chance: random.Random, request: Request, style: Style, bodies: bool) -> list[CallTruth]:
    """One loop of calls, one after the other; a failed attempt may come before one of them.

    Some tagged ones begin with two calls, whose tools' results the third joins: without it they look like two.
    Where the API gave up on its request, a long tool call may follow the first, and the others come after the response.
    """
    how_many, full = chance.randint(0, 4), style is Style.PARTLY or chance.random() < 0.7
    overtime_ms = chance.choice((0, 20_000, 55_000)) if request.status in EARLY or request.streamed else 0
    step = (request.duration_ms or 8_000) // max(how_many, 1)
    longest = 2 * step if style is Style.TAGGED and chance.random() < 0.3 else step // 2
    joins = style is Style.TAGGED and how_many > 2 and chance.random() < 0.25
    found: list[CallTruth] = []
    for position in range(how_many):
        began = request.started_at + timedelta(milliseconds=position * step + chance.randint(0, step // 4))
        began += timedelta(milliseconds=overtime_ms if position else 0)
        if chance.random() < 0.1:
            failed = _failed(f"{request.request_id}-{position}-failed", began, chance)
            found.append(tagged(chance, failed, request, style, index=None))
            began += timedelta(milliseconds=step // 8)
        call = _call(request, position, how_many, chance, latency_ms=chance.randint(0, longest), bodies=bodies)
        place = (max(position, 1) if joins else position) if bodies else None
        call = _joining(call, position) if joins and bodies else call
        truth = CallTruth(call=logged(call, began), request_id=request.request_id, began=began, position=place)
        found.append(tagged(chance, truth, request, style, index=position + 1 if full else None))
    return found


def _call(
    request: Request, position: int, how_many: int, chance: random.Random, *, latency_ms: int, bodies: bool
) -> Invocation:
    last = position == how_many - 1
    tools = [f"{request.request_id}-tool-{n}" for n in range(how_many)]
    conversation = Conversation(
        returned=(tools[position - 1],) if position else (), produced=() if last else (tools[position],)
    )
    return Invocation(
        invocation_id=InvocationId(f"{request.request_id}-{position}"),
        model_id=chance.choice(MODELS),
        operation="ConverseStream",
        logged_at=request.started_at,
        latency_ms=latency_ms if bodies and chance.random() < 0.95 else None,
        stop_reason=("end_turn" if last else "tool_use") if bodies else None,
        tokens=TokenCounts(
            input=chance.randint(1, 2_000),
            output=chance.choice((None, chance.randint(1, 500))),
            cache_read=chance.choice((None, 7)),
            cache_write=chance.choice((None, 3)),
        ),
        caller_role=ROLE,
        conversation=conversation if bodies else None,
    )


def _joining(call: Invocation, position: int) -> Invocation:
    """The second call returns nothing, and the third what the first two asked for."""
    if call.conversation is None or position not in (1, 2):
        return call
    first, second = (call.invocation_id.removesuffix(f"-{position}") + f"-tool-{place}" for place in (0, 1))
    returned = () if position == 1 else (first, second)
    return replace(call, conversation=replace(call.conversation, returned=returned))


def _failed(invocation_id: str, began: datetime, chance: random.Random) -> CallTruth:
    """A failed attempt: no body, no latency, no place in a loop."""
    call = Invocation(
        invocation_id=InvocationId(invocation_id),
        model_id=MODELS[0],
        operation="ConverseStream",
        logged_at=began,
        error_code=chance.choice(("ThrottlingException", "ValidationException")),
        caller_role=ROLE,
    )
    return CallTruth(call=logged(call, began), request_id=None, began=began)


def _others(chance: random.Random, style: Style) -> list[CallTruth]:
    """A stranger's call amid the requests, or a call of the agent's role long before any request."""
    found: list[CallTruth] = []
    if style is not Style.TAGGED and chance.random() < 0.3:
        began = START + timedelta(milliseconds=chance.randint(0, 40_000))
        found.append(CallTruth(call=_lone("stranger", began, OTHER_ROLE), request_id=None, began=began, stranger=True))
    if chance.random() < 0.2:
        began = START - timedelta(seconds=1_000)
        found.append(CallTruth(call=_lone("lone", began, ROLE), request_id=None, began=began))
    return found


def _lone(invocation_id: str, began: datetime, role: str) -> Invocation:
    return Invocation(
        invocation_id=InvocationId(invocation_id),
        model_id=MODELS[1],
        operation="Converse",
        logged_at=began.replace(microsecond=0),
        latency_ms=400,
        stop_reason="end_turn",
        tokens=TokenCounts(input=90, output=9),
        caller_role=role,
        conversation=Conversation(),
    )
