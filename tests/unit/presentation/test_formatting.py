"""Texts that all surfaces share: spans of time, what is unknown in a sentence, and what is a part of what."""

from datetime import timedelta

import pytest

from request_lens.presentation.certainty import so_far
from request_lens.presentation.formatting import MINUTE, SECOND, UNKNOWN, in_words, other_words, span_text
from tests.support.facts import at


@pytest.mark.parametrize(
    ("seconds", "to", "words"),
    [
        ((0.2, 58.9), SECOND, "2025-12-04 18:27:02 to 18:28:01 UTC"),
        ((0, 58), SECOND, "2025-12-04 18:27:02 to 18:28:00 UTC"),
        ((0, 0), SECOND, "2025-12-04 18:27:02 UTC"),
        ((0, 58.1), MINUTE, "2025-12-04 18:27 to 18:29 UTC"),
        ((58, 58), MINUTE, "2025-12-04 18:28 UTC"),
        ((-1, 19_977.5), SECOND, "2025-12-04 18:27:01 to 2025-12-05 00:00:00 UTC"),
    ],
)
def test_all_of_a_span_lies_between_its_two_ends_as_they_are_said(
    seconds: tuple[float, float], to: timedelta, words: str
) -> None:
    first, last = seconds

    assert span_text(at(first), at(last), to=to) == words


@pytest.mark.parametrize(
    ("last", "now", "words"),
    [
        (58.1, 58.1, "2025-12-04 18:27:02 to 18:28:00 UTC"),
        (57.9, 58.1, "2025-12-04 18:27 to 18:28 UTC"),
        (90.7, 93, "2025-12-04 18:27:02 to 18:28:32 UTC"),
        (90.7, 118, "2025-12-04 18:27 to 18:29 UTC"),
        (19_980, 19_990, "2025-12-04 18:27:02 to 2025-12-05 00:00:02 UTC"),
    ],
)
def test_a_span_that_ends_now_is_not_said_to_end_in_the_future(last: float, now: float, words: str) -> None:
    assert span_text(at(0), at(last), to=MINUTE, now=at(now)) == words


def test_a_sentence_has_a_word_for_what_is_unknown() -> None:
    assert in_words(UNKNOWN) == "unknown"
    assert in_words("– / 57") == "unknown / 57"
    assert in_words("$0.010000") == "$0.010000"


def test_tools_are_said_to_be_a_part_of_the_other_time() -> None:
    assert other_words("1.44 s", UNKNOWN) == "other time 1.44 s (in tools: unknown)"


def test_so_far_is_said_of_what_is_pending_and_known() -> None:
    assert so_far("≈ 3 LLM calls", pending=True) == "≈ 3 LLM calls so far"
    assert so_far("at least 3 LLM calls", pending=False) == "at least 3 LLM calls"
    assert so_far(UNKNOWN, pending=True) == UNKNOWN
