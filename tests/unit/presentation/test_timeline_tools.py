"""Tools and the first token in the timeline's picture: inside their request, apart from each other, told in words."""

from dataclasses import replace
from itertools import combinations
from xml.etree.ElementTree import Element, fromstring

import pytest
from hypothesis import given, settings

from request_lens.domain.tracing.traced import ToolUse, Traced
from request_lens.presentation.timeline.drawing import View, draw_timeline
from request_lens.presentation.timeline.figures import spoken
from request_lens.presentation.timeline.row import TimelineRow
from tests.support.drawn.timeline_svg import (
    boxes,
    classes,
    groups,
    inside,
    light_bar,
    overlap,
    text_box,
    whole_text,
)
from tests.support.telemetry.traces import TRACE
from tests.support.timeline_rows import ROWS, bar, row, summary_of

CALLS = (bar(200, 900, precision_ms=1), bar(2_600, 1_400, precision_ms=1))
MAIL = ToolUse(tool="send_mail", offset_ms=1_150, duration_ms=1_400)


def traced_row(*tools: ToolUse, first_token_ms: int | None = None, missing: int = 0) -> TimelineRow:
    complete = False if missing else None
    said = Traced(trace_id=TRACE, tools=tools, first_token_ms=first_token_ms, missing_calls=missing, complete=complete)
    return row(replace(summary_of(*CALLS), traced=said))


def picture(*rows: TimelineRow, view: View | None = None) -> Element:
    return fromstring(draw_timeline(rows, view=view or View()))


def names(svg: Element) -> list[Element]:
    return [words for words in svg.iter() if "rl-tool-name" in classes(words)]


def hovers(svg: Element) -> list[str]:
    return [words.text or "" for words in svg.iter("{http://www.w3.org/2000/svg}title")]


def test_a_tool_stands_between_its_calls_with_its_name_in_it() -> None:
    (group,) = groups(picture(traced_row(MAIL)))
    (tool,) = boxes(group, "rl-tool")
    first, second = boxes(group, "rl-call")

    assert first.right <= tool.left < tool.right <= second.left
    assert [words.text for words in names(group)] == ["send_mail"]
    assert inside(text_box(names(group)[0]), tool)


def test_a_tool_is_told_on_hovering_also_where_its_name_has_no_room() -> None:
    short = replace(MAIL, duration_ms=80, failed=True)
    svg = picture(traced_row(short))

    assert not names(svg)
    assert "Tool send_mail, 80 ms, starts at +1.1 s, failed" in hovers(svg)


def test_a_failed_tool_is_struck_through_and_one_that_succeeded_is_not() -> None:
    failed, fine = (groups(picture(traced_row(replace(MAIL, failed=each))))[0] for each in (True, False))

    assert [shape.tag.rpartition("}")[2] for shape in failed.iter() if "rl-strike" in classes(shape)] == ["path"]
    assert not [shape for shape in fine.iter() if "rl-strike" in classes(shape)]


def test_tools_at_the_same_time_stand_in_lanes_of_their_own() -> None:
    (group,) = groups(picture(traced_row(MAIL, replace(MAIL, tool="search"))))
    one, other = boxes(group, "rl-tool")

    assert not overlap(one, other)
    assert light_bar(group).top < one.top < other.top


def test_a_name_does_not_stand_where_a_call_covers_its_tool() -> None:
    around = ToolUse(tool="sub_agent", offset_ms=100, duration_ms=3_000)

    assert not names(picture(traced_row(around)))


def test_the_first_token_is_a_line_at_its_moment() -> None:
    (group,) = groups(picture(traced_row(first_token_ms=2_150)))
    (token,) = [shape for shape in group.iter() if "rl-token" in classes(shape)]
    light = light_bar(group)
    x = float(token.get("d", "").partition("M")[2].partition(" ")[0])

    assert abs(x - (light.left + light.right) / 2) < 1
    assert "first token of the answer after 2.1 s" in hovers(group)


def test_the_legend_has_the_signs_of_spans_only_where_they_occur() -> None:
    words = ("tool", "failed tool", "first token of the answer")
    with_all = whole_text(picture(traced_row(MAIL, replace(MAIL, offset_ms=100, failed=True), first_token_ms=3_000)))
    succeeded = whole_text(picture(traced_row(MAIL, replace(MAIL, offset_ms=100))))
    without = whole_text(picture(row(summary_of(*CALLS))))

    assert all(each in with_all for each in words)
    assert [each in succeeded for each in words] == [True, False, False]
    assert not any(each in without for each in words)


def test_missing_calls_are_said_below_the_figures() -> None:
    assert "2 missing" in whole_text(picture(traced_row(missing=2)))


@given(ROWS)
@settings(max_examples=60, deadline=None)
def test_no_tool_leaves_its_request_and_no_name_its_tool_whatever_the_rows(rows: list[TimelineRow]) -> None:
    for group in groups(picture(*rows)):
        light, tools = light_bar(group), boxes(group, "rl-tool")
        words = [text_box(each) for each in names(group)]
        assert all(inside(tool, light) for tool in tools)
        assert all(any(inside(each, tool) for tool in tools) for each in words)
        assert not any(overlap(one, other) for one, other in combinations(words, 2))
        calls = boxes(group, "rl-call", "rl-failed-call", "rl-throttled-call")
        assert not any(overlap(each, call) for each in words for call in calls)


@pytest.mark.parametrize(("rows", "width"), [(1, 1200), (40, 1200), (1, 400)], ids=["wide", "dense", "narrow"])
def test_missing_calls_are_told_beside_the_count_in_rows_of_any_height(rows: int, width: int) -> None:
    svg = picture(*(traced_row(MAIL, missing=2) for _ in range(rows)), view=View(width=width))

    told = [whole_text(group) for group in groups(svg)]
    assert len(told) == rows
    assert all("2 missing" in words for words in told)


@pytest.mark.parametrize("duration_ms", [4_300, None])
@pytest.mark.parametrize("width", [1200, 400])
def test_missing_calls_have_a_sign_behind_the_bar_and_in_the_legend(duration_ms: int | None, width: int) -> None:
    lacking, whole = (
        replace(each, request=replace(each.request, duration_ms=duration_ms))
        for each in (traced_row(missing=2), traced_row(MAIL))
    )
    svg = picture(lacking, whole, view=View(width=width))
    first, second = groups(svg)
    (sign,) = [shape for shape in first.iter() if "rl-missing" in classes(shape)]
    left, right = (float(sign.get("cx", "0")) + way * float(sign.get("r", "0")) for way in (-1, 1))

    assert right < width
    assert left > max(call.right for call in boxes(first, "rl-call"))
    assert (left > light_bar(first).right) is (duration_ms is not None)
    assert not [shape for shape in second.iter() if "rl-missing" in classes(shape)]
    assert "missing calls" in whole_text(svg)
    assert "missing calls" not in whole_text(picture(whole))


def test_missing_calls_are_heard() -> None:
    assert "2 LLM calls, 1 missing" in spoken(traced_row(MAIL, missing=1))
    assert "missing" not in spoken(traced_row(MAIL))
