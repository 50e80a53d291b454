"""A deployed stack: its outputs and its parameters."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens.domain.policy import Policy
from request_lens.presentation.formatting import moment_text
from request_lens_cli.deployed.aws_errors import error_code, explained, unreachable
from request_lens_cli.options.parameters import DEFAULTS, policy_with
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.period import Period

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


_UNTOLD = timedelta(minutes=1)
"""So much that a period may begin too early without a word, as one of just RetentionDays does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedStackView:
    """What a deployed stack says of itself: its outputs and parameters, by name, and when it was deployed last.

    `choice` is how whoever runs the command named it.
    """

    name: str
    session: boto3.Session
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    deployed_at: datetime
    choice: StackChoice = field(default_factory=StackChoice)

    def output(self, name: str) -> str:
        """An output that every stack of ours has. Raises: click.ClickException where this one has it not."""
        if name not in self.outputs:
            raise click.ClickException(
                f"The stack {self.name} has no output {name}: it is no Request Lens stack, or an earlier version's."
            )
        return self.outputs[name]

    @property
    def policy(self) -> Policy:
        """The policy that its processor decides by."""
        return policy_with({name: value for name, value in self.parameters.items() if name in DEFAULTS})

    @property
    def deploy_options(self) -> str:
        """What `sam deploy` needs to mean this stack: see `StackChoice.deploy_options`; its name also for an ARN."""
        return replace(self.choice, stack_name=self.name).deploy_options

    def kept(self, period: Period, *, now: datetime, tell: bool = True) -> Period:
        """The part of the period that its table has not let expire: what is older is not asked for, hour by hour.

        That is said beside the output, where the period begins earlier, unless that is not to be told.
        Raises: click.ClickException where all of the period has expired: that nothing happened then is not known.
        """
        oldest, days = now - self.policy.retention, self.policy.retention.days
        kept = f"The table keeps {days:,} days (RetentionDays): nothing of before {moment_text(oldest)} is there"
        if period.last <= oldest:
            raise click.ClickException(
                f"{kept}, and the time asked for ends before it. The earliest is --since {days}d."
            )
        if tell and oldest - period.first > _UNTOLD:
            click.echo(f"{kept}.", err=True)
        return replace(period, first=max(period.first, oldest))


def read_stack(choice: StackChoice) -> DeployedStackView:
    """A deployed stack. Raises: click.ClickException where it cannot be read, with what to do."""
    session = choice.session()
    try:
        stacks = session.client("cloudformation").describe_stacks(StackName=choice.name)["Stacks"]
    except (ClientError, BotoCoreError, ValueError) as error:
        raise click.ClickException(_why_unread(error, choice.name, session.region_name)) from error
    return replace(view_of(session, stacks[0]), choice=choice)


def view_of(session: boto3.Session, stack: "StackTypeDef") -> DeployedStackView:
    """A stack as CloudFormation describes it, by its name also where its ARN was given."""
    return DeployedStackView(
        name=stack["StackName"],
        session=session,
        outputs={output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])},
        parameters={
            parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack.get("Parameters", [])
        },
        deployed_at=stack.get("LastUpdatedTime", stack["CreationTime"]),
    )


def _why_unread(error: ClientError | BotoCoreError | ValueError, name: str, region: str | None) -> str:
    """Why the stack could not be read, in one sentence with what to do.

    botocore raises a ValueError for an endpoint that is no address, as in AWS_ENDPOINT_URL.
    """
    if isinstance(error, ValueError):
        return unreachable(error)
    if isinstance(error, ClientError) and error_code(error) == "ValidationError":
        return f"No stack {name} in {region}: name yours with --stack-name or STACK_NAME, its Region with --region."
    return explained(error)
