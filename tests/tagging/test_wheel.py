"""The package's wheel, built as `make wheel` builds it and installed where nothing else is."""

import json
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from tests.tagging.conftest import PACKAGE

pytestmark = pytest.mark.slow

USE = """
import json, os, request_tag
from importlib.metadata import distribution, requires

found = distribution("request-tag")
with request_tag.request("id"):
    tag = request_tag.call_arguments()["requestMetadata"]
print(json.dumps({
    "from": request_tag.__file__,
    "tag": tag["api_request_id"],
    "version": [found.version, request_tag.__version__],
    "requires": requires("request-tag"),
    "python": found.metadata["Requires-Python"],
    "files": sorted(str(each) for each in found.files),
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a program says that imports the package from an environment with the wheel alone."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder / "dist")]
    subprocess.run(build, cwd=PACKAGE, check=True, capture_output=True)
    (wheel,) = (folder / "dist").iterdir()
    venv.create(folder / "empty", with_pip=True)
    python = str(folder / "empty" / "bin" / "python")
    install = [python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run(install, check=True, capture_output=True)
    said = subprocess.run([python, "-I", "-c", USE], cwd=folder, check=True, capture_output=True, text=True).stdout
    program: dict[str, Any] = json.loads(said)
    return program | {"wheel": wheel.name, "folder": str(folder)}


def test_the_wheel_is_imported_and_tags_a_call_where_nothing_else_is_installed(installed: dict[str, Any]) -> None:
    assert installed["from"].startswith(installed["folder"])
    assert installed["tag"] == "id"


def test_the_wheel_says_what_it_needs_and_is_of_every_platform(installed: dict[str, Any]) -> None:
    version, module_version = installed["version"]

    assert installed["wheel"] == f"request_tag-{version}-py3-none-any.whl"
    assert version == module_version
    assert installed["requires"] == ["botocore>=1.31.57"]
    assert installed["python"] == ">=3.10"


def test_the_wheel_has_the_package_its_types_and_its_licence_and_nothing_else(installed: dict[str, Any]) -> None:
    here = {
        Path(each).name for each in installed["files"] if each.startswith("request_tag/") and "__pycache__" not in each
    }
    of_wheel = {Path(each).name for each in installed["files"] if ".dist-info/" in each}

    assert here == {each.name for each in (PACKAGE / "request_tag").iterdir() if each.is_file()}
    assert {"METADATA", "LICENSE"} <= of_wheel
    assert {Path(each).parts[0].split("-")[0] for each in installed["files"]} == {"request_tag"}
