"""Playing a scenario: its lines, with fresh times and ids, put into the log groups as Bedrock and API Gateway would."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from request_lens_cli.scenario.fresh_ids import with_fresh_ids
from request_lens_cli.scenario.retiming import access_ended_at, ending_at, invocation_logged_at
from request_lens_cli.scenario.scenario import JsonObject, RunId, Scenario
from request_lens_cli.scenario.tagging import tagged

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef

BEDROCK_LOG_STREAM = "aws/bedrock/modelinvocations"
"""The one stream into which Bedrock writes."""

ACCESS_LOG_STREAM = "request-lens-local"
"""Our own: API Gateway names its streams by hashes."""

MAX_BATCH_EVENTS = 10_000
MAX_BATCH_BYTES = 1_048_576
EVENT_OVERHEAD_BYTES = 26
"""PutLogEvents: at most 10,000 events and 1,048,576 bytes a batch, each event counted with 26 bytes more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroups:
    """Where the two kinds of lines go."""

    invocations: str
    access: str


def renewed(scenario: Scenario, *, run_id: RunId, ends_at: datetime, with_tags: bool) -> Scenario:
    """The scenario as it would have been logged had it ended just now, tagged or not."""
    moved = ending_at(with_fresh_ids(scenario, run_id), ends_at)
    return tagged(moved) if with_tags else moved


def play(
    scenario: Scenario,
    groups: LogGroups,
    *,
    logs: CloudWatchLogsClient,
    once_recorded: Callable[[], None] | None = None,
) -> None:
    """Put the scenario's lines into the log groups, each in order of time: the requests' records, then the calls.

    `once_recorded` is called between the two.
    """
    access = _events(scenario.access, access_ended_at)
    put_events(access, groups.access, ACCESS_LOG_STREAM, logs=logs)
    if once_recorded is not None:
        once_recorded()
    invocations = _events(scenario.invocations, invocation_logged_at)
    put_events(invocations, groups.invocations, BEDROCK_LOG_STREAM, logs=logs)


def _events(lines: Iterable[JsonObject], at: Callable[[JsonObject], datetime]) -> list[InputLogEventTypeDef]:
    """Log events in order of time."""
    return [
        {"timestamp": round(at(line).timestamp() * 1000), "message": json.dumps(line, separators=(",", ":"))}
        for line in sorted(lines, key=at)
    ]


def put_events(events: Iterable[InputLogEventTypeDef], group: str, stream: str, *, logs: CloudWatchLogsClient) -> None:
    """Put log events in order of time into a stream, which is made where it is not there."""
    with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    for batch in batches(events):
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=batch)


def batches(events: Iterable[InputLogEventTypeDef]) -> Iterator[list[InputLogEventTypeDef]]:
    """The events in order, in batches that PutLogEvents takes."""
    batch: list[InputLogEventTypeDef] = []
    size = 0
    for event in events:
        event_bytes = len(event["message"].encode()) + EVENT_OVERHEAD_BYTES
        if batch and (size + event_bytes > MAX_BATCH_BYTES or len(batch) == MAX_BATCH_EVENTS):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += event_bytes
    if batch:
        yield batch
