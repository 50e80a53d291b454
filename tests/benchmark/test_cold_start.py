"""What a cold start costs beside a bare boto3 client, and what byte code saves: ratios of fresh processes' CPU time."""

import compileall
import shutil
import sysconfig
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

from tests.support.fresh_process import ROOT, median_cpu_seconds

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

CLIENT = 'import boto3; boto3.client("dynamodb")'
HANDLER = "import processor_handler"
PACKAGES = (
    "annotated_types",
    "aws_lambda_powertools",
    "isal",
    "jmespath",
    "pydantic",
    "pydantic_core",
    "typing_inspection",
)


def layers_in(folder: Path) -> Path:
    """A copy of what the layers hold, without byte code."""
    installed = Path(sysconfig.get_path("purelib"))
    without = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        shutil.copytree(installed / package, folder / package, ignore=without)
    shutil.copy(installed / "typing_extensions.py", folder)
    shutil.copytree(ROOT / "layers" / "request_lens" / "request_lens", folder / "request_lens", ignore=without)
    return folder


def test_a_cold_start_beside_a_bare_client(tmp_path: Path) -> None:
    bare, compiled = layers_in(tmp_path / "bare"), layers_in(tmp_path / "compiled")
    compileall.compile_dir(compiled, quiet=1, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
    # As on Lambda, whose layers are read-only: what a process compiles is not kept for the next.
    read_only = {"PYTHONDONTWRITEBYTECODE": "1"}
    functions = ROOT / "functions" / "processor"
    with_layers = {folder.name: read_only | {"PYTHONPATH": f"{folder}:{functions}"} for folder in (bare, compiled)}
    found = median_cpu_seconds(
        {
            "bare boto3 client": (CLIENT, read_only),
            "the handler": (HANDLER, with_layers["compiled"]),
            "the handler, layers without byte code": (HANDLER, with_layers["bare"]),
        }
    )
    print()
    for name, seconds in found.items():
        print(f"cold start: {name:<40} {seconds / found['bare boto3 client']:.2f} × a bare boto3 client")
    assert found["the handler"] < found["the handler, layers without byte code"]
