"""A metric sink in memory: keeps what would have been printed."""

from request_lens.domain.publishing.publication import PipelineMetrics, Publication


class MemoryMetricSink:
    """Keeps publications in the order in which they were made."""

    def __init__(self) -> None:
        self.publications: list[Publication] = []
        self.pipeline: list[PipelineMetrics] = []

    def publish(self, publication: Publication) -> None:
        """See `ports.MetricSink`."""
        self.publications.append(publication)

    def publish_pipeline(self, metrics: PipelineMetrics) -> None:
        """See `ports.MetricSink`."""
        self.pipeline.append(metrics)
