"""Where things stand in the timeline's picture: nothing leaves or covers what it must not, for any rows."""

from itertools import combinations, pairwise
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from request_lens.presentation.timeline.drawing import View, draw_timeline, lay_timeline
from request_lens.presentation.timeline.pieces import Words
from request_lens.presentation.timeline.row import STACKED, RowOrder, TimelineRow, heightened
from tests.support.drawn.timeline_svg import (
    BY_CLOCK,
    CALLS,
    NEARLY,
    SVG,
    Box,
    boxes,
    classes,
    groups,
    inside,
    light_bar,
    overlap,
    picture,
    set_text,
    text_box,
    text_boxes,
    whole_text,
)
from tests.support.timeline_rows import ROWS, bar, chain, row, summary_of


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_no_call_leaves_its_request_whatever_the_rows(rows: list[TimelineRow]) -> None:
    for group in groups(picture(*rows)):
        light = light_bar(group)
        assert all(inside(call, light) for call in boxes(group, *CALLS))


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_texts_cover_neither_each_other_nor_a_bar_nor_the_edge(rows: list[TimelineRow]) -> None:
    svg = picture(*rows, title="LLM calls " * 30, subtitle="ten requests " * 30)
    page = Box(0, 0, float(svg.get("width", "0")), float(svg.get("height", "0")))
    texts = list(text_boxes(svg))
    assert all(inside(box, page) for box in texts)
    assert not any(overlap(one, other) for one, other in combinations(texts, 2))
    lights = [light_bar(group) for group in groups(svg)]
    assert not any(overlap(text, light) for text in texts for light in lights)


def test_a_status_on_a_line_of_its_own_has_room_above_the_figures() -> None:
    high = heightened(STACKED)
    pill_ends, figures_begin = high.upper + 4, high.figures - 10

    assert figures_begin - pill_ends >= 4


@given(ROWS)
@settings(max_examples=30, deadline=None)
def test_the_same_rows_give_the_same_picture_in_any_order(rows: list[TimelineRow]) -> None:
    unique = list({row.request.request_id: row for row in rows}.values())
    assert draw_timeline(unique) == draw_timeline(unique[::-1])


@pytest.mark.parametrize("calls", [1, 2, 5, 20, 100])
@pytest.mark.parametrize("duration_ms", [3, 4300, 18_000_000])
def test_calls_of_a_chain_are_all_drawn_and_do_not_overlap(duration_ms: int, calls: int) -> None:
    (group,) = groups(picture(row(chain(duration_ms, calls), duration_ms=duration_ms)))
    drawn = boxes(group, "rl-call")
    assert len(drawn) == calls
    assert all(before.right <= after.left + NEARLY for before, after in pairwise(drawn))


def test_a_tool_gap_shows_between_two_calls() -> None:
    (group,) = groups(picture(row(summary_of(bar(200, 1500), bar(2300, 1800)))))
    first, second = boxes(group, "rl-call")
    light = light_bar(group)
    gap_ms = (second.left - first.right) / (light.right - light.left) * 4300
    assert gap_ms == pytest.approx(600, abs=20)


def test_calls_that_follow_each_other_at_once_can_still_be_counted() -> None:
    (group,) = groups(picture(row(summary_of(bar(0, 2000), bar(2000, 2300)))))
    first, second = boxes(group, "rl-call")
    assert second.left - first.right == pytest.approx(1, abs=0.1)


def test_calls_at_the_same_time_stand_in_lanes_of_their_own() -> None:
    (group,) = groups(picture(row(summary_of(*(bar(at * 100, 2000) for at in range(5))))))
    drawn = boxes(group, "rl-call")
    assert not any(overlap(one, other) for one, other in combinations(drawn, 2))


def test_a_request_of_two_seconds_is_readable_beside_eleven_others() -> None:
    rows = [row(chain(2000, 1), after_ms=at * 6636, duration_ms=2000) for at in range(12)]
    svg = picture(*rows, view=BY_CLOCK)
    assert all(light_bar(group).right - light_bar(group).left > 18 for group in groups(svg))


