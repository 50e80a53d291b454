"""Writing lines into deployed log groups, as services do that answer nobody for it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens_cli.scenario.playing import ACCESS_LOG_STREAM, put_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line, the log group that it goes to, and its time in milliseconds since 1970."""

    group: str
    at_ms: int
    text: str


def write_lines(lines: Sequence[LogLine], *, logs: CloudWatchLogsClient) -> None:
    """Write lines into their groups by time; a failure is said, for nobody waits for this."""
    groups: dict[str, list[InputLogEventTypeDef]] = defaultdict(list)
    for line in sorted(lines, key=lambda each: each.at_ms):
        groups[line.group].append({"timestamp": line.at_ms, "message": line.text})
    for group, events in groups.items():
        try:
            put_events(events, group, ACCESS_LOG_STREAM, logs=logs)
        except (BotoCoreError, ClientError) as error:
            said = f"{len(events)} lines for {group} were lost: {type(error).__name__}: {error}"
            click.echo(f"API stand-in: {said}", err=True)
