"""The custom resource `Custom::KeptLogGroup`: a log group that is made where it is missing, and never deleted.

CloudFormation refuses a template whose log group exists already: https://docs.aws.amazon.com/AWSCloudFormation/latest/
UserGuide/validate-stack-deployments.html. These exist wherever somebody follows Bedrock's own instructions, or a stack
of the same name stood here before.

The physical id is the only memory: `made:<name>` or `found:<name>`.
"""

from enum import StrEnum
from typing import assert_never

from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_pascal

from cloudformation_response import RequestType, ResourceRequest, Response, failed, kept
from log_groups import LogGroups


class Origin(StrEnum):
    """Who made the log group."""

    MADE = "made"
    FOUND = "found"


class LogGroupProperties(BaseModel):
    """What the template says of the log group; numbers and truth values come as text."""

    model_config = ConfigDict(alias_generator=to_pascal, frozen=True, extra="ignore")

    log_group_name: str
    retention_in_days: int
    named_by_stack: bool = False
    """Whether nothing else makes a group of this name: one that is there was left by an earlier stack."""

    def id_of(self, origin: Origin) -> str:
        """The physical id of a group that came about so."""
        return f"{origin}:{self.log_group_name}"


def handle_kept_log_group(request: ResourceRequest, log_groups: LogGroups) -> Response:
    """Carry out one request of CloudFormation; a Delete leaves the group, which holds data."""
    match RequestType(request.request_type):
        case RequestType.CREATE | RequestType.UPDATE:
            return _ensure(request, log_groups)
        case RequestType.DELETE:
            return kept(request)
        case never:
            assert_never(never)


def _ensure(request: ResourceRequest, log_groups: LogGroups) -> Response:
    try:
        wanted = LogGroupProperties.model_validate(request.resource_properties)
    except ValidationError as error:
        return failed(request, f"The resource's properties are wrong: {error}")
    name = wanted.log_group_name
    try:
        made = log_groups.make(name) or request.physical_resource_id == wanted.id_of(Origin.MADE)
    except (ClientError, BotoCoreError) as error:
        return failed(request, f"CloudWatch Logs did not make the log group {name}: {error}")
    if made or wanted.named_by_stack:
        try:
            log_groups.keep_events_for(name, days=wanted.retention_in_days)
        except (ClientError, BotoCoreError) as error:
            return failed(request, _without_retention(wanted, error))
    origin = Origin.MADE if made else Origin.FOUND
    return Response(physical_id=wanted.id_of(origin), attributes={"LogGroupName": name, "Origin": origin.value})


def _without_retention(wanted: LogGroupProperties, error: ClientError | BotoCoreError) -> str:
    """What to do about a group that stays: after a Create that failed nothing remembers who made it."""
    return (
        f"CloudWatch Logs did not set the retention of the log group. Before you deploy again, which may take it for "
        f"somebody else's, run aws logs put-retention-policy --retention-in-days {wanted.retention_in_days} "
        f"--log-group-name {wanted.log_group_name}. CloudWatch Logs said: {error}"
    )
