"""One deployment to a local AWS for all end-to-end tests of a suite: the real `sam build` and `sam deploy`."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from request_lens_cli.demo.scenario_run import ScenarioRun, wait_until_settled
from request_lens_cli.demo.stack import DemoStack, open_demo_stack
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.deployment import deploy
from request_lens_cli.local_aws.lifecycle import running_local_aws
from request_lens_cli.local_aws.paths import LocalPaths, checkout_paths
from request_lens_cli.report.report import Report
from tests.support.template_document import ROOT

type Played = tuple[ScenarioRun, Report]
"""A scenario as it was played, and what the table held of it once it had settled."""


def settled(run: ScenarioRun) -> Played:
    return run, wait_until_settled(run, note=lambda _: None)


def processor_messages(stack: DemoStack) -> list[str]:
    """Every line that the processor has printed."""
    logs = local_client("logs", endpoint=stack.local.endpoint)
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=stack.stack.output("ProcessorLogGroupName"))
    return [event["message"].strip() for page in pages for event in page["events"]]


def certain(run: ScenarioRun) -> Played:
    """The scenario once each of its requests is certain.

    On a busy machine a request may settle before its calls are decided: as uncertain, and once more when they are.
    """
    deadline = time.monotonic() + 120
    while (played := settled(run))[1].uncertain:
        assert time.monotonic() < deadline, f"{played[1].uncertain} requests are still uncertain"
        time.sleep(0.5)
    return played


@contextmanager
def deployed(paths: LocalPaths) -> Iterator[DemoStack]:
    """The stack, built and deployed to a local AWS that has its files there."""
    with running_local_aws(paths=paths) as local:
        yield open_demo_stack(local, deploy(local))


@pytest.fixture(scope="session")
def deployment() -> Iterator[DemoStack]:
    with deployed(checkout_paths()) as stack:
        yield stack


@pytest.fixture(scope="session")
def article(deployment: DemoStack) -> Played:
    return certain(deployment.play("article"))


@pytest.fixture(scope="session")
def seven(deployment: DemoStack) -> Played:
    # Untagged calls are told apart by time alone: this run lies before all others.
    return certain(deployment.play("seven", ago=deployment.apart("seven", ago=timedelta(minutes=10))))


@pytest.fixture(scope="session")
def chat(deployment: DemoStack) -> Played:
    return certain(deployment.play("chat", ago=deployment.apart("chat", ago=timedelta(minutes=20))))


@pytest.fixture(scope="session")
def packaged() -> Path:
    """The example's code zip, as `make package` builds it for AgentCore."""
    folder = ROOT / "examples" / "agent"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    subprocess.run(["make", "-s", "package"], cwd=folder, env=environment, capture_output=True, check=True)
    return folder / "build" / "agent.zip"
