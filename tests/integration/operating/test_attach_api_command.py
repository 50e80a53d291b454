"""`request-lens attach-api`, over an emulated AWS."""

import json

import click
import pytest

from tests.support.operating.apis import (
    give_account_role,
    group_arn,
    http_api,
    http_log,
    http_stages_can_be_updated,
    rest_api,
    rest_log,
)
from tests.support.operating.operated_stack import ACCESS, OperatedStack, operated

__all__ = ["http_stages_can_be_updated", "operated"]

GROUP = "/aws/apigateway/orders"
GOOD = json.dumps(
    {
        "id": "$context.requestId",
        "requestId": "$context.requestId",
        "requestTimeEpoch": "$context.requestTimeEpoch",
        "responseLatency": "$context.responseLatency",
        "status": "$context.status",
        "routeKey": "$context.routeKey",
    }
)


def log_to(group: str, text: str = GOOD) -> dict[str, str]:
    return {"DestinationArn": group_arn(group), "Format": text}


def test_it_shows_what_it_will_change_and_asks(operated: OperatedStack) -> None:
    api = http_api(operated)

    asked = operated.ask("attach-api", api, answers="n\n")

    assert asked.exit_code == 1
    assert f"to      {ACCESS}" in asked.output
    assert f"format  {operated.outputs['AccessLogFormatHttpApi']}" in asked.output
    assert "Set this access log? [y/N]: n" in asked.output
    assert asked.stderr.endswith("\nNothing was changed.\n")
    assert http_log(operated, api) == {}


def test_an_http_api_without_an_access_log_gets_the_stacks(operated: OperatedStack) -> None:
    api = http_api(operated)

    assert "are seen from now on" in operated.answer("attach-api", api, answers="y\n")
    assert http_log(operated, api) == log_to(ACCESS, operated.outputs["AccessLogFormatHttpApi"])
    assert "already, and its format suffices" in operated.answer("attach-api", api)


def test_a_rest_api_without_an_access_log_gets_the_stacks(operated: OperatedStack) -> None:
    give_account_role(operated)
    api = rest_api(operated, "prod", "test")

    operated.answer("attach-api", f"{api}/prod", "--yes")

    expected = log_to(ACCESS, operated.outputs["AccessLogFormatRestApi"])
    assert rest_log(operated, api, "prod") == {
        "destinationArn": expected["DestinationArn"],
        "format": expected["Format"],
    }
    assert rest_log(operated, api, "test") == {}


def test_a_rest_api_is_refused_while_the_account_has_no_role_for_logs(operated: OperatedStack) -> None:
    api = rest_api(operated, "prod")

    assert "API Gateway has no role to write logs with" in operated.refusal("attach-api", api, "--yes")
    assert rest_log(operated, api, "prod") == {}


def test_an_access_log_that_suffices_stays_and_its_group_is_attached(operated: OperatedStack) -> None:
    operated.logs.create_log_group(logGroupName=GROUP)
    api = http_api(operated, log=log_to(GROUP))

    answer = operated.answer("attach-api", f"{api}/$default", answers="y\n")

    assert "in a format that suffices; it stays as it is" in answer
    assert operated.filters(GROUP) == {"request-lens-request-lens": ""}
    assert http_log(operated, api) == log_to(GROUP)
    assert "is attached already" in operated.answer("attach-api", api)


def test_an_access_log_that_lacks_keys_stays_and_they_are_named(operated: OperatedStack) -> None:
    lacking = json.dumps({name: value for name, value in json.loads(GOOD).items() if name != "status"})
    operated.logs.create_log_group(logGroupName=GROUP)
    api = http_api(operated, log=log_to(GROUP, lacking))

    refusal = operated.refusal("attach-api", api, "--yes")

    assert 'add "status":"$context.status" to the access log\'s format' in refusal
    assert operated.filters(GROUP) == {}
    assert http_log(operated, api) == log_to(GROUP, lacking)


