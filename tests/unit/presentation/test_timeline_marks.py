"""How a row of the timeline tells what became of its request and calls: failed, pending, uncertain, unknown."""

import re
from dataclasses import replace
from xml.etree.ElementTree import Element

import pytest

from request_lens.domain.linking.link import Confidence
from request_lens.domain.tracing.traced import Traced
from request_lens.presentation.timeline.axis import AxisKind
from request_lens.presentation.timeline.drawing import View
from request_lens.presentation.timeline.figures import spoken
from tests.support.drawn.timeline_svg import (
    CALLS,
    SVG,
    boxes,
    classes,
    groups,
    light_bar,
    picture,
    set_text,
    whole_text,
)
from tests.support.telemetry.traces import TRACE
from tests.support.timeline_rows import bar, chain, row, summary_of


def test_the_total_and_the_number_of_calls_stand_at_the_right() -> None:
    text = whole_text(picture(row(summary_of(bar(200, 1500), bar(2300, 1400)))))
    assert "duration LLM time LLM calls" in text
    assert "4.3 s 2.9 s 2" in text


@pytest.mark.parametrize("view", [View(), View(width=600)], ids=["beside", "above"])
def test_the_llm_time_of_calls_linked_by_time_has_its_own_sign_as_their_number(view: View) -> None:
    about = row(summary_of(bar(200, 1500, confidence=Confidence.INFERRED)))
    exact, pending = row(summary_of(bar(200, 1500))), replace(about, awaits_more=True)
    shown = [" ".join(map(set_text, groups(picture(each, view=view))[0].iter(f"{SVG}text"))) for each in (about, exact)]

    assert "≈ 1.5 s" in shown[0]
    assert "≈" not in shown[1]
    assert spoken(about).endswith("about 1 LLM call, LLM time about 1.5 s")
    assert spoken(pending).endswith("1 LLM call so far, LLM time 1.5 s so far")


def test_where_calls_are_missing_the_legend_has_the_sign_that_their_llm_time_has() -> None:
    said = Traced(trace_id=TRACE, calls=2, missing_calls=1, complete=False)
    lacking = replace(summary_of(bar(200, 1500, confidence=Confidence.INFERRED)), traced=said)
    shown = whole_text(picture(row(lacking)))

    assert "≈ 1.5 s" in shown
    assert "≥ 1" in shown
    assert "calls linked by time" in shown


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
    assert {"failed call", "failed call, throttled"} <= legend_words(svg)
    assert "+2 failed" in {set_text(words) for words in group.iter(f"{SVG}text")}
    assert ", 2 failed, 1 of them throttled, " in spoken(row(summary_of(*attempts, bar(3000, 1000))))


@pytest.mark.parametrize(
    ("error", "sign", "meaning"),
    [
        (None, None, "latency unknown"),
        ("ThrottlingException", "rl-throttled", "failed call, throttled"),
        ("ValidationException", "rl-failed", "failed call"),
    ],
)
def test_the_legend_has_one_entry_for_an_attempt_as_it_is_drawn(
    error: str | None, sign: str | None, meaning: str
) -> None:
    svg = picture(row(summary_of(bar(100, None, error_code=error))))
    ticks = [classes(line) for line in svg.iter(f"{SVG}line") if "rl-tick" in classes(line)]
    assert ticks == [["rl-tick", *([sign] if sign else [])]] * 2
    assert legend_words(svg) - {"request", "LLM call"} == {meaning}


def test_the_line_of_a_failed_attempt_reaches_its_mark_and_no_other_leaves_its_bar() -> None:
    (group,) = groups(picture(row(summary_of(bar(100, None, error_code="ThrottlingException"), bar(3000, None)))))
    (stem,) = [float(line.get("y1", "0")) for line in group.iter(f"{SVG}line") if "rl-stem" in classes(line)]
    (mark,) = [shape.get("d", "") for shape in group.iter(f"{SVG}path") if "rl-mark" in classes(shape)]
    # The triangle's point lies 3 px below its middle.
    assert light_bar(group).top - 5 < stem <= float(mark.split("m")[0].split()[1]) + 3.5


@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("offset_ms", [0, 4300])
def test_the_sign_of_a_failed_attempt_hangs_over_no_end_of_its_bar(offset_ms: int, width: int) -> None:
    attempt = bar(offset_ms, None, error_code="ThrottlingException")
    (group,) = groups(picture(row(summary_of(attempt, bar(1000, 900))), view=View(width=width)))
    (stem,) = [float(line.get("x1", "0")) for line in group.iter(f"{SVG}line") if "rl-stem" in classes(line)]
    sign = min(
        float(mark.get("d", "M0")[1:].split()[0]) for mark in group.iter(f"{SVG}path") if "rl-mark" in classes(mark)
    )
    assert sign == stem
    assert light_bar(group).left + 3.5 <= sign <= light_bar(group).right - 3.5


