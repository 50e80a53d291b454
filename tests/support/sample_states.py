"""Requests as a table holds them, for the tests of the commands."""

from dataclasses import replace
from decimal import Decimal

from request_lens.domain.facts import Invocation
from request_lens.domain.folding.fold import fold
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.settling.state import RequestState
from tests.support.facts import at, link, linked, request


def settled(
    request_id: str,
    *calls: Invocation,
    start: float = 0,
    duration_ms: int | None = 5_000,
    route: str = "POST /ask",
    possible_calls: int | None = 0,
    status: int = 200,
) -> RequestState:
    """A settled request with these calls, each linked by its tag, else by its time."""
    record = request(request_id, start, duration_ms=duration_ms, route=route, status=status)
    to = link(request_id)
    invocations = tuple(linked(call, to if call.tag is None else None) for call in calls)
    return RequestState(
        request_id=record.request_id,
        record=record,
        stored_at=at(start + 15),
        revision=1,
        summary=fold(record, invocations, Policy(), NO_PRICES, possible_calls=possible_calls),
        invocations=invocations,
    )


def costing(state: RequestState, cost: str | None, *, unpriced: int = 0) -> RequestState:
    """The request as if its calls had cost so much."""
    assert state.summary is not None
    amount = None if cost is None else Decimal(cost)
    totals = replace(state.summary.totals, estimated_cost_usd=amount, unpriced_calls=unpriced)
    return replace(state, summary=replace(state.summary, totals=totals))
