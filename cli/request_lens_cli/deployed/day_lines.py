"""The lines that a log group got in the last day: all of them, or where they are many the first of each hour."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from request_lens.domain.doctor import DOCTOR_PREFIX
from request_lens_cli.deployed.newest_lines import CLOCKS_DIFFER, LATELY, pages

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilterLogEventsResponseTypeDef

WHOLE_PAGES = 10
"""A day of no more pages is read whole; they may be empty, or have up to 1 MB each."""

HOUR_PAGES, HOUR_LINES = 4, 100
"""Of a day that has more: pages and lines a page that are read of each hour, so at most 100 pages more."""

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLines:
    """Lines of the last day, oldest first; `is_whole`: there are no others."""

    lines: Sequence[str]
    is_whole: bool


def day_lines(logs: "CloudWatchLogsClient", name: str, *, now: datetime, pattern: str = "") -> DayLines:
    """The lines of the last day that fit the pattern, but for those of the doctor's own requests.

    Of a day with more than `WHOLE_PAGES` pages, the first of each hour: every part of the day is heard.
    """
    first, last = now - LATELY, now + CLOCKS_DIFFER
    read = partial(pages, logs, name, pattern=pattern)
    whole = _read(read((first, last)), limit=WHOLE_PAGES)
    if whole.is_whole:
        return whole
    begins = [first + number * _HOUR for number in range((last - first) // _HOUR + 1)]
    hours = [_read(read((begin, min(begin + _HOUR, last)), size=HOUR_LINES), limit=HOUR_PAGES) for begin in begins]
    return DayLines(
        lines=[line for hour in hours for line in hour.lines],
        is_whole=all(hour.is_whole for hour in hours),
    )


def _read(found: "Iterable[FilterLogEventsResponseTypeDef]", *, limit: int) -> DayLines:
    """The lines of the first `limit` pages, and whether there are no further ones."""
    lines: list[str] = []
    for number, page in enumerate(found):
        if number == limit:
            return DayLines(lines=lines, is_whole=False)
        lines += [event["message"] for event in page["events"] if DOCTOR_PREFIX not in event["message"]]
    return DayLines(lines=lines, is_whole=True)
