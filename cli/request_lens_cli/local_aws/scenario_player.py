"""Playing a scenario into the log groups of the stack that is deployed to the local AWS."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.deployment import DeployedStack
from request_lens_cli.local_aws.lifecycle import LocalAws
from request_lens_cli.scenario.playing import LogGroups, play, renewed
from request_lens_cli.scenario.scenario import RunId, Scenario, load_scenario


def ending_now(
    folder: Path, *, run_id: str | None = None, ends_at: datetime | None = None, with_tags: bool = False
) -> Scenario:
    """A scenario's folder as if its last request had ended at `ends_at`, by default now, with ids of its own.

    The same `run_id` gives the same ids; by default it is the time.
    Raises: click.ClickException where the folder is no scenario.
    """
    now = datetime.now(UTC)
    run = RunId(run_id or now.isoformat())
    return renewed(load_scenario(folder), run_id=run, ends_at=ends_at or now, with_tags=with_tags)


def play_into(
    stack: DeployedStack, scenario: Scenario, *, local: LocalAws, once_recorded: Callable[[], None] | None = None
) -> None:
    """Put a scenario's lines into the deployed log groups, as API Gateway and Bedrock would; see `play`."""
    groups = LogGroups(invocations=stack.output("InvocationLogGroupName"), access=stack.output("AccessLogGroupName"))
    play(scenario, groups, logs=local_client("logs", endpoint=local.endpoint), once_recorded=once_recorded)
