"""The timeline's picture: what is drawn, that nothing leaves or covers what it must not, for any rows."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations, pairwise
from typing import NamedTuple
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from request_lens.domain.linking.link import Confidence
from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.drawing import View, draw_timeline, lay_timeline
from request_lens.presentation.timeline.pieces import Words
from request_lens.presentation.timeline.row import TimelineRow
from request_lens.presentation.timeline.text import text_width
from tests.support.timeline_rows import ROWS, bar, chain, row, summary_of

SVG = "{http://www.w3.org/2000/svg}"
NEARLY = 0.02
CALLS = ("rl-call", "rl-failed-call", "rl-throttled-call")


class Box(NamedTuple):
    left: float
    top: float
    right: float
    bottom: float


OWN, BY_CLOCK = View(), View(axis=AxisKind.CLOCK)


def picture(*rows: TimelineRow, title: str = "LLM calls", subtitle: str = "", view: View = OWN) -> Element:
    return fromstring(draw_timeline(rows, words=Words(title=title, subtitle=subtitle), view=view))


def classes(element: Element) -> list[str]:
    return element.get("class", "").split()


def groups(svg: Element) -> list[Element]:
    return [group for group in svg.iter(f"{SVG}g") if "rl-row" in classes(group)]


def box_of(rect: Element) -> Box:
    x, y, width, height = (float(rect.get(name, "0")) for name in ("x", "y", "width", "height"))
    return Box(x, y, x + width, y + height)


def boxes(group: Element, *names: str) -> list[Box]:
    return [box_of(rectangle) for rectangle in group.iter(f"{SVG}rect") if set(names) & set(classes(rectangle))]


def light_bar(group: Element) -> Box:
    (light,) = boxes(group, "rl-request", "rl-open", "rl-unbounded")
    return light


def whole_text(svg: Element) -> str:
    return " ".join(" ".join(words.itertext()) for words in svg.iter(f"{SVG}text"))


def set_text(text: Element) -> str:
    """The characters that are set, without the title that shows on hovering."""
    return (text.text or "") + "".join(child.tail or "" for child in text)


def text_box(text: Element) -> Box:
    size = 20.0 if "rl-title" in classes(text) else 13.0 if set(classes(text)) & {"rl-label", "rl-subtitle"} else 12.0
    width = text_width(set_text(text), size=size, bold=size == 20)
    x, y = float(text.get("x", "0")), float(text.get("y", "0"))
    left = x - width * {"start": 0, "middle": 0.5, "end": 1}[text.get("text-anchor", "start")]
    return Box(left, y - size * 0.8, left + width, y + size * 0.25)


def overlap(one: Box, other: Box) -> bool:
    return (
        one.left < other.right - NEARLY
        and other.left < one.right - NEARLY
        and one.top < other.bottom - NEARLY
        and other.top < one.bottom - NEARLY
    )


def inside(inner: Box, outer: Box) -> bool:
    return (
        inner.left >= outer.left - NEARLY
        and inner.right <= outer.right + NEARLY
        and inner.top >= outer.top - NEARLY
        and inner.bottom <= outer.bottom + NEARLY
    )


def text_boxes(svg: Element) -> Iterator[Box]:
    """Of all texts but the names of tools, which stand in bars."""
    texts = (words for words in svg.iter(f"{SVG}text") if "rl-tool-name" not in classes(words))
    return (text_box(words) for words in texts if set_text(words).strip())


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


def test_rows_stand_in_order_of_their_start_newest_last() -> None:
    rows = [row(chain(1000, 1), after_ms=at, label=f"request {at}") for at in (9000, 0, 5000)]
    labels = [re.findall(r"request \d+", whole_text(group))[0] for group in groups(picture(*rows))]
    assert labels == ["request 0", "request 5000", "request 9000"]


def test_by_the_clock_requests_share_one_time_axis() -> None:
    rows = [row(chain(2000, 1), after_ms=at, duration_ms=2000) for at in (0, 5000, 10_000)]
    first, second, third = (light_bar(group) for group in groups(picture(*rows, view=BY_CLOCK)))
    assert second.left - first.left == pytest.approx(third.left - second.left)
    assert (second.left - first.left) / (first.right - first.left) == pytest.approx(2.5, abs=0.01)


def test_a_request_of_two_seconds_is_readable_beside_eleven_others() -> None:
    rows = [row(chain(2000, 1), after_ms=at * 6636, duration_ms=2000) for at in range(12)]
    svg = picture(*rows, view=BY_CLOCK)
    assert all(light_bar(group).right - light_bar(group).left > 18 for group in groups(svg))


def test_the_total_and_the_number_of_calls_stand_at_the_right() -> None:
    text = whole_text(picture(row(summary_of(bar(200, 1500), bar(2300, 1400)))))
    assert "duration LLM time LLM calls" in text
    assert "4.3 s 2.9 s 2" in text


def test_an_unknown_latency_is_a_tick_and_no_time_is_claimed() -> None:
    svg = picture(row(summary_of(bar(200, None), bar(1800, None))))
    (group,) = groups(svg)
    assert not boxes(group, "rl-call")
    assert len([line for line in group.iter(f"{SVG}line") if "rl-tick" in classes(line)]) == 2
    assert "LLM" not in [set_text(words) for words in group.iter(f"{SVG}text")]


def test_failed_and_throttled_attempts_have_shapes_of_their_own_and_are_counted() -> None:
    attempts = [bar(100, None, error_code="ThrottlingException"), bar(2000, None, error_code="ValidationException")]
    svg = picture(row(summary_of(*attempts, bar(3000, 1000))))
    (group,) = groups(svg)
    shapes = {
        classes(mark)[1]: re.sub(r"^M[\d.]+ [\d.]+", "", mark.get("d", ""))
        for mark in group.iter(f"{SVG}path")
        if "rl-mark" in classes(mark)
    }
    assert set(shapes) == {"rl-failed", "rl-throttled"}
    assert shapes["rl-failed"] != shapes["rl-throttled"]
    assert {"failed attempt", "throttled attempt"} <= {set_text(words) for words in svg.iter(f"{SVG}text")}


def test_a_call_that_ran_on_after_the_response_says_so() -> None:
    svg = picture(row(summary_of(bar(200, 9000)), duration_ms=3000))
    assert "ran on after the response" in whole_text(svg)


@pytest.mark.parametrize("confidence", Confidence)
def test_a_call_is_dark_however_it_was_linked_and_its_number_says_where_that_is_not_exact(
    confidence: Confidence,
) -> None:
    svg = picture(row(summary_of(bar(200, 1500, confidence=confidence))))
    (group,) = groups(svg)
    is_exact = confidence is Confidence.EXACT
    assert len(boxes(group, "rl-call")) == 1
    assert whole_text(group).endswith("1.5 s 1" if is_exact else "1.5 s ≈ 1")
    assert ("linked by time, not by a tag" in whole_text(svg)) != is_exact


@pytest.mark.parametrize("duration_ms", [4300, None])
def test_a_failed_request_has_its_status_and_an_outline_of_its_own(duration_ms: int | None) -> None:
    rows = [row(chain(4300, 1), duration_ms=duration_ms), row(chain(4300, 1), after_ms=9000)]
    svg = picture(replace(rows[0], request=replace(rows[0].request, status=504)), rows[1])
    failed, fine = groups(svg)
    assert "504" in whole_text(failed)
    assert any("rl-failed-request" in classes(shape) for shape in failed.iter())
    assert not any("rl-failed-request" in classes(shape) for shape in fine.iter())
    assert "failed (status 5xx) or refused (4xx)" in whole_text(svg)


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


def test_two_requests_of_unlike_length_are_both_whole() -> None:
    svg = picture(row(chain(4000, 2), duration_ms=4000), row(chain(7000, 2), duration_ms=7000, after_ms=9000))
    assert not any("rl-break" in classes(shape) for shape in svg.iter())


def test_the_newest_can_stand_first() -> None:
    rows = [row(chain(1000, 1), after_ms=at, label=f"request {at}") for at in (9000, 0, 5000)]
    svg = picture(*rows, view=View(newest_first=True))
    assert [re.findall(r"request \d+", whole_text(group))[0] for group in groups(svg)] == [
        "request 9000",
        "request 5000",
        "request 0",
    ]


def test_the_legend_explains_only_what_occurs() -> None:
    text = whole_text(picture(row(summary_of(bar(200, 1500, precision_ms=1)))))
    assert "LLM call" in text
    assert not any(absent in text for absent in ("by time", "throttled", "to the second", "pending", "failed"))


def test_a_start_known_to_the_second_has_a_whisker_and_a_precise_one_has_none() -> None:
    vague, precise = (picture(row(summary_of(bar(200, 1500, precision_ms=ms)))) for ms in (1000, 1))
    assert "rl-whisker" in [name for shape in groups(vague)[0].iter() for name in classes(shape)]
    assert "start known to the second" in whole_text(vague)
    assert "rl-whisker" not in [name for shape in groups(precise)[0].iter() for name in classes(shape)]


def test_a_pending_request_is_an_outline_and_says_so() -> None:
    (group,) = groups(picture(row(None)))
    assert not boxes(group, "rl-request", *CALLS)
    assert "4.3 s – pending" in whole_text(group)


def test_an_uncertain_request_is_hatched_and_has_at_least_its_calls_and_no_llm_time() -> None:
    svg = picture(row(summary_of(bar(200, 1500), possible_calls=3)), row(chain(4300, 2), after_ms=9000))
    uncertain, certain = groups(svg)
    assert len(boxes(uncertain, "rl-doubt")) == 1
    assert light_bar(uncertain) == boxes(uncertain, "rl-doubt")[0]
    assert not boxes(certain, "rl-doubt")
    assert whole_text(uncertain).endswith("4.3 s – ≥ 1 3 possible")
    assert "uncertain: unlinked calls may be its own" in whole_text(svg)
    hover = [title.text or "" for title in uncertain.iter(f"{SVG}title")]
    assert any("at least 1 LLM call: 3 unlinked calls may be its own" in words for words in hover)
    assert svg[1].text == (
        "2 requests with at least 3 LLM calls, the first at 2025-12-04 18:27:02 UTC. 1 of them uncertain."
    )


def test_an_uncertain_request_of_unknown_duration_says_why_and_is_open() -> None:
    svg = picture(row(summary_of(possible_calls=None), duration_ms=None))
    (group,) = groups(svg)
    assert "– – ≥ 0" in whole_text(group)
    assert "end unknown" in whole_text(group)
    assert "request, response time unknown" in whole_text(svg)


def test_what_is_pending_is_not_yet_uncertain() -> None:
    svg = picture(replace(row(summary_of(bar(200, 1500), possible_calls=3)), awaits_more=True))
    assert not boxes(groups(svg)[0], "rl-doubt")
    assert "1 so far" in whole_text(svg)
    assert "possible" not in whole_text(svg)


def test_a_request_without_a_duration_is_open_and_holds_its_calls() -> None:
    svg = picture(row(summary_of(bar(200, 1500)), duration_ms=None))
    assert "request, response time unknown" in whole_text(svg)
    assert "– 1.5 s 1" in whole_text(svg)


def test_no_rows_give_a_picture_that_says_so() -> None:
    svg = picture()
    assert "No requests yet" in whole_text(svg)
    assert not groups(svg)


def test_a_hundred_rows_are_all_drawn() -> None:
    svg = picture(*(row(chain(2000, 2), after_ms=at * 700, duration_ms=2000) for at in range(100)))
    assert len(groups(svg)) == 100


def test_hostile_texts_stay_texts() -> None:
    hostile = "</text><script>alert(1)</script>&\"'\x00\x1b[31m\ud800\ufffe\u202eevil"
    svg = picture(row(chain(4300, 1), label=hostile, detail=hostile), title=hostile, subtitle=hostile)
    assert not list(svg.iter(f"{SVG}script"))
    assert "\u202e" not in "".join(svg.itertext())
    assert "</text><script>" in whole_text(svg)


def test_a_shortened_label_is_whole_on_hovering() -> None:
    label = "Write a very long story about clouds, rain and the weather in Tokyo to S3"
    svg = picture(row(chain(4300, 1), label=label))
    (text,) = [words for words in svg.iter(f"{SVG}text") if label in "".join(words.itertext())]
    assert re.fullmatch("Write a .*….* to S3", set_text(text))


def test_a_call_tells_its_model_latency_and_link_on_hovering() -> None:
    (group,) = groups(picture(row(summary_of(bar(200, 1500, confidence=Confidence.INFERRED)))))
    hover = [title.text or "" for title in group.iter(f"{SVG}title")]
    (told,) = [words for words in hover if "haiku" in words]
    assert "1.5 s" in told
    assert "correlated by its time: inferred" in told


def test_the_picture_has_a_title_and_a_description_for_screen_readers() -> None:
    svg = picture(row(chain(4300, 2)), row(None, after_ms=9000), title="My agent")
    assert svg.get("role") == "group"
    assert svg.get("aria-labelledby") == f"{svg[0].get('id')} {svg[1].get('id')}"
    assert svg[0].text == "My agent"
    assert svg[1].text == ("2 requests with 2 LLM calls, the first at 2025-12-04 18:27:02 UTC. 1 of them pending.")


def test_the_axis_begins_with_the_time_in_utc_and_counts_on_in_seconds() -> None:
    rows = [row(chain(9000, 1), after_ms=at, duration_ms=9000) for at in (318, 63_000)]
    svg = picture(*rows, view=BY_CLOCK)
    (axis,) = [group for group in svg.iter(f"{SVG}g") if "rl-axis" in classes(group)]
    assert [set_text(words) for words in axis.iter(f"{SVG}text")][:4] == [
        "2025-12-04 18:27:02 UTC",
        "0 s",
        "+10 s",
        "+20 s",
    ]


def test_each_request_begins_at_the_left_however_far_apart_they_are() -> None:
    svg = picture(*(row(chain(4000, 2), after_ms=at, duration_ms=4000) for at in (0, 600_000, 900_000)))
    (axis,) = [group for group in svg.iter(f"{SVG}g") if "rl-axis" in classes(group)]
    lights = [light_bar(group) for group in groups(svg)]
    assert "since each request's own start" in [set_text(words) for words in axis.iter(f"{SVG}text")]
    assert len({light.left for light in lights}) == 1
    assert all(light.right - light.left > 500 for light in lights)


def test_a_provisional_call_is_dashed_and_its_request_still_pending() -> None:
    summary = summary_of(bar(0, 1000), replace(bar(1500, 1000), provisional=True))
    svg = picture(replace(row(summary), awaits_more=True))
    (group,) = groups(svg)
    assert [classes(rectangle) for rectangle in group.iter(f"{SVG}rect") if "rl-provisional" in classes(rectangle)] == [
        ["rl-call", "rl-provisional"]
    ]
    assert "rl-pending" in [name for rectangle in group.iter(f"{SVG}rect") for name in classes(rectangle)]
    assert "2 so far" in whole_text(svg)
    assert "LLM call, not decided yet" in whole_text(svg)


@given(ROWS, st.integers(200, 2000))
@settings(max_examples=40, deadline=None)
def test_texts_keep_apart_at_any_width(rows: list[TimelineRow], width: int) -> None:
    svg = fromstring(draw_timeline(rows, words=Words(subtitle="ten requests"), view=View(width=width)))
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
