"""Which requests of a period are meant, and in which order they are listed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from request_lens.domain.routes import is_among
from request_lens.domain.settling.state import RequestState
from request_lens.domain.settling.uncertainty import MAX_POSSIBLE
from request_lens.presentation.formatting import pluralize
from request_lens.presentation.traced import missing_over
from request_lens_cli.report.report import Report


class State(StrEnum):
    """How far a request's counts can be relied on: not settled yet, settled but uncertain, or certain."""

    PENDING = "pending"
    UNCERTAIN = "uncertain"
    CERTAIN = "certain"


def state_of(request: RequestState) -> State:
    """The state of a request."""
    if request.summary is None:
        return State.PENDING
    return State.CERTAIN if request.summary.is_certain else State.UNCERTAIN


class Order(StrEnum):
    """What a list is sorted by: time puts the newest last, all others the greatest first and the unknown last."""

    TIME = "time"
    COST = "cost"
    DURATION = "duration"
    CALLS = "calls"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The requests of a route, a status and a model in these sets (of any where one is empty), in one of the states.

    A status is a number, or a class such as 5xx. A pending request's number of calls and models are unknown: it is
    meant only where none are asked for. An uncertain one counts with those that are linked to it, an incomplete one
    with those that are missing, too: it made them, as its spans tell.
    """

    routes: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    models: frozenset[str] = frozenset()
    states: frozenset[State] = frozenset()
    min_calls: int = 0
    runaway: bool = False
    order: Order = Order.TIME
    limit: int | None = None

    @property
    def description(self) -> str:
        """What is selected, in words; empty for all."""
        among = [sorted(values) for values in (self.routes, self.statuses, self.models, self.states)]
        parts = [f"only {', '.join(values)}" for values in among if values]
        parts += ["only runaways"] if self.runaway else []
        return ", ".join([*parts, *([f"at least {pluralize(self.min_calls, 'LLM call')}"] if self.min_calls else [])])

    def of(self, report: Report) -> Report:
        """The report with the requests that are meant, in order; `limit` keeps the newest or the greatest."""
        asked = [state for state in report.requests if self._means(state)]
        few = [state for state in asked if (_calls(state) or 0) < self.min_calls]
        enough = [state for state in asked if (_calls(state) or 0) >= self.min_calls]
        meant = replace(
            report,
            requests=enough,
            selects=len(enough) < len(report.requests),
            may_match=sum(_may_reach(state, self.min_calls) for state in few),
        )
        if self.order is not Order.TIME:
            return self._sorted(meant)
        return meant if self.limit is None else meant.newest(self.limit)

    def drawn(self, report: Report, most: int) -> Report:
        """Those of them that a picture of at most so many shows: the newest, or the first as sorted."""
        most = most if self.limit is None else min(most, self.limit)
        if self.order is Order.TIME:
            return replace(self, limit=None).of(report).drawn(most)
        return replace(self, limit=most).of(report)

    def _sorted(self, meant: Report) -> Report:
        """The first of them as sorted; by calls or cost, some below them may have as much as the last."""
        measure = _MEASURES[self.order]
        ordered = sorted(meant.requests, key=lambda state: _descending(measure(state)))
        kept, cut = ordered[: self.limit], ordered[self.limit :] if self.limit is not None else []
        least = (_calls(kept[-1]) or 0) if kept else 0
        as_many = sum(_may_reach(state, least) for state in cut) if self.order is Order.CALLS else 0
        as_dear = sum(map(_may_have_cost_more, cut)) if self.order is Order.COST else 0
        return replace(meant, requests=kept, lesser=len(cut), may_match=meant.may_match + as_many, may_cost=as_dear)

    def _means(self, state: RequestState) -> bool:
        """Whether it is meant, if it has calls enough."""
        status = str(state.request.status)
        models = {model for model, _ in state.summary.by_model} if state.summary is not None else set()
        return (
            (not self.routes or is_among(state.request.route, self.routes))
            and (not self.statuses or not self.statuses.isdisjoint({status, f"{status[:1]}xx"}))
            and (not self.models or not self.models.isdisjoint(models))
            and (not self.states or state_of(state) in self.states)
            and (state.runaway is not None or not self.runaway)
        )


type _Measure = Callable[[RequestState], int | Decimal | None]


def _cost(state: RequestState) -> Decimal | None:
    return state.summary.totals.estimated_cost_usd if state.summary is not None else None


def _calls(state: RequestState) -> int | None:
    """How many calls a request made, as far as is known: those that are linked to it, and those that are missing."""
    summary = state.summary
    return None if summary is None else summary.totals.llm_calls + missing_over([summary])


def _may_reach(state: RequestState, calls: int) -> bool:
    """Whether an uncertain request's calls may be so many, with those that are possible beside the known ones."""
    if state.summary is None or state.summary.is_certain:
        return False
    possible = state.summary.possible_calls
    return possible is None or possible >= MAX_POSSIBLE or (_calls(state) or 0) + possible >= calls


def _may_have_cost_more(state: RequestState) -> bool:
    """Whether not all of a request's cost is known: what other calls, or those without a price, cost has no limit."""
    summary = state.summary
    return summary is None or not summary.counts_all_calls or summary.totals.unpriced_calls > 0


def lesser_note(report: Report) -> str:
    """How many requests a sorted list leaves out, such as "2 more requests of this time stand below these in …"."""
    stand = "stands" if report.lesser == 1 else "stand"
    return f"{pluralize(report.lesser, 'more request')} of this time {stand} below these in that order"


def may_match_words(report: Report) -> str:
    """How many requests are left out that may have made as many calls, or cost as much; empty for none."""
    return "; ".join(filter(None, (_may_match(report), _may_cost(report))))


def may_match_note(report: Report, without: str = "--min-calls") -> str:
    """The same, and that uncertain ones are listed `without` the options that left them out."""
    calls = _may_match(report)
    return "; ".join(filter(None, (calls and f"{calls}: --uncertain without {without} lists them", _may_cost(report))))


def _may_match(report: Report) -> str:
    count = report.may_match
    return f"{pluralize(count, 'more uncertain request')} may have made as many calls" if count else ""


def _may_cost(report: Report) -> str:
    count = report.may_cost
    whose = "its" if count == 1 else "their"
    return (
        f"{pluralize(count, 'more request')} may have cost as much: not all of {whose} cost is known" if count else ""
    )


_MEASURES: dict[Order, _Measure] = {
    Order.COST: _cost,
    Order.DURATION: lambda state: state.request.duration_ms,
    Order.CALLS: _calls,
}


def _descending(value: int | Decimal | None) -> tuple[bool, int | Decimal]:
    return (value is None, 0 if value is None else -value)
