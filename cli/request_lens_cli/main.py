"""The `request-lens` command."""

import click

import request_lens
from request_lens.errors import RequestLensError
from request_lens_cli.commands.completion import completion_command
from request_lens_cli.commands.demo import demo_command
from request_lens_cli.commands.inspect import inspect_command
from request_lens_cli.commands.local import local_group
from request_lens_cli.commands.rejected import rejected_command
from request_lens_cli.commands.replay import replay_command
from request_lens_cli.commands.report import report_command
from request_lens_cli.commands.requests import requests_command
from request_lens_cli.commands.show import show_command
from request_lens_cli.commands.timeline import timeline_command


class _Commands(click.Group):
    """Shows our own errors, such as a table that does not answer, as one sentence."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Raises: click.ClickException for every error of ours."""
        try:
            return super().invoke(ctx)
        except RequestLensError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(request_lens.__version__)
def main() -> None:
    """How many LLM calls each API request makes on Amazon Bedrock."""


_COMMANDS = (
    requests_command,
    show_command,
    timeline_command,
    report_command,
    rejected_command,
    replay_command,
    inspect_command,
    demo_command,
    local_group,
    completion_command,
)

for _command in _COMMANDS:
    main.add_command(_command)
