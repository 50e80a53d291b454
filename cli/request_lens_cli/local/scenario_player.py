"""Playing a scenario into the log groups of the stack that is deployed to the local AWS."""

from datetime import UTC, datetime
from pathlib import Path

from request_lens_cli.local.aws_clients import local_client
from request_lens_cli.local.deployment import DeployedStack
from request_lens_cli.local.local_aws import LocalAws
from request_lens_cli.scenario.playing import LogGroups, fresh, play
from request_lens_cli.scenario.scenario import RunId, Scenario, load_scenario


def play_scenario(
    folder: Path, local: LocalAws, stack: DeployedStack, *, run_id: str, with_tags: bool = False
) -> Scenario:
    """Play a scenario's folder as if its last request had ended now; answers with what was put into the log groups.

    Raises: click.ClickException where the folder is no scenario.
    """
    played = fresh(load_scenario(folder), run_id=RunId(run_id), ends_at=datetime.now(UTC), with_tags=with_tags)
    groups = LogGroups(invocations=stack.output("InvocationLogGroupName"), access=stack.output("AccessLogGroupName"))
    play(played, groups, logs=local_client("logs", endpoint=local.endpoint))
    return played
