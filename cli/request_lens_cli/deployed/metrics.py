"""Sums of metrics, AWS's own and ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

_NOT_TOLD = frozenset({"InternalError", "Forbidden"})
"""How CloudWatch answers where it has not looked: without values, and with success."""


class MetricsUnknownError(click.ClickException):
    """CloudWatch did not say what a metric adds up to: that is unknown, not 0."""


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
        """The sum of each metric in each period of [first, end) that has a value; without those that have none.

        Raises: MetricsUnknownError where CloudWatch does not look at one.
        """
        queries = [self._query(f"m{position}", name) for position, name in enumerate(names)]
        pages = self.client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=queries, StartTime=first, EndTime=end
        )
        found = dict[str, dict[datetime, float]]()
        for page in pages:
            for result in page["MetricDataResults"]:
                name = names[int(result["Id"][1:])]
                if result.get("StatusCode") in _NOT_TOLD:
                    raise MetricsUnknownError(
                        f"CloudWatch does not say {self.namespace} {name}: {result['StatusCode']}."
                    )
                found.setdefault(name, {}).update(zip(result["Timestamps"], result["Values"], strict=True))
        return {name: points for name, points in found.items() if points}

    def _query(self, query_id: str, name: str) -> "MetricDataQueryTypeDef":
        return {
            "Id": query_id,
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

    def sums(self, names: Sequence[str], *, first: datetime, end: datetime) -> Mapping[str, float]:
        """What each metric adds up to over [first, end); without those that have no value."""
        found = self.points(names, first=first, end=end)
        return {name: sum(points.values()) for name, points in found.items()}

    def sum_since(self, name: str, since: datetime) -> int:
        """What a metric adds up to since then, rounded up; 0 where it has no value."""
        return ceil(self.sums([name], first=since, end=since + timedelta(days=2)).get(name, 0))
