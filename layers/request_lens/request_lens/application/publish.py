"""Publish: print what the table's stream says is new, as differences."""

from collections.abc import Sequence
from datetime import timedelta

from request_lens.domain.policy import Policy
from request_lens.domain.publishing.changes import Change, RevisionWritten, RunawayFlagged
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.pipeline_metrics import breaches, pipeline_values, runaway_metrics
from request_lens.domain.publishing.publication import PipelineMetrics, Values
from request_lens.domain.publishing.request_metrics import publication_of
from request_lens.ports import Ports


def publish(changes: Sequence[Change], ports: Ports, policy: Policy) -> int:
    """Print one publication a change that has one, and one line of the pipeline's own; answers how many were printed.

    A change that is delivered again is printed again, under the same publication_id.
    """
    publications = [found for change in changes if (found := publication_of(change)) is not None]
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
    found = breaches(changes, policy)
    if found:
        values = {Metric.ASSUMPTION_BREACHES: (found.total(),)}
        by_assumption = {assumption.value: count for assumption, count in found.items()}
        ports.sink.publish_pipeline(PipelineMetrics(at=ports.clock.now(), values=values, properties=by_assumption))


def _settle_delays(changes: Sequence[Change], ports: Ports) -> Values:
    """How long after its request's end each first revision is published, in ms."""
    now = ports.clock.now()
    delays = tuple(
        max((now - change.request.ended_at) // timedelta(milliseconds=1), 0)
        for change in changes
        if isinstance(change, RevisionWritten) and change.previous is None and change.request.ended_at is not None
    )
    return {Metric.SETTLE_DELAY: delays} if delays else {}
