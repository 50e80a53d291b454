"""The newest lines of a log group: FilterLogEvents begins with the oldest, and may answer with empty pages."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from request_lens.domain.doctor import DOCTOR_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilterLogEventsResponseTypeDef

MAX_LINES = 20

PAGES_AT_ONCE = 20
"""Where a time has more pages, its later half is read first."""

MAX_PAGES = 400
"""Pages that are read in all: a minute or two. https://docs.aws.amazon.com/general/latest/gr/cwl_region.html"""

LATELY = timedelta(days=1)
"""How far back a log group's newest lines are looked for."""

_WINDOWS = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6), LATELY)
"""The last minutes are read first, then what was before."""

CLOCKS_DIFFER = _WINDOWS[0]
"""A log group's clock may be ahead of ours by so much."""

_SHORTEST = timedelta(seconds=1)
_NEVER = datetime(2100, 1, 1, tzinfo=UTC)


class TooManyPagesError(click.ClickException):
    """What was looked for is not known: the log group is too busy to be read on."""


@dataclass(slots=True, kw_only=True)
class _Reading:
    """A log group that is read by a pattern, for as many pages as are `left`."""

    logs: "CloudWatchLogsClient"
    name: str
    pattern: str
    left: int = field(default_factory=lambda: MAX_PAGES)

    def newest(self, first: datetime, last: datetime) -> Sequence[str]:
        """The newest lines of [first, last): of its later half where it has too many pages, else of all of it."""
        lines = deque[str](maxlen=MAX_LINES)
        for number, page in enumerate(pages(self.logs, self.name, (first, last), pattern=self.pattern)):
            if number == PAGES_AT_ONCE and last - first > _SHORTEST:
                middle = first + (last - first) / 2
                return self.newest(middle, last) or self.newest(first, middle)
            if not self.left:
                raise TooManyPagesError(self._too_busy(first))
            self.left -= 1
            lines.extend(event["message"] for event in page["events"] if DOCTOR_PREFIX not in event["message"])
        return list(lines)

    def _too_busy(self, first: datetime) -> str:
        text = f"The newest lines of {self.name} are not known: {MAX_PAGES:,} pages were read"
        return f"{text}, and those since {first:%Y-%m-%dT%H:%M:%SZ} have more."


def newest_lines(logs: "CloudWatchLogsClient", name: str, *, now: datetime, pattern: str = "") -> Sequence[str]:
    """Up to 20 lines that fit the pattern, of the latest time that has any, oldest first; empty where none has.

    The lines of the doctor's own requests are left out: they tell nothing of who writes there.
    Raises: TooManyPagesError, where it would have to read more than `MAX_PAGES`: it never takes a part for the whole.
    """
    reading, last = _Reading(logs=logs, name=name, pattern=pattern), now + CLOCKS_DIFFER
    for window in _WINDOWS:
        if lines := reading.newest(now - window, last):
            return lines
        last = now - window
    return []


def has_line(logs: "CloudWatchLogsClient", name: str, *, since: datetime, pattern: str) -> bool:
    """Whether a line since then fits the pattern; asked until it is found or there is no further page.

    Raises: TooManyPagesError, where `MAX_PAGES` had none and there are more.
    """
    for number, page in enumerate(pages(logs, name, (since, _NEVER), pattern=pattern)):
        if page["events"]:
            return True
        if number >= MAX_PAGES:
            text = f"Whether {name} has a line with {pattern} since {since:%Y-%m-%dT%H:%M:%SZ} is not known"
            raise TooManyPagesError(f"{text}: {MAX_PAGES:,} pages were read, and there are more.")
    return False


def pages(
    logs: "CloudWatchLogsClient", name: str, span: tuple[datetime, datetime], *, pattern: str, size: int = 1000
) -> "Iterable[FilterLogEventsResponseTypeDef]":
    """The pages of [first, last), which is the span, of up to `size` lines that fit the pattern."""
    return logs.get_paginator("filter_log_events").paginate(
        logGroupName=name,
        startTime=_epoch_ms(span[0]),
        endTime=_epoch_ms(span[1]) - 1,  # events of this very millisecond are returned, too
        filterPattern=pattern,
        PaginationConfig={"PageSize": size},
    )


def _epoch_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
