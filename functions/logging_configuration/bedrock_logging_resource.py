"""The custom resource `Custom::BedrockInvocationLogging`: Bedrock's logging on, and off again if it was ours."""

from collections.abc import Iterator
from contextlib import suppress
from typing import assert_never

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_pascal

from bedrock_logging import BedrockLogging
from cloudformation_response import UNMADE_ID, RequestType, ResourceRequest, Response, failed, kept
from logging_setting import LoggingSetting, setting_for
from logging_switch import (
    ADOPTED_ID,
    LoggingRefused,
    Outcome,
    ids_of_ours,
    is_id_of_ours,
    put_id,
    switch_off,
    switch_off_late,
    switch_on,
)


class LoggingProperties(BaseModel):
    """What the template says of the setting; truth values come as text."""

    model_config = ConfigDict(alias_generator=to_pascal, frozen=True, extra="ignore")

    log_group_name: str
    role_arn: str
    log_prompt_text: bool

    @property
    def setting(self) -> LoggingSetting:
        """The setting that they ask for."""
        return setting_for(self.log_group_name, role_arn=self.role_arn, log_prompt_text=self.log_prompt_text)


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
    wanted = bedrock.sayable(said.setting)
    ours = ids_of_ours(request.physical_resource_id, wanted, *_former(request, bedrock))
    try:
        outcome = switch_on(bedrock, wanted, ours=ours)
    except LoggingRefused as refused:
        return failed(request, str(refused))
    except (ClientError, BotoCoreError) as error:
        # Bedrock may have taken the setting all the same: under this id the clean-up removes it.
        return failed(request, f"Bedrock did not take the logging setting: {error}", physical_id=put_id(wanted))
    physical_id = put_id(wanted) if outcome is Outcome.CREATED else ADOPTED_ID
    return Response(physical_id=physical_id, attributes={"Outcome": outcome.value})


def _former(request: ResourceRequest, bedrock: BedrockLogging) -> Iterator[LoggingSetting]:
    """The setting of the properties before, where there are any: in a rollback, of the Update that failed."""
    if request.old_resource_properties is not None:
        with suppress(ValidationError):  # it was refused for them, and made nothing
            yield bedrock.sayable(LoggingProperties.model_validate(request.old_resource_properties).setting)


def _switch_off(request: ResourceRequest, bedrock: BedrockLogging, *, logger: Logger) -> Response:
    """Success in any case: a setting that stays behind must not hold a stack back."""
    try:
        removed = _is_switched_off(request, bedrock)
    except (ClientError, BotoCoreError):
        logger.exception("logging not switched off: delete the setting by hand if this stack made it")
    else:
        logger.info("logging left or switched off", extra={"removed": removed})
    return kept(request)


def _is_switched_off(request: ResourceRequest, bedrock: BedrockLogging) -> bool:
    """Whether there was a setting of this stack, which is removed then.

    Where a Create was not answered, or is cut short by another resource that fails, CloudFormation makes an id up
    (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1814). Then it is the setting asked
    for: its role is this stack's own, so nobody else's setting is the same.
    """
    owned_id = request.physical_resource_id or UNMADE_ID
    if is_id_of_ours(owned_id):
        return switch_off(bedrock, owned_id=owned_id)
    try:
        said = LoggingProperties.model_validate(request.resource_properties)
    except ValidationError:  # it was refused for them, and made nothing
        return False
    return switch_off_late(bedrock, bedrock.sayable(said.setting))
