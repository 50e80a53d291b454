"""A request's id as an argument: API Gateway's may begin with the sign that options begin with."""

import re

import click

_LIKE_AN_OPTION = re.compile(r"-[\w-]{14}=|-\w[\w-]{13}", re.ASCII)
"""An extended request id that begins with "-": 15 characters and "=", which a double click leaves out."""


class CommandOfRequest(click.Command):
    """A command that takes a request's id; one that begins with "-" is no option, and a misspelt option is no id."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments, ids that look like options behind the "--" that ends these."""
        end = args.index("--") if "--" in args else len(args)
        ids = [given for given in args[:end] if _LIKE_AN_OPTION.fullmatch(given)]
        options = [given for given in args[:end] if given not in ids]
        try:
            return super().parse_args(ctx, [*options, "--", *ids, *args[end + 1 :]] if ids else args)
        except click.NoSuchOption as error:
            given = next((given for given in options if given.startswith(error.option_name)), "")
            if given.startswith("--") or not given:
                raise
            raise click.UsageError(
                f"{given} is neither an option nor as long as a request's id that begins with a minus. "
                f"An id of another length stands behind two: `{ctx.command_path} -- {given}`",
                ctx,
            ) from error
