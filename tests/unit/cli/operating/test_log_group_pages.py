"""A log group that is busy: FilterLogEvents begins with the oldest, page after page, and many pages may be empty."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from request_lens_cli.deployed import newest_lines as module
from request_lens_cli.deployed.day_lines import HOUR_PAGES, WHOLE_PAGES, day_lines
from request_lens_cli.deployed.newest_lines import MAX_LINES, PAGES_AT_ONCE, TooManyPagesError, has_line, newest_lines

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient

NOW = datetime(2025, 12, 4, 18, 40, tzinfo=UTC)


@dataclass
class BusyGroup:
    """The client of a log group that has a page for each step of time; a line of it stands in some of them."""

    step: timedelta
    lines: Mapping[datetime, str]
    pages: list[datetime] = field(default_factory=list)

    def get_paginator(self, _: str) -> "BusyGroup":
        return self

    def paginate(self, *, startTime: int, endTime: int, **_: object) -> Iterator[dict[str, Sequence[object]]]:  # noqa: N803
        first, last = (datetime.fromtimestamp(at / 1000, UTC) for at in (startTime, endTime))
        while first <= min(last, NOW):
            end = min(first + self.step, last + timedelta(milliseconds=1))
            self.pages.append(first)
            yield {"events": [{"message": line} for at, line in sorted(self.lines.items()) if first <= at < end]}
            first = end


def group(lines: Mapping[datetime, str], *, step: timedelta = timedelta(minutes=1)) -> "CloudWatchLogsClient":
    return cast("CloudWatchLogsClient", BusyGroup(step=step, lines=lines))


def ago(**units: float) -> datetime:
    return NOW - timedelta(**units)


def test_a_line_behind_many_empty_pages_is_found() -> None:
    logs = group({ago(seconds=1): "doctor-1"})

    assert has_line(logs, "group", since=ago(minutes=25), pattern='"doctor-1"')


def test_the_newest_line_is_found_behind_more_pages_than_are_read_at_once() -> None:
    logs = group({ago(hours=20): "old", ago(minutes=1): "new"}, step=timedelta(seconds=2))

    assert newest_lines(logs, "group", now=NOW) == ["new"]


def test_a_line_of_yesterday_is_found_in_a_group_whose_other_pages_are_empty() -> None:
    logs = group({ago(hours=23.5): "old"}, step=timedelta(minutes=10))

    assert newest_lines(logs, "group", now=NOW) == ["old"]


def test_the_newest_of_many_lines_are_kept_in_order() -> None:
    lines = {ago(seconds=number): f"{number}" for number in range(1, 3 * MAX_LINES)}

    found = newest_lines(group(lines, step=timedelta(seconds=5)), "group", now=NOW)

    assert found == [f"{number}" for number in range(MAX_LINES, 0, -1)]


def test_nothing_is_found_where_there_is_nothing() -> None:
    assert newest_lines(group({}, step=timedelta(hours=1)), "group", now=NOW) == []


def test_it_says_that_it_does_not_know_rather_than_take_a_part_for_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PAGES", 3 * PAGES_AT_ONCE)
    logs = group({ago(hours=23): "old"})

    with pytest.raises(TooManyPagesError, match="The newest lines of group are not known: 60 pages were read"):
        newest_lines(logs, "group", now=NOW)


def test_it_asks_no_further_for_a_line_that_a_busy_group_may_not_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PAGES", 60)
    logs = group({ago(seconds=1): "doctor-1"}, step=timedelta(seconds=10))

    with pytest.raises(TooManyPagesError, match="is not known: 60 pages were read, and there are more"):
        has_line(logs, "group", since=ago(minutes=15), pattern='"doctor-1"')
    assert len(cast("BusyGroup", logs).pages) == 61

    assert has_line(logs, "group", since=ago(minutes=9), pattern='"doctor-1"')


def test_a_quiet_day_is_read_whole_however_far_its_lines_lie_apart() -> None:
    logs = group({ago(hours=23.5): "old", ago(minutes=1): "new"}, step=timedelta(hours=3))

    found = day_lines(logs, "group", now=NOW)

    assert (found.lines, found.is_whole) == (["old", "new"], True)
    assert len(cast("BusyGroup", logs).pages) <= WHOLE_PAGES


def test_of_a_busy_day_every_hour_is_heard_and_it_is_not_taken_for_the_whole() -> None:
    logs = group({ago(hours=number, seconds=-30): f"{number}" for number in range(24, 0, -1)})

    found = day_lines(logs, "group", now=NOW)

    assert found.lines == [f"{number}" for number in range(24, 0, -1)]
    assert not found.is_whole
    assert len(cast("BusyGroup", logs).pages) <= WHOLE_PAGES + 1 + 25 * (HOUR_PAGES + 1)


def test_a_day_whose_hours_are_all_read_to_their_end_is_whole_though_it_has_many_pages() -> None:
    logs = group({ago(hours=5, minutes=1): "one"}, step=timedelta(minutes=20))

    found = day_lines(logs, "group", now=NOW)

    assert (found.lines, found.is_whole) == (["one"], True)
