"""The labels of the time axis in a terminal: round times of the clock, where they are."""

from datetime import UTC, datetime, timedelta

import pytest

from request_lens.presentation.timeline.axis import AxisKind, axis_of
from request_lens_cli.terminal.timeline.ruler import ruler

START = datetime(2025, 12, 4, 18, 27, 2, 318_000, tzinfo=UTC)


@pytest.mark.parametrize(
    ("span", "cells", "labels"),
    [
        (timedelta(seconds=75), 60, ["18:27:20", "18:27:40", "18:28:00"]),
        (timedelta(seconds=3), 30, ["18:27:02", "18:27:03", "18:27:04"]),
        (timedelta(minutes=9), 20, ["18:30"]),
        (timedelta(hours=5), 20, ["20:00", "22:00"]),
        (timedelta(hours=5), 12, ["18:27:02"]),
        (timedelta(hours=5), 8, ["18:27:02"]),
    ],
)
def test_in_a_terminal_the_clock_has_round_times_else_its_begin(span: timedelta, cells: int, labels: list[str]) -> None:
    axis = axis_of([(START, START + span)], left=0, width=cells, kind=AxisKind.CLOCK)

    assert ruler(axis.scale).split() == labels


@pytest.mark.parametrize("minutes", [2, 9, 14, 47])
@pytest.mark.parametrize("cells", [18, 24, 33, 40, 60])
def test_a_time_of_the_clock_begins_in_the_cell_where_it_is(minutes: int, cells: int) -> None:
    length = timedelta(minutes=minutes)
    scale = axis_of([(START, START + length)], left=0, width=cells, kind=AxisKind.CLOCK).scale

    shown = ruler(scale)

    for label in shown.split():
        moment = datetime.fromisoformat(f"2025-12-04T{label}+00:00")
        cell = (moment - scale.origin) / timedelta(milliseconds=scale.span_ms) * scale.width
        assert abs(shown.index(label) - cell) <= 0.5
