"""APIs of an emulated API Gateway, whose access logs are set."""

import json
from collections.abc import Mapping
from urllib.parse import unquote

import pytest
from moto.apigatewayv2.responses import ApiGatewayV2Response

from tests.support.operating.operated_stack import ACCOUNT, OperatedStack
from tests.support.under_test import REGION

type Settings = Mapping[str, str]
"""The access log of a stage: DestinationArn and Format."""


def group_arn(name: str) -> str:
    return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{name}"


def http_api(
    stack: OperatedStack, *, log: Settings | None = None, tags: Settings | None = None, protocol: str = "HTTP"
) -> str:
    """The id of an HTTP API with the stage $default."""
    client = stack.session.client("apigatewayv2")
    selection = {"RouteSelectionExpression": "$request.body.action"} if protocol == "WEBSOCKET" else {}
    api = client.create_api(Name="api", ProtocolType=protocol, Tags=tags or {}, **selection)["ApiId"]  # type: ignore[arg-type]
    client.create_stage(ApiId=api, StageName="$default", **({"AccessLogSettings": log} if log else {}))  # type: ignore[arg-type]
    return api


def http_log(stack: OperatedStack, api: str) -> Settings:
    """The access log of its stage; empty where there is none."""
    stage = stack.session.client("apigatewayv2").get_stage(ApiId=api, StageName="$default")
    return dict(stage.get("AccessLogSettings", {}))  # type: ignore[arg-type]


def rest_api(stack: OperatedStack, *stages: str) -> str:
    """The id of a REST API with these stages."""
    client = stack.session.client("apigateway")
    api = client.create_rest_api(name="api")["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    client.put_method(restApiId=api, resourceId=root, httpMethod="GET", authorizationType="NONE")
    client.put_integration(restApiId=api, resourceId=root, httpMethod="GET", type="MOCK")
    for stage in stages:
        client.create_deployment(restApiId=api, stageName=stage)
    return api


def rest_log(stack: OperatedStack, api: str, stage: str) -> Settings:
    """The access log of a stage; empty where there is none."""
    found = stack.session.client("apigateway").get_stage(restApiId=api, stageName=stage)
    return dict(found.get("accessLogSettings") or {})  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def http_stages_can_be_updated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets moto answer UpdateStage of an HTTP API, which it lacks."""

    def update_stage(response: ApiGatewayV2Response) -> tuple[int, Mapping[str, str], str]:
        *_, api_id, _stages, name = response.path.split("/")
        stage = response.apigatewayv2_backend.get_stage(api_id, unquote(name))
        stage.access_log_settings = json.loads(response.body)["accessLogSettings"]
        return 200, {}, json.dumps(stage.to_json())

    monkeypatch.setattr(ApiGatewayV2Response, "update_stage", update_stage, raising=False)


def give_account_role(stack: OperatedStack) -> None:
    """Give API Gateway the role with which REST APIs write logs."""
    change = {"op": "replace", "path": "/cloudwatchRoleArn", "value": f"arn:aws:iam::{ACCOUNT}:role/api-logs"}
    stack.session.client("apigateway").update_account(patchOperations=[change])  # type: ignore[list-item]
