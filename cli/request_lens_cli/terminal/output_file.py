"""Files that commands write: what they are is said by their ending."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from request_lens_cli.options.gathered import Decorator
from request_lens_cli.terminal.timeline_png import write_png

PICTURES = frozenset({".svg", ".png"})
PAGES = frozenset({".html", ".htm"})


def output_option(name: str, *flags: str, endings: frozenset[str], text: str, default: Path | None = None) -> Decorator:
    """An option that names a file to write, with one of these endings, in a folder that is there."""

    def read(_context: click.Context, _parameter: click.Parameter, path: Path | None) -> Path | None:
        if path is not None and path.suffix.lower() not in endings:
            raise click.BadParameter(f"expected a name that ends in {' or '.join(sorted(endings))}, not {path.name}")
        if path is not None and not path.parent.is_dir():  # said before everything is read
            raise click.BadParameter(f"there is no folder {path.parent}")
        return path

    file = click.Path(dir_okay=False, path_type=Path)
    return click.option(*flags, name, type=file, callback=read, default=default, help=text)


def shown_path(path: Path) -> str:
    """A path as the user types it from where they stand."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def write_picture(svg: str, path: Path) -> None:
    """Write the picture as SVG or PNG. Raises: click.ClickException where it cannot be written."""
    with writing(path):
        if path.suffix.lower() == ".png":
            write_png(svg, path)
        else:
            path.write_text(svg, encoding="utf-8")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Around what writes the file. Raises: click.ClickException where it cannot be written."""
    try:
        yield
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}") from error
