"""The `request-lens` command."""

import errno
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module

import click
from click.shell_completion import CompletionItem

import request_lens
from request_lens.errors import RequestLensError
from request_lens_cli.options.suggestions import SuggestingGroup
from request_lens_cli.signs import speak_any_encoding
from request_lens_cli.terminal.folding import show_error

COMMANDS: Mapping[str, str] = {
    "requests": "List the API requests of a period with their LLM calls.",
    "show": "Show one API request with its LLM calls.",
    "timeline": "Draw the API requests of a period as bars.",
    "report": "Write the API requests of a period as one HTML page.",
    "rejected": "List the log events that were set aside, and why.",
    "replay": "Run log files through the pipeline, offline.",
    "inspect": "Show what the pipeline makes of log lines.",
    "doctor": "Say why the dashboard is empty, and what helps.",
    "attach-api": "Set an API's access log so that its requests are seen.",
    "attach": "Subscribe a further log group to the stack.",
    "detach": "Undo `attach`.",
    "backfill": "Send log events of the past through the processor.",
    "redrive": "Send again what a deployed stack gave up on.",
    "demo": "Deploy to a local AWS and show an experiment there.",
    "demo-agent": "Run a real agent on a local AWS and show its calls.",
    "local": "A local AWS on this machine, without an account.",
    "schema": "Print the JSON schema of what `--format json` answers.",
    "completion": "Print the script that completes commands in SHELL.",
}
"""Each command with what the list of commands says of it: its module has it as `<name>_command`."""

MODULES: Mapping[str, str] = {
    "attach": "operating.attach",
    "attach-api": "operating.attach_api",
    "detach": "operating.attach",
    "backfill": "operating.backfill",
    "demo-agent": "demo_agent",
    "doctor": "operating.doctor",
    "redrive": "operating.redrive",
}
"""Where below `commands` a command is that is not in `<name>.py`."""


class _Commands(SuggestingGroup):
    """Imports the command that runs and no other, and shows our own errors as one sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """The commands' names, the most used first."""
        return list(COMMANDS)

    def found(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name, imported now; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = import_module(f"request_lens_cli.commands.{MODULES.get(cmd_name, name)}")
        command: click.Command = getattr(module, f"{name}_command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name, or an option of the group, without importing any command."""
        names = [CompletionItem(name, help=text) for name, text in COMMANDS.items() if name.startswith(incomplete)]
        return [*names, *click.Command.shell_complete(self, ctx, incomplete)]

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: object
    ) -> click.Context:
        """The command's context; from here on, help and errors too, the output's encoding may lack what we write."""
        speak_any_encoding((sys.stdout, sys.stderr))
        with _fitting_errors(), _ending_with_its_reader():
            return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Raises: click.ClickException for every error of ours, and where a disk takes no more."""
        with _fitting_errors(), _ending_with_its_reader():
            return self._invoked(ctx)

    def _invoked(self, ctx: click.Context) -> object:
        try:
            return self._flushed(ctx)
        except RequestLensError as error:
            raise click.ClickException(_told(error)) from error
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            sys.stdout = None  # nothing may try to write the rest when the process ends
            raise click.ClickException(f"The output cannot be written: {error.strerror}") from error

    def _flushed(self, ctx: click.Context) -> object:
        """Run the command, and write all of its output, also where it ends with an exit code of its own."""
        try:
            result = super().invoke(ctx)
        except click.exceptions.Exit:
            sys.stdout.flush()
            raise
        sys.stdout.flush()
        return result


@contextmanager
def _ending_with_its_reader() -> Iterator[None]:
    """Where whoever reads the output has enough, as `head` does, end with 0: what else there is to say nobody hears.

    What is still buffered is flushed at the end, where it can be.
    """
    try:
        yield
    except BrokenPipeError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise click.exceptions.Exit(0) from error


@contextmanager
def _fitting_errors() -> Iterator[None]:
    """Show errors on a terminal in lines that fit; click shows those that go elsewhere, in one line each."""
    try:
        yield
    except click.ClickException as error:
        if not sys.stderr.isatty():
            raise
        show_error(error)
        raise click.exceptions.Exit(error.exit_code) from error


def _told(error: RequestLensError) -> str:
    """What our error says: imported now, for help and completion need nothing of AWS's SDK."""
    told: Callable[[RequestLensError], str] = import_module("request_lens_cli.deployed.aws_errors").told
    return told(error)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(request_lens.__version__)
def main() -> None:
    """How many LLM calls each API request makes on Amazon Bedrock."""
