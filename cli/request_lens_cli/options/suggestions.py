"""A misspelt command, choice or name is answered with what may be meant."""

from collections.abc import Collection
from difflib import get_close_matches

import click

from request_lens_cli.options.help_page import HelpContext


def did_you_mean(name: str, known: Collection[str]) -> str:
    """The question whether the nearest of the known names is meant, after a blank; empty where none is near."""
    by_lower = {each.lower(): each for each in known}
    near = get_close_matches(name.lower(), by_lower, n=1)
    return f" Did you mean {by_lower[near[0]]!r}?" if near else ""


_MEANT = {"--limit": "--rows", "--rows": "--limit", "--json": "--format json", "--csv": "--format csv"}
"""What an option is called in another command, or elsewhere, and what may be meant by it."""


class SuggestingChoice(click.Choice[str]):
    """One of some words; to another it says which one is the nearest."""

    def get_invalid_choice_message(self, value: object, ctx: click.Context | None) -> str:
        """Which words there are, and what may be meant."""
        return super().get_invalid_choice_message(value, ctx) + did_you_mean(str(value), self.choices)


class SuggestingGroup(click.Group):
    """A group as click has it; to a command's name that it lacks it says which one is the nearest, else all.

    Help is set alike for the group and its commands.
    """

    context_class = HelpContext

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name; None where there is none."""
        command = self.found(ctx, cmd_name)
        if command is not None:
            command.context_class = HelpContext
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what stands before the command. Raises: click.NoSuchOption, with where options stand."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            if error.possibilities:
                raise
            message = f"No such option {error.option_name!r} here: a command's options stand behind its name."
            raise click.NoSuchOption(error.option_name, message, ctx=ctx) from error

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Raises: click.NoSuchOption, with the option of the command that is meant."""
        try:
            return super().invoke(ctx)
        except click.NoSuchOption as error:
            meant = _MEANT.get(error.option_name, "")
            if error.ctx is None or not _takes(error.ctx.command, meant):
                raise
            message = f"No such option {error.option_name!r}. Did you mean {meant!r}?"
            raise click.NoSuchOption(error.option_name, message, ctx=error.ctx) from error

    def found(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name as it was made."""
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named first, and what follows. Raises: click.UsageError, with what may be meant."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and not args[0].startswith("-"):
            meant = did_you_mean(args[0], names) or f" Commands are {', '.join(names)}."
            ctx.fail(f"No such command {args[0]!r}.{meant}")
        return super().resolve_command(ctx, args)


def _takes(command: click.Command, meant: str) -> bool:
    """Whether the command has the option that is meant, and where a word stands behind that, takes it."""
    name, _, word = meant.partition(" ")
    options = [option for option in command.params if name in option.opts]
    return any(not word or (isinstance(each.type, click.Choice) and word in each.type.choices) for each in options)
