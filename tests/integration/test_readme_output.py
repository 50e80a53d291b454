"""What the README shows of the commands is what they print."""

from tests.support.readme_output import README, commands, updated


def test_the_readmes_blocks_are_up_to_date() -> None:
    readme = README.read_text(encoding="utf-8")

    assert updated(readme) == readme, "run: .venv/bin/python -m tests.integration.readme_output"


def test_each_command_that_reads_the_table_is_shown() -> None:
    shown = {command.split()[0] for command in commands(README.read_text(encoding="utf-8"))}

    assert shown == {"requests", "show", "timeline"}
