"""The time axis: round ticks, from milliseconds to months."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens.presentation.formatting import moment_text
from request_lens.presentation.timeline.axis import AxisKind, Scale, Tick, axis_of, scale_of
from request_lens.presentation.timeline.axis_head import days_of, with_room
from request_lens.presentation.timeline.text import text_width

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


def by_clock(span: timedelta, *, left: float = 100, width: float = 720) -> Scale:
    return axis_of([(START, START + span)], left=left, width=width, kind=AxisKind.CLOCK).scale


@pytest.mark.parametrize(
    ("span", "labels"),
    [
        (timedelta(0), ["18:27:02"]),
        (timedelta(milliseconds=3), ["18:27:02.318", "18:27:02.319", "18:27:02.320"]),
        (timedelta(milliseconds=300), ["18:27:02.35", "18:27:02.40", "18:27:02.45"]),
        (timedelta(seconds=1.5), ["18:27:02.4", "18:27:02.6", "18:27:02.8"]),
        (timedelta(seconds=75), ["18:27:10", "18:27:20", "18:27:30"]),
        (timedelta(minutes=9), ["18:28", "18:30", "18:32"]),
        (timedelta(hours=5), ["19:00", "20:00", "21:00"]),
        (timedelta(hours=9), ["12-04 20:00", "12-04 22:00", "12-05 00:00"]),
        (timedelta(days=2), ["12-05 00:00", "12-05 06:00", "12-05 12:00"]),
        (timedelta(days=30), ["2025-12-11", "2025-12-18", "2025-12-25"]),
    ],
)
def test_by_the_clock_ticks_are_its_round_times_in_utc(span: timedelta, labels: list[str]) -> None:
    assert [tick.label for tick in by_clock(span).ticks(distance=84)][:3] == labels


def test_a_tick_of_the_clock_stands_where_that_moment_does() -> None:
    scale = by_clock(timedelta(seconds=75))
    assert scale.ticks(distance=72)[0].x == pytest.approx(scale.x(datetime(2025, 12, 4, 18, 27, 10, tzinfo=UTC)))


def test_a_first_label_that_has_no_room_in_the_middle_of_its_line_is_left_out() -> None:
    ticks = [Tick(x=x, label=f"18:27:0{at}") for at, x in enumerate((110, 210, 310))]

    assert [each.middle for each in with_room(ticks, left=100, right=400)] == [210, 310]
    assert [each.middle for each in with_room(ticks, left=70, right=400)] == [110, 210, 310]


def test_the_only_label_that_has_room_for_no_other_stays_on_the_axis() -> None:
    half = text_width("18:27:00", size=12) / 2
    first, last = (Tick(x=x, label=f"18:27:0{at}") for at, x in enumerate((100, 495)))

    assert [each.middle for each in with_room([first, last], left=100, right=500)] == [100 + half]


def days(*labels: tuple[float, str], right: float = 500) -> list[tuple[float, str]]:
    """The days above labels that are of these, at these px."""
    ticks = [Tick(x=x, label="00:00:00", of=of) for x, of in labels]
    return list(days_of(with_room(ticks, left=100, right=right), right=right))


def test_a_day_begins_where_its_first_time_does_and_stays_in_the_picture() -> None:
    half, whole = text_width("00:00:00", size=12) / 2, text_width("2025-12-04 UTC", size=12)

    assert days((300, "2025-12-04 UTC"), (400, "2025-12-04 UTC")) == [(300 - half, "2025-12-04 UTC")]
    assert days((110, "2025-12-04 UTC"))[0][0] == pytest.approx(100)
    assert days((460, "2025-12-04 UTC"))[0][0] == pytest.approx(500 - whole)


def test_a_new_day_is_named_at_its_first_time_and_the_old_one_gives_way() -> None:
    old, new = "2025-12-04 UTC", "2025-12-05 UTC"

    assert [of for _, of in days((150, old), (220, old), (290, new), (360, new))] == [old, new]
    assert [of for _, of in days((150, old), (220, new), (290, new))] == ["12-04", new]


@given(st.timedeltas(timedelta(seconds=2), timedelta(days=3000)), st.integers(300, 1200), st.floats(0.01, 1))
def test_no_day_touches_another_or_leaves_the_axis_whenever_midnight_is(
    span: timedelta, width: int, share: float
) -> None:
    begins = datetime(2026, 1, 1, tzinfo=UTC) - span * share
    axis = axis_of([(begins, begins + span)], left=100, width=width, kind=AxisKind.CLOCK)
    shown = with_room(axis.ticks, left=100, right=100 + width)
    boxes = [(x, x + text_width(of, size=12)) for x, of in days_of(shown, right=100 + width)]

    assert [of for _, of in days_of(shown, right=100 + width)][-1] == shown[-1].tick.of
    assert len(boxes) == len({each.tick.of for each in shown})
    assert boxes[0][0] >= 100 - 1e-6
    assert boxes[-1][1] <= 100 + width + 1e-6
    assert all(before[1] <= after[0] for before, after in pairwise(boxes))


def test_a_time_of_the_clock_is_of_its_own_day_which_a_label_that_has_it_says_alone() -> None:
    evening = Scale(
        origin=datetime(2025, 12, 4, 23, 59, 58, tzinfo=UTC), span_ms=10_000, left=0, width=100, by_clock=True
    )

    assert [tick.of for tick in evening.ticks(distance=50)] == ["2025-12-05 UTC", "2025-12-05 UTC"]
    assert [tick.of for tick in by_clock(timedelta(days=30)).ticks(distance=84)][:1] == ["UTC"]
    assert {tick.of for tick in by_clock(timedelta(hours=9)).ticks(distance=84)} == {"2025 UTC"}
    assert all(not tick.of for tick in replace(evening, by_clock=False).ticks(distance=50))


@given(st.timedeltas(timedelta(0), timedelta(days=3000)), st.integers(300, 1200))
def test_no_label_of_the_clock_touches_another_or_leaves_the_axis(span: timedelta, width: int) -> None:
    axis = axis_of([(START, START + span)], left=100, width=width, kind=AxisKind.CLOCK)
    shown = with_room(axis.ticks, left=100, right=100 + width)
    boxes = [(each.left, text_width(each.tick.label, size=12)) for each in shown]
    assert boxes
    assert boxes[0][0] >= 100 - 1e-6
    assert boxes[-1][0] + boxes[-1][1] <= 100 + width + 1e-6
    assert all(left + wide <= after for (left, wide), (after, _) in pairwise(boxes))


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

    assert [each.tick for each in with_room([far, near], left=100, right=305)] == [far]
    assert [each.tick for each in with_room([far, near], left=100, right=400)] == [far, near]


def test_the_only_label_that_says_the_scale_is_moved() -> None:
    (placed,) = with_room([Tick(x=300, label="+2 s")], left=100, right=305)

    assert 280 < placed.middle < 295
    assert placed.tick.x == 300
    assert with_room([], left=100, right=305) == []