def test_an_access_log_that_somebody_sets_while_it_asks_is_not_replaced(
    operated: OperatedStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    api = http_api(operated)

    def answered_late(*_: object, **__: object) -> bool:
        client = operated.session.client("apigatewayv2")
        client.update_stage(ApiId=api, StageName="$default", AccessLogSettings=log_to(GROUP))  # type: ignore[arg-type]
        return True

    monkeypatch.setattr(click, "confirm", answered_late)

    assert "has changed since. Nothing was changed by this command: run it again." in operated.refusal(
        "attach-api", api
    )
    assert http_log(operated, api) == log_to(GROUP)


def test_a_stack_of_others_is_none_to_attach_an_api_to(operated: OperatedStack) -> None:
    nothing = {"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}
    operated.cloudformation.create_stack(StackName="shop", TemplateBody=json.dumps(nothing))

    refusal = operated.refusal("attach-api", http_api(operated), "--stack-name", "shop")

    assert "The stack shop has no output AccessLogGroupName: it is no Request Lens stack" in refusal


def test_a_group_that_cannot_be_attached_is_refused_before_it_asks(operated: OperatedStack) -> None:
    operated.logs.create_log_group(logGroupName=GROUP)
    operated.classes[GROUP] = "INFREQUENT_ACCESS"
    api = http_api(operated, log=log_to(GROUP))

    refusal = operated.refusal("attach-api", api)

    assert "its class is INFREQUENT_ACCESS" in refusal
    assert "[y/N]" not in refusal


def test_an_access_log_that_goes_to_no_log_group_is_named(operated: OperatedStack) -> None:
    firehose = "arn:aws:firehose:ap-northeast-1:123456789012:deliverystream/amazon-apigateway-x"
    api = http_api(operated, log={"DestinationArn": firehose, "Format": GOOD})

    assert "which is no log group" in operated.refusal("attach-api", api, "--yes")


def test_who_manages_the_stage_by_a_template_is_told_of_the_drift(operated: OperatedStack) -> None:
    api = http_api(operated, tags={"aws:cloudformation:stack-name": "shop"})

    answer = operated.answer("attach-api", api, "--yes")

    assert "belongs to the CloudFormation stack shop: its next deployment may take this setting away" in answer


def test_who_may_not_deliver_logs_is_told_the_rights(operated: OperatedStack) -> None:
    operated.deny("apigatewayv2.UpdateStage")
    api = http_api(operated)

    refusal = operated.refusal("attach-api", api, "--yes")

    assert "may not apigateway:PATCH" in refusal
    assert "logs:CreateLogDelivery" in refusal


def test_what_is_no_http_or_rest_api_is_named(operated: OperatedStack) -> None:
    api, socket = rest_api(operated, "prod", "test"), http_api(operated, protocol="WEBSOCKET")

    assert "There is no HTTP or REST API nothing" in operated.refusal("attach-api", "nothing")
    assert "is a WebSocket API" in operated.refusal("attach-api", socket)
    assert "Name the stage" in operated.refusal("attach-api", api)
    assert "has no stage dev: it has" in operated.refusal("attach-api", f"{api}/dev")
    assert "Name the stage" in operated.refusal("attach-api", rest_api(operated))


def test_a_name_stands_before_the_routes_of_the_stage_that_it_is_given_to(operated: OperatedStack) -> None:
    api = http_api(operated)

    operated.answer("attach-api", api, "--name", "orders", "--yes")

    text = http_log(operated, api)["Format"]
    own = json.loads(operated.outputs["AccessLogFormatHttpApi"])
    assert json.loads(text) == {**own, "requestLensApi": "orders"}
    assert "already, and its format suffices" in operated.answer("attach-api", api, "--name", "orders")
    refused = operated.refusal("attach-api", api, "--name", "booking")
    assert 'its routes have no such name: add "requestLensApi":"booking"' in refused
    assert http_log(operated, api)["Format"] == text


def test_what_is_no_name_of_an_api_is_refused_before_anything_is_read(operated: OperatedStack) -> None:
    refused = operated.ask("attach-api", "a1b2c3d4e5", "--name", "two words")

    assert refused.exit_code == 2
    assert "up to 64 letters" in refused.output
