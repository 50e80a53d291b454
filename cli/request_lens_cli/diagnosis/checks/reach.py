"""Credentials, Region and stack: can it be asked at all?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError

from request_lens_cli.deployed.aws_errors import (
    LOG_IN_AGAIN,
    described,
    has_bad_credentials,
    missing_action,
    no_connection,
    no_credentials,
    no_region,
)
from request_lens_cli.deployed.stack import DeployedStackView, view_of
from request_lens_cli.diagnosis.finding import Finding, fault, fine
from request_lens_cli.options.stack_choice import StackChoice

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

REGION, CREDENTIALS, STACK = "region", "credentials", "stack"

_BROKEN = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "DELETE_COMPLETE", "REVIEW_")
_UNFINISHED = ("CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS")
_STUCK = "UPDATE_ROLLBACK_FAILED"
_OF_US = "RequestTableName"
_NETWORK = "See that the network and AWS_ENDPOINT_URL are right."


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """What was found of credentials and stack; `stack` is None where that is where it ends."""

    findings: tuple[Finding, ...]
    stack: DeployedStackView | None = None


def reach(choice: StackChoice) -> Reached:
    """Find the stack. Raises: click.ClickException for a profile that does not exist."""
    session = choice.session()
    if not session.region_name:
        return _ends(_lacking(REGION, *no_region()))
    try:
        if session.get_credentials() is None:
            return _ends(_lacking(CREDENTIALS, *no_credentials()))
        cloudformation = session.client("cloudformation")
    except BotoCoreError as error:
        return _ends(fault(CREDENTIALS, described(error), LOG_IN_AGAIN))
    except ValueError as error:  # of botocore, for an endpoint that is no address
        return _ends(fault(CREDENTIALS, *no_connection(error)))
    try:
        found = cloudformation.describe_stacks(StackName=choice.name)["Stacks"][0]
    except (ClientError, BotoCoreError) as error:
        return _ends(_unreachable(error, choice, cloudformation))
    account = fine(
        CREDENTIALS, f"AWS takes them: account {found['StackId'].split(':')[4]}, Region {session.region_name}."
    )
    return _reached(account, found, session)


def _lacking(check: str, what: str, remedy: str) -> Finding:
    return fault(check, f"{what}.", f"{remedy[0].upper()}{remedy[1:]}.")


def _reached(account: Finding, found: "StackTypeDef", session: boto3.Session) -> Reached:
    stack, status = view_of(session, found), found["StackStatus"]
    if remedy := _remedy_of(status, stack.name):
        return _ends(account, fault(STACK, f"{stack.name} is in {status}.", remedy))
    if _OF_US not in stack.outputs:
        remedy = f"Name yours with --stack-name. {_others(session.client('cloudformation'))}".strip()
        return _ends(account, fault(STACK, f"{stack.name} is no Request Lens stack.", remedy))
    return Reached(findings=(account, fine(STACK, f"{stack.name} is deployed ({status}).")), stack=stack)


def _remedy_of(status: str, name: str) -> str:
    """What helps a stack of this status; empty where it was deployed."""
    if status.startswith(_BROKEN):
        return "Delete it with `sam delete`, then deploy it: its events say why it failed."
    if status in _UNFINISHED:
        return "Wait until CloudFormation has finished, then ask again."
    if status == _STUCK:
        return f"Run `aws cloudformation continue-update-rollback --stack-name {name}`: its events say why it failed."
    return ""


def _ends(*findings: Finding) -> Reached:
    return Reached(findings=findings)


def _unreachable(
    error: ClientError | BotoCoreError, choice: StackChoice, cloudformation: "CloudFormationClient"
) -> Finding:
    if has_bad_credentials(error):
        return fault(CREDENTIALS, described(error), LOG_IN_AGAIN)
    if isinstance(error, HTTPClientError | EndpointConnectionError):
        return fault(CREDENTIALS, *no_connection(error))
    if isinstance(error, BotoCoreError):
        return fault(CREDENTIALS, described(error), _NETWORK)
    if missing_action(error) is not None:
        return fault(
            STACK, described(error), "Or name a profile that has it, with --profile: nothing else can be looked at."
        )
    region = cloudformation.meta.region_name
    remedy = f"Name yours with --stack-name, or its Region with --region. {_others(cloudformation)}".strip()
    return fault(STACK, f"There is no stack {choice.name} in {region}.", remedy)


def _others(cloudformation: "CloudFormationClient") -> str:
    """The Request Lens stacks that are here, in a sentence; empty where there are none, or they are not to be seen."""
    try:
        names = sorted(_stacks_of_ours(cloudformation))
    except (ClientError, BotoCoreError):
        return ""
    return f"Here are: {', '.join(names)}." if names else ""


def _stacks_of_ours(cloudformation: "CloudFormationClient") -> Iterator[str]:
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        for stack in page["Stacks"]:
            if any(output["OutputKey"] == _OF_US for output in stack.get("Outputs", [])):
                yield stack["StackName"]
