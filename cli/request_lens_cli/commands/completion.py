"""`request-lens completion`: the script that lets a shell complete this command."""

import click
from click.shell_completion import get_completion_class

from request_lens_cli.options.help_text import examples
from request_lens_cli.options.suggestions import SuggestingChoice

PROGRAM = "request-lens"
_VARIABLE = "_REQUEST_LENS_COMPLETE"

_EXAMPLES = examples(
    'eval "$(request-lens completion bash)"                # in ~/.bashrc',
    'eval "$(request-lens completion zsh)"                 # in ~/.zshrc',
    "request-lens completion fish > ~/.config/fish/completions/request-lens.fish",
    exit_codes={0: "printed", 2: "the command line is wrong, such as a shell that is none of these"},
)


@click.command("completion", epilog=_EXAMPLES)
@click.argument("shell", type=SuggestingChoice(["bash", "zsh", "fish"]))
@click.pass_context
def completion_command(context: click.Context, /, *, shell: str) -> None:
    """Print the script that completes commands and options in SHELL."""
    completer = get_completion_class(shell)
    if completer is None:
        raise click.ClickException(f"There is no completion for {shell}.")
    click.echo(completer(context.find_root().command, {}, PROGRAM, _VARIABLE).source())
