"""The demo's stack: deployed to the local AWS, with its table and its metrics, ready to have scenarios played."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from request_lens.domain.publishing.metric_names import NAMESPACE
from request_lens_cli.demo.free_time import end_in_free_time
from request_lens_cli.demo.scenario_run import POLL_SECONDS, PUBLISHED, ScenarioRun, sums_in_time_of
from request_lens_cli.deployed.metrics import Metrics
from request_lens_cli.deployed.table import DeployedTable, open_table
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.deployment import DeployedStack
from request_lens_cli.local_aws.lifecycle import LocalAws
from request_lens_cli.local_aws.scenario_player import ending_now, play_into
from request_lens_cli.report.period import Period
from request_lens_cli.scenario.retiming import access_started_at

LOOKED_AT = timedelta(hours=3)
"""So long CloudWatch keeps the seconds that a demo reads back: its time is to lie in them."""

RECORDED_WITHIN_S = 60.0
"""A busy machine takes this long to start the deployed function; what keeps it longer, the wait for settling says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoStack:
    """A stack that is deployed to the local AWS, its table and its metrics."""

    local: LocalAws
    stack: DeployedStack
    table: DeployedTable
    metrics: Metrics

    def play(self, scenario: str, *, with_tags: bool = False, ago: timedelta = timedelta(0)) -> ScenarioRun:
        """Play a scenario of `events/` as if its last request had ended so long ago; see `apart`.

        Untagged calls follow once the requests' records are in the table: time links what comes within the local
        stack's short `LinkDelaySeconds` of each other, and a busy machine may take longer to deliver two log batches.
        """
        folder = self.local.paths.events / scenario
        played = ending_now(folder, ends_at=datetime.now(UTC) - ago, with_tags=with_tags)
        before = sums_in_time_of(played, self.metrics, PUBLISHED)
        run = ScenarioRun(scenario=played, table=self.table, sums_before=before)
        play_into(self.stack, played, local=self.local, once_recorded=None if with_tags else lambda: _wait_for(run))
        return run

    def apart(self, scenario: str, *, ago: timedelta = timedelta(0)) -> timedelta:
        """How long ago, `ago` or longer, a scenario must have ended so that no request of the table is around it."""
        now = datetime.now(UTC)
        played = ending_now(self.local.paths.events / scenario, ends_at=now - ago)
        length = now - ago - min(map(access_started_at, played.access))
        others = self.table.requests_between(Period(first=now - LOOKED_AT, last=now))
        return now - end_in_free_time(others, ends_at=now - ago, length=length)


def _wait_for(run: ScenarioRun) -> None:
    """Wait until the record of each request of the run is in the table, or for RECORDED_WITHIN_S."""
    deadline = time.monotonic() + RECORDED_WITHIN_S
    while len(run.report().requests) < len(run.scenario.access) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


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
