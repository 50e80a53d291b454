"""Bedrock's logging switch where something is late, out of reach, or older: no stack hangs, and nothing stays on."""

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import pytest
from botocore.config import Config
from botocore.loaders import create_loader

from request_lens_cli.local_aws.aws_clients import local_session
from request_lens_cli.local_aws.lifecycle import LocalAws
from request_lens_cli.local_aws.loopback import free_port
from tests.support.cloudformation import CloudFormation, listening
from tests.support.deploying.late_bedrock import ENDPOINT, late_bedrock
from tests.support.deploying.local_account import INVOCATIONS, LocalAccount
from tests.support.deploying.logging_stack import FUNCTION, ROLE, Circumstances, LoggingStack, upload_code

if TYPE_CHECKING:
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_lambda import LambdaClient

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

MADE_UP_ID = "late-BedrockLogging-1A2B3C4D5E6F"
"""What CloudFormation calls a resource of which it has no answer."""

ENDS_WITHIN_S = 120
"""On AWS it takes minutes, by the template's ServiceTimeout; never an hour."""


@pytest.fixture(scope="module")
def account(built: LocalAws) -> LocalAccount:
    account = LocalAccount(local=built, region="eu-south-1")
    upload_code(account)
    return account


@pytest.fixture(scope="module")
def stack(account: LocalAccount) -> Iterator[LoggingStack]:
    stack = LoggingStack(account=account, name="late")
    assert stack.create() == "CREATE_COMPLETE"
    yield stack
    stack.delete()


@pytest.fixture(autouse=True)
def logging_off(account: LocalAccount, stack: LoggingStack) -> Iterator[None]:
    """Each test begins with logging off, and leaves it so."""
    account.bedrock.delete_model_invocation_logging_configuration()
    yield
    assert account.logging_setting() is None


@pytest.fixture
def cloudformation() -> Iterator[CloudFormation]:
    with listening() as server:
        yield server


def lambda_of(account: LocalAccount) -> "LambdaClient":
    endpoint = account.local.endpoint
    once = Config(read_timeout=240, retries={"total_max_attempts": 1})
    return local_session(endpoint).client("lambda", region_name=account.region, endpoint_url=endpoint, config=once)


def iam_of(account: LocalAccount) -> "IAMClient":
    return local_session(account.local.endpoint).client("iam", endpoint_url=account.local.endpoint)


def asked(stack: LoggingStack, kind: str, url: str, *, physical_id: str | None = None) -> Mapping[str, Any]:
    """What Lambda says of a request of CloudFormation for the stack's switch: an error, or nothing."""
    role = stack.physical_id("BedrockLoggingRole")
    event = {
        "RequestType": kind,
        "ResponseURL": url,
        "StackId": "arn:stack",
        "RequestId": "1",
        "ResourceType": "Custom::BedrockInvocationLogging",
        "LogicalResourceId": "BedrockLogging",
        "ResourceProperties": {
            "LogGroupName": INVOCATIONS,
            "RoleArn": f"arn:aws:iam::123456789012:role/{role}",
            "LogPromptText": "true",
        },
    }
    event |= {"PhysicalResourceId": physical_id} if physical_id is not None else {}
    answer = lambda_of(stack.account).invoke(FunctionName=stack.physical_id(FUNCTION), Payload=json.dumps(event))
    payload: dict[str, Any] | None = json.loads(answer["Payload"].read())
    return payload or {}


def removed(stack: LoggingStack, cloudformation: CloudFormation, physical_id: str) -> bool:
    """Whether logging is off after a request to delete the resource of this id."""
    assert stack.account.logging_setting() is not None
    assert asked(stack, "Delete", cloudformation.url, physical_id=physical_id) == {}
    return cloudformation.answers[-1]["Status"] == "SUCCESS" and stack.account.logging_setting() is None


@contextmanager
def configured(stack: LoggingStack, *, variables: Mapping[str, str], times_out_s: int = 240) -> Iterator[None]:
    """The switch's function with these variables and this time-out."""
    client, name = lambda_of(stack.account), stack.physical_id(FUNCTION)
    client.update_function_configuration(
        FunctionName=name, Environment={"Variables": dict(variables)}, Timeout=times_out_s
    )
    try:
        yield
    finally:
        client.update_function_configuration(FunctionName=name, Environment={"Variables": {}}, Timeout=240)


def test_a_bedrock_that_answers_too_late_is_told_and_what_it_took_is_removed(
    stack: LoggingStack, cloudformation: CloudFormation
) -> None:
    with late_bedrock(stack.account.local.endpoint) as bedrock, configured(stack, variables={ENDPOINT: bedrock.url}):
        bedrock.held_s = 12  # longer than the switch waits, twice
        assert asked(stack, "Create", cloudformation.url) == {}
    (answer,) = cloudformation.answers

    assert bedrock.taken.count("PUT") == 2
    assert answer["Status"] == "FAILED"
    assert answer["Reason"].startswith("Bedrock did not take the logging setting: Read timeout on endpoint URL")
    assert removed(stack, cloudformation, answer["PhysicalResourceId"])


