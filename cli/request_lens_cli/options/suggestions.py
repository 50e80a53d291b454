"""A group of commands that answers a misspelt one with what may be meant."""

from difflib import get_close_matches

import click


class SuggestingGroup(click.Group):
    """A group as click has it; to a command's name that it lacks it says which one is the nearest."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is named first, and what follows. Raises: click.UsageError, with what may be meant."""
        names = self.list_commands(ctx)
        if args and args[0] not in names and (near := get_close_matches(args[0], names, n=1)):
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)
