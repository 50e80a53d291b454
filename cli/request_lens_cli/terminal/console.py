"""The terminal that reports are printed on."""

import os

from rich.console import Console

WITHOUT_TERMINAL = 170
"""Columns where the output goes to a file or a pipe: one line a request."""


def open_console() -> Console:
    """A console as wide as the terminal, or as $COLUMNS says; 170 columns where there is neither."""
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WITHOUT_TERMINAL
    return console
