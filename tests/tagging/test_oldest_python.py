"""The package under Python 3.10, the oldest that it runs on: its own unit tests, and calls by a botocore of today."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.tagging.conftest import CHECKOUT, PACKAGE, python_of

pytestmark = pytest.mark.slow

ENVIRONMENT = "tagging-python-310"
UNIT_TESTS = Path("tests/unit/request_tag")
NEEDS_THE_CORE = UNIT_TESTS / "test_read_back.py"
"""Reads what was written by Request Lens itself, which needs Python 3.13."""


def test_the_packages_own_tests_pass_under_the_oldest_python() -> None:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{PACKAGE}:{CHECKOUT}", "PYTHONDONTWRITEBYTECODE": "1"}
    only_these = [str(UNIT_TESTS), f"--ignore={NEEDS_THE_CORE}", f"--confcutdir={UNIT_TESTS}", "--rootdir=."]
    settings = ["-c", os.devnull, "-W", "error", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [str(python_of(ENVIRONMENT)), "-m", "pytest", *only_these, *settings],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert len(list((CHECKOUT / UNIT_TESTS).glob("test_*.py"))) > 5
    assert "skipped" not in done.stdout


def test_it_is_python_3_10_that_they_pass_under() -> None:
    said = subprocess.run([str(python_of(ENVIRONMENT)), "-V"], check=True, capture_output=True, text=True).stdout

    assert said.startswith("Python 3.10.")
