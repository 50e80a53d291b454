"""What the pipeline says of itself: delays, late revisions, broken assumptions, runaway requests."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from request_lens.domain.folding.summary import Summary, totals_of
from request_lens.domain.linking.assumptions import violations_by_call, violations_by_request
from request_lens.domain.linking.link import Assumption, Link, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.changes import Change, InvocationDecided, RevisionWritten, RunawayFlagged
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.publication import PipelineMetrics


def count_breaches(changes: Iterable[Change], policy: Policy) -> Counter[Assumption]:
    """How often these changes show an assumption of the links broken; less what later facts take back."""
    counts: Counter[Assumption] = Counter()
    for change in changes:
        counts.update(_violations(change, policy))
        counts.subtract(_violations_taken_back(change))
    return Counter({assumption: count for assumption, count in counts.items() if count})


def _violations(change: Change, policy: Policy) -> Iterator[Assumption]:
    match change:
        case RevisionWritten():
            if change.previous is None:
                yield from violations_by_request(change.request, stored_at=change.stored_at, policy=policy)
            counted = change.previous.violates if change.previous is not None else ()
            yield from (violated for violated in change.summary.violates if violated not in counted)
        case InvocationDecided(previous=None):
            if change.invocation.tag is None:
                yield from violations_by_call(change.invocation, stored_at=change.stored_at, policy=policy)
            if change.decision.violates is not None:
                yield change.decision.violates
        case InvocationDecided(decision=Link(violates=Assumption() as violated)):
            yield violated
        case _:
            return


def _violations_taken_back(change: Change) -> Iterator[Assumption]:
    match change:
        case RevisionWritten(previous=Summary() as before):
            yield from (violated for violated in before.violates if violated not in change.summary.violates)
        case InvocationDecided(decision=Link(), previous=Unattributed(violates=Assumption() as taken_back)):
            yield taken_back
        case _:
            return


def pipeline_metrics(change: Change, policy: Policy, *, at: datetime) -> PipelineMetrics | None:
    """What a change says of the pipeline itself, in a line of its own; None where it says nothing."""
    if isinstance(change, RunawayFlagged):
        return _runaway_metrics(change, at)
    breaches = count_breaches([change], policy)
    values: dict[Metric, tuple[float, ...]] = {metric: (count,) for metric, count in _counts(change).items() if count}
    if breaches:
        values[Metric.ASSUMPTION_BREACHES] = (breaches.total(),)
    if not values:
        return None
    return PipelineMetrics(
        publication_id=f"pipeline:{change.publication_id}",
        at=at,
        values=values,
        properties={assumption.value: count for assumption, count in breaches.items()},
    )


def _counts(change: RevisionWritten | InvocationDecided) -> Mapping[Metric, int]:
    """How many are unattributed, late, unpriced; what is taken back counts less."""
    match change:
        case RevisionWritten():
            before = change.previous.totals.unpriced_calls if change.previous is not None else 0
            unpriced = change.summary.totals.unpriced_calls - before
            return {Metric.LATE_REVISIONS: int(change.revision > 1), Metric.UNPRICED_INVOCATIONS: unpriced}
        case InvocationDecided(decision=Unattributed() as counted, previous=None):
            sign = 1
        case InvocationDecided(decision=Link(), previous=Unattributed() as counted):
            sign = -1
        case _:
            return {}
    unpriced = totals_of(change.invocation, counted.quote).unpriced_calls
    return {Metric.UNATTRIBUTED_INVOCATIONS: sign, Metric.UNPRICED_INVOCATIONS: sign * unpriced}


def _runaway_metrics(flagged: RunawayFlagged, at: datetime) -> PipelineMetrics:
    """The line that tells of a runaway: its request's id is a property, never a dimension."""
    cost = flagged.runaway.estimated_cost_usd
    return PipelineMetrics(
        publication_id=flagged.publication_id,
        at=at,
        values={Metric.RUNAWAY_REQUESTS: (1,)},
        properties={
            "request_id": flagged.request_id,
            "llm_calls": flagged.runaway.llm_calls,
            "estimated_cost_usd": "unknown" if cost is None else f"{cost.normalize():f}",
            "unpriced_calls": flagged.runaway.unpriced_calls,
        },
    )
