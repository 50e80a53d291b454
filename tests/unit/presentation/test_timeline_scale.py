"""The time axis: round ticks, from milliseconds to months."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens.presentation.formatting import moment_text
from request_lens.presentation.timeline.axis import Scale, Tick, scale_of, with_room

START = datetime(2025, 12, 4, 18, 27, 2, 318_000, tzinfo=UTC)


def scale(span: timedelta) -> Scale:
    return scale_of([(START, START + span)], left=100, width=720)


@pytest.mark.parametrize(
    ("span", "labels"),
    [
        (timedelta(milliseconds=3), ["0 ms", "+1 ms", "+2 ms"]),
        (timedelta(seconds=1.5), ["0 s", "+0.2 s", "+0.4 s"]),
        (timedelta(seconds=75), ["0 s", "+10 s", "+20 s"]),
        (timedelta(minutes=9), ["0 min", "+1 min", "+2 min"]),
        (timedelta(hours=5), ["0 h", "+1 h", "+2 h"]),
        (timedelta(days=30), ["0 d", "+7 d", "+14 d"]),
    ],
)
def test_ticks_are_round_times(span: timedelta, labels: list[str]) -> None:
    assert [tick.label for tick in scale(span).ticks(distance=72)][:3] == labels


@given(st.timedeltas(timedelta(0), timedelta(days=3000)))
def test_all_ticks_of_an_axis_count_in_one_unit(span: timedelta) -> None:
    assert len({tick.label.split()[1] for tick in scale(span).ticks(distance=72)}) == 1


def test_a_thousand_days_are_written_out() -> None:
    assert scale(timedelta(days=90_000)).ticks(distance=72)[-1].label == "+87,360 d"


@given(st.timedeltas(timedelta(0), timedelta(days=3000)))
def test_ticks_keep_their_distance_and_stay_on_the_axis(span: timedelta) -> None:
    ticks = scale(span).ticks(distance=72)
    assert ticks[0].x == 100
    assert all(after.x - before.x >= 72 - 1e-6 for before, after in pairwise(ticks))
    assert ticks[-1].x <= 820 + 1e-6


def test_the_axis_begins_at_the_whole_second_unless_all_is_over_within_two() -> None:
    assert scale(timedelta(seconds=9)).origin == START.replace(microsecond=0)
    assert scale(timedelta(milliseconds=3)).origin == START


def test_moments_are_told_in_utc() -> None:
    tokyo = START.astimezone(timezone(timedelta(hours=9)))
    assert moment_text(tokyo) == "2025-12-04 18:27:02.318 UTC"


def test_the_last_tick_has_no_label_where_that_would_come_too_near_to_the_figures() -> None:
    near, far = (Tick(x=x, label="+2 s") for x in (300, 200))

    assert with_room([far, near], right=305) == [far]
    assert with_room([far, near], right=400) == [far, near]


def test_the_only_label_that_says_the_scale_is_moved() -> None:
    (tick,) = with_room([Tick(x=300, label="+2 s")], right=305)

    assert 280 < tick.x < 295
    assert with_room([], right=305) == []
