"""One deployment to a local AWS for all end-to-end tests: the real `sam build` and `sam deploy` of template.yaml."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from request_lens_cli.demo.scenario_run import ScenarioRun, wait_until_settled
from request_lens_cli.demo.stack import DemoStack, open_demo_stack
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.deployment import build, deploy
from request_lens_cli.local_aws.lifecycle import LocalAws, running_local_aws
from request_lens_cli.report.report import Report
from tests.support.deploying.local_processor import LocalProcessor, recorded

type Played = tuple[ScenarioRun, Report]
"""A scenario as it was played, and what the table held of it once it had settled."""


def settled(run: ScenarioRun) -> Played:
    return run, wait_until_settled(run, note=lambda _: None)


def processor_messages(stack: DemoStack) -> list[str]:
    """Every line that the processor has printed."""
    logs = local_client("logs", endpoint=stack.local.endpoint)
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=stack.stack.output("ProcessorLogGroupName"))
    return [event["message"].strip() for page in pages for event in page["events"]]


@pytest.fixture(scope="session")
def built() -> Iterator[LocalAws]:
    """A running local AWS, and the stack built for it."""
    with running_local_aws() as local:
        build(local)
        yield local


@pytest.fixture(scope="session")
def deployment(built: LocalAws) -> DemoStack:
    return open_demo_stack(built, deploy(built))


@pytest.fixture(scope="session")
def article(deployment: DemoStack) -> Played:
    return settled(deployment.play("article"))


@pytest.fixture(scope="session")
def seven(deployment: DemoStack) -> Played:
    # Untagged calls are told apart by time alone: this run lies before all others.
    return settled(deployment.play("seven", ago=deployment.apart("seven", ago=timedelta(minutes=10))))


@pytest.fixture(scope="session")
def processor(deployment: DemoStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalProcessor]:
    """The processor; what it prints from now on is recorded."""
    with recorded(deployment, tmp_path_factory.mktemp("prints")) as processor:
        yield processor
