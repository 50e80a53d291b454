"""Draws the README's timeline of the article's requests, by the command `request-lens replay`; a test compares the SVG.

A PNG has one theme, so there are two of them: the README shows the one that the reader's page has.

`make docs` runs it.
"""

from pathlib import Path

from request_lens.presentation.timeline.theme import style_sheet
from request_lens_cli.main import main
from request_lens_cli.terminal.timeline_png import write_png

CHECKOUT = Path(__file__).resolve().parents[1]
SCENARIO = CHECKOUT / "events" / "article"
PICTURE = CHECKOUT / "docs" / "images" / "timeline.svg"
"""The timeline as SVG; the PNG of the same name is drawn from it, and the dark one from it in the dark theme."""

DARK_PICTURE = PICTURE.with_name("timeline-dark.png")


def draw(target: Path) -> None:
    """Write the timeline to this SVG file."""
    logs = [str(SCENARIO / f"{name}.ndjson") for name in ("access", "invocations")]
    labels = ["--labels", str(SCENARIO / "labels.json")]
    main(["replay", *logs, *labels, "--timeline", str(target)], standalone_mode=False)


def in_dark(svg: str) -> str:
    """The same picture in the dark theme, whatever the reader's is.

    Raises: ValueError for one that does not follow the reader's.
    """
    light, follows, rest = svg.partition(style_sheet("auto"))
    if not follows:
        raise ValueError("the picture has no style sheet that follows the reader's theme")
    return f"{light}{style_sheet('dark')}{rest}"


if __name__ == "__main__":
    draw(PICTURE)
    drawn = PICTURE.read_text(encoding="utf-8")
    write_png(drawn, PICTURE.with_suffix(".png"))
    write_png(in_dark(drawn), DARK_PICTURE)
