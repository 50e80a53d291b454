"""What `sam build` made of the layers: the right machine code, and byte code that the runtime takes as it is."""

import importlib.util
import struct
import subprocess
import sys
from pathlib import Path

import boto3
import pytest

from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.sam_settings import machine_architecture
from tests.support.template_document import FUNCTION, of_type, properties

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

MAGIC_OF_3_13 = struct.pack("<H2s", 3571, b"\r\n")
UNCHECKED_HASH = 1
"""PEP 552's flags: a hash instead of a date, and not compared with the source."""

MACHINE_IN_ELF = {"arm64": 183, "x86_64": 62}

LAYERS = ("DependenciesLayer", "RequestLensLayer")

SDK_OF_THE_RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six.py", "urllib3")
"""https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html"""


def files_of(deployment: DemoStack, layer: str, pattern: str) -> list[Path]:
    return sorted((deployment.local.paths.build / "build" / layer / "python").rglob(pattern))


@pytest.mark.parametrize("layer", LAYERS)
def test_every_source_has_the_byte_code_of_python_3_13_unchecked(deployment: DemoStack, layer: str) -> None:
    sources = files_of(deployment, layer, "*.py")
    headers = [Path(importlib.util.cache_from_source(source)).read_bytes()[:8] for source in sources]
    assert len(sources) > 50
    assert set(headers) == {MAGIC_OF_3_13 + struct.pack("<I", UNCHECKED_HASH)}


@pytest.mark.parametrize("layer", LAYERS)
def test_no_byte_code_names_a_folder_of_the_machine_that_built_it(deployment: DemoStack, layer: str) -> None:
    folder = str(deployment.local.paths.build).encode()
    assert [path.name for path in files_of(deployment, layer, "*.pyc") if folder in path.read_bytes()] == []


@pytest.mark.parametrize("function", sorted(of_type(FUNCTION)))
def test_a_handler_imports_with_its_layers_and_the_runtimes_sdk_alone(
    deployment: DemoStack, function: str, tmp_path: Path
) -> None:
    """In the runtime nothing else is there: no site-packages, no variables, no user's folder."""
    built = deployment.local.paths.build / "build"
    site_packages = Path(boto3.__file__).parents[1]
    for name in SDK_OF_THE_RUNTIME:
        (tmp_path / name).symlink_to(site_packages / name)
    folders = [built / function, *(built / layer / "python" for layer in LAYERS), tmp_path]
    module = properties(function)["Handler"].partition(".")[0]
    program = f"import sys; sys.path += {list(map(str, folders))!r}; import {module}"
    interpreter = f"{sys.base_prefix}/bin/python3.13"

    run = subprocess.run([interpreter, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)

    assert (run.returncode, run.stderr) == (0, "")


def test_extension_modules_are_made_for_the_architecture(deployment: DemoStack) -> None:
    extensions = files_of(deployment, "DependenciesLayer", "*.so")
    machines = {struct.unpack_from("<H", path.read_bytes(), 18)[0] for path in extensions}
    assert {path.name.partition(".")[0] for path in extensions} >= {"_pydantic_core", "isal_zlib"}
    assert machines == {MACHINE_IN_ELF[machine_architecture()]}
