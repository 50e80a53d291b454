"""A terminal without styles, and what was printed on it."""

from collections.abc import Callable
from io import StringIO

from rich.console import Console


def printed(show: Callable[[Console], None], *, width: int = 200) -> str:
    """What is printed on a terminal of so many columns."""
    return _printed(show, Console(width=width, file=StringIO(), force_terminal=True, color_system=None))


def piped(show: Callable[[Console], None]) -> str:
    """What goes into a pipe."""
    return _printed(show, Console(width=80, file=StringIO(), force_terminal=False))


def _printed(show: Callable[[Console], None], console: Console) -> str:
    show(console)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()
