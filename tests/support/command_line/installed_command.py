"""The command as people without a clone have it: the wheel, installed into an environment of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
UV = CHECKOUT / ".tools" / "bin" / "uv"

_KEPT = ("PATH", "HOME", "LANG", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")
"""What the environment of a user has, too; and whatever says where packages come from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledCommand:
    """`request-lens`, installed from a wheel."""

    wheel: Path
    folder: Path

    def run(self, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
        """What it answers in a folder that is no clone, with these settings in its environment."""
        return subprocess.run(
            [self.folder / "venv" / "bin" / "request-lens", *arguments],
            cwd=self.folder,
            env={**_user_environment(), **settings},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )


def build_wheel(folder: Path) -> Path:
    """The wheel, as `make wheel` builds it."""
    _done([sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)])
    (wheel,) = folder.glob("*.whl")
    return wheel


def installed(folder: Path) -> InstalledCommand:
    """The wheel, with the packages that it asks for in the versions that are locked, in an empty environment."""
    wheel, python = build_wheel(folder), folder / "venv" / "bin" / "python"
    _done([str(UV), "venv", "--python", sys.executable, str(folder / "venv")])
    locked = ["--constraints", str(CHECKOUT / "requirements" / "dev.txt")]
    _done([str(UV), "pip", "install", "--python", str(python), *locked, str(wheel)])
    return InstalledCommand(wheel=wheel, folder=folder)


def _done(command: list[str]) -> None:
    finished = subprocess.run(
        command, cwd=CHECKOUT, env=_user_environment(), capture_output=True, text=True, check=False, timeout=110
    )
    assert finished.returncode == 0, finished.stderr


def _user_environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name in _KEPT or name.startswith(("UV_", "PIP_"))}
