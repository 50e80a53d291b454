"""The custom resource `BedrockLogging`: switches Bedrock's invocation logging on, and off again if it was ours."""

from collections.abc import Mapping
from functools import cache
from typing import assert_never

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import ValidationError

from bedrock_logging import BedrockLogging
from cloudformation_response import RequestType, ResourceRequest, Response, send
from logging_setting import LoggingSetting, setting_for
from logging_switch import ADOPTED_ID, LoggingRefused, Outcome, put_id, switch_off, switch_on

UNMADE_ID = "unmade"
"""The physical id of a resource whose Create failed before it made anything."""

BEDROCK_CLIENT = Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3})


def lambda_handler(event: Mapping[str, object], _context: object) -> None:
    """Carry out one request of CloudFormation and answer it, whatever happens.

    An unexpected error is answered first and then raised, so that Lambda counts it; a Delete always succeeds.
    """
    request = ResourceRequest.model_validate(event)
    response = _unexpected(request)
    try:
        response = _handle(request)
    finally:
        send(response, request)


@cache
def _logger() -> Logger:
    return Logger(service="logging-configuration")


def _handle(request: ResourceRequest) -> Response:
    """Do what the request asks for, and tell what came of it."""
    bedrock = BedrockLogging(boto3.client("bedrock", config=BEDROCK_CLIENT))
    match RequestType(request.request_type):
        case RequestType.CREATE | RequestType.UPDATE:
            return _switch_on(request, bedrock)
        case RequestType.DELETE:
            return _switch_off(request, bedrock)
        case never:
            assert_never(never)


def _switch_on(request: ResourceRequest, bedrock: BedrockLogging) -> Response:
    try:
        wanted = _wanted(request)
    except ValidationError as error:
        return _fail(request, f"The resource's properties are wrong: {error}")
    try:
        outcome = switch_on(bedrock, wanted, owned_id=request.physical_resource_id)
    except LoggingRefused as refused:
        return _fail(request, str(refused))
    except (ClientError, BotoCoreError) as error:
        # Bedrock may have taken the setting all the same: under this id the clean-up removes it.
        return _fail(request, f"Bedrock did not take the logging setting: {error}", physical_id=put_id(wanted))
    _logger().info("logging switched on", extra={"outcome": outcome, "setting": wanted.fingerprint})
    physical_id = put_id(wanted) if outcome is Outcome.CREATED else ADOPTED_ID
    return Response(physical_id=physical_id, attributes={"Outcome": outcome.value})


def _wanted(request: ResourceRequest) -> LoggingSetting:
    properties = request.properties
    return setting_for(
        properties.log_group_name, role_arn=properties.role_arn, log_prompt_text=properties.log_prompt_text
    )


def _switch_off(request: ResourceRequest, bedrock: BedrockLogging) -> Response:
    """Success in any case: a setting that stays behind must not hold a stack back."""
    try:
        removed = switch_off(bedrock, owned_id=request.physical_resource_id)
    except (ClientError, BotoCoreError):
        _logger().exception("logging not switched off: delete the setting by hand if this stack made it")
    else:
        _logger().info("delete handled", extra={"removed": removed, "physical_id": request.physical_resource_id})
    return _kept(request)


def _fail(request: ResourceRequest, reason: str, *, physical_id: str = UNMADE_ID) -> Response:
    """Log the failure and answer with it.

    The id of an existing resource stays, so that CloudFormation does not take it for a replacement.
    """
    _logger().error("logging not switched on", extra={"reason": reason})
    return Response(physical_id=request.physical_resource_id or physical_id, failure=reason)


def _kept(request: ResourceRequest) -> Response:
    return Response(physical_id=request.physical_resource_id or UNMADE_ID)


def _unexpected(request: ResourceRequest) -> Response:
    """The response that is sent if an error leaves none."""
    if request.request_type == RequestType.DELETE:
        return _kept(request)
    return Response(
        physical_id=request.physical_resource_id or UNMADE_ID,
        failure="The function that switches Bedrock's logging on stopped at an unexpected error: see its log group.",
    )
