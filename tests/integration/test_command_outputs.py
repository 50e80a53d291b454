"""What docs/queries.md shows of the commands is what they print."""

from tests.support.command_line.command_outputs import PAGE, commands, updated


def test_the_blocks_of_the_page_are_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")

    assert updated(page) == page, "run: make docs"


def test_each_command_that_reads_the_table_is_shown() -> None:
    shown = {command.split()[0] for command in commands(PAGE.read_text(encoding="utf-8"))}

    assert shown == {"requests", "show", "timeline"}
