"""Each statement of the functions' roles is needed: without it something fails. The local AWS enforces IAM."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from botocore.config import Config

from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.aws_clients import local_session
from tests.support.cloudformation import listening
from tests.support.deploying.permissions_unchecked import NOT_CHECKED_LOCALLY
from tests.support.deploying.roles import physical_id, without
from tests.support.processor_traffic import log_batch
from tests.support.template_document import FUNCTION, of_type, statements

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROLES = [function.replace("Function", "Role") for function in sorted(of_type(FUNCTION))]
CHECKED = [(role, sid) for role in ROLES for sid in statements(role) if (role, sid) not in NOT_CHECKED_LOCALLY]


def succeeds(deployment: DemoStack, function: str, event: object) -> bool:
    """Whether the function serves the event."""
    endpoint = deployment.local.endpoint
    answer = (
        local_session(endpoint)
        .client("lambda", endpoint_url=endpoint, config=Config(read_timeout=300))
        .invoke(FunctionName=physical_id(deployment, function), Payload=json.dumps(event).encode())
    )
    answer["Payload"].read()
    return "FunctionError" not in answer


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


def sweeps(deployment: DemoStack) -> bool:
    return succeeds(deployment, "ProcessorFunction", {"sweep": datetime.now(UTC).isoformat()})


def draws(deployment: DemoStack) -> bool:
    return succeeds(deployment, "TimelineWidgetFunction", {"widgetContext": _last_minutes()})


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


PROBES: dict[tuple[str, str], Callable[[DemoStack], bool]] = {
    ("ProcessorRole", "SendSettleMessages"): collects,
    ("ProcessorRole", "UseTable"): collects,
    ("ProcessorRole", "ReadIndex"): sweeps,
    ("TimelineWidgetRole", "ReadTable"): details,
    ("TimelineWidgetRole", "ReadIndex"): draws,
    ("LoggingConfigurationRole", "KeepLogGroups"): keeps_groups,
    ("LoggingConfigurationRole", "SwitchLogging"): switches,
}


@pytest.mark.parametrize(("role", "sid"), CHECKED)
def test_without_a_statement_what_it_allows_fails(deployment: DemoStack, role: str, sid: str) -> None:
    probe = PROBES[role, sid]

    assert probe(deployment)
    with without(deployment, role, sid):
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
