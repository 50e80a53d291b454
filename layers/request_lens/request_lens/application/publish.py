"""Publish: print what the table's stream says is new, as differences."""

from collections.abc import Sequence

from request_lens.domain.doctor import is_doctors
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.changes import Change, RevisionWritten
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.publishing.pipeline_metrics import pipeline_metrics
from request_lens.domain.publishing.publication import PipelineMetrics, batch_id
from request_lens.domain.publishing.request_metrics import publication_of
from request_lens.domain.times import whole_ms
from request_lens.ports import Ports


def publish(changes: Sequence[Change], ports: Ports, policy: Policy) -> int:
    """Print for each change its publication and what it says of the pipeline; answers how many publications there were.

    A change that is delivered again is printed again, under the same publication_id.
    """
    published = 0
    for change in changes:
        if (publication := publication_of(change, tool_names=policy.tool_names)) is not None:
            ports.sink.publish(publication)
            published += 1
        if (metrics := _pipeline_of(change, ports, policy)) is not None:
            ports.sink.publish_pipeline(metrics)
    _publish_delays([change for change in changes if isinstance(change, RevisionWritten)], ports)
    return published


def _pipeline_of(change: Change, ports: Ports, policy: Policy) -> PipelineMetrics | None:
    """What a change says of the pipeline; nothing where it is of the doctor's own request."""
    return None if _is_doctors(change) else pipeline_metrics(change, policy, at=ports.clock.now())


def _is_doctors(change: Change) -> bool:
    """Whether the change is a revision of the doctor's own request."""
    return isinstance(change, RevisionWritten) and is_doctors(change.request.request_id)


def _publish_delays(revisions: Sequence[RevisionWritten], ports: Ports) -> None:
    """Print how long after its request's end each first revision is published, in ms: one line for all of them."""
    now = ports.clock.now()
    ended = {
        change.publication_id: change.request.ended_at
        for change in revisions
        if change.previous is None and change.request.ended_at is not None and not _is_doctors(change)
    }
    if ended:
        delays = tuple(max(whole_ms(now - ended_at), 0) for ended_at in ended.values())
        values = {Metric.SETTLE_DELAY: delays}
        ports.sink.publish_pipeline(PipelineMetrics(publication_id=batch_id(ended), at=now, values=values))
