"""A stand-in for CloudWatch's EMF extraction, for the local AWS only: the emulator does not make metrics of EMF lines.

It follows one log group, checks each line against the EMF specification and puts its metrics with PutMetricData:

    python -m request_lens_cli.local_aws.emf.stand_in --log-group GROUP --endpoint URL --state FILE

It ends by itself when the local AWS is gone. Lines that break the specification are counted in the state file, and
said on stderr.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterable
from itertools import batched, groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, Field, ValidationError

from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.emf.extraction import ExtractedMetric, extract
from request_lens_cli.local_aws.emf.schema import EmfSchemaError

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef


POLL_S = 0.5
GONE_AFTER_S = 10.0
"""The local AWS counts as gone when it has not answered for this long."""

LOOK_BACK_MS = 60_000
"""An event may turn up this much later than one with a newer timestamp."""

MAX_METRICS_PER_CALL = 1000
"""PutMetricData takes at most 1000 metrics a call."""


class StandInState(BaseModel):
    """What the stand-in has read so far: it goes on from here when it is started again.

    `lines` are EMF lines, `broken_lines` those that claim to be EMF and break the specification. `seen` holds the keys
    of the last minute's events with their timestamps in epoch milliseconds.
    """

    newest_ms: int = 0
    lines: int = 0
    metrics: int = 0
    broken_lines: int = 0
    seen: dict[str, int] = Field(default_factory=dict)

    def note(self, key: str, at_ms: int) -> None:
        """Remember that the event of this key was read."""
        self.seen[key] = at_ms
        self.newest_ms = max(self.newest_ms, at_ms)

    def forget_old(self) -> None:
        """Drop the events that are not asked for any more."""
        self.seen = {key: at for key, at in self.seen.items() if at >= self.read_from_ms}

    @property
    def read_from_ms(self) -> int:
        """From when on events are asked for, in epoch milliseconds."""
        return max(0, self.newest_ms - LOOK_BACK_MS)


def read_state(path: Path) -> StandInState:
    """The state as last written; a new one where there is none that can be read."""
    try:
        return StandInState.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return StandInState()


def write_state(state: StandInState, path: Path) -> None:
    """Write the state, whole or not at all."""
    draft = path.with_suffix(".draft")
    draft.write_text(state.model_dump_json(), encoding="utf-8")
    draft.replace(path)


def advance(state: StandInState, log_group: str, *, logs: CloudWatchLogsClient, cloudwatch: CloudWatchClient) -> bool:
    """Read what is new in the log group and put its metrics; whether anything was new.

    Metrics are put before the state can be written, so that a crash in between repeats them and loses none.
    Raises: botocore's errors.
    """
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=log_group, startTime=state.read_from_ms)
    events = keyed(event for page in pages for event in page["events"])
    unread = {key: event for key, event in events.items() if key not in state.seen}
    put([metric for event in unread.values() for metric in _extract(event, state)], cloudwatch=cloudwatch)
    for key, event in unread.items():
        state.note(key, event["timestamp"])
    state.forget_old()
    return bool(unread)


def keyed(events: Iterable[FilteredLogEventTypeDef]) -> dict[str, FilteredLogEventTypeDef]:
    """The events by a key of their own: the event id, or, as the emulator gives a function's lines none, what they are.

    Equal lines of one moment are counted, which holds because a moment's events are always read together.
    """
    by_key: dict[str, FilteredLogEventTypeDef] = {}
    repeats: Counter[str] = Counter()
    for event in events:
        content = f"{event.get('logStreamName', '')}\n{event['timestamp']}\n{event['message']}"
        repeats[content] += 1
        by_key[event.get("eventId") or hashlib.sha256(f"{content}\n{repeats[content]}".encode()).hexdigest()] = event
    return by_key


def _extract(event: FilteredLogEventTypeDef, state: StandInState) -> list[ExtractedMetric]:
    """Count and return one event's metrics; a line that breaks the specification is counted and said, and has none."""
    try:
        metrics = extract(event["message"])
    except EmfSchemaError as error:
        state.broken_lines += 1
        click.echo(f"EMF stand-in: the line of {event['timestamp']} breaks the EMF specification: {error}", err=True)
        return []
    state.lines += bool(metrics)
    state.metrics += len(metrics)
    return metrics


def put(metrics: Iterable[ExtractedMetric], *, cloudwatch: CloudWatchClient) -> None:
    """Put metrics, namespace by namespace, as many a call as PutMetricData takes."""
    ordered = sorted(metrics, key=lambda metric: metric.namespace)
    for namespace, group in groupby(ordered, key=lambda metric: metric.namespace):
        for some in batched(group, MAX_METRICS_PER_CALL, strict=False):
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=[_datum(metric) for metric in some])


def _datum(metric: ExtractedMetric) -> MetricDatumTypeDef:
    counted = metric.counted_values()
    return {
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions.items()],
        "Timestamp": metric.at,
        "Values": list(counted.keys()),
        "Counts": [float(count) for count in counted.values()],
        "Unit": metric.unit.value,
        "StorageResolution": metric.storage_resolution,
    }


@click.command()
@click.option("--log-group", required=True, help="The log group whose lines are read.")
@click.option("--endpoint", required=True, help="The local AWS, on loopback.")
@click.option("--state", "state_file", required=True, type=click.Path(dir_okay=False, path_type=Path))
def main(log_group: str, endpoint: str, state_file: Path) -> None:
    """Stand in for CloudWatch's EMF extraction until the local AWS is gone."""
    logs = local_client("logs", endpoint=endpoint)
    cloudwatch = local_client("cloudwatch", endpoint=endpoint)
    state = read_state(state_file)
    write_state(state, state_file)
    answered_at = time.monotonic()
    while time.monotonic() - answered_at < GONE_AFTER_S:
        try:
            if advance(state, log_group, logs=logs, cloudwatch=cloudwatch):
                write_state(state, state_file)
            answered_at = time.monotonic()
        except (BotoCoreError, ClientError) as error:
            click.echo(f"EMF stand-in: {type(error).__name__}: {error}", err=True)
        time.sleep(POLL_S)


if __name__ == "__main__":
    main()
