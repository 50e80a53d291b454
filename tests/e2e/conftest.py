"""One deployment to a local AWS for all end-to-end tests: the real `sam build` and `sam deploy` of template.yaml."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from request_lens_cli.demo.experiment import Experiment, wait_until_settled
from request_lens_cli.demo.stage import Stage, open_stage
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.deployment import deploy
from request_lens_cli.local_aws.lifecycle import running_local_aws
from request_lens_cli.report.report import Report

type Played = tuple[Experiment, Report]
"""A scenario as it was played, and what the table held of it once it had settled."""


def settled(experiment: Experiment) -> Played:
    return experiment, wait_until_settled(experiment, note=lambda _: None)


def processor_messages(stage: Stage) -> list[str]:
    """Every line that the processor has printed."""
    logs = local_client("logs", endpoint=stage.local.endpoint)
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName=stage.stack.output("ProcessorLogGroupName"))
    return [event["message"].strip() for page in pages for event in page["events"]]


@pytest.fixture(scope="session")
def deployment() -> Iterator[Stage]:
    with running_local_aws() as local:
        yield open_stage(local, deploy(local))


@pytest.fixture(scope="session")
def article(deployment: Stage) -> Played:
    return settled(deployment.play("article"))


@pytest.fixture(scope="session")
def seven(deployment: Stage) -> Played:
    # Untagged calls are told apart by time alone: this experiment ended before the others began.
    return settled(deployment.play("seven", ago=timedelta(minutes=10)))
