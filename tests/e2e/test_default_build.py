"""`sam build` with the template's own parameters, as it goes to AWS: for arm64, whatever machine builds it."""

import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.template_document import FUNCTION, ROOT, of_type

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

AARCH64 = 183
"""e_machine: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html"""

LAYERS = ("DependenciesLayer", "RequestLensLayer")
LIMIT_BYTES = 250 * 1024 * 1024
"""A function with its layers, unzipped: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("default-build")
    tools = ROOT / ".tools" / "bin"
    subprocess.run(
        [str(tools / "sam"), "build", "--build-dir", str(folder), "--parallel"],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "SAM_CLI_TELEMETRY": "0"},
        capture_output=True,
        check=True,
    )
    return folder


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def test_every_extension_module_of_the_default_build_is_for_graviton(built: Path) -> None:
    machines = {
        path.name.partition(".")[0]: struct.unpack_from("<H", path.read_bytes(), 18)[0]
        for layer in LAYERS
        for path in files(built / layer)
        if ".so" in path.suffixes
    }

    assert machines.keys() >= {"_pydantic_core", "isal_zlib"}
    assert set(machines.values()) == {AARCH64}


@pytest.mark.parametrize("function", sorted(of_type(FUNCTION)))
def test_a_function_and_its_layers_stay_far_below_250_mb(built: Path, function: str) -> None:
    size = sum(path.stat().st_size for name in (function, *LAYERS) for path in files(built / name))

    assert size < LIMIT_BYTES / 5
