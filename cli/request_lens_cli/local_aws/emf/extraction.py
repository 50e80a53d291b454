"""What CloudWatch makes of an EMF line: metric data, one a metric and dimension set."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from aws_lambda_powertools.metrics import MetricUnit

from request_lens_cli.local_aws.emf.schema import EmfDocument, MetricDirective, parse_emf


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractedMetric:
    """Values of one metric at one moment under one set of dimensions; the resolution is in seconds."""

    namespace: str
    name: str
    dimensions: Mapping[str, str]
    values: tuple[float, ...]
    unit: MetricUnit
    at: datetime
    storage_resolution: Literal[1, 60]

    def counted_values(self) -> Mapping[float, int]:
        """Each distinct value with how often it occurs, as PutMetricData takes them."""
        return Counter(self.values)


def extract(line: str) -> list[ExtractedMetric]:
    """The metrics of a log line; none for a line that is no EMF document.

    Raises: EmfSchemaError for a line that claims to be one and breaks the specification.
    """
    document = parse_emf(line)
    if document is None:
        return []
    return [metric for directive in document.metadata.directives for metric in _of_directive(directive, document)]


def _of_directive(directive: MetricDirective, document: EmfDocument) -> Iterator[ExtractedMetric]:
    at = datetime.fromtimestamp(document.metadata.timestamp / 1000, tz=UTC)
    for keys in directive.dimensions:
        dimensions = {key: str(document.member(key)) for key in keys}
        for metric in directive.metrics:
            yield ExtractedMetric(
                namespace=directive.namespace,
                name=metric.name,
                dimensions=dimensions,
                values=document.values(metric.name),
                unit=metric.unit,
                at=at,
                storage_resolution=metric.storage_resolution,
            )
