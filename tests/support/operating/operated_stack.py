"""A deployed stack with all that surrounds it, as whoever operates it finds it: moto plays every service.

The stack's own resources come from a template that has template.yaml's logical ids, outputs and parameters. What SAM
would make besides, Bedrock's setting and the subscription filters, is made as SAM and the custom resource make it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from botocore import handlers
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result
from moto import mock_aws
from moto.awslambda.models import LambdaFunction
from moto.logs.utils import EventMessageFilter

from request_lens.adapters.memory.clock import MemoryClock
from request_lens_cli.local_aws.emulated.log_pattern import passes
from request_lens_cli.main import main
from tests.support.request_table import table_properties
from tests.support.template_document import OUTPUTS, PARAMETERS, RESOURCES
from tests.support.under_test import REGION

if TYPE_CHECKING:
    from botocore.model import OperationModel
    from moto.core.config import DefaultConfig

ACCOUNT = "123456789012"
STACK = "request-lens"
INVOCATIONS, ACCESS = "/aws/bedrock/model-invocations", "/aws/vendedlogs/request-lens/request-lens/access"
PROCESSOR_LOG = "/request-lens/request-lens/processor"
OTHER_FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:other"

_TRUST: Mapping[str, object] = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"Service": "bedrock.amazonaws.com"}, "Action": "sts:AssumeRole"},
    ],
}


_REDRIVE: Mapping[str, object] = {
    "deadLetterTargetArn": {"Fn::GetAtt": ["SettleDeadLetterQueue", "Arn"]},
    "maxReceiveCount": 5,
}


def _permission(group: str) -> Mapping[str, object]:
    source = {"Fn::Sub": f"arn:aws:logs:${{AWS::Region}}:${{AWS::AccountId}}:log-group:{group}:*"}
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": "ProcessorFunction"},
            "Principal": "logs.amazonaws.com",
            "SourceArn": source,
        },
    }


def _role() -> Mapping[str, object]:
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": _TRUST}}


def _group(name: str) -> Mapping[str, object]:
    return {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": name}}


def _template() -> Mapping[str, object]:
    return {"Parameters": _parameters(), "Resources": _template_resources(), "Outputs": _outputs()}


_OF_OTHER_NAMES = ("InvocationLogGroup", "AccessLogGroup", "ProcessorLogGroup", "ProcessorRole")
_OF_SAM = ("ProcessorFunctionModelInvocationsPermission", "ProcessorFunctionAccessLogPermission")
"""Resources that a custom resource or SAM makes, under another logical id."""


def _template_resources() -> Mapping[str, object]:
    table = {name: part for name, part in table_properties().items() if name not in _UNKNOWN_TO_MOTO}
    return {
        "RequestTable": {"Type": "AWS::DynamoDB::Table", "Properties": table},
        "SettleQueue": {"Type": "AWS::SQS::Queue", "Properties": {"RedrivePolicy": _REDRIVE}},
        "SettleDeadLetterQueue": {"Type": "AWS::SQS::Queue"},
        "FailureBucket": {"Type": "AWS::S3::Bucket"},
        "InvocationLogGroup": _group(INVOCATIONS),
        "AccessLogGroup": _group(ACCESS),
        "ProcessorLogGroup": _group(PROCESSOR_LOG),
        "BedrockLoggingRole": _role(),
        "ProcessorRole": _role(),
        "ProcessorFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "Runtime": "python3.13",
                "Handler": "processor_handler.lambda_handler",
                "Role": {"Fn::GetAtt": ["ProcessorRole", "Arn"]},
                "Code": {"ZipFile": "pass"},
            },
        },
        "ProcessorFunctionModelInvocationsPermission": _permission(INVOCATIONS),
        "ProcessorFunctionAccessLogPermission": _permission(ACCESS),
        "SettleQueueMapping": _mapping({"Fn::GetAtt": ["SettleQueue", "Arn"]}),
        "RequestTableMapping": _mapping({"Fn::GetAtt": ["RequestTable", "StreamArn"]}),
    }


_UNKNOWN_TO_MOTO = ("PointInTimeRecoverySpecification", "SSESpecification", "TimeToLiveSpecification")


def _mapping(source: object) -> Mapping[str, object]:
    properties = {"FunctionName": {"Ref": "ProcessorFunction"}, "EventSourceArn": source}
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}


def _parameters() -> Mapping[str, object]:
    return {name: {"Type": "String", "Default": str(given["Default"])} for name, given in PARAMETERS.items()}


def _outputs() -> Mapping[str, object]:
    references = {
        "RequestTableName": "RequestTable",
        "InvocationLogGroupName": "InvocationLogGroup",
        "AccessLogGroupName": "AccessLogGroup",
        "ProcessorLogGroupName": "ProcessorLogGroup",
        "ProcessorFunctionName": "ProcessorFunction",
        "SettleQueueUrl": "SettleQueue",
        "FailureBucketName": "FailureBucket",
    }
    assert set(references) <= set(OUTPUTS)
    assert {name for name in _template_resources() if name not in _OF_OTHER_NAMES + _OF_SAM} <= set(RESOURCES)
    formats = {name: {"Value": OUTPUTS[name]["Value"]} for name in OUTPUTS if name.startswith("AccessLogFormat")}
    return {name: {"Value": {"Ref": resource}} for name, resource in references.items()} | formats


@dataclass
class OperatedStack:
    """A healthy stack, which tests break, and ask of it with the command line.

    `refused` are the operations that AWS refuses, such as "lambda.GetPolicy", with the code of its error; `classes` are
    the classes of log groups that have not the standard one. `processor` gets what moto delivers to the function, which
    would run in a container; by default it does nothing.
    """

    session: boto3.Session
    refused: dict[str, str] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    processor: Callable[[dict[str, object]], str] = field(default=lambda _event: "{}")
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))

    def __post_init__(self) -> None:
        self.logs = self.session.client("logs")
        self.lambda_ = self.session.client("lambda")
        self.cloudformation = self.session.client("cloudformation")
        self.outputs: dict[str, str] = {}

    def deploy(self, name: str = STACK, **parameters: str) -> None:
        """Create the stack, or change its parameters."""
        given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        deployed = self.cloudformation.update_stack if self.outputs else self.cloudformation.create_stack
        deployed(StackName=name, TemplateBody=json.dumps(_template()), Parameters=cast("list[object]", given))  # type: ignore[arg-type]
        stack = self.cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        self.outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    @property
    def function(self) -> str:
        return self.outputs["ProcessorFunctionName"]

    @property
    def function_arn(self) -> str:
        return self.lambda_.get_function_configuration(FunctionName=self.function)["FunctionArn"]

    def subscribe(self, group: str, pattern: str = "", *, name: str | None = None, to: str | None = None) -> None:
        """Make a subscription filter, of the stack's unless said otherwise."""
        self.logs.put_subscription_filter(
            logGroupName=group,
            filterName=name or f"{STACK}-ProcessorFunction{abs(hash(group))}",
            filterPattern=pattern,
            destinationArn=to or self.function_arn,
        )

    def deny(self, operation: str) -> None:
        """Refuse an operation as IAM does."""
        self.refused[operation] = "AccessDeniedException"

    def filters(self, group: str) -> Mapping[str, str]:
        """The patterns of a log group's filters that the processor gets, by name."""
        found = self.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
        ours = (each for each in found if each["destinationArn"] == self.function_arn)
        return {each["filterName"]: each["filterPattern"] for each in ours}

    def statements(self) -> Mapping[str, Mapping[str, object]]:
        """The statements of the processor's policy, by id."""
        policy = json.loads(self.lambda_.get_policy(FunctionName=self.function)["Policy"])
        return {statement["Sid"]: statement for statement in policy["Statement"]}

    def write(self, group: str, *lines: str, ago: timedelta = timedelta(minutes=2)) -> None:
        """Write lines into a log group, so long ago."""
        streams = self.logs.describe_log_streams(logGroupName=group)["logStreams"]
        if not streams:
            self.logs.create_log_stream(logGroupName=group, logStreamName="stream")
        timestamp = round((self.now - ago).timestamp() * 1000)
        events = [{"timestamp": timestamp, "message": line} for line in lines]
        self.logs.put_log_events(logGroupName=group, logStreamName="stream", logEvents=cast("list[object]", events))  # type: ignore[arg-type]

    def ask(self, *arguments: str, answers: str = "", terminal: bool = False) -> Result:
        """What `request-lens` answers at this moment: in a pipe, or on a terminal of 80 columns without styles."""
        shown = {"TTY_COMPATIBLE": "1", "TERM": "dumb", "LINES": "50"} if terminal else {}
        runner = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"} | shown)
        return runner.invoke(main, arguments, input=answers, obj=MemoryClock(moment=self.now), prog_name="request-lens")

    def answer(self, *arguments: str, answers: str = "") -> str:
        """The same, of a command that must succeed: its standard output."""
        result = self.ask(*arguments, answers=answers)
        assert result.exit_code == 0, result.output
        return result.stdout

    def refusal(self, *arguments: str, exit_code: int = 1) -> str:
        """The same, of a command that must fail so: its output with the line ends as blanks."""
        result = self.ask(*arguments)
        assert result.exit_code == exit_code, result.output
        return " ".join(result.output.split())


