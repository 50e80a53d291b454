"""Python runs this first in a worker of the local AWS: what a function prints goes into a file, too.

The local AWS reads a worker's output from a pipe, and after each event for a quarter of a second at most. The file has
what was printed, whatever becomes of the pipe.
"""

import os
import sys
from io import TextIOWrapper
from pathlib import Path


class _Copied(TextIOWrapper):
    """The worker's output, line by line, each written to a file of its own before it goes on."""

    def __init__(self, stream: TextIOWrapper, copy: Path) -> None:
        super().__init__(stream.buffer, encoding="utf-8", errors=stream.errors, line_buffering=True)
        self._copy = copy.open("a", encoding="utf-8")

    def write(self, text: str) -> int:
        self._copy.write(text)
        self._copy.flush()
        return super().write(text)


if isinstance(sys.stderr, TextIOWrapper) and (folder := os.environ.get("PRINTS_FOLDER")):
    sys.stderr = _Copied(sys.stderr, Path(folder) / f"{os.getpid()}.txt")