def test_an_outlier_runs_over_the_axis_and_does_not_flatten_the_others() -> None:
    rows = [row(chain(4000, 2), after_ms=at * 9000, duration_ms=4000) for at in range(10)]
    svg = picture(*rows, row(chain(840_000, 3), after_ms=99_000, duration_ms=840_000))
    *others, outlier = groups(svg)
    assert all(light_bar(group).right - light_bar(group).left > 300 for group in others)
    assert any("rl-break" in classes(shape) for shape in outlier.iter())
    assert not any("rl-break" in classes(shape) for group in others for shape in group.iter())
    assert light_bar(outlier).right <= max(box.left for box in map(text_box, outlier.iter(f"{SVG}text")))
    assert "14 min 0 s" in whole_text(outlier)
    assert "runs on beyond the axis" in whole_text(svg)


@pytest.mark.parametrize(("duration_ms", "is_whole"), [(7000, True), (16_000, True), (16_400, False)])
def test_a_request_up_to_four_times_as_long_as_the_others_is_whole(duration_ms: int, *, is_whole: bool) -> None:
    svg = picture(row(chain(4000, 2), duration_ms=4000), row(chain(duration_ms, 2), duration_ms=duration_ms))
    assert any("rl-break" in classes(shape) for shape in svg.iter()) is not is_whole


@given(ROWS, st.integers(200, 2000), st.sampled_from((RowOrder.TIME, RowOrder.COST)))
@settings(max_examples=60, deadline=None)
def test_texts_keep_apart_at_any_width(rows: list[TimelineRow], width: int, order: RowOrder) -> None:
    view = View(width=width, order=order)
    svg = fromstring(draw_timeline(rows, words=Words(subtitle="ten requests"), view=view))
    page = Box(0, 0, float(svg.get("width", "0")), float(svg.get("height", "0")))
    texts = list(text_boxes(svg))
    assert all(inside(box, page) for box in texts)
    assert not any(overlap(one, other) for one, other in combinations(texts, 2))


def test_the_rows_places_are_told() -> None:
    rows = [row(chain(4300, 2), after_ms=at) for at in (9000, 0)]
    drawn = lay_timeline(rows, view=View(theme="light", width=1000))
    assert [row for row, _ in drawn.rows] == rows[::-1]
    assert [top for _, top in drawn.rows] == sorted(top for _, top in drawn.rows)
    assert all(0 < top < drawn.height for _, top in drawn.rows)


def test_each_request_begins_at_the_left_however_far_apart_they_are() -> None:
    svg = picture(*(row(chain(4000, 2), after_ms=at, duration_ms=4000) for at in (0, 600_000, 900_000)))
    (axis,) = [group for group in svg.iter(f"{SVG}g") if "rl-axis" in classes(group)]
    lights = [light_bar(group) for group in groups(svg)]
    assert "since each request's own start" in [set_text(words) for words in axis.iter(f"{SVG}text")]
    assert len({light.left for light in lights}) == 1
    assert all(light.right - light.left > 500 for light in lights)


def test_a_hundred_rows_are_all_drawn() -> None:
    svg = picture(*(row(chain(2000, 2), after_ms=at * 700, duration_ms=2000) for at in range(100)))
    assert len(groups(svg)) == 100


def test_by_the_clock_requests_share_one_time_axis() -> None:
    rows = [row(chain(2000, 1), after_ms=at, duration_ms=2000) for at in (0, 5000, 10_000)]
    first, second, third = (light_bar(group) for group in groups(picture(*rows, view=BY_CLOCK)))
    assert second.left - first.left == pytest.approx(third.left - second.left)
    assert (second.left - first.left) / (first.right - first.left) == pytest.approx(2.5, abs=0.01)