@pytest.fixture
def operated() -> Iterator[OperatedStack]:
    with operated_stack() as stack:
        yield stack


@contextmanager
def operated_stack(**parameters: str) -> Iterator[OperatedStack]:
    """A stack as it stands after its deployment, without a line in its log groups."""
    hooks: list[tuple[str, object]] = []
    in_process = {"lambda": {"use_docker": False}}
    with pytest.MonkeyPatch.context() as patched, mock_aws(config=cast("DefaultConfig", in_process)):
        for name in ("STACK_NAME", "AWS_PROFILE", "AWS_REGION"):
            patched.delenv(name, raising=False)
        patched.setenv("AWS_DEFAULT_REGION", REGION)
        stack = OperatedStack(session=boto3.Session(region_name=REGION))
        patched.setattr(EventMessageFilter, "matches", _passes)
        patched.setattr(
            EventMessageFilter, "__init__", lambda event_filter, pattern: setattr(event_filter, "text", pattern)
        )
        patched.setattr(LambdaFunction, "invoke", lambda _, body, *__: stack.processor(json.loads(body)))
        hooks += [("before-parameter-build", _Refusal(stack)), ("after-call", _Classes(stack.classes))]
        patched.setattr(handlers, "BUILTIN_HANDLERS", [*handlers.BUILTIN_HANDLERS, *hooks])
        stack.deploy(**parameters)
        stack.subscribe(INVOCATIONS, '"ModelInvocationLog"')
        stack.subscribe(ACCESS)
        switch_logging_on(stack)
        yield stack