def test_what_a_function_switched_on_that_was_stopped_in_the_middle_is_switched_off(
    stack: LoggingStack, cloudformation: CloudFormation
) -> None:
    with late_bedrock(stack.account.local.endpoint) as bedrock:
        bedrock.held_s = 8
        with configured(stack, variables={ENDPOINT: bedrock.url}, times_out_s=4):
            stopped = asked(stack, "Create", cloudformation.url)

    assert "timed out" in stopped["errorMessage"]
    assert cloudformation.answers == []
    assert removed(stack, cloudformation, MADE_UP_ID)


def test_an_answer_that_finds_nobody_is_an_error_and_what_was_switched_on_is_switched_off(
    stack: LoggingStack, cloudformation: CloudFormation
) -> None:
    began = monotonic()
    failed = asked(stack, "Create", f"http://127.0.0.1:{free_port()}/")

    assert "urlopen error" in failed["errorMessage"]
    assert monotonic() - began < ENDS_WITHIN_S
    assert removed(stack, cloudformation, MADE_UP_ID)


def test_an_answer_that_is_refused_at_first_is_sent_again(stack: LoggingStack, cloudformation: CloudFormation) -> None:
    cloudformation.refusals = 2

    assert asked(stack, "Create", cloudformation.url) == {}

    (answer,) = cloudformation.answers
    assert (cloudformation.refusals, answer["Status"]) == (0, "SUCCESS")
    assert removed(stack, cloudformation, answer["PhysicalResourceId"])


def test_no_stack_waits_longer_than_its_service_timeout_for_an_answer_that_cannot_come(account: LocalAccount) -> None:
    """The function's way to CloudFormation leads to a proxy that is not there, that to AWS does not."""
    to_nobody = {"http_proxy": f"http://127.0.0.1:{free_port()}", "no_proxy": "127.0.0.1"}
    mute = LoggingStack(account=account, name="mute", circumstances=Circumstances(variables=to_nobody, waited_for_s=20))
    began = monotonic()

    status = mute.create()

    assert (status, monotonic() - began < ENDS_WITHIN_S) == ("ROLLBACK_COMPLETE", True)
    assert "timed out after 20s" in mute.switch_events()[-1]["ResourceStatusReason"]
    mute.delete()
    account.bedrock.delete_model_invocation_logging_configuration()  # the local AWS deletes no resource that failed


def sdk_without(flag: str, folder: Path) -> str:
    """A folder with the model of a Bedrock whose setting has not this flag."""
    loader = create_loader()
    version = loader.determine_latest_version("bedrock", "service-2")
    model = loader.load_service_model("bedrock", "service-2", version)
    del model["shapes"]["LoggingConfig"]["members"][flag]
    there = folder / "bedrock" / version
    there.mkdir(parents=True)
    (there / "service-2.json").write_text(json.dumps(model), encoding="utf-8")
    return str(folder)


def test_a_flag_that_the_sdk_does_not_know_is_left_to_bedrock_and_a_newer_sdk_removes_the_setting(
    stack: LoggingStack, cloudformation: CloudFormation, tmp_path: Path
) -> None:
    bedrock, flag = stack.account.bedrock, "audioDataDeliveryEnabled"
    with configured(stack, variables={"AWS_DATA_PATH": sdk_without(flag, tmp_path)}):
        assert asked(stack, "Create", cloudformation.url) == {}
    (answer,) = cloudformation.answers
    made = bedrock.get_model_invocation_logging_configuration()["loggingConfig"]
    # As AWS shows it: what is not sent is true.
    bedrock.put_model_invocation_logging_configuration(loggingConfig={**made, "audioDataDeliveryEnabled": True})

    assert (answer["Status"], flag in made, made["videoDataDeliveryEnabled"]) == ("SUCCESS", False, False)
    assert removed(stack, cloudformation, answer["PhysicalResourceId"])


@contextmanager
def denied(stack: LoggingStack, sid: str) -> Iterator[None]:
    """The switch's role without one statement."""
    iam, name = iam_of(stack.account), stack.physical_id(ROLE)
    (policy,) = iam.list_role_policies(RoleName=name)["PolicyNames"]
    found = iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
    document = found if isinstance(found, dict) else json.loads(found)
    left = [each for each in document["Statement"] if each["Sid"] != sid]
    iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps({**document, "Statement": left}))
    try:
        yield
    finally:
        iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=json.dumps(document))


def test_what_a_role_is_denied_that_is_seconds_old_is_tried_again(
    stack: LoggingStack, cloudformation: CloudFormation
) -> None:
    with ThreadPoolExecutor() as pool:
        with denied(stack, "SwitchLogging"):
            running = pool.submit(asked, stack, "Create", cloudformation.url)
            sleep(3)
            answered = list(cloudformation.answers)
        assert running.result() == {}

    (answer,) = cloudformation.answers
    assert (answered, answer["Status"]) == ([], "SUCCESS")
    assert removed(stack, cloudformation, answer["PhysicalResourceId"])


def test_what_a_role_stays_denied_is_told_within_a_minute(stack: LoggingStack, cloudformation: CloudFormation) -> None:
    began = monotonic()
    with denied(stack, "SwitchLogging"):
        assert asked(stack, "Create", cloudformation.url) == {}

    (answer,) = cloudformation.answers
    assert (answer["Status"], monotonic() - began < ENDS_WITHIN_S) == ("FAILED", True)
    assert "AccessDenied" in answer["Reason"]
    assert "bedrock:GetModelInvocationLoggingConfiguration" in answer["Reason"]
