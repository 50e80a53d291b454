"""Runs of agents: calls of a trace that no record names are linked by the time of the run that made them, together."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from request_lens.domain.facts import Request
from request_lens.domain.linking.assumptions import violation_without_request
from request_lens.domain.linking.evidence import link_by_time, no_surer_than_time
from request_lens.domain.linking.link import (
    Decision,
    Link,
    Method,
    Reason,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.linking.parts import started_within
from request_lens.domain.policy import Policy
from request_lens.domain.request_time import holding
from request_lens.domain.spans import Trace
from request_lens.domain.tracing.runs import Run, RunsByTime, runs_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CallsOfRun:
    """What one run of an agent called, as it stands: the calls belong to one request, whichever it is.

    `is_parted`: a record that names the trace tells whose some of them are, and nothing of the others.
    """

    run: Run
    calls: Sequence[UnlinkedInvocation]
    is_parted: bool = False

    @property
    def open_calls(self) -> Sequence[UnlinkedInvocation]:
        """Those that are not decided yet."""
        return [call for call in self.calls if call.decision is None]


def calls_by_run(trace: Trace, calls: Iterable[UnlinkedInvocation]) -> Sequence[CallsOfRun]:
    """The trace's runs that made one of these calls, with all of theirs among them."""
    runs = runs_of(trace.spans)
    by_time = RunsByTime(runs)
    made_by = {span.invocation_id: by_time.run_of(span) for span in trace.calls}
    made: dict[Run | None, list[UnlinkedInvocation]] = defaultdict(list)
    for call in calls:
        made[made_by.get(call.invocation.invocation_id)].append(call)
    of_runs = (CallsOfRun(run=run, calls=made[run]) for run in runs)
    return [of_run for of_run in of_runs if of_run.calls]


def requests_around(run: Run, requests: Sequence[Request], policy: Policy) -> Sequence[Request]:
    """Those of the requests, which are in order of time, that may have made all of a run."""
    near = started_within(requests, run.started_at, run.started_at, policy)
    return holding(near, run.started_at, run.ended_at, policy)


def decide_run(of_run: CallsOfRun, candidates: Sequence[Request], policy: Policy) -> Decision:
    """The decision of a run's open calls, which are due; the candidates may each have made it.

    Where a call of it is linked already, the others follow it: a run is never parted. But not to a request that began
    when the run was under way already: that has made none of those before it, whatever the clocks say.
    """
    if of_run.is_parted:
        return Unattributed(reason=Reason.AMBIGUOUS, candidates=max(len(candidates), 1))
    links = {call.decision.request_id: call.decision for call in of_run.calls if isinstance(call.decision, Link)}
    if len(links) == 1:
        link = next(iter(links.values()))
        by_run = Link(request_id=link.request_id, method=Method.WINDOW, confidence=link.confidence)
        return no_surer_than_time(by_run, policy)
    if len(candidates) == 1 and candidates[0].duration_ms is not None:
        return link_by_time(candidates[0], policy)
    if candidates:
        return Unattributed(reason=Reason.AMBIGUOUS, candidates=len(candidates))
    return Unattributed(reason=Reason.NO_REQUEST, violates=violation_without_request(policy))
