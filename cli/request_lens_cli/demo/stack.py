"""Where experiments are played: a stack that is deployed to the local AWS, with its table and its metrics."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from request_lens_cli.demo.experiment import Experiment
from request_lens_cli.deployed.metrics import Metrics
from request_lens_cli.deployed.table import DeployedTable, open_table
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.deployment import DeployedStack
from request_lens_cli.local_aws.lifecycle import LocalAws
from request_lens_cli.local_aws.scenario_player import just_ended, play_into

SERVICE_NAME = "request-lens"
"""The template's default ServiceName."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A deployed stack, and how to ask it."""

    local: LocalAws
    stack: DeployedStack
    table: DeployedTable
    metrics: Metrics

    def play(self, scenario: str, *, with_tags: bool = False, ago: timedelta = timedelta(0)) -> Experiment:
        """Play a scenario of `events/` as if its last request had ended so long ago."""
        folder = self.local.paths.events / scenario
        played = just_ended(folder, ends_at=datetime.now(UTC) - ago, with_tags=with_tags)
        play_into(self.stack, played, local=self.local)
        return Experiment(scenario=played, table=self.table)


def open_stage(local: LocalAws, stack: DeployedStack) -> Stage:
    """The stack as a stage."""
    return Stage(
        local=local,
        stack=stack,
        table=open_table(local_client("dynamodb", endpoint=local.endpoint), stack.output("RequestTableName")),
        metrics=Metrics(client=local_client("cloudwatch", endpoint=local.endpoint), service=SERVICE_NAME),
    )
