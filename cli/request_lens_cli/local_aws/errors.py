"""The one error of the local commands."""

import click


class LocalAwsError(click.ClickException):
    """Something that the user can put right; the message is one sentence and names the remedy."""
