"""Commands that call AWS's services, and say what was refused in one sentence."""

import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens_cli.deployed.aws_errors import explained


class AwsCommand(click.Command):
    """Shows what AWS refused, or that it did not answer, as an error of the command."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command. Raises: click.ClickException for every error of AWS."""
        try:
            return super().invoke(ctx)
        except (ClientError, BotoCoreError) as error:
            raise click.ClickException(explained(error)) from error
