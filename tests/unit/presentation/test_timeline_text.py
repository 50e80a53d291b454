"""Texts of the timeline: escaping, measuring, shortening, durations."""

from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens.presentation.formatting import duration_text, pluralize, seconds
from request_lens.presentation.markup import element, text
from request_lens.presentation.timeline.text import broken_at_commas, shortened, text_width


@given(st.text())
def test_any_text_is_well_formed_once_escaped(words: str) -> None:
    assert fromstring(element("a", text(words), b=words)).tag == "a"


def test_characters_that_xml_forbids_are_left_out_and_line_breaks_become_spaces() -> None:
    assert text("a\x00b\x1bc\ud800d\ufffee\nf") == "abcde f"


@given(st.text(), st.floats(20, 300))
def test_a_shortened_text_fits_its_width(text: str, width: float) -> None:
    assert text_width(shortened(text, size=13, width=width), size=13) <= width


def test_a_text_that_fits_stays_as_it_is() -> None:
    assert shortened("What is 2+2?", size=13, width=200) == "What is 2+2?"


def test_a_full_width_letter_takes_more_room_than_a_latin_one() -> None:
    assert text_width("東京", size=13) > 2 * 13


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [
        (0, "0 ms"),
        (0.3, "< 1 ms"),
        (3, "3 ms"),
        (99.6, "0.1 s"),
        (968, "1.0 s"),
        (4300, "4.3 s"),
        (99_949, "99.9 s"),
        (99_950, "1 min 40 s"),
        (312_000, "5 min 12 s"),
        (18_000_000, "5 h 0 min"),
    ],
)
def test_durations_are_told_in_the_unit_that_people_use(duration_ms: float, text: str) -> None:
    assert duration_text(duration_ms) == text


@pytest.mark.parametrize(
    ("duration_ms", "text"),
    [(None, "–"), (0, "0.00 s"), (0.3, "< 1 ms"), (1, "1 ms"), (9.4, "9 ms"), (9.5, "0.01 s"), (4_790, "4.79 s")],
)
def test_seconds_are_never_rounded_to_nothing(duration_ms: float | None, text: str) -> None:
    assert seconds(duration_ms) == text


def test_one_call_is_singular() -> None:
    assert [pluralize(count, "call") for count in (0, 1, 2, 1000)] == ["0 calls", "1 call", "2 calls", "1,000 calls"]


def test_a_sentence_that_is_too_wide_is_broken_at_its_commas_alone() -> None:
    sentence = "20 LLM calls so far: 12 linked, 3 pending, 5 unattributed"

    assert broken_at_commas(sentence, size=13, width=2_000) == [sentence]
    assert broken_at_commas(sentence, size=13, width=300) == [
        "20 LLM calls so far: 12 linked,",
        "3 pending, 5 unattributed",
    ]
    assert broken_at_commas("nothing to break", size=13, width=20) == ["nothing to break"]
