"""What CloudWatch's metrics add up to, over all pages of its answer; and where it has not looked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from request_lens_cli.deployed.metrics import Metrics, MetricsUnknownError
from request_lens_cli.operating.backfilling.log_group_source import LogGroupSource
from request_lens_cli.operating.backfilling.past_event import Volume

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_logs.client import CloudWatchLogsClient

NOON = datetime(2025, 12, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)

type Result = Mapping[str, object]


@dataclass
class Answering:
    """A client whose GetMetricData answers with these pages."""

    pages: Sequence[Sequence[Result]]

    def get_paginator(self, _: str) -> "Answering":
        return self

    def paginate(self, **_: object) -> Iterator[Mapping[str, Sequence[Result]]]:
        yield from ({"MetricDataResults": page} for page in self.pages)


def result(query: str, status: str, points: Mapping[datetime, float]) -> Result:
    return {"Id": query, "StatusCode": status, "Timestamps": list(points), "Values": list(points.values())}


def client(*pages: Sequence[Result]) -> "CloudWatchClient":
    return cast("CloudWatchClient", Answering(pages))


def sums(*pages: Sequence[Result]) -> Mapping[str, float]:
    metrics = Metrics(client=client(*pages), namespace="AWS/Lambda", dimensions={})
    return metrics.sums(["Invocations", "Errors"], first=NOON, end=NOON + HOUR)


def test_what_comes_in_several_pages_is_added_up() -> None:
    first = [result("m0", "PartialData", {NOON: 2}), result("m1", "Complete", {})]

    assert sums(first, [result("m0", "Complete", {NOON + HOUR: 3})]) == {"Invocations": 5}


@pytest.mark.parametrize("status", ["InternalError", "Forbidden"])
def test_what_cloudwatch_does_not_say_is_not_0(status: str) -> None:
    with pytest.raises(MetricsUnknownError, match=f"AWS/Lambda Errors: {status}"):
        sums([result("m0", "Complete", {NOON: 2}), result("m1", status, {})])


def test_the_volume_of_a_log_group_that_cloudwatch_does_not_say_is_unknown() -> None:
    answers = client([result("m0", "InternalError", {}), result("m1", "Complete", {NOON: 9})])
    logs = cast("CloudWatchLogsClient", None)
    source = LogGroupSource(logs=logs, cloudwatch=answers, name="calls", first=NOON, end=NOON + HOUR)

    assert source.volume() == Volume(events=None, size_bytes=None)
