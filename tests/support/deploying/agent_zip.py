"""The agent's code zip for this machine, as `examples/agent/Makefile` packs it for arm64."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

BUCKET, KEY = "agent-code", "agent.zip"
"""Where the zip is put for the stack to find."""

_LEFT_OUT = frozenset({"__pycache__", "pip", "_virtualenv.py", "_virtualenv.pth"})


def pack_agent(checkout: Path, target: Path) -> None:
    """Write the zip; its libraries are those of the environment that `make agent` has installed."""
    libraries = next((checkout / ".tools" / "agent" / "lib").glob("python*/site-packages"))
    folders = (libraries, checkout / "examples" / "agent" / "agent", checkout / "layers" / "request_tag")
    with zipfile.ZipFile(target, "w") as packed:
        for folder in folders:
            for path in _files(folder):
                packed.write(path, path.relative_to(folder))


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and _LEFT_OUT.isdisjoint(path.relative_to(folder).parts):
            yield path
