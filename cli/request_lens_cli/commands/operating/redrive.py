"""`request-lens redrive`: what failed in a deployed stack, sent again."""

import json
from collections.abc import Iterable

import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens_cli.commands.operating.aws_command import AwsCommand
from request_lens_cli.deployed.aws_errors import explained
from request_lens_cli.deployed.stack import read_stack
from request_lens_cli.operating.outcome import Fate, Outcome, Tally
from request_lens_cli.operating.redrive import open_failures
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.shared import format_option, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.terminal.console import open_console
from request_lens_cli.terminal.operations.redrive_view import redrive_document, show_redrive
from request_lens_cli.terminal.progress import working

_EXAMPLES = examples(
    "request-lens redrive --dry-run",
    "request-lens redrive --stack-name request-lens-prod",
    exit_codes={
        0: "all were sent again, or there were none",
        1: "some failed and stay where they are, it was stopped, or the stack cannot be read",
    },
)


@click.command("redrive", cls=AwsCommand, epilog=_EXAMPLES)
@click.option("--dry-run", is_flag=True, help="Say what waits, and send and delete nothing.")
@format_option
@stack_options
@click.pass_context
def redrive_command(context: click.Context, *, dry_run: bool, stack: StackChoice, format_: str) -> None:
    """Send again what the stack gave up on, once the cause is gone.

    Log batches and stream records of the failure bucket go to the processor, dead letters back to the settle queue.
    Each is deleted when it has passed; one that fails stays, and the others go on. To send anything twice is safe.
    """
    failures, tally = open_failures(read_stack(stack)), Tally()
    if dry_run:
        _count(failures.look_at(), tally)
    else:
        try:
            _count(failures.redrive(), tally)
        except (KeyboardInterrupt, ClientError, BotoCoreError) as stopped:
            if tally.kinds:
                _show(tally, format_)
            raise click.ClickException(_how_to_go_on(stopped)) from stopped
    _show(tally, format_)
    context.exit(1 if tally.failures else 0)


def _count(outcomes: Iterable[Outcome], tally: Tally) -> None:
    with working("Looking for what failed") as note:
        for outcome in outcomes:
            tally.add(outcome)
            sent, failed = tally.total(Fate.SENT), tally.total(Fate.FAILED)
            note(
                f"{sent:,} sent again, {failed:,} failed" if sent or failed else f"{sum(tally.counts.values()):,} found"
            )


def _show(tally: Tally, format_: str) -> None:
    if format_ == "json":
        click.echo(json.dumps(redrive_document(tally), indent=2))
    else:
        show_redrive(tally, open_console())


def _how_to_go_on(stopped: BaseException) -> str:
    """Why it stopped before all was sent."""
    reason = explained(stopped) if isinstance(stopped, ClientError | BotoCoreError) else "Stopped."
    return f"{reason} Not all was looked at: what is left stays where it is. Run it again to go on."
