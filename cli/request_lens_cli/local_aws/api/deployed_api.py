"""An HTTP API as it is deployed to the local AWS: its routes, the functions behind them, its access log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from request_lens_cli.local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from mypy_boto3_apigatewayv2.client import ApiGatewayV2Client


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A route: its key, the function that answers it, and whether a request must be signed."""

    key: str
    function_arn: str
    is_signed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedApi:
    """An API's default stage. The log group and the format are those of its access log."""

    api_id: str
    routes: Mapping[str, Route]
    log_group: str
    log_format: str


def read_deployed_api(api_id: str, *, apis: ApiGatewayV2Client) -> DeployedApi:
    """The API as the local AWS has it.

    Raises: LocalAwsError where its stage has no access log: then Request Lens could know no request.
    """
    integrations = {each["IntegrationId"]: each for each in apis.get_integrations(ApiId=api_id)["Items"]}
    routes = [
        Route(
            key=route["RouteKey"],
            function_arn=integrations[route["Target"].rpartition("/")[2]]["IntegrationUri"],
            is_signed=route.get("AuthorizationType") == "AWS_IAM",
        )
        for route in apis.get_routes(ApiId=api_id)["Items"]
    ]
    settings = apis.get_stage(ApiId=api_id, StageName="$default").get("AccessLogSettings", {})
    if "DestinationArn" not in settings or "Format" not in settings:
        raise LocalAwsError(f"The API {api_id} has no access log.")
    group = settings["DestinationArn"].split(":log-group:")[1].removesuffix(":*")
    by_key = {route.key: route for route in routes}
    return DeployedApi(api_id=api_id, routes=by_key, log_group=group, log_format=settings["Format"])
