"""The stack's custom resources: Bedrock's logging switch, and log groups that may be there already."""

import logging
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Protocol, assert_never

import boto3
from aws_lambda_powertools import Logger
from botocore.config import Config

from bedrock_logging import BedrockLogging
from bedrock_logging_resource import handle_bedrock_logging
from cloudformation_response import SENDING_S, RequestType, ResourceRequest, Response, failed, kept, send
from kept_log_group import handle_kept_log_group
from log_groups import LogGroups
from patience import Patience

CONNECT_S, READ_S, ATTEMPTS = 5, 10, 2
CLIENT = Config(
    connect_timeout=CONNECT_S, read_timeout=READ_S, retries={"mode": "standard", "total_max_attempts": ATTEMPTS}
)

LAST_CALL_S = 35.0
"""The longest that one call may take: its attempts, and the pause between them."""


class CustomResource(StrEnum):
    """The resources of template.yaml that this function makes."""

    BEDROCK_LOGGING = "Custom::BedrockInvocationLogging"
    KEPT_LOG_GROUP = "Custom::KeptLogGroup"


class Context(Protocol):
    """What Lambda tells of the invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda stops the function."""


def lambda_handler(event: Mapping[str, object], context: Context) -> None:
    """Carry out one request of CloudFormation and answer it, whatever happens and before the time is over.

    An unexpected error is answered first and then raised, so that Lambda counts it; a Delete always succeeds.
    """
    request = ResourceRequest.model_validate(event)
    response = _unexpected(request)
    remaining_s = context.get_remaining_time_in_millis() / 1000 - SENDING_S - LAST_CALL_S
    try:
        response = _handle(request, Patience(remaining_s=remaining_s))
        _log(request, response)
    finally:
        send(response, request)


@cache
def _logger() -> Logger:
    # At INFO, which Lambda sets for all loggers, botocore says at each cold start where it found credentials.
    logging.getLogger("botocore").setLevel(logging.WARNING)
    return Logger(service="logging-configuration", use_rfc3339=True)


def _handle(request: ResourceRequest, patience: Patience) -> Response:
    """Do what the request asks for, and tell what came of it."""
    match CustomResource(request.resource_type):
        case CustomResource.BEDROCK_LOGGING:
            bedrock = BedrockLogging(boto3.client("bedrock", config=CLIENT), patience)
            return handle_bedrock_logging(request, bedrock, logger=_logger())
        case CustomResource.KEPT_LOG_GROUP:
            return handle_kept_log_group(request, LogGroups(boto3.client("logs", config=CLIENT), patience))
        case never:
            assert_never(never)


def _log(request: ResourceRequest, response: Response) -> None:
    told = {"resource": request.logical_resource_id, "request": request.request_type, "id": response.physical_id}
    if response.failure is None:
        _logger().info("resource handled", extra={**told, **response.attributes})
    else:
        _logger().error("resource not made", extra={**told, "reason": response.failure})


def _unexpected(request: ResourceRequest) -> Response:
    """The response that is sent if an error leaves none."""
    if request.request_type == RequestType.DELETE:
        return kept(request)
    return failed(request, "The function that makes this resource stopped at an unexpected error: see its log group.")
