"""A log group, read by FilterLogEvents: Logs Insights has lost lines, and an export task takes a bucket and hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from request_lens.domain.times import EPOCH, whole_ms
from request_lens_cli.deployed.metrics import Metrics, MetricsUnknownError
from request_lens_cli.operating.backfilling.past_event import PastEvent, Volume

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_logs.client import CloudWatchLogsClient


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroupSource:
    """A log group, of which [first, end) is asked for. `pattern` is the filter pattern by which it is read."""

    logs: "CloudWatchLogsClient"
    cloudwatch: "CloudWatchClient"
    name: str
    first: datetime
    end: datetime
    pattern: str = ""

    def read(self, first: datetime, end: datetime) -> Iterator[PastEvent]:
        """Every event whose timestamp lies in [first, end). Raises: ClientError, BotoCoreError.

        A page may be empty and yet have a next one; the paginator goes on until there is none.
        """
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.name,
            startTime=_epoch_ms(first),
            endTime=_epoch_ms(end) - 1,  # events of this very millisecond are returned, too
            filterPattern=self.pattern,
        )
        for page in pages:
            for event in page["events"]:
                yield PastEvent(
                    log_group=self.name,
                    log_stream=event["logStreamName"],
                    id=event["eventId"],
                    at=EPOCH + timedelta(milliseconds=event["timestamp"]),
                    message=event["message"],
                )

    def volume(self) -> Volume:
        """As CloudWatch counted what came in, in whole hours; unknown where it has no count."""
        metrics = Metrics(client=self.cloudwatch, namespace="AWS/Logs", dimensions={"LogGroupName": self.name})
        try:
            sums = metrics.sums(("IncomingLogEvents", "IncomingBytes"), first=self.first, end=self.end)
        except MetricsUnknownError:
            return Volume(events=None, size_bytes=None)
        rounded = {name: round(total) for name, total in sums.items()}
        return Volume(events=rounded.get("IncomingLogEvents"), size_bytes=rounded.get("IncomingBytes"))


def _epoch_ms(moment: datetime) -> int:
    return whole_ms(moment - EPOCH)
