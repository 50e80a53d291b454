"""What the pipeline's own reader makes of a log group's newest lines."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from request_lens_cli.deployed.newest_lines import newest_lines
from request_lens_cli.inspection.inspection import Inspection, inspect_line

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient


def newest_samples(
    logs: "CloudWatchLogsClient", name: str, *, now: datetime, pattern: str = ""
) -> Sequence[Inspection]:
    """The newest lines of the last day as they were read, oldest first; never their text."""
    return [inspect_line(line) for line in newest_lines(logs, name, now=now, pattern=pattern)]


def most_telling(samples: Sequence[Inspection]) -> Inspection:
    """Of some lines, at least one, the newest that is a fact or was rejected; where all are ignored, the newest."""
    telling = [sample for sample in samples if sample.kind != "ignored"]
    return (telling or samples)[-1]
