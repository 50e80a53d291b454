"""A stage of an HTTP or REST API: its access log as it is set, and how that is changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import boto3
import click
from botocore.exceptions import ClientError

from request_lens_cli.attaching.apis.access_format import ApiKind
from request_lens_cli.deployed.aws_errors import explained, missing_action

_OWNER_TAG = "aws:cloudformation:stack-name"

_DELIVERY_RIGHTS = (
    "logs:CreateLogDelivery, GetLogDelivery, UpdateLogDelivery, DeleteLogDelivery, ListLogDeliveries, "
    "PutResourcePolicy, DescribeResourcePolicies, DescribeLogGroups"
)
"""What an HTTP API's access log needs of the caller:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging.html"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage: where its access log goes, in which format; empty where it has none.

    `owner` is the CloudFormation stack that its tags name, or empty.
    """

    kind: ApiKind
    api_id: str
    name: str
    destination_arn: str = ""
    format: str = ""
    owner: str = ""

    @property
    def title(self) -> str:
        """The stage in words, such as "the stage $default of the HTTP API a1b2c3"."""
        return f"the stage {self.name} of the {self.kind} API {self.api_id}"

    @property
    def log_group(self) -> str:
        """The name of the log group that its access log goes to; empty where it goes elsewhere."""
        return self.destination_arn.partition(":log-group:")[2].removesuffix(":*")


def find_stage(session: boto3.Session, api_id: str, name: str) -> Stage:
    """The stage of this name, or the only one where the name is empty.

    Raises: click.ClickException where there is no such API or stage, or a name is needed, or it is a WebSocket API.
    """
    stages = _http_stages(session, api_id)
    if stages is None:
        stages = _rest_stages(session, api_id)
    if stages is None:
        raise click.ClickException(f"There is no HTTP or REST API {api_id} in this account and Region.")
    names = ", ".join(stage.name for stage in stages) or "none"
    if not name and len(stages) != 1:
        raise click.ClickException(f"Name the stage, as in {api_id}/STAGE: the API has {names}.")
    found = [stage for stage in stages if stage.name == name or not name]
    if not found:
        raise click.ClickException(f"The API {api_id} has no stage {name}: it has {names}.")
    return found[0]


def _http_stages(session: boto3.Session, api_id: str) -> Sequence[Stage] | None:
    client = session.client("apigatewayv2")
    try:
        api = client.get_api(ApiId=api_id)
    except client.exceptions.NotFoundException:
        return None
    if api["ProtocolType"] != "HTTP":
        raise click.ClickException(
            f"{api_id} is a WebSocket API, whose log has no responseLatency: set its access log by hand, "
            "and attach the log group with `request-lens attach GROUP --kind access`. Only tags link to its messages."
        )
    return [
        Stage(
            kind=ApiKind.HTTP,
            api_id=api_id,
            name=stage["StageName"],
            destination_arn=stage.get("AccessLogSettings", {}).get("DestinationArn", ""),
            format=stage.get("AccessLogSettings", {}).get("Format", ""),
            owner=_owner(stage.get("Tags", {}), api.get("Tags", {})),
        )
        for page in client.get_paginator("get_stages").paginate(ApiId=api_id)
        for stage in page["Items"]
    ]


def _rest_stages(session: boto3.Session, api_id: str) -> Sequence[Stage] | None:
    client = session.client("apigateway")
    try:
        api = client.get_rest_api(restApiId=api_id)
    except client.exceptions.NotFoundException:
        return None
    return [
        Stage(
            kind=ApiKind.REST,
            api_id=api_id,
            name=stage["stageName"],
            destination_arn=(stage.get("accessLogSettings") or {}).get("destinationArn", ""),
            format=(stage.get("accessLogSettings") or {}).get("format", ""),
            owner=_owner(stage.get("tags") or {}, api.get("tags") or {}),
        )
        for stage in client.get_stages(restApiId=api_id).get("item", [])
    ]


def _owner(*tags: Mapping[str, str]) -> str:
    return next((found[_OWNER_TAG] for found in tags if _OWNER_TAG in found), "")


def all_stages(session: boto3.Session) -> Iterator[Stage]:
    """Every stage of every HTTP and REST API of this account and Region."""
    http, rest = session.client("apigatewayv2"), session.client("apigateway")
    for page in http.get_paginator("get_apis").paginate():
        for api in page["Items"]:
            if api["ProtocolType"] == "HTTP":
                yield from _http_stages(session, api["ApiId"]) or ()
    for of_rest in rest.get_paginator("get_rest_apis").paginate():
        for each in of_rest["items"]:
            yield from _rest_stages(session, each["id"]) or ()


def may_write_logs(session: boto3.Session) -> bool:
    """Whether API Gateway has the account-wide role with which REST APIs write logs."""
    return bool(session.client("apigateway").get_account().get("cloudwatchRoleArn"))


def set_access_log(session: boto3.Session, stage: Stage, *, destination_arn: str, text: str) -> None:
    """Let the stage write its access log there, in this format.

    Raises: click.ClickException where the caller may not deliver logs, with the rights that it takes.
    """
    if stage.kind is ApiKind.REST:
        settings = {"/accessLogSettings/destinationArn": destination_arn, "/accessLogSettings/format": text}
        session.client("apigateway").update_stage(
            restApiId=stage.api_id,
            stageName=stage.name,
            patchOperations=[{"op": "replace", "path": path, "value": value} for path, value in settings.items()],
        )
        return
    try:
        session.client("apigatewayv2").update_stage(
            ApiId=stage.api_id,
            StageName=stage.name,
            AccessLogSettings={"DestinationArn": destination_arn, "Format": text},
        )
    except ClientError as error:
        if missing_action(error) is None and "enable logging" not in str(error):
            raise
        raise click.ClickException(f"{explained(error)} An HTTP API's log takes, too: {_DELIVERY_RIGHTS}.") from error
