"""The layer tags a function's calls without a change of its code, under Lambda's own runtime interface client."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.tagging.conftest import CALLERS, PACKAGE, python_of
from tests.tagging.model_endpoint import ModelEndpoint
from tests.tagging.runtime_api import RUN, RuntimeApi, runtime_api

pytestmark = pytest.mark.slow  # nine processes, started together, under each of two versions of Python

ENVIRONMENTS = ("tagging", "tagging-python-310")
"""That of Python 3.13, and that of the oldest that the layer serves."""

OURS = "request_tag.lambda_entry.handler"
FUNCTION = """
import boto3

bedrock = boto3.client("bedrock-runtime")

def handler(event, context):
    messages = [{"role": "user", "content": [{"text": "hello"}]}]
    bedrock.converse(modelId=event["routeKey"], messages=messages)
    return {"statusCode": 200, "run": context.aws_request_id}
"""
WITH_ITS_OWN_BOTOCORE = """
import os, sys

sys.path.insert(0, os.environ["BUNDLE"])

import botocore.session

bedrock = botocore.session.get_session().create_client("bedrock-runtime")

def handler(event, context):
    messages = [{"role": "user", "content": [{"text": "hello"}]}]
    bedrock.converse(modelId=event["routeKey"], messages=messages)
    return {"statusCode": 200, "run": context.aws_request_id, "botocore": os.path.dirname(botocore.__file__)}
"""
WITHOUT_BOTOCORE = """
import sys

def handler(event, context):
    return sorted({"boto3", "botocore", "urllib3"} & set(sys.modules))
"""
IS_RUN = {"statusCode": 200, "run": RUN}
NO_CHANGE = {"_HANDLER": "app.handler"}

WITH_LAYER = {
    "wrapped": NO_CHANGE,
    "wrapped-in-a-folder": {"_HANDLER": "folder/app.handler"},
    "wrapped-for-runs": NO_CHANGE | {"REQUEST_TAG_ENTRY_POINT": "lambda"},
    "named-as-handler": {"_HANDLER": OURS, "REQUEST_TAG_HANDLER": "app.handler"},
}
"""What a function's settings are, by the name of the model that it asks."""


@pytest.fixture(scope="module", params=ENVIRONMENTS)
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def opt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The layer as `sam build` builds it, where Lambda would mount it."""
    folder = tmp_path_factory.mktemp("opt")
    subprocess.run(["make", "-s", "-C", str(PACKAGE), "build-RequestTagLayer", f"ARTIFACTS_DIR={folder}"], check=True)
    return folder


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The function's folder."""
    folder = tmp_path_factory.mktemp("task")
    (folder / "app.py").write_text(FUNCTION)
    (folder / "folder").mkdir()
    (folder / "folder" / "app.py").write_text(FUNCTION)
    (folder / "bundled.py").write_text(WITH_ITS_OWN_BOTOCORE)
    (folder / "without_botocore.py").write_text(WITHOUT_BOTOCORE)
    (folder / "broken.py").write_text("import module_that_is_missing\n")
    return folder