@pytest.mark.parametrize(("width", "rows"), [(400, 1), (620, 1), (1200, 45)])
def test_failed_attempts_stand_behind_the_calls_where_nothing_stands_below(width: int, rows: int) -> None:
    attempts = [bar(100, None, error_code="ThrottlingException"), bar(1000, None, error_code="ValidationException")]
    drawn = [row(summary_of(*attempts, bar(3000, 1000)), after_ms=at * 10_000) for at in range(rows)]
    group, *_ = groups(picture(*drawn, view=View(width=width)))
    calls, *counts = list(group.iter(f"{SVG}text"))[-3:]
    assert set_text(calls) == ("1 call," if width < 640 else "1,")
    assert [set_text(count) for count in counts] == ["1", "1"]
    assert {words.get("y") for words in (calls, *counts)} == {calls.get("y")}
    ends = sorted(float(words.get("x", "")) for words in (calls, *counts))
    assert ends[0] == float(calls.get("x", ""))
    signs = [
        float(mark.get("d", "M0")[1:].split()[0]) for mark in group.iter(f"{SVG}path") if "rl-mark" in classes(mark)
    ]
    behind = sorted(x for x in signs if x > ends[0])
    assert len(behind) == 2
    assert all(0 < x - end < 12 for x, end in zip(behind, ends[1:], strict=True))


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
    assert ("linked by time" in whole_text(svg)) != is_exact


@pytest.mark.parametrize("duration_ms", [4300, None])
def test_a_failed_request_has_its_status_and_an_outline_of_its_own(duration_ms: int | None) -> None:
    rows = [row(chain(4300, 1), duration_ms=duration_ms), row(chain(4300, 1), after_ms=9000)]
    svg = picture(replace(rows[0], request=replace(rows[0].request, status=504)), rows[1])
    failed, fine = groups(svg)
    assert "504" in whole_text(failed)
    assert any("rl-failed-request" in classes(shape) for shape in failed.iter())
    assert not any("rl-failed-request" in classes(shape) for shape in fine.iter())
    assert "status 5xx or 4xx" in whole_text(svg)


def test_a_start_known_to_the_second_has_a_whisker_and_a_precise_one_has_none() -> None:
    vague, precise = (picture(row(summary_of(bar(200, 1500, precision_ms=ms)))) for ms in (1000, 1))
    assert "rl-whisker" in [name for shape in groups(vague)[0].iter() for name in classes(shape)]
    assert "may start and end later, by its line" in whole_text(vague)
    assert "rl-whisker" not in [name for shape in groups(precise)[0].iter() for name in classes(shape)]


def test_a_whisker_and_its_words_end_with_the_logged_second_and_before_the_response() -> None:
    def drawn(*, after_ms: int, latency_ms: int) -> tuple[float, str]:
        (group,) = groups(picture(row(summary_of(bar(0, latency_ms)), after_ms=after_ms)))
        [path] = [shape.attrib["d"] for shape in group.iter() if "rl-whisker" in classes(shape)]
        begins, ends = re.findall(r"^M([\d.]+) [\d.]+H([\d.]+)", path)[0]
        [words] = re.findall(r"starts at [^,]*", "".join(group.itertext()))
        return float(ends) - float(begins), words

    second, _ = drawn(after_ms=0, latency_ms=2_000)
    part, said = drawn(after_ms=616, latency_ms=2_000)
    last, said_last = drawn(after_ms=0, latency_ms=4_050)
    assert part / second == pytest.approx(0.384, abs=0.01)
    assert last / second == pytest.approx(0.25, abs=0.01)
    assert said == "starts at +0 ms or up to 0.4 s later"
    assert said_last == "starts at +0 ms or up to 0.2 s later"


@pytest.mark.parametrize(("latency_ms", "is_drawn"), [(100, False), (150, False), (400, True)])
def test_a_call_too_short_for_a_whisker_has_none_nor_has_the_legend(latency_ms: int, *, is_drawn: bool) -> None:
    svg = picture(row(summary_of(bar(0, latency_ms, precision_ms=120))))
    (group,) = groups(svg)
    (call,) = boxes(group, "rl-call")

    assert (call.right - call.left >= 30) is is_drawn
    assert any("rl-whisker" in classes(shape) for shape in group.iter()) is is_drawn
    assert ("may start and end later, by its line" in whole_text(svg)) is is_drawn
    assert "starts at +0 ms or up to 0.1 s later" in "".join(group.itertext())


