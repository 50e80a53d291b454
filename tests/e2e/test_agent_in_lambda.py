"""The agent of examples/agent with `Runtime=Lambda`: it runs in the API's function itself, from its code zip."""

import base64
import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from request_lens_cli.agent_demo.agent_run import Way, ask_agent, links_of, wait_until_counted
from request_lens_cli.agent_demo.example import RunningAgent, deploy_example, serve_apis, stop_example
from request_lens_cli.agent_demo.stand_ins import start_model
from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.api.deployed_api import Kind
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.report.headline import headline
from tests.e2e.conftest import Played
from tests.support.deploying.agent_zip import BUCKET, KEY, pack_agent
from tests.support.template_document import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

EXAMPLE_FOLDER = ROOT / "examples" / "agent"
PACE = 0.1
PROMPTS = {"What is 2+2?": "Simple", "Write hello world to S3": "Tool Use", "List files in S3": "Tool Use"}


@pytest.fixture(scope="module")
def agent(article: Played, deployment: DemoStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    _ = article  # was played before: on the same route, in seconds that are read back one by one
    local = deployment.local
    packed: Path = tmp_path_factory.mktemp("agent") / "agent.zip"
    pack_agent(local.paths.checkout, packed)
    s3 = local_client("s3", endpoint=local.endpoint)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.upload_file(str(packed), BUCKET, KEY)
    parameters = {"Runtime": "Lambda", "AgentCodeBucket": BUCKET, "AgentCodeKey": KEY}
    stack = deploy_example(local, say=lambda _: None, parameters=parameters)
    start_model(local, pace=PACE)
    yield serve_apis(local, stack)
    stop_example(local)


@pytest.mark.parametrize("kind", Kind)
def test_its_calls_are_linked_by_their_tags_and_its_tools_use_its_own_role(
    deployment: DemoStack, agent: RunningAgent, kind: Kind
) -> None:
    run = ask_agent(agent, Way(kind=kind, at_a_time=1), PROMPTS, table=deployment.table)
    report = wait_until_counted(run, calls=5, note=lambda _: None)

    assert headline(report) == "3 requests · 5 LLM calls, all linked"
    assert links_of(report) == {("tag", "exact")}
    assert "hello.txt" in agent.files()
    assert "hello.txt (11 bytes)" in run.asked[-1].answer


DEPLOYED = """
sam() { printf '%s\\n' "sam $1" "${@:2}"; }
set -o pipefail
"""
"""What `make` would run prints its arguments instead."""


def test_make_uploads_the_zip_to_where_it_tells_the_stack_that_it_is(
    deployment: DemoStack, agent: RunningAgent, packaged: Path
) -> None:
    """The function is deployed with that zip, and not called: it is for arm64."""
    local = deployment.local
    outside = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    make = ["make", "-s", "-C", str(EXAMPLE_FOLDER), f"BUCKET={BUCKET}", "OPTIONS=Runtime=Lambda"]
    upload = [*make, "upload", "-o", "package"]
    subprocess.run(upload, env={**outside, **local.environment()}, capture_output=True, check=True)
    packed = packaged.read_bytes()

    dry = subprocess.run([*make, "--dry-run", "deploy"], env=outside, capture_output=True, check=True, text=True).stdout
    assert dry.index("zipfile -c ../agent.zip") < dry.index("aws s3 cp") < dry.index("sam build")
    script = DEPLOYED + dry[dry.index("sam build") :]
    said = subprocess.run(["bash", "-c", script], cwd=EXAMPLE_FOLDER, capture_output=True, check=True, text=True).stdout
    build, deploy, *options = said.splitlines()
    bucket, key, runtime = (option.partition("=")[2] for option in options[-3:])
    assert (build, deploy) == ("sam build", "sam deploy")
    assert options[:3] == ["--stack-name", agent.stack.name, "--parameter-overrides"]
    assert [option.partition("=")[0] for option in options[3:]] == ["AgentCodeBucket", "AgentCodeKey", "Runtime"]

    s3, functions = local_client("s3", endpoint=local.endpoint), local_client("lambda", endpoint=local.endpoint)
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == packed
    parameters = {"AgentCodeBucket": bucket, "AgentCodeKey": key, "Runtime": runtime}
    stack = deploy_example(local, say=lambda _: None, parameters=parameters)
    hashes = [
        each["CodeSha256"]
        for each in functions.list_functions()["Functions"]
        if each["FunctionName"].startswith(stack.name)
    ]
    assert hashes == [base64.b64encode(hashlib.sha256(packed).digest()).decode()]


def test_make_uploads_nothing_without_a_bucket() -> None:
    refused = subprocess.run(
        ["make", "-s", "-C", str(EXAMPLE_FOLDER), "upload", "-o", "package"],
        env={name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))},
        capture_output=True,
        check=False,
        text=True,
    )
    assert refused.returncode != 0
    assert "make deploy BUCKET=name" in refused.stderr
