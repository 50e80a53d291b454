"""One deployment to a local AWS for all end-to-end tests: the real `sam build` and `sam deploy` of template.yaml."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from request_lens_cli.deployed import DeployedTable, Metrics, open_table
from request_lens_cli.experiment import Experiment, wait_until_settled
from request_lens_cli.local.aws_clients import local_client
from request_lens_cli.local.deployment import DeployedStack, deploy
from request_lens_cli.local.local_aws import LocalAws, running_local_aws
from request_lens_cli.local.scenario_player import just_ended, play_into
from request_lens_cli.report import Report

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """The deployed stack, and how to ask it."""

    local: LocalAws
    stack: DeployedStack
    table: DeployedTable
    metrics: Metrics

    @property
    def logs(self) -> "CloudWatchLogsClient":
        return local_client("logs", endpoint=self.local.endpoint)

    def played(
        self, scenario: str, *, ago: timedelta = timedelta(0), with_tags: bool = False
    ) -> tuple[Experiment, Report]:
        """A scenario played into the deployed log groups, once it has settled; its last request ended so long ago."""
        folder = self.local.paths.events / scenario
        played = just_ended(folder, ends_at=datetime.now(UTC) - ago, with_tags=with_tags)
        play_into(self.stack, played, local=self.local)
        experiment = Experiment(scenario=played, table=self.table)
        return experiment, wait_until_settled(experiment, note=lambda _: None)

    def processor_messages(self) -> list[str]:
        """Every line that the processor has printed."""
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=self.stack.output("ProcessorLogGroupName")
        )
        return [event["message"].strip() for page in pages for event in page["events"]]


@pytest.fixture(scope="session")
def deployment() -> Iterator[Deployment]:
    with running_local_aws() as local:
        stack = deploy(local)
        dynamodb = local_client("dynamodb", endpoint=local.endpoint)
        cloudwatch = local_client("cloudwatch", endpoint=local.endpoint)
        yield Deployment(
            local=local,
            stack=stack,
            table=open_table(dynamodb, stack.output("RequestTableName")),
            metrics=Metrics(client=cloudwatch, service="request-lens"),
        )


@pytest.fixture(scope="session")
def article(deployment: Deployment) -> tuple[Experiment, Report]:
    return deployment.played("article")


@pytest.fixture(scope="session")
def seven(deployment: Deployment) -> tuple[Experiment, Report]:
    # Untagged calls are told apart by time alone: this experiment ended before the others began.
    return deployment.played("seven", ago=timedelta(minutes=10))
