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


def test_botocore_is_instrumented_once_it_is_imported_and_knows_nothing_of_it() -> None:
    script = """
import importlib.util, sys
import request_tag
request_tag.auto_instrument()
request_tag.auto_instrument()
assert "botocore" not in sys.modules
assert importlib.util.find_spec("botocore.handlers").origin.endswith("handlers.py")  # to look is not to import
import botocore.session
from botocore import handlers
assert not [each for each in sys.meta_path if type(each).__module__.startswith("request_tag")]
assert handlers.__loader__ is handlers.__spec__.loader
assert type(handlers.__loader__) is type(botocore.__loader__)
print(*(event for event, handler, *_ in handlers.BUILTIN_HANDLERS if handler.__module__.startswith("request_tag")))
"""
    instrumented = subprocess.run(
        [sys.executable, "-c", script], cwd=PACKAGE, check=True, capture_output=True, text=True
    ).stdout.split()

    assert instrumented == ["before-parameter-build", "before-call", "before-sign"]


def test_an_import_that_fails_is_the_importers_and_the_next_one_is_instrumented(tmp_path: Path) -> None:
    (tmp_path / "flaky.py").write_text("import later\n")
    script = """
import sys
from request_tag.when_imported import when_imported
when_imported("flaky", lambda module: print(module.__name__))
try:
    import flaky
except ModuleNotFoundError as error:
    print(error.name)
sys.modules["later"] = sys
import flaky
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": f"{PACKAGE}:{tmp_path}"},
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout.split() == ["later", "flaky"]
