"""`request-lens doctor`: each fault of what is deployed and wired is found by a test that breaks that one thing."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import boto3
import pytest
from botocore.client import BaseClient
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, CredentialRetrievalError, TokenRetrievalError, UnauthorizedSSOTokenError

from request_lens_cli.deployed.aws_errors import LOCAL_ENV
from request_lens_cli.diagnosis.examination import CHECKS
from request_lens_cli.local_aws.paths import checkout_paths
from tests.support.operating.examining import fault, findings
from tests.support.operating.healthy_stack import ACCESS_LINE, HealthyStack, healthy, invocation_line
from tests.support.operating.operated_stack import (
    ACCESS,
    ACCOUNT,
    INVOCATIONS,
    OTHER_FUNCTION,
    PROCESSOR_LOG,
    STACK,
    OperatedStack,
    physical_name,
    switch_logging_on,
)
from tests.support.under_test import REGION

__all__ = ["healthy"]

DEPLOYED = f" --stack-name {STACK} --region {REGION}"
"""What `sam deploy` is told, whatever the environment says."""

pytestmark = pytest.mark.slow  # each deploys a stack and examines all of it


def other_function(aws: OperatedStack) -> None:
    role = aws.lambda_.get_function_configuration(FunctionName=aws.function)["Role"]
    aws.lambda_.create_function(
        FunctionName="other", Runtime="python3.13", Role=role, Handler="o.h", Code={"ZipFile": b""}
    )


def remove_filter(aws: OperatedStack, group: str) -> None:
    for name in aws.filters(group):
        aws.logs.delete_subscription_filter(logGroupName=group, filterName=name)


def test_a_healthy_stack_has_no_fault(healthy: HealthyStack) -> None:
    result = healthy.aws.ask("doctor", "--format", "json")

    assert result.exit_code == 0, result.output
    informing = {each["check"]: each["outcome"] for each in json.loads(result.stdout)["findings"]}
    noted = {check for check, outcome in informing.items() if outcome != "fine"}
    assert noted == {"uncertain", "tags", "attached", "spans"}
    assert set(informing.values()) == {"fine", "note"}
    assert not json.loads(result.stdout)["fault"]


def test_no_region(healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The local AWS is named where one runs alone."""
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.chdir(tmp_path)

    found = fault(healthy)

    asked_for = "Give --region, or set AWS_REGION"
    assert (found["check"], found["text"], found["remedy"]) == ("region", "No AWS Region is set.", f"{asked_for}.")
    LOCAL_ENV.parent.mkdir()
    LOCAL_ENV.touch()
    local = "for the local AWS that runs here: `set -a; . out/local-aws.env; set +a`"
    assert fault(healthy)["remedy"] == f"{asked_for} ({local})."
    assert checkout_paths().env_file == checkout_paths().checkout / LOCAL_ENV


