"""What the pipeline's own reader makes of a log group's newest lines."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from request_lens_cli.deployed.log_group import newest_lines
from request_lens_cli.inspection.inspection import Inspection, inspect_line

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient

LATELY = timedelta(days=1)
"""How far back a log group's newest line is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LineSample:
    """One line as it was read; never its text."""

    inspection: Inspection

    @property
    def text(self) -> str:
        """What was read, in a few words: ids, names and times alone."""
        fields = self.inspection.fields
        match self.inspection.kind:
            case "request":
                return f"{fields['route']}, status {fields['status']}, request {fields['request_id']}"
            case "invocation":
                return f"{fields['model_id']}, by {fields['caller_role'] or 'no role'} at {fields['started_at']}"
            case "ignored":
                return str(fields["why"])
            case _:
                return f"{fields['reason']}, {fields['detail'] or fields['meaning']}"


def newest_sample(
    logs: "CloudWatchLogsClient", name: str, *, now: datetime, within: timedelta = LATELY, pattern: str = ""
) -> LineSample | None:
    """The newest line that is a fact or was rejected, else the newest that is ignored; None where there is no line."""
    samples = newest_samples(logs, name, now=now, within=within, pattern=pattern)
    telling = [sample for sample in samples if sample.inspection.kind != "ignored"]
    return next(iter([*reversed(telling), *reversed(samples)]), None)


def newest_samples(
    logs: "CloudWatchLogsClient", name: str, *, now: datetime, within: timedelta = LATELY, pattern: str = ""
) -> list[LineSample]:
    """The newest lines, oldest first."""
    lines = newest_lines(logs, name, now=now, within=within, pattern=pattern)
    return [LineSample(inspection=inspect_line(line)) for line in lines]
