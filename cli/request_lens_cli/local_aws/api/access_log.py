"""Writing an API's access log into its deployed log group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens_cli.scenario.playing import ACCESS_LOG_STREAM, put_events

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef


def write_lines(lines: Sequence[tuple[int, str]], *, group: str, logs: CloudWatchLogsClient) -> None:
    """Write lines with their times in milliseconds; a failure is said, for nobody waits for this."""
    events: list[InputLogEventTypeDef] = [{"timestamp": at, "message": line} for at, line in sorted(lines)]
    try:
        put_events(events, group, ACCESS_LOG_STREAM, logs=logs)
    except (BotoCoreError, ClientError) as error:
        click.echo(f"API stand-in: {len(lines)} lines were lost: {type(error).__name__}: {error}", err=True)
