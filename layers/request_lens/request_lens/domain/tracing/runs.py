"""Runs: the times in which an agent answered, as its entry spans tell them, and the spans that lie in each."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from request_lens.domain.facts import Request, TraceId
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import holding, is_born_in, may_hold, may_hold_alone, runs_until
from request_lens.domain.spans import Span, SpanKind, Trace, by_time

_TELLING_OF_CALLS = frozenset({SpanKind.AGENT, SpanKind.CHAT})
"""Spans of an agent that called a model, whether or not Bedrock's own span of the call is there."""

type _Agent = tuple[TraceId, str | None]
"""A trace and a resource: what one agent's spans share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One agent at work: an entry span, or several of one resource that overlap, which cannot be told apart."""

    trace_id: TraceId
    resource: str | None
    started_at: datetime
    ended_at: datetime

    def holds(self, span: Span) -> bool:
        """Whether the span is of this run. Parents are not followed: the spans between are not read."""
        is_alike = (span.trace_id, span.resource) == (self.trace_id, self.resource)
        return is_alike and self.started_at <= span.started_at <= self.ended_at

    def overlaps(self, other: "Run") -> bool:
        """Whether both are of one agent at one time."""
        is_alike = (other.trace_id, other.resource) == (self.trace_id, self.resource)
        return is_alike and self.started_at <= other.ended_at and other.started_at <= self.ended_at


def runs_of(spans: Sequence[Span]) -> Sequence[Run]:
    """The runs of a trace's agents, in order of their start."""
    entries = [span for span in spans if span.kind is SpanKind.ENTRY]
    ids = {(span.trace_id, span.resource, span.span_id) for span in entries}
    runs: dict[_Agent, list[Run]] = defaultdict(list)
    for span in sorted(entries, key=by_time):
        if (span.trace_id, span.resource, span.parent_id) not in ids:  # else it is the double of its parent
            _add(_run(span), runs[span.trace_id, span.resource])
    return sorted((run for of_agent in runs.values() for run in of_agent), key=lambda run: run.started_at)


def _run(entry: Span) -> Run:
    return Run(trace_id=entry.trace_id, resource=entry.resource, started_at=entry.started_at, ended_at=entry.ended_at)


def _add(new: Run, runs: list[Run]) -> None:
    """Add a run to those of its agent that began before it, which do not overlap: only the last can take it in."""
    if runs and runs[-1].overlaps(new):
        last = runs.pop()
        new = replace(last, ended_at=max(last.ended_at, new.ended_at))
    runs.append(new)


class RunsByTime:
    """Runs, of which those of one agent do not overlap, found by a span that lies in one."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._runs: dict[_Agent, list[Run]] = defaultdict(list)
        for run in sorted(runs, key=lambda run: run.started_at):
            self._runs[run.trace_id, run.resource].append(run)

    def run_of(self, span: Span) -> Run | None:
        """The run that holds the span; None where none does."""
        of_agent = self._runs.get((span.trace_id, span.resource), [])
        begun = bisect_right(of_agent, span.started_at, key=lambda run: run.started_at)
        return of_agent[begun - 1] if begun and of_agent[begun - 1].holds(span) else None


def own_spans(request: Request, trace: Trace, policy: Policy) -> Sequence[Span]:
    """A request's own spans, of those of the trace that its record names.

    These are all of them where the trace began with it, but for those that began when it was over where other records
    name the trace, too. Of an older trace they are those in its time. Where another one may have run at the same time,
    they are those of the runs in its time, but for runs and calls that others alone can have made, and the calls that
    no other one can have made, also of a run whose own span is not there: they are linked to it.
    """
    if _has_others_beside(request, trace.records, policy):
        in_time = (run for run in runs_of(trace.spans) if _is_in_time_of(request, run))
        runs = RunsByTime(run for run in in_time if not _is_anothers(request, run, trace.records, policy))
        return [
            span
            for span in trace.spans
            if (runs.run_of(span) is not None and not _is_call_of_others(request, span, trace.records, policy))
            or _is_its_alone(request, span, trace.records, policy)
        ]
    if not is_born_in(trace.trace_id, request, clock_skew=policy.clock_skew):
        return [span for span in trace.spans if _is_in_time_of_only(request, span, policy)]
    if not trace.is_named_by_others(request.request_id):
        return trace.spans
    return [span for span in trace.spans if span.started_at <= runs_until(request, policy)]


def _has_others_beside(request: Request, records: Iterable[Request], policy: Policy) -> bool:
    """Whether another of them may have run when it did; one of unknown duration may have gone on for ever."""

    def begins_in_time(one: Request, two: Request) -> bool:
        return two.latest_end is None or one.started_at - policy.clock_skew <= runs_until(two, policy)

    others = (other for other in records if other.request_id != request.request_id)
    return any(begins_in_time(request, other) and begins_in_time(other, request) for other in others)


def _is_anothers(request: Request, run: Run, records: Sequence[Request], policy: Policy) -> bool:
    """Whether a run sticks out of this request's time, its overtime included, and another one's holds it to its end.

    It began before that other one's answer: else it would be nobody's, as no run is of a request by its overtime alone.
    """
    if may_hold(request, run.started_at, run.ended_at, policy):
        return False
    in_time = (other for other in records if _is_in_time_of(other, run))
    return bool(holding(in_time, run.started_at, run.ended_at, policy))


def _is_call_of_others(request: Request, span: Span, records: Sequence[Request], policy: Policy) -> bool:
    """Whether a call lies out of this request's time and in that of another one: it is never linked to this one."""
    if span.kind is not SpanKind.CALL or _may_have_made(request, span, policy):
        return False
    return bool(holding(records, span.started_at, span.ended_at, policy))


