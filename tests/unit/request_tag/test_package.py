"""The package as it is shipped: by itself, with its licence, importing nothing that is slow."""

import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[3]
PACKAGE = CHECKOUT / "layers" / "request_tag"


def test_importing_the_package_imports_neither_botocore_nor_what_is_slower_than_itself() -> None:
    script = """
import sys, typing  # which imports `re` until Python 3.12, and every library imports it
before = set(sys.modules)
import request_tag
print(*sorted(set(sys.modules) - before))
"""
    imported = subprocess.run(
        [sys.executable, "-S", "-c", script], cwd=PACKAGE, check=True, capture_output=True, text=True
    ).stdout.split()

    assert "request_tag" in imported
    assert {"botocore", "boto3", "logging", "inspect", "re", "json"}.isdisjoint(imported)


def test_the_package_has_the_licence_of_the_repository() -> None:
    assert (PACKAGE / "LICENSE").read_bytes() == (CHECKOUT / "LICENSE").read_bytes()
