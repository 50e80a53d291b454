"""Three minutes of an API as the widget sees them: requests alone and at once, tagged and not, failed, and pending.

They ran through the use cases themselves, so that all that is said of them together can be true.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum
from functools import cache
from math import floor
from random import Random
from string import ascii_letters, digits
from uuid import NAMESPACE_OID, uuid5

from request_lens.adapters.price_list import bedrock_prices
from request_lens.application.query import (
    ReadPorts,
    RequestDetail,
    RequestPage,
    get_request,
    list_requests,
    possible_calls_of,
    unattributed_beside,
)
from request_lens.application.without_request import UntaggedCalls
from request_lens.domain.facts import Invocation, Request
from request_lens.domain.policy import Policy
from tests.support.facts import at, call, request, tag
from tests.support.world import World

SEEN_AT = at(238)
"""When somebody looks: 18:31:00."""

_SPAN = (SEEN_AT - timedelta(minutes=15), SEEN_AT)
POLICY = Policy(agent_role_names=frozenset({"agent-role"}))


class Which(IntEnum):
    """Requests of the busy minutes, by their place."""

    ALONE = 0
    THROTTLED = 1
    UNCERTAIN = 2
    TAGGED = 5
    FAILED = 6
    PENDING = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The requests that a widget shows, and the calls of none of them, in the time that it is asked for."""

    page: RequestPage
    lost: UntaggedCalls
    span: tuple[datetime, datetime]


_ASK, _AGENTS, _TRIPS = "POST /ask", "POST /agents/{agent}/invoke", "GET /trips/{id}"
_NOVA = "amazon.nova-lite-v1:0"
_BEFORE_S, _AFTER_S = 0.35, 0.2
"""From a request's start to its first call, and from the end of its last call to its own."""

_RECORD_COMES_S, _CALL_COMES_S = 4.0, 6.5
"""How long after its end a request's record comes, and a call's."""


_REFUSED_S = 0.3
"""How long a throttled attempt takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Played:
    """A request: when it starts, in seconds, and its attempts, one after the other, by their latency in ms.

    A throttled attempt has None. Each call but the last asks for a tool, which runs `tool_s` long.
    """

    start: float
    route: str
    attempts: Sequence[int | None]
    tagged: bool = False
    status: int = 200
    tool_s: float = 0.4


_PLAYED = (
    _Played(start=30.2, route=_ASK, attempts=(1_470, 1_130)),
    _Played(start=38.6, route=_AGENTS, attempts=(1_210, 940, None, 1_620), tagged=True),
    # Three at once, whose calls have no tag.
    _Played(start=48.9, route=_TRIPS, attempts=(1_100, 1_300), tool_s=1.9),
    _Played(start=50.8, route=_TRIPS, attempts=(1_200, 1_700)),
    _Played(start=51.2, route=_TRIPS, attempts=(1_600,)),
    # Two at once, whose calls are tagged.
    _Played(start=60.4, route=_AGENTS, attempts=(900, 1_100, 800, 1_250), tagged=True),
    _Played(start=61.9, route=_ASK, attempts=(1_350, None), tagged=True, status=500),
    # What is not decided yet when somebody looks: the calls of the last have not come.
    _Played(start=205.3, route=_ASK, attempts=(1_240, 980)),
    _Played(start=213.7, route=_TRIPS, attempts=(2_650,)),
    _Played(start=231.0, route=_ASK, attempts=(1_900,)),
)
_REPORTS = {46.0: 5_200, 55.0: 4_700}
"""Calls of another program, under a role of its own: when each is made, in seconds, and its latency in ms."""


@cache
def busy_minutes() -> World:
    """The world in which they came, when somebody looks."""
    return _played(_PLAYED)


@cache
def crowded_minutes() -> World:
    """One in which three requests at once make four calls each without a tag, and all that is pending has settled."""
    return _played(
        [_Played(start=10 + place / 4, route=_TRIPS, attempts=(900, 1_000, 1_100, 950)) for place in range(3)]
    )


def seen(world: World | None = None) -> Seen:
    """What the widget reads of a world, the busy one if none is given, for its first page."""
    ports = _ports(world or busy_minutes())
    page = list_requests(ports, POLICY, span=_SPAN, now=SEEN_AT, limit=200)
    return Seen(page=page, lost=unattributed_beside(ports, POLICY, page, span=_SPAN), span=_SPAN)


def details(place: int, world: World | None = None) -> RequestDetail:
    """What it reads for its second page, of the request at that place in time."""
    ports = _ports(world or busy_minutes())
    request_id = seen(world).page.requests[place].record.request_id
    found = get_request(ports, POLICY, request_id=request_id)
    if found.view is None or found.view.is_pending:
        return found
    return replace(found, possible=possible_calls_of(ports.reader, POLICY, state=found.view.state))


def _ports(world: World) -> ReadPorts:
    return ReadPorts(reader=world.store, prices=world.ports.prices)


def _played(requests: Sequence[_Played]) -> World:
    world, chance = World(POLICY, prices=bedrock_prices()), Random(8)
    arrivals = [arrival for played in requests for arrival in _arrivals(played, _id(chance))]
    arrivals += [_report(began, latency_ms) for began, latency_ms in _REPORTS.items()]
    for seconds, record in sorted(arrivals, key=lambda arrival: arrival[0]):
        if at(seconds) <= SEEN_AT:
            world.collect(seconds, record)
    world.run_until((SEEN_AT - at(0)) / timedelta(seconds=1))
    world.clock.moment = SEEN_AT
    return world


def _id(chance: Random) -> str:
    """An id as API Gateway makes them."""
    return "".join(chance.choices(ascii_letters + digits, k=15)) + "="


def _invocation_id(name: str) -> str:
    """An id as Bedrock makes them; the same each time."""
    return str(uuid5(NAMESPACE_OID, name))


def _arrivals(played: _Played, request_id: str) -> Iterator[tuple[float, Request | Invocation]]:
    """The records of a request and its calls, and when each comes."""
    began = ends = played.start + _BEFORE_S
    for index, latency_ms in enumerate(played.attempts, start=1):
        ends = began + (_REFUSED_S if latency_ms is None else latency_ms / 1_000)
        yield ends + _CALL_COMES_S, _attempt(played, request_id, index, began)
        began = ends + (0 if latency_ms is None else played.tool_s)
    ends += _AFTER_S
    duration_ms = round((ends - played.start) * 1_000)
    yield (
        ends + _RECORD_COMES_S,
        request(request_id, played.start, duration_ms=duration_ms, status=played.status, route=played.route),
    )


def _attempt(played: _Played, request_id: str, index: int, began: float) -> Invocation:
    latency_ms, asks = played.attempts[index - 1], any(played.attempts[index:])
    return call(
        _invocation_id(f"{request_id}-{index}"),
        floor(began),
        latency_ms=latency_ms,
        returned=[f"{request_id}-tool-{index - 1}"] if index > 1 else [],
        produced=[f"{request_id}-tool-{index}"] if asks else [],
        error_code="ThrottlingException" if latency_ms is None else None,
        tag=tag(request_id, index, started=began) if played.tagged else None,
    )


def _report(began: float, latency_ms: int) -> tuple[float, Invocation]:
    made = call(_invocation_id(f"report-{began}"), floor(began), latency_ms=latency_ms, role="reports", model_id=_NOVA)
    return began + latency_ms / 1_000 + _CALL_COMES_S, made
