"""The callers, run in environments of their own, and what arrived at the model endpoint of each call."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.tagging.model_endpoint import ModelEndpoint, model_endpoint

CHECKOUT = Path(__file__).parents[2]
CALLERS = Path(__file__).parent / "callers"
PACKAGE = CHECKOUT / "layers" / "request_tag"

type StartCaller = Callable[..., subprocess.Popen[str]]


def python_of(environment: str) -> Path:
    """The interpreter of an environment; `make tagging` makes it."""
    python = CHECKOUT / ".tools" / environment / "bin" / "python"
    assert python.exists(), "run: make tagging"
    return python


def outcome_of(process: subprocess.Popen[str]) -> dict[str, Any]:
    """What a caller printed on its last line."""
    output, errors = process.communicate(timeout=280)
    assert process.returncode == 0, errors
    outcome: dict[str, Any] = json.loads(output.splitlines()[-1])
    return outcome | {"stderr": errors}


@pytest.fixture(scope="session")
def endpoint() -> Iterator[ModelEndpoint]:
    with model_endpoint() as listening:
        yield listening


@pytest.fixture(scope="session")
def start_caller(endpoint: ModelEndpoint, tmp_path_factory: pytest.TempPathFactory) -> StartCaller:
    """Starts a caller in an environment, with the endpoint in place of Bedrock and no settings of whoever runs it."""
    settings = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path_factory.mktemp("home")),
        "PYTHONPATH": str(PACKAGE),
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": endpoint.url,
        "ANTHROPIC_BEDROCK_BASE_URL": endpoint.url,
        "AWS_BEDROCK_RUNTIME_ENDPOINT": endpoint.url,  # LiteLLM's own
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # or else it asks the internet as it is imported
    }

    def start(environment: str, caller: str, *names: str) -> subprocess.Popen[str]:
        command = [str(python_of(environment)), str(CALLERS / caller), *names]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=settings, stdout=pipe, stderr=pipe, text=True)

    return start