def started(  # noqa: PLR0917 - all that a process is started with
    api: RuntimeApi, opt: Path, task: Path, settings: dict[str, str], endpoint: ModelEndpoint, environment: str
) -> Any:
    """A function's process: the wrapper where the layer has one, which starts the runtime."""
    variables = {
        "PATH": "/usr/bin:/bin",
        "AWS_LAMBDA_RUNTIME_API": api.address,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": endpoint.url,
        "LAMBDA_TASK_ROOT": str(task),
        "LAYER_ROOT": str(opt),
        **settings,
    }
    wrapper = [str(opt / "request-tag")] if settings["_HANDLER"] != OURS and (opt / "request-tag").exists() else []
    command = [*wrapper, str(python_of(environment)), str(CALLERS / "managed_runtime.py")]
    return subprocess.Popen(command, env=variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def bundle() -> Path:
    """The packages of an environment whose botocore is another than the runtime's."""
    (packages,) = (python_of("tagging-invoke-unknown").parents[1] / "lib").glob("python*/site-packages")
    return packages


def event(model: str) -> dict[str, Any]:
    return {"version": "2.0", "routeKey": model, "requestContext": {"requestId": "of-the-api", "http": {}}}


@pytest.fixture(scope="module")
def answers(
    opt: Path, task: Path, endpoint: ModelEndpoint, environment: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, tuple[str, Any]]]:
    """What each function answered to its first event, all started together."""
    script_alone = tmp_path_factory.mktemp("script-alone")
    shutil.copy(opt / "request-tag", script_alone)
    functions = {name: (opt, settings) for name, settings in WITH_LAYER.items()}
    functions["without-the-layer"] = (tmp_path_factory.mktemp("empty"), NO_CHANGE)
    functions["without-the-package"] = (script_alone, NO_CHANGE)
    functions["bundled"] = (opt, {"_HANDLER": "bundled.handler", "BUNDLE": str(bundle())})
    functions["without-botocore"] = (opt, {"_HANDLER": "without_botocore.handler"})
    functions["broken"] = (opt, {"_HANDLER": "broken.handler"})
    with ExitStack() as stack:
        apis = {name: stack.enter_context(runtime_api(event(model_of(name, environment)))) for name in functions}
        processes = [
            started(apis[name], root, task, settings, endpoint, environment)
            for name, (root, settings) in functions.items()
        ]
        stack.callback(lambda: [process.wait() for process in processes])
        stack.callback(lambda: [process.terminate() for process in processes])
        yield {name: api.answers.get(timeout=60) for name, api in apis.items()}


def model_of(name: str, environment: str) -> str:
    """The model that a function asks."""
    return f"{name}-under-{environment}"


def metadata_of(endpoint: ModelEndpoint, name: str, environment: str) -> dict[str, str] | None:
    (call,) = endpoint.of(model_of(name, environment))
    return call.metadata


@pytest.mark.parametrize("name", WITH_LAYER)
def test_the_layer_tags_the_calls_of_a_function_as_it_is(
    name: str, answers: dict[str, tuple[str, Any]], endpoint: ModelEndpoint, environment: str
) -> None:
    assert answers[name] == (f"invocation/{RUN}/response", IS_RUN)
    metadata = metadata_of(endpoint, name, environment) or {}
    assert metadata["api_request_id"] == (RUN if name == "wrapped-for-runs" else "of-the-api")
    assert metadata["call_index"] == "1"
    assert metadata["trace_id"] == "5759e988bd862e3fe1be46a994272793"


@pytest.mark.parametrize("name", ["without-the-layer", "without-the-package"])
def test_a_function_runs_untagged_where_the_layer_or_its_package_is_missing(
    name: str, answers: dict[str, tuple[str, Any]], endpoint: ModelEndpoint, environment: str
) -> None:
    assert answers[name] == (f"invocation/{RUN}/response", IS_RUN)
    assert metadata_of(endpoint, name, environment) is None


def test_a_function_that_puts_another_botocore_before_the_runtimes_gets_it_and_its_calls_are_tagged(
    answers: dict[str, tuple[str, Any]], endpoint: ModelEndpoint, environment: str
) -> None:
    assert answers["bundled"] == (f"invocation/{RUN}/response", IS_RUN | {"botocore": str(bundle() / "botocore")})
    assert (metadata_of(endpoint, "bundled", environment) or {})["api_request_id"] == "of-the-api"


def test_a_function_that_does_without_botocore_is_not_made_to_import_it(answers: dict[str, tuple[str, Any]]) -> None:
    assert answers["without-botocore"] == (f"invocation/{RUN}/response", [])


def test_a_function_that_cannot_be_imported_fails_as_lambda_says_it(answers: dict[str, tuple[str, Any]]) -> None:
    path, error = answers["broken"]

    assert path == "init/error"
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'module_that_is_missing'" in error["errorMessage"]
