"""The custom resource `Custom::BedrockInvocationLogging`: Bedrock's logging on, and off again if it was ours."""

from typing import assert_never

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_pascal

from bedrock_logging import BedrockLogging
from cloudformation_response import RequestType, ResourceRequest, Response, failed, kept
from logging_setting import setting_for
from logging_switch import ADOPTED_ID, LoggingRefused, Outcome, put_id, switch_off, switch_on


class LoggingProperties(BaseModel):
    """What the template says of the setting; truth values come as text."""

    model_config = ConfigDict(alias_generator=to_pascal, frozen=True, extra="ignore")

    log_group_name: str
    role_arn: str
    log_prompt_text: bool


def handle_bedrock_logging(request: ResourceRequest, bedrock: BedrockLogging, *, logger: Logger) -> Response:
    """Carry out one request of CloudFormation; a Delete succeeds in any case."""
    match RequestType(request.request_type):
        case RequestType.CREATE | RequestType.UPDATE:
            return _switch_on(request, bedrock)
        case RequestType.DELETE:
            return _switch_off(request, bedrock, logger=logger)
        case never:
            assert_never(never)


def _switch_on(request: ResourceRequest, bedrock: BedrockLogging) -> Response:
    try:
        said = LoggingProperties.model_validate(request.resource_properties)
    except ValidationError as error:
        return failed(request, f"The resource's properties are wrong: {error}")
    setting = setting_for(said.log_group_name, role_arn=said.role_arn, log_prompt_text=said.log_prompt_text)
    wanted = bedrock.sayable(setting)
    try:
        outcome = switch_on(bedrock, wanted, owned_id=request.physical_resource_id)
    except LoggingRefused as refused:
        return failed(request, str(refused))
    except (ClientError, BotoCoreError) as error:
        # Bedrock may have taken the setting all the same: under this id the clean-up removes it.
        return failed(request, f"Bedrock did not take the logging setting: {error}", physical_id=put_id(wanted))
    physical_id = put_id(wanted) if outcome is Outcome.CREATED else ADOPTED_ID
    return Response(physical_id=physical_id, attributes={"Outcome": outcome.value})


def _switch_off(request: ResourceRequest, bedrock: BedrockLogging, *, logger: Logger) -> Response:
    """Success in any case: a setting that stays behind must not hold a stack back."""
    try:
        removed = switch_off(bedrock, owned_id=request.physical_resource_id)
    except (ClientError, BotoCoreError):
        logger.exception("logging not switched off: delete the setting by hand if this stack made it")
    else:
        logger.info("logging left or switched off", extra={"removed": removed})
    return kept(request)
