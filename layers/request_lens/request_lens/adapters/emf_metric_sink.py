"""The metric sink as EMF lines on stdout, which CloudWatch Logs turns into metrics at 1 second.

Each document comes from a provider of its own, since providers keep what was added to them.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricResolution
from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import AmazonCloudWatchEMFProvider

from request_lens.domain.publishing.metric_names import METRIC_UNITS, NAMESPACE
from request_lens.domain.publishing.publication import ModelValues, PipelineMetrics, Publication, Values
from request_lens.ports import Clock

if TYPE_CHECKING:
    from aws_lambda_powertools.metrics.provider.cloudwatch_emf.types import CloudWatchEMFOutput

MAX_AGE, MAX_AHEAD = timedelta(days=14), timedelta(hours=2)
"""How far back and ahead CloudWatch takes metrics:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html"""

_MAX_VALUES = 99
"""Values of one metric in a document. EMF takes 100, but at the 100th the provider prints by itself."""

_MAX_DIMENSION = 1024
"""Characters of a dimension's value; CloudWatch takes ASCII only."""


class EmfMetricSink:
    """Prints one JSON line a publication: the dimensions [Service] and [Service, Route], and [Service, ModelId].

    Where a request calls several models, each has a line of its own: a line that names a model has its values alone. So
    has each tool, with the dimensions [Service, Tool].
    """

    def __init__(self, *, service_name: str, clock: Clock, logger: Logger) -> None:
        self._service_name = service_name
        self._clock = clock
        self._logger = logger

    def publish(self, publication: Publication) -> None:
        """See `ports.MetricSink`. What CloudWatch would refuse for its age is logged as such, not printed."""
        age = self._clock.now() - publication.at
        if not -MAX_AHEAD <= age <= MAX_AGE:
            self._logger.warning(
                "metrics outside CloudWatch's time range, kept in the table only",
                extra={"publication_id": publication.publication_id, "age_seconds": int(age.total_seconds())},
            )
            return
        beside = next((model for model in publication.by_model if _fits_beside(model, publication)), None)
        self._print_request(publication, beside)
        for model in publication.by_model:
            if model is not beside:
                self._print_alone(publication, {"ModelId": model.model_id}, model.values)
        for tool in publication.by_tool:
            self._print_alone(publication, {"Tool": tool.tool}, tool.values)

    def publish_pipeline(self, metrics: PipelineMetrics) -> None:
        """See `ports.MetricSink`."""
        for part, values in _documents(metrics.values):
            document = self._document(metrics, {})
            if metrics.reason is not None:
                document.add_dimensions(Reason=metrics.reason.value)
            _add_properties(document, metrics, part)
            _flush(document, values)

    def _print_request(self, publication: Publication, beside: ModelValues | None) -> None:
        for part, values in _documents(publication.values):
            document = self._document(publication, {})
            if beside is not None:
                document.beside = self._document(publication, {"ModelId": beside.model_id})
                document.beside.add_metadata("route", publication.route)
                _add(document.beside, beside.values)
            document.add_dimensions(Route=_dimension(publication.route))
            _add_properties(document, publication, part)
            for name, value in publication.details.items() if part == 1 else ():
                document.add_metadata(name, value)
            _flush(document, values)

    def _print_alone(self, publication: Publication, dimensions: Mapping[str, str], of_one: Values) -> None:
        """Print a line of one model or one tool."""
        for part, values in _documents(of_one):
            document = self._document(publication, dimensions)
            document.add_metadata("route", publication.route)
            _add_properties(document, publication, part)
            _flush(document, values)

    def _document(self, published: Publication | PipelineMetrics, dimensions: Mapping[str, str]) -> "_Document":
        dimensions = {name: _dimension(value) for name, value in dimensions.items()}
        document = _Document(
            namespace=NAMESPACE,
            service="",  # else POWERTOOLS_SERVICE_NAME would become a dimension `service`
            default_dimensions={"Service": self._service_of(published), **dimensions},
        )
        # Not set_timestamp: it warns by the machine's clock, and the time has been checked against ours.
        document.timestamp = round(published.at.timestamp() * 1000)
        return document

    def _service_of(self, published: Publication | PipelineMetrics) -> str:
        service = published.service if isinstance(published, Publication) else None
        return _dimension(service or self._service_name)


def _add_properties(document: AmazonCloudWatchEMFProvider, published: Publication | PipelineMetrics, part: int) -> None:
    """Add what queries of the log look for and no metric may be split by: ids, status, reasons."""
    for name, value in published.properties.items():
        document.add_metadata(name, value)
    publication_id = published.publication_id
    document.add_metadata("publication_id", publication_id if part == 1 else f"{publication_id}/{part}")


class _Document(AmazonCloudWatchEMFProvider):
    """One line; it may carry the metrics of another document, `beside`, whose values do not contradict its own."""

    beside: AmazonCloudWatchEMFProvider | None = None

    def serialize_metric_set(
        self,
        metrics: dict[str, Any] | None = None,
        dimensions: dict[str, Any] | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> "CloudWatchEMFOutput":
        """The provider's own document, with one directive more where another one is beside it."""
        line = super().serialize_metric_set(metrics, dimensions, metadata)
        if self.beside is None:
            return line
        other = self.beside.serialize_metric_set()
        directives = [*line["_aws"]["CloudWatchMetrics"], *other["_aws"]["CloudWatchMetrics"]]
        merged = {**other, **line, "_aws": {**line["_aws"], "CloudWatchMetrics": directives}}
        return cast("CloudWatchEMFOutput", merged)


def _fits_beside(model: ModelValues, publication: Publication) -> bool:
    """Whether the model's values can stand in the request's line: a line has one value, or array, under one name.

    The only model's can. Of several, one that only failed may have the request's very errors, and not its tokens: those
    who sum up the log by model would count them for it.
    """
    if len(publication.by_model) > 1:
        return False
    values = publication.values
    in_one_line = all(0 < len(numbers) <= _MAX_VALUES for numbers in (*values.values(), *model.values.values()))
    same = all(values.get(metric, numbers) == numbers for metric, numbers in model.values.items())
    return bool(values) and bool(model.values) and in_one_line and same


def _flush(document: AmazonCloudWatchEMFProvider, values: Values) -> None:
    _add(document, values)
    document.flush_metrics()


def _add(document: AmazonCloudWatchEMFProvider, values: Values) -> None:
    for metric, numbers in values.items():
        for number in numbers:
            document.add_metric(metric.value, METRIC_UNITS[metric].value, number, resolution=MetricResolution.High)


def _documents(values: Values) -> Iterator[tuple[int, Values]]:
    """The values in as many parts, from 1 on, as EMF's limit on arrays asks for: none where there are no values."""
    length = max((len(numbers) for numbers in values.values()), default=0)
    for part, start in enumerate(range(0, length, _MAX_VALUES), 1):
        parts = {metric: numbers[start : start + _MAX_VALUES] for metric, numbers in values.items()}
        yield part, {metric: numbers for metric, numbers in parts.items() if numbers}


def _dimension(value: str) -> str:
    """The value as CloudWatch takes it: ASCII, visible, of limited length."""
    visible = "".join(char if char.isascii() and char.isprintable() else "?" for char in value)
    return visible.strip()[:_MAX_DIMENSION] or "unknown"
