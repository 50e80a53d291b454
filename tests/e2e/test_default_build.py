"""What goes to AWS, as it is built with the templates' own parameters: for arm64, whatever machine builds it."""

import os
import struct
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.template_document import EXAMPLE, FUNCTION, ROOT, of_type

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


def machine_of(module: bytes) -> int:
    """The processor that an ELF file is for."""
    assert module[:4] == b"\x7fELF"
    (machine,) = struct.unpack_from("<H", module, 18)
    return int(machine)


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def test_every_extension_module_of_the_default_build_is_for_graviton(built: Path) -> None:
    machines = {
        path.name.partition(".")[0]: machine_of(path.read_bytes())
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


@pytest.fixture(scope="module")
def agent_zip(packaged: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(packaged) as agent_zip:
        yield agent_zip


def test_every_extension_module_of_the_agents_zip_is_for_graviton(agent_zip: zipfile.ZipFile) -> None:
    modules = [name for name in agent_zip.namelist() if ".so" in Path(name).suffixes]
    machines = {Path(name).name.partition(".")[0]: machine_of(agent_zip.read(name)) for name in modules}

    assert machines.keys() >= {"_pydantic_core", "_cffi_backend"}
    assert set(machines.values()) == {AARCH64}


def test_the_agents_zip_has_what_the_template_starts_and_the_tag(agent_zip: zipfile.ZipFile) -> None:
    runtime, function = EXAMPLE["Resources"]["AgentRuntime"], EXAMPLE["Resources"]["AgentFunction"]
    starter, program = runtime["Properties"]["AgentRuntimeArtifact"]["CodeConfiguration"]["EntryPoint"]
    module = function["Properties"]["Handler"].partition(".")[0]

    assert {program, f"{module}.py", "agent.py", "request_tag/__init__.py"} <= set(agent_zip.namelist())
    assert agent_zip.getinfo(f"bin/{starter}").external_attr >> 16 & 0o555 == 0o555
    assert agent_zip.read(f"bin/{starter}").startswith(b"#!/usr/bin/env python3\n")


def test_the_agents_zip_is_readable_by_all_names_no_folder_of_this_machine_and_has_no_byte_code(
    agent_zip: zipfile.ZipFile,
) -> None:
    assert all(each.external_attr >> 16 & 0o444 == 0o444 for each in agent_zip.infolist())
    assert not any("__pycache__" in name for name in agent_zip.namelist())
    here = str(ROOT).encode()
    assert [name for name in agent_zip.namelist() if here in agent_zip.read(name)] == []


def test_the_agents_zip_says_nothing_of_when_it_was_built(agent_zip: zipfile.ZipFile) -> None:
    """`make deploy` updates the stack where the zip's hash is another."""
    assert {each.date_time for each in agent_zip.infolist()} == {(2020, 1, 1, 0, 0, 0)}


def test_the_agents_zip_stays_below_what_a_function_may_have(agent_zip: zipfile.ZipFile) -> None:
    assert sum(each.file_size for each in agent_zip.infolist()) < LIMIT_BYTES
