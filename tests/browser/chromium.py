"""A headless Chromium that measures, photographs and prints a page; `make browser` provides it.

One process of its own, with a profile of its own, serves a whole run over two pipes: it touches no network, and a page
brings all it shows. https://chromedevtools.github.io/devtools-protocol/
"""

import atexit
import base64
import json
import os
import select
import shutil
import signal
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).parents[2]
CHROMIUM = CHECKOUT / ".tools" / "bin" / "chromium"
_TIMEOUT_S = 60
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    *("--force-color-profile=srgb", "--force-device-scale-factor=1", "--remote-debugging-pipe"),
)
_READS, _WRITES = 3, 4
"""The descriptors that Chromium reads commands from and writes answers to."""

type _Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Looking:
    """How a page is looked at: window in px, in a dark system or not, on a screen or on paper."""

    width: int = 1400
    height: int = 900
    dark: bool = False
    printed: bool = False


def measured[T](page: str, expression: str, read: Callable[[str], T], *, looking: Looking = Looking()) -> T:
    """What a JavaScript function of no arguments answers in the page once it is drawn, read from its JSON."""
    tab = _tab(page, looking)
    answer = tab("Runtime.evaluate", expression=f"JSON.stringify(({expression})())", returnByValue=True)
    assert "exceptionDetails" not in answer, answer
    return read(answer["result"]["value"])


def photograph(page: str, path: Path, *, looking: Looking) -> None:
    """Write the page, as large as the window, as a PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(_tab(page, looking)("Page.captureScreenshot", format="png")["data"]))


def printed(page: str) -> bytes:
    """The page on paper of the size that it asks for, as PDF."""
    return base64.b64decode(_tab(page, Looking(printed=True))("Page.printToPDF", preferCSSPageSize=True)["data"])


def _tab(page: str, looking: Looking) -> "_Tab":
    """The browser's tab, which shows the page."""
    tab = _chromium()
    features = [{"name": "prefers-color-scheme", "value": "dark" if looking.dark else "light"}]
    tab("Emulation.setEmulatedMedia", media="print" if looking.printed else "screen", features=features)
    size = {"width": looking.width, "height": looking.height, "deviceScaleFactor": 1, "mobile": False}
    tab("Emulation.setDeviceMetricsOverride", **size)
    if tab.shown != page:
        tab.show(page)
    return tab


class _Tab:
    """A Chromium with one tab; it is called with a command of the protocol and answers with its result."""

    def __init__(self) -> None:
        assert CHROMIUM.is_file(), "these tests need a browser; run: make browser"
        # A snap's or a sandboxed Chromium sees no hidden folder and no /tmp of ours.
        place = CHECKOUT / "out"
        place.mkdir(exist_ok=True)
        self.folder = Path(tempfile.mkdtemp(prefix="chromium-", dir=place))
        (theirs_in, self._commands), (self._answers, theirs_out) = os.pipe(), os.pipe()
        self._pid = _spawn(self.folder, reads=theirs_in, writes=theirs_out)
        os.close(theirs_in)
        os.close(theirs_out)
        self._buffer, self._number, self._session = b"", 0, ""
        self.shown = ""
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self._session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self("Page.enable")

    def __call__(self, method: str, **parameters: object) -> _Message:
        """The command's result; a failure is an AssertionError."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": parameters}
        command |= {"sessionId": self._session} if self._session else {}
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        number = self._number
        answer = self._next(lambda message: message.get("id") == number)
        assert "error" not in answer, f"{method}: {answer}"
        result: _Message = answer["result"]
        return result

    def show(self, page: str) -> None:
        """Load the page, whole and with its fonts."""
        document = self.folder / "page.html"
        document.write_text(page, encoding="utf-8")
        self("Page.navigate", url=document.as_uri())
        self._next(lambda message: message.get("method") == "Page.loadEventFired")
        self("Runtime.evaluate", expression="document.fonts.ready.then(() => true)", awaitPromise=True)
        self.shown = page

    def _next(self, wanted: Callable[[_Message], bool]) -> _Message:
        while True:
            while b"\0" not in self._buffer:
                ready, _, _ = select.select([self._answers], [], [], _TIMEOUT_S)
                assert ready, f"the browser was silent for {_TIMEOUT_S} s"
                read = os.read(self._answers, 1 << 20)
                assert read, "the browser has ended"
                self._buffer += read
            message, _, self._buffer = self._buffer.partition(b"\0")
            parsed: _Message = json.loads(message)
            if wanted(parsed):
                return parsed

    def close(self) -> None:
        """End the browser and remove what it wrote."""
        os.kill(self._pid, signal.SIGTERM)
        os.waitpid(self._pid, 0)
        shutil.rmtree(self.folder, ignore_errors=True)


@cache
def _chromium() -> _Tab:
    """The browser of this process; it ends with it."""
    tab = _Tab()
    atexit.register(tab.close)
    return tab


def _spawn(folder: Path, *, reads: int, writes: int) -> int:
    """Start a Chromium that keeps its profile in the folder, and answer with its process id."""
    quiet = ((os.POSIX_SPAWN_OPEN, at, os.devnull, os.O_RDWR, 0) for at in (0, 1, 2))
    # Copies first: one of the four may be 3 or 4 itself.
    copies = (os.POSIX_SPAWN_DUP2, reads, 63), (os.POSIX_SPAWN_DUP2, writes, 64)
    ends = (os.POSIX_SPAWN_DUP2, 63, _READS), (os.POSIX_SPAWN_DUP2, 64, _WRITES)
    command = [str(CHROMIUM), *_FLAGS, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    # The times in a page are UTC wherever the test runs.
    environment = {**os.environ, "TZ": "UTC", "LC_ALL": "C.UTF-8"}
    return os.posix_spawn(str(CHROMIUM), command, environment, file_actions=[*quiet, *copies, *ends])
