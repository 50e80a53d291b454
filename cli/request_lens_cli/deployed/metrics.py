"""Sums of metrics, AWS's own and ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The metrics of one namespace under one set of dimensions, read at a period of an hour, or of `period_s`.

    CloudWatch keeps values at one second for 3 hours.
    """

    client: "CloudWatchClient"
    namespace: str
    dimensions: Mapping[str, str]
    period_s: int = 3_600

    def points(self, names: Sequence[str], *, first: datetime, end: datetime) -> Mapping[str, Mapping[datetime, float]]:
        """The sum of each metric in each period of [first, end) that has a value; without those that have none."""
        results = self.client.get_metric_data(
            MetricDataQueries=[
                {
                    "Id": f"m{position}",
                    "MetricStat": {
                        "Metric": {
                            "Namespace": self.namespace,
                            "MetricName": name,
                            "Dimensions": [{"Name": key, "Value": value} for key, value in self.dimensions.items()],
                        },
                        "Period": self.period_s,
                        "Stat": "Sum",
                    },
                }
                for position, name in enumerate(names)
            ],
            StartTime=first,
            EndTime=end,
        )["MetricDataResults"]
        return {
            names[int(result["Id"][1:])]: dict(zip(result["Timestamps"], result["Values"], strict=True))
            for result in results
            if result["Values"]
        }

    def sums(self, names: Sequence[str], *, first: datetime, end: datetime) -> Mapping[str, float]:
        """What each metric adds up to over [first, end); without those that have no value."""
        found = self.points(names, first=first, end=end)
        return {name: sum(points.values()) for name, points in found.items()}

    def sum_since(self, name: str, since: datetime) -> int:
        """What a metric adds up to since then, rounded up; 0 where it has no value."""
        return ceil(self.sums([name], first=since, end=since + timedelta(days=2)).get(name, 0))
