"""Draws the README's timeline of the article's requests, by the command `request-lens replay`; a test compares the SVG.

`make docs` runs it.
"""

from pathlib import Path

from request_lens_cli.main import main
from request_lens_cli.terminal.timeline_png import write_png

CHECKOUT = Path(__file__).resolve().parents[1]
SCENARIO = CHECKOUT / "events" / "article"
PICTURE = CHECKOUT / "docs" / "images" / "timeline.svg"
"""The timeline as SVG; the PNG of the same name is drawn from it."""


def draw(target: Path) -> None:
    """Write the timeline to this SVG file."""
    logs = [str(SCENARIO / f"{name}.ndjson") for name in ("access", "invocations")]
    labels = ["--labels", str(SCENARIO / "labels.json")]
    main(["replay", *logs, *labels, "--timeline", str(target)], standalone_mode=False)


if __name__ == "__main__":
    draw(PICTURE)
    write_png(PICTURE.read_text(encoding="utf-8"), PICTURE.with_suffix(".png"))
