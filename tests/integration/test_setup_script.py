"""scripts/setup.sh as it is met on other machines: one sentence where it cannot go on, in any folder."""

import os
import shutil
import subprocess
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
