"""The timeline's rows: how high they are, where their figures stand, what lies below them, and strips of them."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from xml.etree.ElementTree import Element, fromstring

import pytest

from request_lens.domain.facts import RequestId, Tag
from request_lens.domain.linking.link import Reason, UnlinkedInvocation
from request_lens.presentation.calls import REASONS
from request_lens.presentation.formatting import UNKNOWN
from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.drawing import View, draw_strips, draw_timeline, lay_timeline, shared_style
from request_lens.presentation.timeline.pieces import Words
from request_lens.presentation.timeline.row import RowOrder, TimelineRow
from tests.support.drawn.timeline_svg import text_box
from tests.support.timeline_rows import at_cost, bar, chain, failed_at, row, summary_of, unattributed

SVG = "{http://www.w3.org/2000/svg}"
NARROW = View(width=390)


def rows(count: int) -> list[TimelineRow]:
    return [row(chain(2000 + at, 2), after_ms=at * 700, duration_ms=2000 + at) for at in range(count)]


def picture(
    drawn: Sequence[TimelineRow], *calls: UnlinkedInvocation, view: View | None = None, words: Words | None = None
) -> Element:
    return fromstring(draw_timeline(drawn, unlinked=calls, view=view or View(), words=words or Words()))


def found(svg: Element, name: str) -> list[Element]:
    return [element for element in svg.iter() if name in element.get("class", "").split()]


def set_texts(element: Element) -> list[str]:
    return [(words.text or "") + "".join(child.tail or "" for child in words) for words in element.iter(f"{SVG}text")]


@pytest.mark.parametrize(("count", "height"), [(39, 46), (40, 24)])
def test_from_forty_rows_on_they_are_24_px_high(count: int, height: int) -> None:
    drawn = lay_timeline(rows(count))
    tops = [top for _, top in drawn.rows]
    assert drawn.row_height == height
    assert tops[1] - tops[0] == height


def test_the_axis_of_many_rows_is_said_again_every_25_rows() -> None:
    drawn = lay_timeline(rows(60))
    axes = found(fromstring(drawn.svg), "rl-axis")
    tops = [top for _, top in drawn.rows]
    steps = [after - before for before, after in pairwise(tops)]
    assert len(axes) == 3
    assert [at for at, step in enumerate(steps, 1) if step > drawn.row_height] == [25, 50]
    assert all("duration" in set_texts(axis) and "+2 s" in set_texts(axis) for axis in axes)
    assert len(found(picture(rows(39)), "rl-axis")) == 1


@pytest.mark.parametrize("view", [View(), NARROW])
@pytest.mark.parametrize("count", [4, 40])
def test_figures_stand_in_columns_that_end_at_the_right(view: View, count: int) -> None:
    drawn = [row(chain(4300, 2)), row(summary_of(bar(0, 900)), duration_ms=96_000, after_ms=9000), *rows(count)[2:]]
    ends = [
        [float(words.get("x", "0")) for words in found(group, "rl-label")[1:] if words.get("text-anchor") == "end"]
        for group in found(picture(drawn, view=view), "rl-row")
    ]
    assert len(ends) == count
    assert all(edges == ends[0] for edges in ends)
    assert len(ends[0]) == (2 if view is NARROW else 3)


def test_a_narrow_picture_has_its_bars_below_its_texts_over_its_whole_width() -> None:
    svg = picture(rows(3), view=NARROW)
    for group in found(svg, "rl-row"):
        (light,) = found(group, "rl-request")
        labels = found(group, "rl-label")
        assert all(float(words.get("y", "0")) < float(light.get("y", "0")) for words in labels)
    widest = max(float(light.get("width", "0")) for light in found(svg, "rl-request")[:3])
    assert widest > 0.85 * 390


def test_calls_without_a_request_have_a_lane_for_each_reason_below_the_rows() -> None:
    calls = [unattributed(1), unattributed(4), unattributed(2, Reason.OTHER_CALLER, None)]
    pending = replace(unattributed(3), decision=None)
    svg = picture(rows(3), *calls, pending)
    lanes = found(svg, "rl-lane")
    assert [set_texts(lane) for lane in lanes] == [
        ["fits several requests", "2", "3.0 s"],
        ["made by another caller", "1", "–"],
    ]
    assert [len(found(lane, "rl-unattributed")) for lane in lanes] == [2, 1]
    bottom = max(float(light.get("y", "0")) for light in found(svg, "rl-request")[:3])
    assert min(float(call.get("y", "0")) for call in found(lanes[0], "rl-unattributed")) > bottom
    assert "3 LLM calls without a request" in set_texts(svg)


@pytest.mark.parametrize("reason", Reason)
def test_a_lane_of_a_narrow_picture_has_its_reason_whole_where_rows_have_figures(reason: Reason) -> None:
    uncertain = [replace(each, summary=summary_of(possible_calls=8)) for each in rows(3)]
    svg = picture(uncertain, *(unattributed(at, reason) for at in range(17)), failed_at(8), view=NARROW)
    (lane,) = [lane for lane in found(svg, "rl-lane") if "17 LLM calls" in lane.get("aria-label", "")]

    assert set_texts(lane)[0] == REASONS[reason]


@pytest.mark.parametrize("axis", AxisKind)
@pytest.mark.parametrize("width", [390, 700, 1200])
def test_each_line_down_has_its_label(axis: AxisKind, width: int) -> None:
    svg = picture(rows(7), view=View(width=width, axis=axis))
    (head,) = found(svg, "rl-axis")
    times = [words for words in set_texts(head) if re.fullmatch(r"\+?[\d:.,]+( (ms|s|min|h))?", words)]
    lines = [path.get("d", "").count("M") for path in found(svg, "rl-rule") if path.get("d")]

    assert lines == [len(times)]
    assert len(times) > 1


@pytest.mark.parametrize(
    ("possible", "reason", "width", "said"),
    [
        (8, Reason.AMBIGUOUS, 1200, "2 LLM calls that may be of these requests"),
        (8, Reason.CROWDED, 1200, "2 LLM calls that may be of these requests"),
        (0, Reason.AMBIGUOUS, 1200, "2 LLM calls without a request"),
        (8, Reason.OTHER_CALLER, 1200, "2 LLM calls without a request"),
    ],
)
def test_the_lanes_say_how_many_calls_they_have_and_that_these_may_be_of_the_rows(
    possible: int, reason: Reason, width: int, said: str
) -> None:
    svg = picture([row(summary_of(possible_calls=possible))], unattributed(1, reason), unattributed(3, reason))
    (heading,) = found(svg, "rl-heading")
    assert "".join(heading.itertext()) == said


@pytest.mark.parametrize("width", [340, 400, 640, 1200])
def test_the_heading_of_lanes_has_room_and_covers_no_label_of_the_axis(width: int) -> None:
    calls = [unattributed(at / 10) for at in range(1_200)]
    svg = picture([row(summary_of(possible_calls=8))], *calls, view=View(width=width))
    (heading,) = found(svg, "rl-heading")
    box = text_box(heading)
    assert box.right <= width - 12
    assert "theirs" in "".join(heading.itertext()) if width == 340 else True
    others = [text_box(words) for words in svg.iter(f"{SVG}text") if words is not heading]
    near = [each for each in others if each.left < box.right and box.left < each.right]
    assert all(each.bottom <= box.top + 0.5 or each.top >= box.bottom - 0.5 for each in near)


@pytest.mark.parametrize("view", [View(), NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("at_once", [1, 2, 4, 6])
@pytest.mark.parametrize("apart", [0.0, 0.01])
def test_calls_of_a_lane_that_ran_at_once_are_as_high_as_those_of_rows(apart: float, at_once: int, view: View) -> None:
    calls = [unattributed(1 + at * apart) for at in range(at_once)]
    (lane,) = found(picture(rows(1), *calls, view=view), "rl-lane")
    bars = sorted(
        (float(each.get("y", "0")), float(each.get("height", "0"))) for each in found(lane, "rl-unattributed")
    )
    assert len({top for top, _ in bars}) == at_once
    assert min(height for _, height in bars) >= 8
    assert all(top + height <= below for (top, height), (below, _) in pairwise(bars))


@pytest.mark.parametrize("view", [View(), NARROW], ids=["wide", "narrow"])
def test_lanes_of_any_height_stand_below_each_other(view: View) -> None:
    reasons = (Reason.AMBIGUOUS, Reason.CROWDED, Reason.OTHER_CALLER)
    calls = [unattributed(1 + at / 100, reason) for reason in reasons for at in range(4)]
    lanes = found(picture(rows(1), *calls, view=view), "rl-lane")
    ys = [sorted(float(bar.get("y", "0")) for bar in found(lane, "rl-unattributed")) for lane in lanes]
    assert len(lanes) == 3
    assert all(above[-1] + 8 <= below[0] for above, below in pairwise(ys))


def test_of_no_known_call_a_row_says_between_what_and_what_its_number_lies() -> None:
    """Not of one whose possible calls nobody can count, nor where spans say that it made some."""
    unsure, some = row(summary_of(possible_calls=8)), row(summary_of(bar(0, 900), possible_calls=8))
    uncounted = row(summary_of(possible_calls=1_000))

    def figures(of: TimelineRow, view: View) -> list[str]:
        (group,) = found(picture([of], view=view), "rl-row")
        return set_texts(group)[3:]

    assert figures(unsure, View())[1:] == ["0 to 8", "possible"]
    assert figures(some, View())[1:] == ["≥ 1", "8 possible"]
    assert figures(uncounted, View())[1:] == ["≥ 0", "1,000+ possible"]
    assert figures(unsure, NARROW) == ["0 to 8 possible"]


@pytest.mark.parametrize(("known_ms", "words"), [(1500, "≥ 3.0 s, 1 unknown"), (40_000_000, "≥ 22 h 13 min")])
def test_a_lane_says_how_many_of_its_latencies_are_unknown_where_the_bars_leave_room(known_ms: int, words: str) -> None:
    calls = [
        unattributed(1, latency_ms=known_ms),
        unattributed(4, latency_ms=known_ms),
        unattributed(2, latency_ms=None),
    ]
    (lane,) = found(picture(rows(3), *calls), "rl-lane")
    assert set_texts(lane)[1:] == ["3", words]


def test_a_lane_has_failed_attempts_by_their_signs_beside_its_llm_calls() -> None:
    calls = [unattributed(1), unattributed(4), failed_at(2, throttled=True), failed_at(8), failed_at(9, throttled=True)]
    svg = picture(rows(3), *calls)
    (lane,) = found(svg, "rl-lane")
    assert set_texts(lane) == ["fits several requests", "2,", "3.0 s", "2", "1"]
    assert len(found(lane, "rl-unattributed")) == 2
    # A line and a sign where each ran, and a sign for the word beside its number.
    assert [len(found(lane, name)) for name in ("rl-tick", "rl-throttled", "rl-failed")] == [3, 7, 4]
    assert (
        lane.get("aria-label")
        == "Without a request: 2 LLM calls, 3 failed, 2 of them throttled, fits several requests (ambiguous)"
    )
    assert {"failed call", "failed call, throttled", "call without a request"} <= set(set_texts(svg))


def test_a_lane_of_failed_attempts_alone_has_no_sample_of_a_call() -> None:
    svg = picture(rows(1), failed_at(2, throttled=True))
    assert set_texts(found(svg, "rl-lane")[0])[1:] == ["0,", "–", "1"]
    assert "call without a request" not in set_texts(svg)


@pytest.mark.parametrize("width", [340, 639, 800, 1200])
def test_what_a_lane_says_of_failed_attempts_has_room(width: int) -> None:
    calls = [unattributed(at / 10) for at in range(1_200)]
    calls += [failed_at(at / 10, throttled=at % 2 == 0) for at in range(2_400)]
    (lane,) = found(picture(rows(3), *calls, view=View(width=width)), "rl-lane")
    boxes = sorted(text_box(words) for words in lane.iter(f"{SVG}text"))
    assert len(boxes) >= 4
    assert all(first.right <= second.left for first, second in pairwise(boxes))


def test_lanes_are_by_the_clock_also_where_each_request_begins_at_the_left() -> None:
    own, clock = (
        found(picture(rows(3), unattributed(0), unattributed(60), view=View(axis=kind)), "rl-unattributed")[:2]
        for kind in (AxisKind.OWN, AxisKind.CLOCK)
    )
    for first, second in (own, clock):
        assert float(second.get("x", "0")) - float(first.get("x", "0")) > 400


def test_lanes_on_an_axis_of_their_own_have_all_of_it_however_long_ago_the_rows_began() -> None:
    early = [*rows(1), row(chain(2000, 1), after_ms=600_000)]
    own, clock = (
        found(picture(early, unattributed(300), unattributed(303), view=View(axis=kind)), "rl-unattributed")
        for kind in (AxisKind.OWN, AxisKind.CLOCK)
    )
    assert float(own[1].get("x", "0")) - float(own[0].get("x", "0")) > 400
    assert float(clock[1].get("x", "0")) - float(clock[0].get("x", "0")) < 10


def test_a_call_without_a_request_has_a_whisker_where_its_start_is_known_to_the_second() -> None:
    at_s = {at: unattributed(at, latency_ms=4_000) for at in (1, 11)}
    told = at_s[11].invocation
    started_ms = round(told.logged_at.timestamp() * 1000) + 250
    told = replace(told, tag=Tag(request_id=RequestId("never seen"), call_started_ms=started_ms))
    calls = at_s[1], replace(at_s[11], invocation=told)
    (lane,) = found(picture(rows(3), *calls), "rl-lane")
    vague, precise = found(lane, "rl-unattributed")
    (whisker,) = found(lane, "rl-whisker")

    begins, ends = map(float, re.findall(r"^M([\d.]+) [\d.]+H([\d.]+)", whisker.get("d", ""))[0])
    width = float(vague.get("width", "0"))
    assert (ends - begins) / width == pytest.approx(1 / 4, abs=0.02)
    assert begins - float(vague.get("x", "0")) < 1
    assert (float(precise.get("x", "0")) - float(vague.get("x", "0"))) / width == pytest.approx(10.25 / 4, abs=0.02)
    assert "".join(vague.itertext()).endswith("; 1 of them may start and end up to 1 s later than drawn")


@pytest.mark.parametrize("latency_ms", [4_000, 20])
def test_the_legend_has_the_whisker_of_a_lane_where_it_has_one(latency_ms: int) -> None:
    svg = picture([row(None)], unattributed(1, latency_ms=latency_ms), unattributed(20, latency_ms=latency_ms))
    said = "may start and end later, by its line" in set_texts(svg)

    assert said is bool(found(svg, "rl-whisker")) is (latency_ms == 4_000)


def test_below_lanes_a_note_says_what_their_whiskers_do_not_tell() -> None:
    (note,) = found(picture([row(None)], unattributed(1, latency_ms=20), unattributed(20, latency_ms=20)), "rl-note")

    assert note.text == "Starts of calls are known to the second: they may be up to 1.0 s later."
    assert found(picture([row(None)], unattributed(1, latency_ms=4_000)), "rl-note") == []


@pytest.mark.parametrize("lost", [[], [unattributed(1, latency_ms=4_000)]])
def test_calls_of_requests_and_of_none_have_one_whisker_in_the_legend(lost: list[UnlinkedInvocation]) -> None:
    vague = replace(bar(0, 3_000), precision_ms=1_000)
    (legend,) = found(picture([row(summary_of(vague))], *lost), "rl-legend")

    assert set_texts(legend).count("may start and end later, by its line") == len(found(legend, "rl-whisker")) == 1


def test_above_lanes_stands_no_header_of_a_column_that_they_leave_empty() -> None:
    texts = set_texts(picture(rows(3), unattributed(1)))

    assert [texts.count(header) for header in ("LLM time", "LLM calls", "sum of latencies")] == [1, 2, 1]


def test_lanes_on_the_rows_own_axis_have_the_headers_of_their_figures_too() -> None:
    """Calls overlap, and LLM time counts each moment once: a sum must not stand below that name."""
    texts = set_texts(picture(rows(3), unattributed(1), view=View(axis=AxisKind.CLOCK)))

    assert [texts.count(header) for header in ("LLM calls", "sum of latencies")] == [2, 1]


def test_where_no_call_is_without_a_request_there_is_no_lane() -> None:
    svg = picture(rows(3), replace(unattributed(1), decision=None))
    assert not found(svg, "rl-lane")
    assert not [words for words in set_texts(svg) if "without a request" in words]


def test_calls_without_a_request_are_shown_where_there_are_no_requests_at_all() -> None:
    svg = picture([], unattributed(1))
    assert "No requests" in set_texts(svg)
    assert len(found(svg, "rl-lane")) == 1


def test_a_lane_of_very_many_calls_is_no_longer_than_the_picture_is_wide() -> None:
    svg = picture(rows(3), *(unattributed(at / 10) for at in range(5000)))
    assert "5,000" in set_texts(svg)
    assert len(found(svg, "rl-unattributed")) < 1200


def test_a_row_is_heard_as_one_sentence_and_the_axis_not_at_all() -> None:
    failed = row(summary_of(bar(0, 1500)))
    svg = picture([replace(failed, request=replace(failed.request, status=504))], unattributed(1))
    (heard,) = found(svg, "rl-row")
    assert heard.get("role") == "img"
    assert heard.get("aria-label") == (
        "What time is it in Tokyo?, Tool Use, status 504, duration 4.3 s, 1 LLM call, LLM time 1.5 s"
    )
    assert found(svg, "rl-lane")[0].get("aria-label") == (
        "Without a request: 1 LLM call, fits several requests (ambiguous)"
    )
    assert {each.get("aria-hidden") for each in [*found(svg, "rl-axis"), *found(svg, "rl-legend")]} == {"true"}


def test_a_narrow_subtitle_goes_on_in_the_next_line() -> None:
    words = Words(subtitle="request-lens · ap-northeast-1 · 2025-12-04 18:27 to 18:28 UTC · 10 requests")
    shown = [element.text for element in found(picture(rows(3), view=NARROW, words=words), "rl-subtitle")]
    assert shown == ["request-lens · ap-northeast-1", "2025-12-04 18:27 to 18:28 UTC · 10 requests", "newest last"]
    assert len(found(picture(rows(3), words=words), "rl-subtitle")) == 1


@pytest.mark.parametrize(
    ("view", "count", "said"),
    [
        (View(), 2, "newest last"),
        (View(), 1, ""),
        (View(newest_first=True), 2, ""),
        (View(newest_first=True, order=RowOrder.DURATION), 2, "longest first"),
        (View(newest_first=True, order=RowOrder.COST), 2, "all of unknown cost, newest first"),
    ],
)
def test_the_subtitle_says_the_order_where_it_is_not_evident(view: View, count: int, said: str) -> None:
    ends = set_texts(picture(rows(count), view=view, words=Words(subtitle="some requests")))[1]
    assert ends == " · ".join(filter(None, ["some requests", said]))


@pytest.mark.parametrize(("width", "is_shown"), [(519, False), (520, True), (639, True), (1200, True)])
def test_from_520_px_on_rows_show_llm_time(width: int, is_shown: bool) -> None:
    group = found(picture(rows(1), view=View(width=width)), "rl-row")[0]
    assert any("1.4 s" in words for words in set_texts(group)) is is_shown
    assert "LLM time 1.4 s" in group.get("aria-label", "")


def test_a_long_route_keeps_its_end() -> None:
    route = "POST /api/v2/organisations/{organisationId}/projects/{projectId}/conversations/{id}/messages/regenerate"
    (group,) = found(picture([row(chain(4300, 2), label=route)]), "rl-row")
    assert re.fullmatch(r"POST /api.*….*regenerate", set_texts(group)[0])


@pytest.mark.parametrize("count", [3, 10, 60])
def test_strips_are_the_same_picture_cut_between_rows(count: int) -> None:
    words, calls = Words(title="Timeline"), [unattributed(1)]
    drawn = draw_strips(rows(count), words=words, view=View(), unlinked=calls)
    strips = [fromstring(strip) for strip in (drawn.title, drawn.axis, *drawn.rows, *drawn.below, drawn.legend)]
    whole = lay_timeline(rows(count), words=words, unlinked=calls)
    assert sum(float(strip.get("height", "0")) for strip in strips) == pytest.approx(whole.height, abs=0.1)
    assert [row for strip in strips for row in map(set_texts, found(strip, "rl-row"))] == [
        set_texts(row) for row in found(fromstring(whole.svg), "rl-row")
    ]
    again = [found(strip, "again") for strip in strips]
    assert sum(map(len, again)) == (2 if count == 60 else 0)
    assert {len(found(strip, "rl-row")) for strip in strips[2:-2] if not found(strip, "again")} == {
        5 if count >= 40 else 1
    }
    assert [len(found(strip, "rl-axis")) for strip in strips[:3]] == [0, 1, 0]
    assert [strip.get("aria-labelledby") for strip in strips][:2] == ["rl-title rl-desc", None]
    assert not any(list(strip.iter(f"{SVG}style")) for strip in strips)
    assert "rl-doubts" in shared_style("light")


@pytest.mark.parametrize(
    ("view", "label", "is_whole"),
    [
        (View(), "POST /ask", True),
        (View(), "POST /v2/conversations/{id}", False),
        (View(width=900), "POST /v2/conversations", False),
        (NARROW, "POST /ask", False),
    ],
)
def test_on_one_line_with_the_label_the_detail_is_whole_where_it_fits_else_brief(
    view: View, label: str, *, is_whole: bool
) -> None:
    detail = "18:27:02 · 8vyhhrKPTgKzGt2="
    drawn = [replace(each, label=label, detail=detail, brief="18:27:02") for each in rows(40)]
    texts = set_texts(found(picture(drawn, view=view), "rl-row")[0])
    assert texts[:2] == [label, detail if is_whole else "18:27:02"]


LONG_ID = "7b6471e2-103e-4f3c-8217-0386fee29476"


def named_rows(count: int, *, label: str = "POST /agents/{agent}/invoke", has_id: bool = True) -> list[TimelineRow]:
    """Rows by their route, start and id, every other one failed."""
    drawn = [replace(each, label=label, detail="18:27:02", brief="18:27:02", has_id=has_id) for each in rows(count)]
    return [
        replace(
            each,
            request=replace(each.request, request_id=RequestId(f"{at:04}{LONG_ID[4:]}"), status=504 if at % 2 else 200),
        )
        for at, each in enumerate(drawn)
    ]


@pytest.mark.parametrize("width", [376, 476, 616, 676, 776, 876, 900, 976, 1200, 1576])
@pytest.mark.parametrize("count", [6, 54])
def test_each_row_says_as_much_of_its_id_as_fits_and_all_of_it_on_hovering(count: int, width: int) -> None:
    for at, group in enumerate(found(picture(named_rows(count), view=View(width=width)), "rl-row")):
        whole, texts = f"{at:04}{LONG_ID[4:]}", set_texts(group)
        assert any(whole[:8] in words for words in texts)
        assert any(whole in (words.text or "") for words in group.iter() if words.tag in {f"{SVG}text", f"{SVG}title"})
        assert whole in (group.get("aria-label") or "")
        assert any("18:27:02" in words for words in texts)


@pytest.mark.parametrize("width", [900, 976, 1256])
@pytest.mark.parametrize("count", [6, 42, 200])
@pytest.mark.parametrize(("label", "day"), [("POST /ask", ""), ("POST /ask", "11-30 "), ("GET /trips/{id}", "11-30 ")])
def test_each_row_says_its_id_beside_a_short_route_a_status_and_wide_figures(
    count: int, width: int, label: str, day: str
) -> None:
    wide = summary_of(bar(200, 900), bar(1200, None, error_code="ThrottlingException"), possible_calls=12)
    start = f"{day}18:27:02"
    drawn = [replace(each, detail=start, brief=start, summary=wide) for each in named_rows(count, label=label)]
    svg = picture(drawn, view=View(width=width))

    for at, group in enumerate(found(svg, "rl-row")):
        texts = set_texts(group)
        assert any(words.startswith(f"{start} · {at:04}{LONG_ID[4:8]}") for words in texts)
        assert texts[0] == label or "…" in texts[0]
    assert max(float(light.get("width", "0")) for light in found(svg, "rl-request")) > 0.18 * width


@pytest.mark.parametrize("view", [View(), View(width=700), NARROW], ids=["wide", "half", "narrow"])
def test_a_short_id_is_whole_and_one_that_is_not_to_be_shown_is_not(view: View) -> None:
    drawn = [replace(each, request=replace(each.request, request_id=RequestId("short"))) for each in named_rows(2)]
    texts = [words for group in found(picture(drawn, view=view), "rl-row") for words in set_texts(group)]

    assert sum(words.endswith("short") for words in texts) == 2
    assert LONG_ID[4:] not in draw_timeline(named_rows(2, has_id=False), view=view)


@pytest.mark.parametrize("width", [1000, 1200])
def test_ids_leave_the_bars_two_fifths_of_the_picture(width: int) -> None:
    bars = found(picture(named_rows(6), view=View(width=width)), "rl-request")

    assert max(float(light.get("width", "0")) for light in bars) > 0.38 * width
    assert any(f"0000{LONG_ID[4:]}" in words for words in set_texts(picture(named_rows(6))))


@pytest.mark.parametrize("width", [348, 688, 900, 1060, 1200])
@pytest.mark.parametrize("count", [6, 40, 54])
def test_of_however_many_rows_each_has_its_start_a_failed_one_beside_its_status(count: int, width: int) -> None:
    drawn = [
        replace(each, label="POST /v2/conversations", brief=f"11-30 18:27:{at:02}", detail=f"11-30 18:27:{at:02} · id")
        for at, each in enumerate(rows(count))
    ]
    drawn[1::2] = [replace(each, request=replace(each.request, status=504)) for each in drawn[1::2]]
    svg = picture(drawn, view=View(width=width))

    for at, group in enumerate(found(svg, "rl-row")):
        texts = set_texts(group)
        assert any(words.startswith(f"11-30 18:27:{at:02}") for words in texts)
        assert ("504" in texts) is (at % 2 == 1)
        places = [float(pill.get("x", "0")) for pill in found(group, "rl-pill")]
        starts = [each for each in group.iter(f"{SVG}text") if "18:27" in (each.text or "")]
        assert all(float(each.get("x", "0")) < x for x in places for each in starts if each.get("text-anchor") == "end")


@pytest.mark.parametrize("count", [10, 54])
def test_bars_that_would_be_short_beside_their_texts_stand_below_them_however_many_they_are(count: int) -> None:
    drawn = [replace(each, label="POST /v2/conversations/{id}/ask", brief="18:27:02") for each in rows(count)]
    svg = picture(drawn, view=View(width=688))

    (light, *_) = [float(each.get("width", "0")) for each in svg.iter() if each.get("class") == "rl-request"]
    assert light > 600


def test_without_a_brief_one_the_label_has_the_line_for_itself() -> None:
    (group,) = found(picture([row(chain(4300, 2), label="18:27:02 · POST /ask")], view=NARROW), "rl-row")
    assert set_texts(group) == ["18:27:02 · POST /ask", "4.3 s", "2 calls"]


def test_a_failed_request_has_its_outline_while_it_is_pending_too() -> None:
    waiting = row(None)
    (group,) = found(picture([replace(waiting, request=replace(waiting.request, status=503))]), "rl-row")
    (light,) = found(group, "rl-pending")
    assert "rl-failed-request" in light.get("class", "").split()
    assert "503" in set_texts(group)


@pytest.mark.parametrize(
    ("order", "labels"),
    [
        (RowOrder.TIME, ["long", "many", "unknown"]),
        (RowOrder.DURATION, ["long", "many", "unknown"]),
        (RowOrder.CALLS, ["many", "long", "unknown"]),
    ],
)
def test_rows_stand_by_what_they_took_or_made_and_the_unknown_last(order: RowOrder, labels: list[str]) -> None:
    drawn = [
        row(chain(9000, 1), duration_ms=9000, label="long"),
        row(chain(4000, 5), duration_ms=4000, after_ms=1000, label="many"),
        row(None, duration_ms=None, after_ms=2000, label="unknown"),
    ]
    svg = picture(drawn, view=View(order=order))
    assert [set_texts(group)[0] for group in found(svg, "rl-row")] == labels


@pytest.mark.parametrize(
    ("order", "said"),
    [
        (RowOrder.DURATION, "longest first, 1 of unknown duration last"),
        (RowOrder.CALLS, "most calls first, 1 of unknown number last"),
        (RowOrder.COST, "dearest first, 3 of unknown cost last"),
    ],
)
def test_how_many_stand_last_as_what_they_are_sorted_by_is_unknown_is_said(order: RowOrder, said: str) -> None:
    drawn = [
        row(None, duration_ms=None, label="pending"),
        at_cost(row(chain(2000, 3), label="unpriced", after_ms=1), None, unpriced=3),
        at_cost(row(summary_of(possible_calls=4), label="of no known call", after_ms=2), "0"),
        at_cost(row(chain(2000, 2), label="dear", after_ms=3), "0.25"),
        at_cost(row(summary_of(), label="without calls", after_ms=4), "0"),
    ]
    svg = picture(drawn, view=View(order=order))

    assert set_texts(svg)[1] == said
    if order is RowOrder.COST:
        shown = [set_texts(group)[0] for group in found(svg, "rl-row")]
        assert shown == ["dear", "without calls", "pending", "unpriced", "of no known call"]


@pytest.mark.parametrize("width", [1200, 900, 560, 390])
def test_rows_sorted_by_cost_show_it_in_the_place_of_llm_time(width: int) -> None:
    drawn = [
        at_cost(row(chain(2000, 2)), "0.25"),
        at_cost(row(chain(2000, 3), after_ms=1), "0.125", unpriced=1),
        at_cost(row(summary_of(bar(0, 900), possible_calls=4), after_ms=2), "0.0625"),
        at_cost(row(summary_of(possible_calls=4), after_ms=3), None),
    ]
    svg = picture(drawn, view=View(width=width, order=RowOrder.COST))
    groups = found(svg, "rl-row")

    costs = ["$0.250000", "≥ $0.125000", "≥ $0.062500", UNKNOWN]
    assert all(cost in set_texts(group) for cost, group in zip(costs, groups, strict=True))
    assert not any("LLM 1.4 s" in words or words == "1.4 s" for words in set_texts(groups[0]))
    assert ("est. cost" in set_texts(svg), "LLM time" in set_texts(svg)) == (width >= 900, False)
    assert "estimated cost $0.250000, LLM time" in groups[0].get("aria-label", "")
    assert "estimated cost at least $0.062500" in groups[2].get("aria-label", "")
    assert "estimated cost unknown" in groups[3].get("aria-label", "")


def test_cost_is_shown_where_it_sorts_alone() -> None:
    svg = picture([at_cost(row(chain(2000, 2)), "0.25")] * 2, view=View(order=RowOrder.DURATION))

    assert "LLM time" in set_texts(svg)
    assert "$0.25" not in "".join(svg.itertext())
    assert "cost" not in found(svg, "rl-row")[0].get("aria-label", "")


@pytest.mark.parametrize("view", [View(), NARROW], ids=["wide", "narrow"])
def test_below_the_legend_a_note_says_what_is_uncertain_and_what_helps(view: View) -> None:
    unsure = row(summary_of(possible_calls=8))
    svg = picture([unsure, unsure], view=view)
    notes = found(svg, "rl-note")

    words = " ".join("".join(each.itertext()) for each in notes)
    example = "For example 0 to 8 possible: at least 0 LLM calls; 8 unlinked calls may be its own. What helps: tag"
    assert words.startswith(example)
    assert (len(notes) < 3) is (view is not NARROW)
    assert max(float(each.get("y", "0")) for each in notes) < float(svg.get("height", "0")) - 4
    assert found(picture([unsure], view=replace(view, explained=False)), "rl-note") == []
    assert found(picture([row(summary_of(bar(0, 900, precision_ms=1)))] * 2, view=view), "rl-note") == []


@pytest.mark.parametrize("view", [View(), NARROW], ids=["wide", "narrow"])
def test_a_note_says_what_failed_possible_means_where_it_stands(view: View) -> None:
    known = row(
        replace(summary_of(bar(0, 900, precision_ms=1), bar(1000, None, error_code="Refused")), possible_failed_calls=1)
    )
    svg = picture([known, known], view=view)
    notes = " ".join("".join(each.itertext()) for each in found(svg, "rl-note"))

    assert notes == "For example 1 failed possible: 1 failed call that nobody has may be its own."
    assert found(picture([replace(known, awaits_more=True)], view=view), "rl-note") == []
    assert not any("failed possible" in words for words in set_texts(picture([replace(known, awaits_more=True)])))


def test_failed_attempts_are_counted_below_the_calls_and_not_below_the_column_before() -> None:
    known = row(replace(summary_of(bar(0, 900), bar(1000, None, error_code="Refused")), possible_failed_calls=1))
    svg = picture([known])
    (group,) = found(svg, "rl-row")
    llm_time, *_ = [each for each in group.iter(f"{SVG}text") if each.text == "0.9 s"]
    (below,) = [each for each in group.iter(f"{SVG}text") if each.text == "1 failed possible, +1 failed"]

    assert text_box(below).left > float(llm_time.get("x", "0"))


@pytest.mark.parametrize(("count", "view"), [(2, NARROW), (40, View())], ids=["narrow", "dense"])
def test_where_nothing_stands_below_the_figures_the_possible_calls_stand_beside_them(count: int, view: View) -> None:
    unsure = row(summary_of(bar(200, 1500), possible_calls=3))
    drawn = found(picture([unsure] * count, view=view), "rl-row")

    assert all("≥ 1, 3 possible" in set_texts(each) for each in drawn)
