"""Progress of long work: on stderr, only where a person watches, so that output can be piped and kept."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from request_lens_cli.phases import Note


@contextmanager
def working(doing: str) -> Iterator[Note]:
    """Show what goes on until it is done; the yielded function changes what it says."""
    with Console(stderr=True).status(f"{doing} …") as status:
        yield lambda text: status.update(f"{text} …")
