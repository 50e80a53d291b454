"""The figures of a report: what its requests add up to, over all, by route and by label."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from math import ceil
from statistics import median

from request_lens.domain.folding.summary import Summary, TokenClass, Totals
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.certainty import (
    Certainty,
    certainty_of,
    certainty_of_times,
    certainty_over,
    signed,
    tokens_text,
)
from request_lens.presentation.failed_attempts import certainty_of_failed, certainty_over_failed
from request_lens.presentation.formatting import pluralize
from request_lens.presentation.traced import misses_calls, missing_over
from request_lens_cli.report.report import Report, totals_over

_P90 = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """The middle and the upper end of some values; `known` is how many there are of `of`, at least one."""

    mean: float
    median: float
    p90: float
    maximum: float
    known: int
    of: int

    @property
    def is_complete(self) -> bool:
        """Whether every value is known."""
        return self.known == self.of


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFigures:
    """What some requests add up to; a distribution is None where no value is known. Times are in ms.

    A request with status 5xx has `failed`, one with 4xx was `refused`; an `incomplete` one made calls that are not
    linked to it, as its spans tell: `missing_calls` is how many all of them are. Of one that is `about` right a call is
    linked by time; `unsure_of_failed` may have failed calls that are not counted. `calls` are of those requests alone
    whose calls are all counted. `certainty` is that of `totals`, but for those of failed calls. Those that are `timed_`
    are of the requests that `llm_time_ms` is of, as far as they are known of these: so they can stand beside it.
    """

    requests: int
    pending: int
    uncertain: int
    unsure_of_failed: int
    about: int
    incomplete: int
    missing_calls: int
    failed: int
    refused: int
    totals: Totals
    certainty: Certainty
    certainty_of_failed: Certainty
    certainty_of_mean: Certainty
    certainty_of_times: Certainty
    calls: Distribution | None
    duration_ms: Distribution | None
    timed_duration_ms: Distribution | None
    timed_tool_ms: Distribution | None
    timed_other_ms: Distribution | None
    llm_time_ms: Distribution | None

    @property
    def counts_all_calls(self) -> bool:
        """Whether the totals are all that the settled requests made, and not only the least."""
        return self.certainty is not Certainty.AT_LEAST

    @property
    def knows_no_call(self) -> bool:
        """Whether no attempt is linked to the requests, and that is not certain to be all."""
        return not self.counts_all_calls and not self.totals.invocations

    def total(self, count: int) -> str:
        """One of the totals, with its sign."""
        return signed(f"{count:,}", self.certainty)

    def tokens(self, of: TokenClass) -> str:
        """A total of tokens, likewise; a dash where no call is known, or none counts them."""
        return signed(tokens_text(self.totals, of, certain=self.counts_all_calls), self.certainty)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """The figures of a report's requests: over all and by route."""

    all: RequestFigures
    by_route: Mapping[str, RequestFigures]


def figures_of(report: Report) -> Figures:
    """The figures of these requests."""
    routes: dict[str, list[RequestState]] = {}
    for state in report.requests:
        routes.setdefault(state.request.route, []).append(state)
    return Figures(
        all=_of_requests(report.requests),
        by_route={route: _of_requests(routes[route]) for route in sorted(routes)},
    )


def _of_requests(states: Sequence[RequestState]) -> RequestFigures:
    summaries = [state.summary for state in states if state.summary is not None]
    durations = [state.request.duration_ms for state in states]
    timed = [summary for summary in summaries if summary.llm_time_ms is not None]
    is_timed = [state.summary is not None and state.summary.llm_time_ms is not None for state in states]
    return RequestFigures(
        requests=len(states),
        pending=len(states) - len(summaries),
        uncertain=sum(not summary.is_certain for summary in summaries),
        unsure_of_failed=sum(certainty_of_failed(summary) is Certainty.AT_LEAST for summary in summaries),
        about=sum(summary.is_about for summary in summaries),
        incomplete=sum(map(misses_calls, summaries)),
        missing_calls=missing_over(summaries),
        failed=sum(state.request.has_failed for state in states),
        refused=sum(state.request.was_refused for state in states),
        totals=totals_over(states),
        certainty=certainty_over(summaries),
        certainty_of_failed=certainty_over_failed(summaries),
        certainty_of_mean=certainty_over(summary for summary in summaries if summary.counts_all_calls),
        certainty_of_times=max(map(certainty_of_times, timed), default=Certainty.EXACT),
        calls=distribution_of([_calls_of(summary) for summary in summaries]),
        duration_ms=distribution_of(durations),
        timed_duration_ms=distribution_of(list(compress(durations, is_timed))),
        timed_tool_ms=distribution_of([summary.tool_time_ms for summary in timed]),
        timed_other_ms=distribution_of([summary.non_llm_time_ms for summary in timed]),
        llm_time_ms=distribution_of([summary.llm_time_ms for summary in summaries]),
    )


def _calls_of(summary: Summary) -> int | None:
    """How many LLM calls a request made; unknown where not all of them are counted."""
    return summary.totals.llm_calls if summary.counts_all_calls else None


def distribution_of(values: Sequence[int | None]) -> Distribution | None:
    """The distribution of the known values; None where none is known.

    Of an even number the median is the mean of the two in the middle; p90 is a value that occurred, by nearest rank.
    """
    ordered = sorted(value for value in values if value is not None)
    if not ordered:
        return None
    return Distribution(
        mean=sum(ordered) / len(ordered),
        median=median(ordered),
        p90=ordered[ceil(len(ordered) * _P90) - 1],
        maximum=ordered[-1],
        known=len(ordered),
        of=len(values),
    )


def calls_by_label(report: Report) -> str:
    """How many requests of each label made how many LLM calls.

    Such as "Tool Use: 7 requests of ≈ 2 calls; Simple: 2 requests of 1 call, 1 of at least 1".
    """
    counts: dict[str, Counter[tuple[int, Certainty]]] = {}
    for state in report.requests:
        label = report.labels.get(state.request_id)
        if label is not None and state.summary is not None:
            made = state.summary.totals.llm_calls, certainty_of(state.summary)
            counts.setdefault(label.kind, Counter())[made] += 1
    return "; ".join(f"{kind}: {_in_words(by_calls)}" for kind, by_calls in sorted(counts.items(), reverse=True))


def _in_words(requests_by_calls: Mapping[tuple[int, Certainty], int]) -> str:
    """The most calls first; the noun of the requests stands once."""
    ordered = sorted(requests_by_calls.items(), key=lambda made: (-made[0][0], made[0][1]))
    first, *others = (
        (number, signed(pluralize(calls, "call"), certainty).replace("≥", "at least"))
        for (calls, certainty), number in ordered
    )
    return ", ".join([f"{pluralize(first[0], 'request')} of {first[1]}", *(f"{n:,} of {made}" for n, made in others)])
