"""What the pipeline says of itself: delays, late revisions, broken assumptions, runaway requests."""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

from request_lens.domain.folding.summary import Summary, totals_of
from request_lens.domain.linking.assumptions import violations_by_call, violations_by_request
from request_lens.domain.linking.link import Assumption, Link, Reason, Unattributed
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


def pipeline_values(changes: Iterable[Change]) -> dict[Metric, tuple[float, ...]]:
    """What these changes say of the pipeline itself: unattributed, late, unpriced; what is taken back counts less."""
    counts: Counter[Metric] = Counter()
    for change in changes:
        match change:
            case RevisionWritten():
                counts[Metric.LATE_REVISIONS] += change.revision > 1
                before = change.previous.totals.unpriced_calls if change.previous is not None else 0
                counts[Metric.UNPRICED_INVOCATIONS] += change.summary.totals.unpriced_calls - before
            case InvocationDecided(decision=Unattributed() as counted, previous=None):
                counts[Metric.UNATTRIBUTED_INVOCATIONS] += 1
                counts[Metric.UNPRICED_INVOCATIONS] += totals_of(change.invocation, counted.quote).unpriced_calls
            case InvocationDecided(decision=Link(), previous=Unattributed(reason=Reason.REQUEST_NEVER_SEEN) as counted):
                counts[Metric.UNATTRIBUTED_INVOCATIONS] -= 1
                counts[Metric.UNPRICED_INVOCATIONS] -= totals_of(change.invocation, counted.quote).unpriced_calls
            case InvocationDecided() | RunawayFlagged():
                continue
    return {metric: (count,) for metric, count in counts.items() if count}


def runaway_metrics(flagged: RunawayFlagged, at: datetime) -> PipelineMetrics:
    """The line that tells of a runaway: its request's id is a property, never a dimension."""
    cost = flagged.runaway.estimated_cost_usd
    return PipelineMetrics(
        at=at,
        values={Metric.RUNAWAY_REQUESTS: (1,)},
        properties={
            "publication_id": f"runaway:{flagged.request_id}",
            "request_id": flagged.request_id,
            "llm_calls": flagged.runaway.llm_calls,
            "estimated_cost_usd": "unknown" if cost is None else f"{cost.normalize():f}",
            "unpriced_calls": flagged.runaway.unpriced_calls,
        },
    )
