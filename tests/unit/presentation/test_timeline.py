"""The timeline's picture as a whole: the order of its rows, its axis, its legend, its words."""

import re

from request_lens.presentation.timeline.drawing import View
from tests.support.drawn.timeline_svg import (
    BY_CLOCK,
    SVG,
    classes,
    groups,
    picture,
    set_text,
    whole_text,
)
from tests.support.timeline_rows import bar, chain, row, summary_of


def test_rows_stand_in_order_of_their_start_newest_last() -> None:
    rows = [row(chain(1000, 1), after_ms=at, label=f"request {at}") for at in (9000, 0, 5000)]
    labels = [re.findall(r"request \d+", whole_text(group))[0] for group in groups(picture(*rows))]
    assert labels == ["request 0", "request 5000", "request 9000"]


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


def test_no_rows_give_a_picture_that_says_so() -> None:
    svg = picture()
    assert "No requests" in whole_text(svg)
    assert not groups(svg)


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


def test_the_picture_has_a_title_and_a_description_for_screen_readers() -> None:
    svg = picture(row(chain(4300, 2)), row(None, after_ms=9000), title="My agent")
    assert svg.get("role") == "group"
    assert svg.get("aria-labelledby") == f"{svg[0].get('id')} {svg[1].get('id')}"
    assert svg[0].text == "My agent"
    assert svg[1].text == (
        "2 requests with 2 LLM calls so far, the first at 2025-12-04 18:27:02 UTC. 1 of them pending."
    )


def test_the_axis_by_the_clock_says_its_day_above_its_first_time_and_goes_on_in_round_times() -> None:
    rows = [row(chain(9000, 1), after_ms=at, duration_ms=9000) for at in (318, 63_000)]
    svg = picture(*rows, view=BY_CLOCK)
    (axis,) = [group for group in svg.iter(f"{SVG}g") if "rl-axis" in classes(group)]
    assert [set_text(words) for words in axis.iter(f"{SVG}text")][:4] == [
        "2025-12-04 UTC",
        "18:27:10",
        "18:27:20",
        "18:27:30",
    ]
