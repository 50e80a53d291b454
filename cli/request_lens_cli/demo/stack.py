"""The demo's stack: deployed to the local AWS, with its table and its metrics, ready to have scenarios played."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from request_lens.domain.publishing.metric_names import NAMESPACE
from request_lens_cli.demo.scenario_run import PUBLISHED, ScenarioRun, sums_in_time_of
from request_lens_cli.deployed.metrics import Metrics
from request_lens_cli.deployed.table import DeployedTable, open_table
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.deployment import DeployedStack
from request_lens_cli.local_aws.lifecycle import LocalAws
from request_lens_cli.local_aws.scenario_player import ending_now, play_into


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStack:
    """A stack that is deployed to the local AWS, its table and its metrics."""

    local: LocalAws
    stack: DeployedStack
    table: DeployedTable
    metrics: Metrics

    def play(self, scenario: str, *, with_tags: bool = False, ago: timedelta = timedelta(0)) -> ScenarioRun:
        """Play a scenario of `events/` as if its last request had ended so long ago."""
        folder = self.local.paths.events / scenario
        played = ending_now(folder, ends_at=datetime.now(UTC) - ago, with_tags=with_tags)
        before = sums_in_time_of(played, self.metrics, PUBLISHED)
        play_into(self.stack, played, local=self.local)
        return ScenarioRun(scenario=played, table=self.table, sums_before=before)


def open_demo_stack(local: LocalAws, stack: DeployedStack) -> DemoStack:
    """The deployed stack with clients for its table and its metrics."""
    return DemoStack(
        local=local,
        stack=stack,
        table=open_table(local_client("dynamodb", endpoint=local.endpoint), stack.output("RequestTableName")),
        metrics=Metrics(
            client=local_client("cloudwatch", endpoint=local.endpoint),
            namespace=NAMESPACE,
            dimensions={"Service": stack.name},
            period_s=1,
        ),
    )
