"""What truly happened in a schedule: requests, the calls made for them, and who else called a model."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from request_lens.domain.facts import (
    Conversation,
    Invocation,
    InvocationId,
    Request,
    RequestId,
    Tag,
    TokenCounts,
)
from request_lens.domain.policy import Policy
from tests.support.facts import EPOCH, ROLE, START

OTHER_ROLE = "nightly-batch"
OBSERVED_ROUTE = "POST /ask"
UNOBSERVED_ROUTE = "GET /health"
TIMED_OUT = 503
MODELS = ("jp.anthropic.claude-haiku-4-5-20251001-v1:0", "amazon.nova-lite-v1:0")


class Style(StrEnum):
    """How calls can be correlated: `SPARSE` traffic is untagged and its requests lie far apart."""

    TAGGED = "tagged"
    MIXED = "mixed"
    SPARSE = "sparse"
    OVERLAPPING = "overlapping"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTruth:
    """One call, whose it was, its true start, and its place in its request's one loop (None: no part of it).

    Two that begin a loop together have the same place.
    `stranger`: made by a role that is none of the agent's.
    """

    call: Invocation
    request_id: RequestId | None
    began: datetime
    position: int | None = None
    stranger: bool = False

    @property
    def ended(self) -> datetime:
        """When the call's log line can be delivered first."""
        return self.began + timedelta(milliseconds=self.call.latency_ms or 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """All that happened, and the policy that it is observed with."""

    style: Style
    policy: Policy
    requests: Mapping[RequestId, Request]
    calls: Mapping[InvocationId, CallTruth]

    @property
    def keeps_the_assumptions(self) -> bool:
        """Whether an untagged call is never a stranger's whom the policy takes for the agent."""
        return bool(self.policy.agent_role_names) or not any(each.stranger for each in self.calls.values())

    def calls_of(self, request_id: RequestId) -> list[CallTruth]:
        """The calls made for a request."""
        return [each for each in self.calls.values() if each.request_id == request_id]


def draw_traffic(chance: random.Random) -> Traffic:
    """One to four requests of up to four calls, and now and then another's call."""
    style = chance.choice((Style.TAGGED, Style.TAGGED, Style.MIXED, Style.SPARSE, Style.OVERLAPPING))
    requests = _requests(chance, style)
    bodies = chance.random() < 0.85
    calls = [
        each
        for request in requests
        if request.route == OBSERVED_ROUTE
        for each in _loop(chance, request, style, bodies)
    ]
    calls += _others(chance, style)
    return Traffic(
        style=style,
        policy=Policy(
            agent_role_names=frozenset({ROLE}) if chance.random() < 0.75 else frozenset(),
            agent_routes=frozenset({OBSERVED_ROUTE}) if chance.random() < 0.5 else frozenset(),
            one_loop_per_request=chance.random() < 0.25,
        ),
        requests={each.request_id: each for each in requests},
        calls={each.call.invocation_id: each for each in calls},
    )


def _requests(chance: random.Random, style: Style) -> list[Request]:
    apart = 300_000 if style is Style.SPARSE else chance.choice((2_000, 12_000, 40_000))
    found: list[Request] = []
    for n in range(chance.randint(1, 4)):
        start_ms = n * apart + chance.randint(0, 5_000)
        found.append(
            Request(
                request_id=RequestId(f"r{n}"),
                route=OBSERVED_ROUTE if chance.random() < 0.9 else UNOBSERVED_ROUTE,
                status=chance.choice((200, 200, 200, 500, TIMED_OUT)),
                started_at=START + timedelta(milliseconds=start_ms),
                duration_ms=chance.randint(1_000, 25_000) if chance.random() < 0.9 else None,
            )
        )
    return found


def _loop(chance: random.Random, request: Request, style: Style, bodies: bool) -> list[CallTruth]:
    """One loop of calls, one after the other; a failed attempt may come before one of them.

    Some tagged ones begin with two calls, whose tools' results the third joins: without it they look like two.
    Where the API gave up on its request, a long tool call may follow the first, and the others come after the response.
    """
    how_many, full = chance.randint(0, 4), chance.random() < 0.7
    overtime_ms = chance.choice((0, 20_000, 55_000)) if request.status == TIMED_OUT else 0
    step = (request.duration_ms or 8_000) // max(how_many, 1)
    longest = 2 * step if style is Style.TAGGED and chance.random() < 0.3 else step // 2
    joins = style is Style.TAGGED and how_many > 2 and chance.random() < 0.25
    found: list[CallTruth] = []
    for position in range(how_many):
        began = request.started_at + timedelta(milliseconds=position * step + chance.randint(0, step // 4))
        began += timedelta(milliseconds=overtime_ms if position else 0)
        if chance.random() < 0.1:
            failed = _failed(f"{request.request_id}-{position}-failed", began, chance)
            found.append(_tagged(chance, failed, request, style, index=None))
            began += timedelta(milliseconds=step // 8)
        call = _call(request, position, how_many, chance, latency_ms=chance.randint(0, longest), bodies=bodies)
        place = (max(position, 1) if joins else position) if bodies else None
        call = _joining(call, position) if joins and bodies else call
        truth = CallTruth(call=_at(call, began), request_id=request.request_id, began=began, position=place)
        found.append(_tagged(chance, truth, request, style, index=position + 1 if full else None))
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


def _at(call: Invocation, began: datetime, *, tag: Tag | None = None) -> Invocation:
    """The call as Bedrock logs it: its start floored to a whole second."""
    return replace(call, logged_at=began.replace(microsecond=0), tag=tag)


def _tagged(chance: random.Random, truth: CallTruth, request: Request, style: Style, *, index: int | None) -> CallTruth:
    """The call as its request's own, with a tag as often as the style has it."""
    share = {Style.TAGGED: 1.0, Style.MIXED: 0.5}.get(style, 0.0)
    owned = replace(truth, request_id=request.request_id)
    if chance.random() >= share:
        return owned
    started_ms = (truth.began - EPOCH) // timedelta(milliseconds=1) if chance.random() < 0.8 else None
    tag = Tag(request_id=request.request_id, call_index=index, call_started_ms=started_ms)
    return replace(owned, call=_at(truth.call, truth.began, tag=tag))


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
    return CallTruth(call=_at(call, began), request_id=None, began=began)


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
