"""An API as it is deployed to the local AWS: its routes, the functions behind them, its access log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from request_lens_cli.local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from mypy_boto3_apigateway.client import APIGatewayClient
    from mypy_boto3_apigatewayv2.client import ApiGatewayV2Client

HTTP_STAGE = "$default"
METHOD = "POST"
"""The only method that the stand-in serves."""


class Kind(StrEnum):
    """A kind of API: each names its requests, calls its functions and logs in a way of its own."""

    HTTP = "HTTP"
    REST = "REST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route: its path below the stage's, the function that answers it, and whether a request must be signed."""

    path: str
    function_arn: str
    is_signed: bool

    @property
    def key(self) -> str:
        """The route with its method, as HTTP APIs name it."""
        return f"{METHOD} {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedApi:
    """One stage of an API. `routes` are by the path that a client asks for; the log is the stage's access log."""

    kind: Kind
    api_id: str
    stage: str
    routes: Mapping[str, Route]
    log_group: str
    log_format: str


def read_http_api(api_id: str, *, apis: ApiGatewayV2Client) -> DeployedApi:
    """The default stage of an HTTP API, as the local AWS has it.

    Raises: LocalAwsError where the stage has no access log: then Request Lens could know no request.
    """
    integrations = {each["IntegrationId"]: each for each in apis.get_integrations(ApiId=api_id)["Items"]}
    routes = [
        Route(
            path=route["RouteKey"].removeprefix(f"{METHOD} "),
            function_arn=integrations[route["Target"].rpartition("/")[2]]["IntegrationUri"],
            is_signed=route.get("AuthorizationType") == "AWS_IAM",
        )
        for route in apis.get_routes(ApiId=api_id)["Items"]
        if route["RouteKey"].startswith(f"{METHOD} ")
    ]
    log = apis.get_stage(ApiId=api_id, StageName=HTTP_STAGE).get("AccessLogSettings", {})
    return DeployedApi(
        kind=Kind.HTTP,
        api_id=api_id,
        stage=HTTP_STAGE,
        routes={route.path: route for route in routes},
        log_group=_log_group(api_id, log.get("DestinationArn")),
        log_format=log.get("Format", ""),
    )


def read_rest_api(api_id: str, *, apis: APIGatewayClient) -> DeployedApi:
    """The only stage of a REST API, as the local AWS has it; a client asks for a path below the stage's name.

    Raises: LocalAwsError where it has no stage, or its stage has no access log.
    """
    stages = apis.get_stages(restApiId=api_id)["item"]
    if len(stages) != 1:
        raise LocalAwsError(f"The REST API {api_id} has {len(stages)} stages.")
    stage, log = stages[0]["stageName"], stages[0].get("accessLogSettings") or {}
    resources = apis.get_resources(restApiId=api_id, embed=["methods"])["items"]
    routes = [
        Route(
            path=resource["path"],
            function_arn=method["methodIntegration"]["uri"].partition("/functions/")[2].removesuffix("/invocations"),
            is_signed=method["authorizationType"] == "AWS_IAM",
        )
        for resource in resources
        if (method := resource.get("resourceMethods", {}).get(METHOD)) is not None
    ]
    return DeployedApi(
        kind=Kind.REST,
        api_id=api_id,
        stage=stage,
        routes={f"/{stage}{route.path}": route for route in routes},
        log_group=_log_group(api_id, log.get("destinationArn")),
        log_format=log.get("format", ""),
    )


def _log_group(api_id: str, destination_arn: str | None) -> str:
    if not destination_arn:
        raise LocalAwsError(f"The API {api_id} has no access log.")
    return destination_arn.split(":log-group:")[1].removesuffix(":*")
