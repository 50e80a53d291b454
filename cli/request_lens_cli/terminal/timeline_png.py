"""The timeline as PNG, with a font of our own: a container that has none draws the same picture."""

from importlib.resources import as_file, files
from pathlib import Path

from resvg_py import svg_to_bytes

_FONT_FAMILY = "Inter"
_FONT_FILE = "Inter[opsz,wght].ttf"
_PIXELS_PER_PX = 2


def write_png(svg: str, path: Path) -> None:
    """Write the SVG as a PNG of twice its size; of a timeline that follows the browser's theme, the light one.

    Letters that our font lacks come from the system's fonts, where it has some.

    Raises:
        ValueError: the text is no SVG.
        OSError: the file cannot be written.
    """
    with as_file(files("fontpkg_inter") / "files" / _FONT_FILE) as font:
        png = svg_to_bytes(
            svg_string=svg,
            zoom=_PIXELS_PER_PX,
            font_files=[str(font)],
            font_family=_FONT_FAMILY,
            sans_serif_family=_FONT_FAMILY,
        )
    path.write_bytes(png)
