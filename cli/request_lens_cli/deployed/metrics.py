"""The metrics of a deployed stack, read second by second."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from request_lens.domain.publishing.metric_names import NAMESPACE

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDataQueryTypeDef, MetricTypeDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The metrics of one service, read at a period of one second, which CloudWatch keeps for 3 hours."""

    client: "CloudWatchClient"
    service: str

    def sums(self, names: Sequence[str], *, first: datetime, last: datetime) -> Mapping[str, float]:
        """The sum of each metric over [first, last]; 0 where there is no value."""
        results = self.client.get_metric_data(
            MetricDataQueries=[self._query(position, name) for position, name in enumerate(names)],
            StartTime=first,
            EndTime=last + timedelta(seconds=1),
        )["MetricDataResults"]
        values = {result["Id"]: sum(result["Values"]) for result in results}
        return {name: values.get(f"m{position}", 0) for position, name in enumerate(names)}

    def points(self, name: str, *, first: datetime, last: datetime) -> Mapping[datetime, float]:
        """The metric's sum in each second of [first, last] that has a value."""
        result = self.client.get_metric_data(
            MetricDataQueries=[self._query(0, name)], StartTime=first, EndTime=last + timedelta(seconds=1)
        )["MetricDataResults"][0]
        return dict(zip(result["Timestamps"], result["Values"], strict=True))

    def _query(self, position: int, name: str) -> "MetricDataQueryTypeDef":
        dimensions: list[DimensionTypeDef] = [{"Name": "Service", "Value": self.service}]
        metric: MetricTypeDef = {"Namespace": NAMESPACE, "MetricName": name, "Dimensions": dimensions}
        return {"Id": f"m{position}", "MetricStat": {"Metric": metric, "Period": 1, "Stat": "Sum"}}
