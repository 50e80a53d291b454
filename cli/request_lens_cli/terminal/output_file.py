"""Files that commands write."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click


def shown_path(path: Path) -> str:
    """A path as the user types it from where they stand."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Around what writes the file. Raises: click.ClickException where it cannot be written."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error
