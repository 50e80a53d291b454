"""The commands `request-lens local …`."""

from pathlib import Path

import click

from request_lens_cli.local_aws.deployment import deploy as deploy_to
from request_lens_cli.local_aws.deployment import deployed_stack
from request_lens_cli.local_aws.lifecycle import down as take_down
from request_lens_cli.local_aws.lifecycle import require_running
from request_lens_cli.local_aws.lifecycle import up as bring_up
from request_lens_cli.local_aws.paths import checkout_paths
from request_lens_cli.local_aws.scenario_player import ending_now, play_into
from request_lens_cli.options.suggestions import SuggestingGroup


@click.group("local", cls=SuggestingGroup)
def local_command() -> None:
    """A local AWS on this machine, without Docker and without an account."""


@local_command.command()
@click.option("--port", type=click.IntRange(1, 65535), help="The loopback port; a free one by default.")
def up(port: int | None) -> None:
    """Start the local AWS, or find the one that runs already."""
    paths = checkout_paths()
    local = bring_up(paths, port=port)
    state = "started" if local.started_now else "runs already"
    click.echo(f"local AWS {state} at {local.endpoint}; settings in {paths.env_file.relative_to(paths.checkout)}")


@local_command.command()
def deploy() -> None:
    """Build the template and deploy it to the local AWS."""
    stack = deploy_to(require_running(checkout_paths()))
    for key, value in sorted(stack.outputs.items()):
        click.echo(f"{key} = {value}")


@local_command.command()
@click.argument("scenario", default="article")
@click.option("--tagged", is_flag=True, help="As if the caller had tagged its calls.")
@click.option("--run-id", help="Names this playing: the same run id gives the same ids. By default the time.")
def play(scenario: str, *, tagged: bool, run_id: str | None) -> None:
    """Play a scenario as if it had just ended, into the log groups.

    SCENARIO is a name in events/, or a folder. The log groups are those of the deployed stack.
    """
    local = require_running(checkout_paths())
    stack = deployed_stack(local)
    folder = Path(scenario) if Path(scenario).is_dir() else local.paths.events / scenario
    played = ending_now(folder, run_id=run_id, with_tags=tagged)
    play_into(stack, played, local=local)
    click.echo(f"played {len(played.access)} requests with {len(played.invocations)} calls ({played.name})")


@local_command.command()
def down() -> None:
    """Stop what `up` and `deploy` have started."""
    was_running = take_down(checkout_paths())
    click.echo("local AWS stopped" if was_running else "no local AWS is running")