def _is_its_alone(request: Request, span: Span, records: Sequence[Request], policy: Policy) -> bool:
    """Whether a call lies in the time of this request and of no other one that names its trace."""
    return _may_have_made(request, span, policy) and len(holding(records, span.started_at, span.ended_at, policy)) == 1


def may_be_anothers(request: Request, span: Span, trace: Trace, policy: Policy) -> bool:
    """Whether a call lies in the time of another request that names the trace."""
    return any(
        record.request_id != request.request_id and _may_have_made(record, span, policy) for record in trace.records
    )


def may_have_more(request: Request, trace: Trace, own: Collection[Span], policy: Policy) -> bool:
    """Whether a span in its time that is not among the request's own may tell of a call of it, or of another one's.

    That is a call's; or an agent's or a framework's below no run that is there.
    """
    known, runs = {span.span_id for span in own}, RunsByTime(runs_of(trace.spans))
    return any(
        (span.kind is SpanKind.CALL or (span.kind in _TELLING_OF_CALLS and runs.run_of(span) is None))
        and may_hold(request, span.started_at, span.ended_at, policy)
        for span in trace.spans
        if span.span_id not in known
    )


def may_be_the_next_ones(request: Request, trace: Trace, own: Sequence[Span], policy: Policy) -> bool:
    """Whether a run goes on when the request is over, in a trace that is older: its own request may be yet to come."""
    if is_born_in(trace.trace_id, request, clock_skew=policy.clock_skew):
        return False
    return any(not may_hold(request, request.started_at, run.ended_at, policy) for run in runs_of(own))


def _may_have_made(request: Request, span: Span, policy: Policy) -> bool:
    return span.kind is SpanKind.CALL and may_hold(request, span.started_at, span.ended_at, policy)


def _is_in_time_of_only(request: Request, span: Span, policy: Policy) -> bool:
    """Whether a call lies in the time of its trace's only request, so that it is linked to that; others begin there."""
    ends = span.ended_at if span.kind is SpanKind.CALL else span.started_at
    return may_hold_alone(request, span.started_at, ends, policy)


def _is_in_time_of(request: Request, run: Run) -> bool:
    return run.ended_at >= request.started_at and (request.latest_end is None or run.started_at <= request.latest_end)


def sticks_out(run: Run, request: Request, *, clock_skew: timedelta) -> bool:
    """Whether a run is longer than its request by more than the skew, or the request's duration is unknown.

    So are runs that work on after a time-out, and those whose clock is another.
    """
    if request.latest_end is None:
        return True
    return run.started_at < request.started_at - clock_skew or run.ended_at > request.latest_end + clock_skew
