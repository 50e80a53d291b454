"""Sums of AWS's own metrics."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient

_PERIOD_S = 3_600


def sum_of_metric(
    client: "CloudWatchClient", namespace: str, name: str, dimensions: Mapping[str, str], *, since: datetime
) -> int:
    """What a metric adds up to since then, rounded up; 0 where it has no point."""
    result = client.get_metric_data(
        MetricDataQueries=[
            {
                "Id": "m",
                "MetricStat": {
                    "Metric": {
                        "Namespace": namespace,
                        "MetricName": name,
                        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
                    },
                    "Period": _PERIOD_S,
                    "Stat": "Sum",
                },
            }
        ],
        StartTime=since,
        EndTime=since + timedelta(days=2),
    )["MetricDataResults"]
    return ceil(sum(value for found in result for value in found["Values"]))