@pytest.mark.parametrize("axis", AxisKind)
@pytest.mark.parametrize(
    ("precisions", "said"),
    [
        ((1000, 1000), "Starts of calls are known to the second: they may be up to 1.0 s later."),
        ((1, 1000), "Starts of some calls are known to the second: they may be up to 1.0 s later."),
        ((1, 1), ""),
    ],
)
def test_a_note_says_what_no_whisker_tells(precisions: tuple[int, int], said: str, axis: AxisKind) -> None:
    short, *others = (bar(at * 1_500, 100 + 900 * at, precision_ms=each) for at, each in enumerate(precisions[::-1]))
    svg = picture(row(summary_of(short, *others)), row(None, after_ms=40_000), view=View(axis=axis))

    assert {set_text(each) for each in svg.iter() if "rl-note" in classes(each)} == ({said} if said else set())


@pytest.mark.parametrize(("latency_ms", "is_noted"), [(4_000, False), (800, True)])
def test_a_whisker_that_tells_all_needs_no_note_and_one_that_its_call_cuts_does(
    latency_ms: int, *, is_noted: bool
) -> None:
    svg = picture(row(summary_of(bar(0, latency_ms)), duration_ms=9_000))

    assert any("rl-whisker" in classes(shape) for shape in svg.iter())
    assert ("Starts of calls are known to the second" in whole_text(svg)) is is_noted


@pytest.mark.parametrize("axis", AxisKind)
def test_a_second_is_spoken_of_also_where_it_is_less_than_a_pixel(axis: AxisKind) -> None:
    svg = picture(row(summary_of(bar(0, 1_000)), duration_ms=3_600_000), view=View(axis=axis, width=1000))

    assert "Starts of calls are known to the second: they may be up to 1.0 s later." in whole_text(svg)


def test_a_pending_call_which_may_still_move_has_no_note_of_its_start() -> None:
    pending = replace(bar(0, 100), provisional=True)

    assert "known to the second" not in whole_text(picture(replace(row(summary_of(pending)), awaits_more=True)))


def test_a_call_that_fills_its_request_has_no_whisker() -> None:
    (group,) = groups(picture(row(summary_of(bar(0, 4_300)))))
    assert "rl-whisker" not in [name for shape in group.iter() for name in classes(shape)]
    assert "starts at +0 ms, " in "".join(group.itertext())


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
    assert "may have more calls" in whole_text(svg)
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
    assert "response time unknown" in whole_text(svg)


def test_what_is_pending_is_not_yet_uncertain() -> None:
    svg = picture(replace(row(summary_of(bar(200, 1500), possible_calls=3)), awaits_more=True))
    assert not boxes(groups(svg)[0], "rl-doubt")
    assert "1 so far" in whole_text(svg)
    assert "possible" not in whole_text(svg)


def test_the_legend_has_a_plain_request_only_where_there_is_one() -> None:
    hatched = row(summary_of(bar(200, 1500), possible_calls=3))
    refused = replace(row(chain(4300, 1)), request=replace(hatched.request, status=429))
    alone, beside = (legend_words(picture(*rows)) for rows in ([hatched, refused], [hatched, row(chain(4300, 1))]))
    assert {"request that may have more calls", "status 5xx or 4xx", "LLM call"} <= alone
    assert "request" not in alone
    assert "request" in beside


def legend_words(svg: Element) -> set[str]:
    return {
        set_text(words)
        for legend in svg.iter()
        if "rl-legend" in classes(legend)
        for words in legend.iter(f"{SVG}text")
    }


def test_a_request_without_a_duration_is_open_and_holds_its_calls() -> None:
    svg = picture(row(summary_of(bar(200, 1500)), duration_ms=None))
    assert "response time unknown" in whole_text(svg)
    assert "– 1.5 s 1" in whole_text(svg)


def test_a_call_tells_its_model_latency_and_link_on_hovering() -> None:
    (group,) = groups(picture(row(summary_of(bar(200, 1500, confidence=Confidence.INFERRED)))))
    hover = [title.text or "" for title in group.iter(f"{SVG}title")]
    (told,) = [words for words in hover if "haiku" in words]
    assert "1.5 s" in told
    assert "correlated by its time: inferred" in told


def test_a_provisional_call_is_dashed_and_its_request_still_pending() -> None:
    summary = summary_of(bar(0, 1000), replace(bar(1500, 1000), provisional=True))
    svg = picture(replace(row(summary), awaits_more=True))
    (group,) = groups(svg)
    assert [classes(rectangle) for rectangle in group.iter(f"{SVG}rect") if "rl-provisional" in classes(rectangle)] == [
        ["rl-call", "rl-provisional"]
    ]
    assert "rl-pending" in [name for rectangle in group.iter(f"{SVG}rect") for name in classes(rectangle)]
    assert "2 so far" in whole_text(svg)
    assert "not decided yet" in whole_text(svg)
