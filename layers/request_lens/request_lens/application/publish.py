"""Publish: print what the table's stream says is new, as differences."""

from collections.abc import Sequence

from request_lens.domain.policy import Policy
from request_lens.domain.publishing.changes import Change, RevisionWritten, RunawayFlagged
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.pipeline_metrics import count_breaches, pipeline_values, runaway_metrics
from request_lens.domain.publishing.publication import PipelineMetrics, Values
from request_lens.domain.publishing.request_metrics import publication_of
from request_lens.domain.times import whole_ms
from request_lens.ports import Ports


def publish(changes: Sequence[Change], ports: Ports, policy: Policy) -> int:
    """Print one publication a change that has one, and one line of the pipeline's own; answers how many were printed.

    A change that is delivered again is printed again, under the same publication_id.
    """
    publications = [publication for change in changes if (publication := publication_of(change)) is not None]
    for publication in publications:
        ports.sink.publish(publication)
    for change in changes:
        if isinstance(change, RunawayFlagged):
            ports.sink.publish_pipeline(runaway_metrics(change, ports.clock.now()))
    values = {**pipeline_values(changes), **_settle_delays(changes, ports)}
    if values:
        ports.sink.publish_pipeline(PipelineMetrics(at=ports.clock.now(), values=values))
    _publish_breaches(changes, ports, policy)
    return len(publications)


def _publish_breaches(changes: Sequence[Change], ports: Ports, policy: Policy) -> None:
    """Print how many facts show an assumption of the links broken, and which, in a line of its own."""
    counts = count_breaches(changes, policy)
    if counts:
        values = {Metric.ASSUMPTION_BREACHES: (counts.total(),)}
        by_assumption = {assumption.value: count for assumption, count in counts.items()}
        ports.sink.publish_pipeline(PipelineMetrics(at=ports.clock.now(), values=values, properties=by_assumption))


def _settle_delays(changes: Sequence[Change], ports: Ports) -> Values:
    """How long after its request's end each first revision is published, in ms."""
    now = ports.clock.now()
    delays = tuple(
        max(whole_ms(now - change.request.ended_at), 0)
        for change in changes
        if isinstance(change, RevisionWritten) and change.previous is None and change.request.ended_at is not None
    )
    return {Metric.SETTLE_DELAY: delays} if delays else {}
