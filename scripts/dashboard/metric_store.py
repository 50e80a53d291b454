"""Metric values as CloudWatch keeps them, and their statistics over periods."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import ceil
from statistics import fmean

from request_lens_cli.local_aws.emf.extraction import ExtractedMetric
from scripts.dashboard.body import NotDrawnError

type Points = Mapping[int, float]
"""Values by the beginning of their period, in epoch seconds."""

type Dimensions = tuple[tuple[str, str], ...]
"""Names and values of dimensions, sorted."""

STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": fmean,
    "Maximum": max,
    "SampleCount": len,
}


def percentile(values: Sequence[float], percent: int) -> float:
    """The least value that so many percent of the values do not exceed."""
    return sorted(values)[max(ceil(len(values) * percent / 100), 1) - 1]


def statistic(name: str) -> Callable[[Sequence[float]], float]:
    """The function of that name: a percentile is p50, p90 … Raises: NotDrawnError."""
    if name in STATISTICS:
        return STATISTICS[name]
    if name.startswith("p") and name[1:].isdigit():
        return lambda values: percentile(values, int(name[1:]))
    raise NotDrawnError(f"the statistic {name} is not drawn")


class MetricStore:
    """Values by metric and dimensions."""

    def __init__(self, metrics: Iterable[ExtractedMetric]) -> None:
        self._values: defaultdict[tuple[str, str, Dimensions], list[tuple[datetime, float]]] = defaultdict(list)
        for metric in metrics:
            key = (metric.namespace, metric.name, tuple(sorted(metric.dimensions.items())))
            self._values[key] += [(metric.at, value) for value in metric.values]

    def dimensions(self, namespace: str, name: str, names: frozenset[str]) -> Sequence[Dimensions]:
        """The dimensions of exactly these names under which the metric has values, sorted."""
        wanted = (namespace, name, names)
        known = ((space, metric, frozenset(key for key, _ in where), where) for space, metric, where in self._values)
        return sorted(where for *what, where in known if tuple(what) == wanted)

    def points(
        self, metric: tuple[str, str, Dimensions], *, stat: str, span: tuple[datetime, datetime], period: int
    ) -> Points:
        """The statistic of each period of so many seconds in which the metric has values, within the span."""
        first, last = span
        periods: defaultdict[int, list[float]] = defaultdict(list)
        for at, value in self._values.get(metric, ()):
            if first <= at < last:
                begins = int((at - first).total_seconds()) // period * period
                periods[int(first.timestamp()) + begins].append(value)
        of = statistic(stat)
        return {begins: of(values) for begins, values in sorted(periods.items())}


def moment(epoch_s: int) -> datetime:
    """The moment of a point."""
    return datetime.fromtimestamp(epoch_s, tz=UTC)
