"""The labels of the time axis in a terminal: round times of the clock, else begin and end."""

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
        (timedelta(hours=5), 20, ["18:27", "20:57", "23:27"]),
        (timedelta(hours=5), 12, ["18:27", "23:27"]),
        (timedelta(hours=5), 8, ["18:27"]),
    ],
)
def test_in_a_terminal_the_clock_has_round_times_else_begin_and_end(
    span: timedelta, cells: int, labels: list[str]
) -> None:
    axis = axis_of([(START, START + span)], left=0, width=cells, kind=AxisKind.CLOCK)

    assert ruler(axis.scale).split() == labels
