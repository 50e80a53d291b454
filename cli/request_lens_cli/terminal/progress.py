"""Progress lines: one a phase, with its seconds, so that nobody wonders whether it hangs."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from rich.console import Console

from request_lens_cli.terminal.console import stderr_console

type Note = Callable[[str], None]
"""Says what a running phase is doing."""


@contextmanager
def phase(console: Console, name: str, doing: str) -> Iterator[Note]:
    """Show that a phase runs, then print how long it took; the yielded function changes what it says it does.

    Where nothing can turn, in a pipe or a dumb terminal, the line is printed when the phase begins, too.
    """
    began = time.monotonic()
    latest = doing
    if not console.is_terminal or console.is_dumb_terminal:
        console.print(f"{name:<8} {doing} …", highlight=False)
    with console.status(f"{name:<8} {doing} …") as status:

        def note(text: str) -> None:
            nonlocal latest
            latest = text
            status.update(f"{name:<8} {text} …")

        yield note
    console.print(f"[green]✓[/green] {name:<8} {latest} [dim]{time.monotonic() - began:.1f} s[/dim]", highlight=False)


@dataclass(slots=True, kw_only=True)
class Patience:
    """Waiting that goes on while anything happens: a busy machine is slow, one on which nothing comes is stuck."""

    note: Note
    quiet_s: float = 120.0
    """So long nothing may come."""

    _said: str = ""
    _since: float = 0.0

    def lasts(self, words: str) -> bool:
        """Say what is waited for, and what of it has come; False once these words were the same for `quiet_s`."""
        self.note(words)
        now = time.monotonic()
        if words != self._said:
            self._said, self._since = words, now
        return now - self._since <= self.quiet_s


@contextmanager
def working(doing: str) -> Iterator[Note]:
    """Show what goes on until it is done; the yielded function changes what it says."""
    with stderr_console().status(f"{doing} …") as status:
        yield lambda text: status.update(f"{text} …")


def hours_told(note: Note, doing: str) -> Callable[[datetime], None]:
    """What says of a list by time how far it has been read."""
    return lambda hour: note(f"{doing} of {hour:%Y-%m-%d %H:%M} UTC")