def test_no_credentials(healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")

    assert fault(healthy)["text"] == "No AWS credentials are found."


def test_an_endpoint_that_is_no_address(healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")

    found = fault(healthy)

    assert found["check"] == "credentials"
    assert found["text"] == "AWS cannot be reached: Invalid endpoint: nonsense."
    assert found["remedy"] == "See network, proxy, and AWS_ENDPOINT_URL if it is set."


def test_credentials_that_have_expired(healthy: HealthyStack) -> None:
    healthy.aws.refused["cloudformation.DescribeStacks"] = "ExpiredToken"

    found = fault(healthy)

    assert found["check"] == "credentials"
    assert "does not take your credentials (ExpiredToken)" in found["text"]


@pytest.mark.parametrize(
    "error",
    [
        UnauthorizedSSOTokenError(),
        TokenRetrievalError(provider="sso", error_msg="Token has expired and refresh failed"),
        CredentialRetrievalError(provider="custom-process", error_msg="exit code 1"),
    ],
)
@pytest.mark.parametrize("raised_by", [(boto3.Session, "get_credentials"), (BaseClient, "_make_api_call")])
def test_a_login_that_is_over(
    healthy: HealthyStack, error: BotoCoreError, raised_by: tuple[type, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore says so at once or with the first call, by where the credentials come from."""

    def over(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(*raised_by, over)

    found = fault(healthy)

    assert found["text"] == f"There are no valid AWS credentials: {error}"
    assert found["remedy"].startswith("Log in again")


@pytest.mark.parametrize(
    "command", [("doctor",), ("requests",), ("attach", "--yes", ACCESS)], ids=lambda command: command[0]
)
def test_credentials_that_their_source_gives_expired(
    healthy: HealthyStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    """botocore raises a RuntimeError of them."""
    given = {"Version": 1, "AccessKeyId": "ASIA", "SecretAccessKey": "x", "SessionToken": "x"}
    (tmp_path / "answer").write_text(json.dumps({**given, "Expiration": "2025-01-01T00:00:00Z"}), encoding="utf-8")
    config = tmp_path / "config"
    config.write_text(f"[profile own]\ncredential_process = cat {tmp_path / 'answer'}\n", encoding="utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))

    said = healthy.aws.refusal(*command, "--profile", "own")

    assert "There are no valid AWS credentials" in said
    assert "still expired" in said


@pytest.mark.parametrize(
    "command", [("redrive",), ("attach", "--yes", ACCESS), ("requests",), ("timeline",)], ids=lambda command: command[0]
)
def test_credentials_that_expire_while_a_command_is_at_work(
    healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    ask: Callable[..., object] = BaseClient.__dict__["_make_api_call"]
    frozen, asked = Credentials.get_frozen_credentials, Counter[str]()

    def counted(client: BaseClient, operation: str, parameters: dict[str, object]) -> object:
        asked.update([operation])
        return ask(client, operation, parameters)

    def expiring(credentials: Credentials) -> object:
        if asked.total() > 1:
            raise RuntimeError("Credentials were refreshed, but the refreshed credentials are still expired.")
        return frozen(credentials)

    monkeypatch.setattr(BaseClient, "_make_api_call", counted)
    monkeypatch.setattr(Credentials, "get_frozen_credentials", expiring)

    said = healthy.aws.refusal(*command)

    assert asked.total() > 1
    assert "There are no valid AWS credentials: " in said
    assert "Log in again, or name another profile with --profile." in " ".join(said.split())


def test_a_stack_that_may_not_be_seen(healthy: HealthyStack) -> None:
    healthy.aws.deny("cloudformation.DescribeStacks")

    assert "may not cloudformation:DescribeStacks" in fault(healthy)["text"]


def test_another_stacks_name(healthy: HealthyStack) -> None:
    found = fault(healthy, "--stack-name", "mine")

    assert found["text"] == "There is no stack mine in ap-northeast-1."
    assert "Here are: request-lens." in found["remedy"]


def test_a_stack_of_others(healthy: HealthyStack) -> None:
    template = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
    healthy.aws.cloudformation.create_stack(StackName="shop", TemplateBody=template)

    assert fault(healthy, "--stack-name", "shop")["text"] == "shop is no Request Lens stack."


@pytest.mark.parametrize(
    ("status", "helps"),
    [
        ("ROLLBACK_COMPLETE", "Delete it with `sam delete`, then deploy it"),
        ("CREATE_IN_PROGRESS", "Wait until CloudFormation has finished"),
        ("ROLLBACK_IN_PROGRESS", "Wait until CloudFormation has finished"),
        ("UPDATE_ROLLBACK_FAILED", "`aws cloudformation continue-update-rollback --stack-name request-lens`"),
    ],
)
def test_a_stack_that_does_not_stand(healthy: HealthyStack, status: str, helps: str) -> None:
    from moto.cloudformation.models import cloudformation_backends  # noqa: PLC0415 - it takes seconds to import

    (stack,) = cloudformation_backends[ACCOUNT]["ap-northeast-1"].stacks.values()
    stack.status = status

    found = fault(healthy)

    assert found["text"] == f"request-lens is in {status}."
    assert helps in found["remedy"]


def test_logging_is_off(healthy: HealthyStack) -> None:
    healthy.aws.session.client("bedrock").delete_model_invocation_logging_configuration()

    found = fault(healthy)

    assert found["check"] == "logging"
    assert "is off in this Region" in found["text"]
    assert found["remedy"].startswith(
        f"Run `sam deploy{DEPLOYED} --parameter-overrides ManageBedrockLogging=false`, then `sam deploy{DEPLOYED} "
    )


def test_logging_delivers_to_s3_alone(healthy: HealthyStack) -> None:
    bedrock = healthy.aws.session.client("bedrock")
    healthy.aws.session.client("s3").create_bucket(
        Bucket="calls", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"}
    )
    bedrock.put_model_invocation_logging_configuration(loggingConfig={"s3Config": {"bucketName": "calls"}})

    assert "delivers to S3 alone" in fault(healthy)["text"]


def test_logging_delivers_to_a_group_that_is_not_read(healthy: HealthyStack) -> None:
    healthy.aws.logs.create_log_group(logGroupName="/other")
    switch_logging_on(healthy.aws, "/other")

    found = fault(healthy)

    assert found["text"] == f"Bedrock logs into /other, but the stack reads {INVOCATIONS}."
    assert "request-lens attach /other --kind invocations" in found["remedy"]


def test_the_logging_role_is_gone(healthy: HealthyStack) -> None:
    healthy.aws.session.client("iam").delete_role(RoleName=physical_name(healthy.aws, "BedrockLoggingRole"))

    found = fault(healthy)

    assert found["check"] == "logging role"
    assert "is not there" in found["text"]


def test_the_logging_role_does_not_trust_bedrock(healthy: HealthyStack) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    healthy.aws.session.client("iam").update_assume_role_policy(
        RoleName=physical_name(healthy.aws, "BedrockLoggingRole"),
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
    )

    found = fault(healthy)

    assert "does not let bedrock.amazonaws.com assume it" in found["text"]
    off, on = (
        f"`sam deploy{DEPLOYED} --parameter-overrides ManageBedrockLogging={word}`" for word in ("false", "true")
    )
    assert f"Run {off}, then {on}: " in found["remedy"]
    assert "Any other role stays as it is" in found["remedy"]


def test_a_trust_policy_that_cannot_be_read_is_neither_fine_nor_a_fault(healthy: HealthyStack) -> None:
    from moto.iam.models import iam_backends  # noqa: PLC0415 - it takes seconds to import

    name = physical_name(healthy.aws, "BedrockLoggingRole")
    role = iam_backends[ACCOUNT]["aws"].get_role(name)
    role.assume_role_policy_document = json.dumps({"Statement": {"effect": "allow"}})

    (found,) = [each for each in findings(healthy) if each["check"] == "logging role"]

    assert found["outcome"] == "unseen"
    assert found["text"] == f"The trust policy of {name} is written in a way that is not known here."


@pytest.mark.parametrize(
    ("condition", "outcome", "text"),
    [
        (
            {"StringEquals": {"aws:SourceAccount": "210987654321"}},
            "fault",
            "does not let bedrock.amazonaws.com assume it here: its condition on aws:SourceAccount forbids it.",
        ),
        (
            {"StringEquals": {"aws:SourceOrgID": "o-1234567890"}},
            "note",
            "trusts Bedrock on a condition that was not looked at: aws:SourceOrgID.",
        ),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:bedrock:*:{ACCOUNT}:*"}}, "fine", "trusts Bedrock."),
    ],
    ids=["of another account", "of an organization", "of this account"],
)
def test_the_logging_role_trusts_bedrock_on_a_condition(
    healthy: HealthyStack, condition: dict[str, dict[str, str]], outcome: str, text: str
) -> None:
    service = {"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"}, "Action": "sts:AssumeRole"}
    healthy.aws.session.client("iam").update_assume_role_policy(
        RoleName=physical_name(healthy.aws, "BedrockLoggingRole"),
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{**service, "Condition": condition}]}),
    )

    (found,) = [each for each in findings(healthy) if each["check"] == "logging role"]

    assert found["outcome"] == outcome
    assert found["text"].endswith(text)


def test_the_processor_is_gone(healthy: HealthyStack) -> None:
    healthy.aws.lambda_.delete_function(FunctionName=healthy.aws.function)

    found = fault(healthy)

    assert found["check"] == "processor"
    assert "is not there" in found["text"]


def test_the_processor_is_switched_off(healthy: HealthyStack) -> None:
    healthy.aws.lambda_.put_function_concurrency(FunctionName=healthy.aws.function, ReservedConcurrentExecutions=0)

    assert "its reserved concurrency is 0" in fault(healthy)["text"]


def test_the_log_group_of_the_metrics_is_gone(healthy: HealthyStack) -> None:
    """The processor may make no group: its lines, and with them the metrics, would be lost in silence."""
    healthy.aws.logs.delete_log_group(logGroupName=PROCESSOR_LOG)

    found = fault(healthy)

    assert (found["check"], found["text"]) == ("metrics log", f"The log group {PROCESSOR_LOG} is not there.")
    assert found["remedy"].startswith(f"Run `aws logs create-log-group --log-group-name {PROCESSOR_LOG}`")
    healthy.aws.logs.create_log_group(logGroupName=PROCESSOR_LOG)
    assert healthy.aws.ask("doctor").exit_code == 0


def test_the_settle_queue_is_not_read(healthy: HealthyStack) -> None:
    mappings = healthy.aws.lambda_.list_event_source_mappings(FunctionName=healthy.aws.function)
    (queue,) = [each for each in mappings["EventSourceMappings"] if ":sqs:" in each["EventSourceArn"]]
    healthy.aws.lambda_.update_event_source_mapping(UUID=queue["UUID"], Enabled=False)

    found = fault(healthy)

    assert found["check"] == "processor"
    assert "is not read: Disabled" in found["text"]
    assert queue["UUID"] in found["remedy"]


@pytest.mark.parametrize(
    ("source", "text"), [(":sqs:", "The settle queue is not read"), (":dynamodb:", "The table's stream is not read")]
)
def test_the_mapping_of_queue_or_stream_is_gone(healthy: HealthyStack, source: str, text: str) -> None:
    mappings = healthy.aws.lambda_.list_event_source_mappings(FunctionName=healthy.aws.function)
    (gone,) = [each for each in mappings["EventSourceMappings"] if source in each["EventSourceArn"]]
    healthy.aws.lambda_.delete_event_source_mapping(UUID=gone["UUID"])

    found = fault(healthy)

    assert found["check"] == "processor"
    assert found["text"].startswith(text)


@pytest.mark.parametrize(("group", "kind"), [(INVOCATIONS, "invocations"), (ACCESS, "access")])
def test_a_filter_is_missing_and_its_remedy_helps(healthy: HealthyStack, group: str, kind: str) -> None:
    remove_filter(healthy.aws, group)

    found = fault(healthy)

    assert found["check"] == "filters"
    assert found["remedy"] == f"Run `request-lens attach {group} --kind {kind}`."
    healthy.aws.answer("attach", "--yes", group, "--kind", kind)
    assert healthy.aws.ask("doctor").exit_code == 0


def test_a_remedy_is_for_the_stack_that_was_asked_about(healthy: HealthyStack) -> None:
    """Without its name the command would attach the group to another stack of this Region, or to none."""
    remove_filter(healthy.aws, ACCESS)

    named = fault(healthy, "--stack-name", STACK, "--region", REGION)

    options = f"--stack-name {STACK} --region {REGION}"
    assert named["remedy"] == f"Run `request-lens attach {options} {ACCESS} --kind access`."


def test_two_filters_of_others_leave_no_room(healthy: HealthyStack) -> None:
    other_function(healthy.aws)
    remove_filter(healthy.aws, INVOCATIONS)
    for name in ("one", "two"):
        healthy.aws.subscribe(INVOCATIONS, name=name, to=OTHER_FUNCTION)

    found = fault(healthy)

    assert found["check"] == "filters"
    assert "no room: one, two take both places" in found["text"]


def test_a_filter_has_another_pattern(healthy: HealthyStack) -> None:
    remove_filter(healthy.aws, INVOCATIONS)
    healthy.aws.subscribe(INVOCATIONS, "nothing")

    assert "has the pattern 'nothing'" in fault(healthy)["text"]


@pytest.mark.parametrize(
    ("group", "kind", "check", "text"),
    [
        (ACCESS, "access", "filters", f"The log group {ACCESS} is not there."),
        (INVOCATIONS, "invocations", "logging", f"Bedrock logs into {INVOCATIONS}, which is not there."),
    ],
)
def test_a_log_group_is_gone_and_its_remedy_helps(
    healthy: HealthyStack, group: str, kind: str, check: str, text: str
) -> None:
    """CloudFormation makes it no more where nothing else changes."""
    healthy.aws.logs.delete_log_group(logGroupName=group)

    found = fault(healthy)

    assert (found["check"], found["text"]) == (check, text)
    assert f"`aws logs create-log-group --log-group-name {group}`" in found["remedy"]
    assert f"`request-lens attach {group} --kind {kind}`" in found["remedy"]
    healthy.aws.logs.create_log_group(logGroupName=group)
    assert healthy.aws.ask("attach", "--yes", group, "--kind", kind).exit_code == 0
    healthy.aws.write(group, invocation_line() if kind == "invocations" else json.dumps(ACCESS_LINE))
    assert healthy.aws.ask("doctor").exit_code == 0


@pytest.mark.parametrize(("group", "kind"), [(INVOCATIONS, "invocations"), (ACCESS, "access")])
def test_a_permission_is_missing_and_its_remedy_helps(healthy: HealthyStack, group: str, kind: str) -> None:
    (statement,) = [sid for sid, each in healthy.aws.statements().items() if group in json.dumps(each["Condition"])]
    healthy.aws.lambda_.remove_permission(FunctionName=healthy.aws.function, StatementId=statement)

    found = fault(healthy)

    assert found["check"] == "permission"
    assert found["text"] == f"{group} may not invoke the processor."
    healthy.aws.answer("attach", "--yes", group, "--kind", kind)
    assert healthy.aws.ask("doctor").exit_code == 0


def test_every_check_finds_something_in_these_tests() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_doctor_finds_*.py"))

    assert [name for name, _ in CHECKS if f'"{name}"' not in text] == []


def test_it_fits_into_80_columns(healthy: HealthyStack) -> None:
    remove_filter(healthy.aws, ACCESS)

    result = healthy.aws.ask("doctor", terminal=True)

    assert result.exit_code == 1
    wider = [line.strip() for line in result.stdout.splitlines() if len(line) > 80]
    assert wider == [f"request-lens attach {ACCESS} --kind access"]  # a command that is to be copied is never parted
    assert {line.index("→") for line in result.stdout.splitlines() if "→" in line} == {17}
    assert "✗ filters" in result.stdout
    assert " ".join(result.stdout.split()).endswith(
        "This is why. What comes after it was not looked at: do what the arrow says, then ask again."
    )
