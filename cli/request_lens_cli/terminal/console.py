"""The terminal that reports are printed on."""

import errno
import os
from collections.abc import Mapping

import click
from rich.console import Console, RenderableType

WITHOUT_TERMINAL = 170
"""Columns of what is drawn where the output goes to a file or a pipe."""


def open_console() -> Console:
    """A console as wide as the terminal, or as $COLUMNS says; 170 columns where there is neither."""
    console = _console(to_stderr=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WITHOUT_TERMINAL
    return console


def stderr_console() -> Console:
    """A console for what stands beside an output."""
    return _console(to_stderr=True)


class _PipeConsole(Console):
    """A console whose broken pipe is an error as that of any output, not an exit of its own."""

    def on_broken_pipe(self) -> None:
        """Say so to whoever runs the command. Raises: BrokenPipeError."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def _console(*, to_stderr: bool) -> Console:
    """With NO_COLOR also without bold and dim, which rich leaves there: https://no-color.org.

    What does not go to a terminal is not wrapped: a sentence is one line, however long.
    """
    console = _PipeConsole(stderr=to_stderr, color_system=None if os.environ.get("NO_COLOR") else "auto")
    console.soft_wrap = not console.is_terminal
    return console


def notes_beside(console: Console) -> Console:
    """Where the sentences below a list go: the terminal itself, or stderr where the list goes into a pipe."""
    return console if console.is_terminal else stderr_console()


def print_trimmed(what: RenderableType, console: Console) -> None:
    """Print something without the blanks that rich pads lines with: in a pipe they would be text."""
    with console.capture() as printed:
        console.print(what, highlight=False)
    console.file.writelines(f"{line.rstrip()}\n" for line in printed.get().splitlines())


def print_addresses(addresses: Mapping[str, str]) -> None:
    """Print each address on a line, never wrapped, after what it shows."""
    for name, address in addresses.items():
        click.echo(f"{name}: {address}")
