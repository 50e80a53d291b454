"""Sentences in lines of a terminal, in which nothing is parted that people copy."""

from hypothesis import given
from hypothesis import strategies as st

from request_lens_cli.terminal.folding import folded


def test_a_command_is_moved_to_the_next_line_as_a_whole() -> None:
    assert folded("Wait a minute; then run `request-lens redrive --dry-run`.", 40) == [
        "Wait a minute; then run",
        "`request-lens redrive --dry-run`.",
    ]


def test_a_command_that_is_longer_than_a_line_is_bare_so_that_all_of_the_line_can_be_copied() -> None:
    command = "request-lens attach /aws/apigateway/orders --kind access"

    assert folded(f"Run `{command}`, then wait.", 40) == ["Run", command, "then wait."]


def test_an_id_that_is_longer_than_a_line_is_whole() -> None:
    assert folded("No call 15bd25c3-6d02-4891-8686-a7f152b12ad1 here", 20) == [
        "No call",
        "15bd25c3-6d02-4891-8686-a7f152b12ad1",
        "here",
    ]


@given(st.lists(st.text("ab-/", min_size=1, max_size=12)), st.integers(1, 30))
def test_no_word_is_lost_or_parted_and_only_a_single_one_is_wider(words: list[str], width: int) -> None:
    lines = folded(" ".join(words), width)

    assert " ".join(lines).split() == words
    assert all(len(line) <= width or " " not in line for line in lines)
