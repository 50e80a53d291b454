"""A headless Chromium that measures and photographs a page; `make browser` provides it.

Each call is a process of its own with a profile of its own, and touches no network: a page brings all it shows.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
CHROMIUM = CHECKOUT / ".tools" / "bin" / "chromium"
_TIMEOUT_S = 60
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--force-color-profile=srgb", "--force-device-scale-factor=1", "--virtual-time-budget=10000"),
)
_ANSWER = re.compile(r'<script type="application/json" id="measured">(.*?)</script>', re.DOTALL)
_MEASURE = """<script>addEventListener("load", async () => {{
  await document.fonts.ready;
  const answer = document.createElement("script");
  answer.type = "application/json";
  answer.id = "measured";
  answer.textContent = JSON.stringify(({expression})()).replaceAll("<", "\\\\u003c");
  document.body.append(answer);
}});</script>"""


def measured[T](page: str, expression: str, read: Callable[[str], T], *, width: int = 1400) -> T:
    """What a JavaScript function of no arguments answers in the page once it is drawn, read from its JSON."""
    script = _MEASURE.format(expression=expression)
    found = _ANSWER.search(_drawn(page + script, ["--dump-dom", f"--window-size={width},900"]))
    assert found, "the script in the page did not answer"
    return read(found[1])


def photograph(page: str, path: Path, *, size: tuple[int, int]) -> None:
    """Write the page as a PNG of that size in px."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    _drawn(page, [f"--screenshot={path}", f"--window-size={size[0]},{size[1]}"])


def _drawn(page: str, flags: Sequence[str]) -> str:
    assert CHROMIUM.is_file(), "these tests need a browser; run: make browser"
    # A snap's or a sandboxed Chromium sees no hidden folder and no /tmp of ours.
    folder = Path(tempfile.mkdtemp(prefix="chromium-", dir=_workplace()))
    try:
        document = folder / "page.html"
        document.write_text(page, encoding="utf-8")
        command = [str(CHROMIUM), *_FLAGS, f"--user-data-dir={folder / 'profile'}", *flags, document.as_uri()]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True, env=_environment()
        )
        return done.stdout
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _workplace() -> Path:
    """A git-ignored folder that any browser may read."""
    place = CHECKOUT / "out"
    place.mkdir(exist_ok=True)
    return place


def _environment() -> dict[str, str]:
    """The times in a page are UTC wherever the test runs."""
    return {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"}
