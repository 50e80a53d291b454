"""Which deployed stack a command asks: its name, and the profile and Region as the AWS CLI takes them."""

import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass

import boto3
import click
from botocore.exceptions import BotoCoreError, CredentialRetrievalError

DEFAULT_STACK_NAME = "request-lens"


@dataclass(frozen=True, slots=True, kw_only=True)
class StackChoice:
    """The stack that the user means; None where the environment decides."""

    stack_name: str | None = None
    profile: str | None = None
    region: str | None = None

    @property
    def name(self) -> str:
        """The stack's name: as given, else $STACK_NAME, else request-lens."""
        return self.stack_name or os.environ.get("STACK_NAME") or DEFAULT_STACK_NAME

    @property
    def options(self) -> str:
        """The options that were given, each after a blank, for a command that is to mean the same stack."""
        return _typed({"--stack-name": self.stack_name}) + self.account_options

    @property
    def account_options(self) -> str:
        """Those of them that name an account and a Region, for a command of the AWS CLI."""
        return _typed({"--profile": self.profile, "--region": self.region})

    @property
    def deploy_options(self) -> str:
        """What `sam deploy` needs to mean this stack in any shell: its name, its Region, and the profile if one is set.

        Of itself it would deploy to the stack that samconfig.toml names.
        """
        profile, region = self.profile or os.environ.get("AWS_PROFILE"), self.session().region_name
        return _typed({"--stack-name": self.name, "--profile": profile, "--region": region})

    def session(self) -> boto3.Session:
        """Credentials and Region: as given, else of $AWS_PROFILE, $AWS_REGION, $AWS_DEFAULT_REGION, else the profile's.

        Raises: click.ClickException for a profile that does not exist.
        """
        try:
            session = boto3.Session(profile_name=self.profile, region_name=self.region or os.environ.get("AWS_REGION"))
        except BotoCoreError as error:
            raise click.ClickException(
                f"{error}. Profiles are those of the AWS CLI: `aws configure list-profiles`"
            ) from error
        session.events.register("before-call", lambda **_: _refresh_credentials(session))
        return session


def _typed(given: Mapping[str, str | None]) -> str:
    return "".join(f" {option} {shlex.quote(value)}" for option, value in given.items() if value)


def _refresh_credentials(session: boto3.Session) -> None:
    """Take the session's credentials from where they come from, as signing a call would, which is next.

    Raises: BotoCoreError where that fails; also for expired ones, of which botocore raises RuntimeError.
    """
    credentials = session.get_credentials()
    if credentials is None:
        return
    try:
        credentials.get_frozen_credentials()
    except RuntimeError as error:
        raise CredentialRetrievalError(provider=credentials.method, error_msg=str(error)) from error
