"""Which requests of a period are meant, and in which order they are listed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from request_lens.domain.settling.state import RequestState
from request_lens.presentation.formatting import pluralize


class Order(StrEnum):
    """What a list is sorted by: time puts the newest last, all others the greatest first and the unknown last."""

    TIME = "time"
    COST = "cost"
    DURATION = "duration"
    CALLS = "calls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The requests of these routes (of all where there are none) with at least so many LLM calls.

    A pending request's number of calls is unknown: it is meant only where none are asked for. An uncertain one counts
    with those that are linked to it.
    """

    routes: frozenset[str] = frozenset()
    min_calls: int = 0
    order: Order = Order.TIME

    @property
    def description(self) -> str:
        """What is selected, in words; empty for all."""
        routes = [f"only {', '.join(sorted(self.routes))}"] if self.routes else []
        return ", ".join([*routes, *([f"at least {pluralize(self.min_calls, 'LLM call')}"] if self.min_calls else [])])

    def of(self, states: Sequence[RequestState]) -> list[RequestState]:
        """The requests that are meant, in order; given in order of time."""
        meant = [state for state in states if self._means(state)]
        if self.order is Order.TIME:
            return meant
        measure = _MEASURES[self.order]
        return sorted(meant, key=lambda state: _descending(measure(state)))

    def _means(self, state: RequestState) -> bool:
        calls = state.summary.totals.llm_calls if state.summary is not None else 0
        of_route = not self.routes or (state.record is not None and state.record.route in self.routes)
        return of_route and calls >= self.min_calls


type _Measure = Callable[[RequestState], int | Decimal | None]


def _cost(state: RequestState) -> Decimal | None:
    return state.summary.totals.estimated_cost_usd if state.summary is not None else None


def _duration(state: RequestState) -> int | None:
    return state.record.duration_ms if state.record is not None else None


def _calls(state: RequestState) -> int | None:
    return state.summary.totals.llm_calls if state.summary is not None else None


_MEASURES: dict[Order, _Measure] = {Order.COST: _cost, Order.DURATION: _duration, Order.CALLS: _calls}


def _descending(value: int | Decimal | None) -> tuple[bool, int | Decimal]:
    return (value is None, 0 if value is None else -value)