def _passes(event_filter: EventMessageFilter, message: str) -> bool:
    """As CloudWatch Logs filters: moto knows no conditions on JSON."""
    return passes(vars(event_filter)["text"] or "", message)


def switch_logging_on(stack: OperatedStack, group: str = INVOCATIONS, *, role: str | None = None) -> None:
    """Let Bedrock log into a group, with the stack's role."""
    role = role or physical_name(stack, "BedrockLoggingRole")
    stack.session.client("bedrock").put_model_invocation_logging_configuration(
        loggingConfig={
            "cloudWatchConfig": {"logGroupName": group, "roleArn": f"arn:aws:iam::{ACCOUNT}:role/{role}"},
            "textDataDeliveryEnabled": True,
        }
    )


def physical_name(stack: OperatedStack, logical_id: str) -> str:
    """What CloudFormation calls a resource of the stack."""
    found = stack.cloudformation.describe_stack_resource(StackName=STACK, LogicalResourceId=logical_id)
    return found["StackResourceDetail"]["PhysicalResourceId"]


class _Refusal:
    """Refuses operations as IAM or the service does."""

    def __init__(self, stack: OperatedStack) -> None:
        self._stack = stack

    def __call__(self, *, model: "OperationModel", event_name: str, **_: object) -> None:
        """Raises: ClientError, as botocore would."""
        operation = event_name.partition(".")[2]
        if operation in self._stack.refused:
            code = self._stack.refused[operation]
            raise ClientError({"Error": {"Code": code, "Message": "refused for a test"}}, model.name)


class _Classes:
    """Tells the classes of log groups, which moto does not know."""

    def __init__(self, classes: Mapping[str, str]) -> None:
        self._classes = classes

    def __call__(self, *, parsed: Mapping[str, Sequence[dict[str, str]]], event_name: str, **_: object) -> None:
        """Add the class of each log group that has another one than the standard's."""
        if event_name.endswith(".DescribeLogGroups"):
            for group in parsed.get("logGroups", ()):
                if group["logGroupName"] in self._classes:
                    group["logGroupClass"] = self._classes[group["logGroupName"]]
