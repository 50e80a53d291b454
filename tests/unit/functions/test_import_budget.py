"""What a cold start loads: the handler's import brings in nothing that a log batch does not need."""

import json
import os
import subprocess
import sys

import pytest

from tests.support.template_document import ROOT

NEVER_LOADED = (
    "PIL",
    "aws_lambda_powertools.event_handler",
    "aws_lambda_powertools.metrics.provider.datadog",
    "aws_lambda_powertools.utilities.batch",
    "aws_lambda_powertools.utilities.data_classes",
    "aws_lambda_powertools.utilities.idempotency",
    "aws_lambda_powertools.utilities.parser",
    "aws_lambda_powertools.utilities.validation",
    "aws_xray_sdk",
    "boto3.dynamodb.conditions",
    "boto3.dynamodb.table",
    "click",
    "email_validator",
    "fontpkg",
    "genai_prices",
    "isal.igzip",
    "moto",
    "msgspec",
    "orjson",
    "pydantic.deprecated",
    "pydantic.experimental",
    "pydantic.mypy",
    "pydantic.networks",
    "pydantic.v1",
    "pydantic_settings",
    "pytest",
    "request_lens_cli",
    "resvg_py",
    "rich",
    "yaml",
    "zlib_ng",
)
"""Packages and modules, with everything under them."""

LISTED = "import json, sys; sys.stdout.write(json.dumps(sorted(sys.modules)))"


def modules_after(statement: str) -> set[str]:
    """The modules of a fresh process that has run the statement."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "functions" / "processor"), "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        [sys.executable, "-c", f"{statement}; {LISTED}"], env=environment, check=True, capture_output=True, text=True
    )
    return set(json.loads(done.stdout))


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    return modules_after("import processor_handler")


def test_the_handler_loads_powertools_pydantic_and_its_own_package(loaded: set[str]) -> None:
    assert {"aws_lambda_powertools", "pydantic.main", "pydantic_core", "request_lens.wire.subscription"} <= loaded


@pytest.mark.parametrize("package", NEVER_LOADED)
def test_the_handler_does_not_load(package: str, loaded: set[str]) -> None:
    assert [name for name in loaded if name == package or name.startswith(f"{package}.")] == []


def test_the_handler_loads_asyncio_and_multiprocessing_only_as_far_as_boto3_does(loaded: set[str]) -> None:
    heavy = {name for name in loaded if name.split(".")[0] in {"asyncio", "multiprocessing", "email", "unittest"}}
    assert heavy <= modules_after('import boto3; boto3.client("dynamodb")')
