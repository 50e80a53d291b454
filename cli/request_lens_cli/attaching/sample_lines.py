"""What the pipeline's own reader makes of a log group's newest lines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from request_lens.presentation.formatting import pluralize
from request_lens_cli.deployed.day_lines import day_lines
from request_lens_cli.deployed.newest_lines import newest_lines
from request_lens_cli.inspection.inspection import Inspection, inspect_line

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient


@dataclass(frozen=True, slots=True, kw_only=True)
class DaySamples:
    """Lines of the last day as they were read, oldest first; `is_whole`: the log group got no others."""

    samples: Sequence[Inspection]
    is_whole: bool

    @property
    def only_seen(self) -> str:
        """What was not looked at, to go behind what was seen; empty where all of the day was."""
        if self.is_whole:
            return ""
        count = pluralize(len(self.samples), "line")
        return f" Read were {count} of the last day, the first of each hour: there are more, and may be others."


def day_samples(logs: "CloudWatchLogsClient", name: str, *, now: datetime, pattern: str = "") -> DaySamples:
    """The lines of the last day as they were read, of a busy one the first of each hour; never their text."""
    found = day_lines(logs, name, now=now, pattern=pattern)
    return DaySamples(samples=[inspect_line(line) for line in found.lines], is_whole=found.is_whole)


def all_of(days: Iterable[DaySamples]) -> DaySamples:
    """The lines of several log groups as those of one."""
    listed = list(days)
    return DaySamples(
        samples=[sample for day in listed for sample in day.samples], is_whole=all(day.is_whole for day in listed)
    )


def newest_samples(
    logs: "CloudWatchLogsClient", name: str, *, now: datetime, pattern: str = ""
) -> Sequence[Inspection]:
    """The newest lines of the last day as they were read, oldest first; never their text."""
    return [inspect_line(line) for line in newest_lines(logs, name, now=now, pattern=pattern)]


def most_telling(samples: Sequence[Inspection]) -> Inspection:
    """Of some lines, at least one, the newest that is a fact or was rejected; where all are ignored, the newest."""
    telling = [sample for sample in samples if sample.kind != "ignored"]
    return (telling or samples)[-1]
