"""scripts/setup.sh as it is met on other machines: one sentence where it cannot go on, in any folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=["clone", "a clone of süße blanks"])
def clone(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A fresh clone, as far as the script reads it."""
    place = tmp_path / str(request.param)
    shutil.copytree(ROOT / "scripts", place / "scripts", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "requirements", place / "requirements")
    shutil.copy(ROOT / "pyproject.toml", place)
    return place


@pytest.mark.parametrize("python", ["nonsense", "/bin/false", "/usr/bin/env"])
def test_an_interpreter_that_does_not_work_is_one_sentence(clone: Path, python: str) -> None:
    environment = {**os.environ, "PYTHON": python}
    ran = subprocess.run([clone / "scripts" / "setup.sh"], env=environment, capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr == (
        f"setup: PYTHON={python} is not a working Python 3.13; name one that is, or leave PYTHON unset.\n"
    )
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize(
    ("known", "handed_on"),
    [({"PIP_CERT": "/proxy.pem"}, "/proxy.pem"), ({"PIP_CERT": "/proxy.pem", "SSL_CERT_FILE": "/own.pem"}, "/own.pem")],
    ids=["pips", "both"],
)
def test_a_certificate_that_is_not_trusted_is_named_and_pips_own_is_handed_on(
    clone: Path, tmp_path: Path, known: dict[str, str], handed_on: str
) -> None:
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && exit 0\n'
        'echo "error sending request: invalid peer certificate: UnknownIssuer, $SSL_CERT_FILE"; exit 1\n',
        encoding="utf-8",
    )
    uv.chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if name not in {"PIP_CERT", "SSL_CERT_FILE"}}
    environment |= known | {"PATH": f"{uv.parent}:{environment['PATH']}", "PYTHON": sys.executable}

    ran = subprocess.run([clone / "scripts" / "setup.sh"], env=environment, capture_output=True, text=True, check=False)

    assert ran.returncode == 1
    assert "is not trusted: set SSL_CERT_FILE" in ran.stderr
    assert "cannot be reached" not in ran.stderr
    assert handed_on in (clone / ".tools" / "setup-dev.log").read_text(encoding="utf-8")
