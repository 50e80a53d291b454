"""Each action that the functions' roles allow is needed: without it something fails. The local AWS enforces IAM."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest
from botocore.config import Config

from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.aws_clients import local_session
from tests.support.cloudformation import listening
from tests.support.deploying.permissions_unchecked import NOT_CHECKED_LOCALLY, NOT_TAKEN_OUT_ALONE
from tests.support.deploying.roles import physical_id, without
from tests.support.operating.healthy_stack import invocation_line
from tests.support.processor_traffic import log_batch, settle_message
from tests.support.template_document import FUNCTION, actions_of, of_type, statements

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROLES = [function.replace("Function", "Role") for function in sorted(of_type(FUNCTION))]
CHECKED = [
    (role, sid, action)
    for role in ROLES
    for sid, statement in statements(role).items()
    if (role, sid) not in NOT_CHECKED_LOCALLY
    for action in actions_of(statement)
    if (role, sid, action) not in NOT_TAKEN_OUT_ALONE
]


def succeeds(deployment: DemoStack, function: str, event: object) -> bool:
    """Whether the function serves the event, and of messages each."""
    endpoint = deployment.local.endpoint
    answer = (
        local_session(endpoint)
        .client("lambda", endpoint_url=endpoint, config=Config(read_timeout=300))
        .invoke(FunctionName=physical_id(deployment, function), Payload=json.dumps(event).encode())
    )
    is_retried = b"itemIdentifier" in answer["Payload"].read()
    return not (is_retried or "FunctionError" in answer)


def collects(deployment: DemoStack) -> bool:
    now = datetime.now(UTC)
    line = {
        "requestId": f"privilege-{now.timestamp()}",
        "requestTimeEpoch": str(round(now.timestamp() * 1000)),
        "responseLatency": "1200",
        "status": "200",
        "routeKey": "POST /ask",
        "httpMethod": "POST",
    }
    return succeeds(deployment, "ProcessorFunction", log_batch([json.dumps(line)]))


def collects_a_tagged_call(deployment: DemoStack) -> bool:
    """Of a request that is not in the batch: whether it is known to be none is read."""
    now = datetime.now(UTC)
    own = {"requestId": f"privilege-{now.timestamp()}", "timestamp": now.isoformat()}
    tag = {"requestMetadata": {"api_request_id": "privilege"}}
    return succeeds(deployment, "ProcessorFunction", log_batch([json.dumps(json.loads(invocation_line()) | own | tag)]))


def settles_a_request(deployment: DemoStack) -> bool:
    return succeeds(deployment, "ProcessorFunction", {"Records": [settle_message("request", "none")]})


def settles_a_call(deployment: DemoStack) -> bool:
    return succeeds(deployment, "ProcessorFunction", {"Records": [settle_message("invocation", "none")]})


def sweeps(deployment: DemoStack) -> bool:
    return succeeds(deployment, "ProcessorFunction", {"sweep": datetime.now(UTC).isoformat()})


def draws(deployment: DemoStack) -> bool:
    return succeeds(deployment, "TimelineWidgetFunction", {"widgetContext": _last_minutes()})


def draws_a_request(deployment: DemoStack) -> bool:
    return collects(deployment) and draws(deployment)


def details(deployment: DemoStack) -> bool:
    return succeeds(
        deployment, "TimelineWidgetFunction", {"request_id": "none-of-this-id", "widgetContext": _last_minutes()}
    )


def keeps_groups(deployment: DemoStack) -> bool:
    group = deployment.stack.output("ProcessorLogGroupName")
    return _made(deployment, "Custom::KeptLogGroup", LogGroupName=group, NamedByStack="true", RetentionInDays="30")


def switches(deployment: DemoStack) -> bool:
    """Asks for the setting that is there: it is adopted, and nothing changes."""
    group = deployment.stack.output("InvocationLogGroupName")
    return _made(
        deployment, "Custom::BedrockInvocationLogging", LogGroupName=group, RoleArn="arn:some", LogPromptText="true"
    )


PROBES: Mapping[tuple[str, str, str], Callable[[DemoStack], bool]] = {
    ("ProcessorRole", "SendSettleMessages", "sqs:SendMessage*"): collects,
    ("ProcessorRole", "UseTable", "dynamodb:UpdateItem"): collects,
    ("ProcessorRole", "UseTable", "dynamodb:BatchWriteItem"): collects_a_tagged_call,
    ("ProcessorRole", "UseTable", "dynamodb:BatchGetItem"): collects_a_tagged_call,
    ("ProcessorRole", "UseTable", "dynamodb:GetItem"): settles_a_call,
    ("ProcessorRole", "UseTable", "dynamodb:Query"): settles_a_request,
    ("ProcessorRole", "ReadIndex", "dynamodb:Query"): sweeps,
    ("TimelineWidgetRole", "ReadTable", "dynamodb:Query"): details,
    ("TimelineWidgetRole", "ReadTable", "dynamodb:BatchGetItem"): draws_a_request,
    ("TimelineWidgetRole", "ReadIndex", "dynamodb:Query"): draws,
    ("LoggingConfigurationRole", "KeepLogGroups", "logs:CreateLogGroup"): keeps_groups,
    ("LoggingConfigurationRole", "KeepLogGroups", "logs:PutRetentionPolicy"): keeps_groups,
    ("LoggingConfigurationRole", "SwitchLogging", "bedrock:GetModelInvocationLoggingConfiguration"): switches,
}


@pytest.mark.parametrize(("role", "sid", "action"), CHECKED)
def test_without_an_action_what_it_allows_fails(deployment: DemoStack, role: str, sid: str, action: str) -> None:
    probe = PROBES[role, sid, action]

    assert probe(deployment)
    with without(deployment, role, sid, action):
        assert not probe(deployment)
    assert probe(deployment)


def _last_minutes() -> dict[str, object]:
    end = round(datetime.now(UTC).timestamp() * 1000)
    time_range = {"mode": "absolute", "start": end - 600_000, "end": end}
    return {"timeRange": time_range, "theme": "light", "width": 900, "height": 600}


def _made(deployment: DemoStack, resource: str, **properties: str) -> bool:
    """Whether the custom resource is made, as CloudFormation is told."""
    with listening() as server:
        event = {
            "RequestType": "Create",
            "ResponseURL": server.url,
            "StackId": "arn:stack",
            "RequestId": "1",
            "ResourceType": resource,
            "LogicalResourceId": "Probe",
            "ResourceProperties": properties,
        }
        assert succeeds(deployment, "LoggingConfigurationFunction", event)
        return bool(server.answers[0]["Status"] == "SUCCESS")
