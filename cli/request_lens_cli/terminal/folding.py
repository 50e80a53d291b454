"""Sentences in the lines of a terminal: a word, an id, a file's name or a command is never parted."""

import re
import shutil
from io import StringIO

import click

_PIECE = re.compile(r"[^\s`]*`[^`]+`[^\s`]*|\S+")
"""A command between backticks with what ends its clause, or a word."""

_COMMAND = re.compile(r"`([^`]+)`[.,;:]?")


def folded(text: str, width: int) -> list[str]:
    """The text in lines of that width. What is longer has a line of its own, and is there to be copied if a command."""
    lines = [""]
    for piece in _PIECE.findall(text):
        longer = f"{lines[-1]} {piece}".lstrip()
        lines[-1:] = [longer] if len(longer) <= width or not lines[-1] else [lines[-1], piece]
    return [_bare(line) if len(line) > width else line for line in lines]


def _bare(line: str) -> str:
    """The command without its backticks, with which a shell would run what it prints."""
    command = _COMMAND.fullmatch(line)
    return command[1] if command is not None else line


def show_error(error: click.ClickException) -> None:
    """Write an error to the terminal as click does, in lines that are no wider."""
    written, width = StringIO(), shutil.get_terminal_size().columns
    error.show(written)
    for line in written.getvalue().splitlines():
        click.echo("\n".join(folded(line, width)) if len(line) > width else line, err=True)
