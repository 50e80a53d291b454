"""The part of the stack that switches Bedrock's logging, straight through CloudFormation: in seconds."""

import copy
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from request_lens_cli.local_aws.aws_clients import local_session
from request_lens_cli.local_aws.lifecycle import LocalAws
from request_lens_cli.local_aws.sam_settings import machine_architecture
from tests.support.deploying.local_account import INVOCATIONS, LocalAccount
from tests.support.deploying.local_processor import awaited

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef
    from mypy_boto3_s3.literals import BucketLocationConstraintType
    from mypy_boto3_s3.type_defs import CreateBucketConfigurationTypeDef

FUNCTION, ROLE = "LoggingConfigurationFunction", "LoggingConfigurationRole"
SWITCH = (
    "DependenciesLayer",
    "KeptInvocationLogGroup",
    "FailureBucket",
    "BedrockLoggingRole",
    "BedrockLogging",
    FUNCTION,
    ROLE,
    "LoggingConfigurationLogGroup",
)
BREAKS_LATER: Mapping[str, Any] = {
    "Type": "Custom::KeptLogGroup",
    "DependsOn": "BedrockLogging",
    "Properties": {
        "ServiceToken": {"Fn::GetAtt": ["LoggingConfigurationFunction", "Arn"]},
        "ServiceTimeout": 60,
        "LogGroupName": "/no/such/retention",
        "RetentionInDays": "perhaps",
    },
}
"""A resource that comes after the switch, and cannot be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What is otherwise with the switch than the template has it, so that a test need not wait for minutes.

    `variables` are its function's environment; `waited_for_s` is how long CloudFormation waits for its answer. The log
    group that the same function makes is left out then: it comes before, and would be waited for, too.
    """

    variables: Mapping[str, str] = field(default_factory=dict)
    waited_for_s: int | None = None

    def apply_to(self, resources: dict[str, Any]) -> None:
        """Change the switch's resources."""
        resources[FUNCTION]["Properties"]["Environment"] = {"Variables": dict(self.variables)}
        if self.waited_for_s is not None:
            switch = resources["BedrockLogging"]["Properties"]
            switch |= {"ServiceTimeout": self.waited_for_s, "LogGroupName": INVOCATIONS}
            del resources["KeptInvocationLogGroup"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingStack:
    """A stack of one Region that has the switch of the built template, with all that it needs, and nothing else."""

    account: LocalAccount
    name: str
    circumstances: Circumstances = field(default_factory=Circumstances)

    @property
    def cloudformation(self) -> "CloudFormationClient":
        return self.account.cloudformation

    def create(self, *, breaks_later: bool = False) -> str:
        """Create the stack; answers with its status."""
        self.begin(breaks_later=breaks_later)
        return self.ended()

    def begin(self, *, breaks_later: bool = False) -> None:
        """Have the stack created, and wait for nothing."""
        self.cloudformation.create_stack(
            StackName=self.name,
            TemplateBody=self._template(breaks_later),
            **_given({}),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )

    def update(self, *, breaks_later: bool = False, **parameters: str) -> str:
        """Update the stack to these parameters, with the template's defaults for the others."""
        self.cloudformation.update_stack(
            StackName=self.name,
            TemplateBody=self._template(breaks_later),
            **_given(parameters),
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        return self.ended()

    def delete(self) -> None:
        self.cloudformation.delete_stack(StackName=self.name)
        waiter = self.cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=self.name, WaiterConfig={"Delay": 1})

    def physical_id(self, logical_id: str) -> str:
        found = self.cloudformation.describe_stack_resource(StackName=self.name, LogicalResourceId=logical_id)
        return found["StackResourceDetail"]["PhysicalResourceId"]

    def switch_events(self) -> "Sequence[StackEventTypeDef]":
        """What CloudFormation says of the switch, oldest first."""
        events = self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]
        return [each for each in reversed(events) if each.get("LogicalResourceId") == "BedrockLogging"]

    def switch_id(self) -> str:
        """The physical id of the switch: what it did."""
        return self.physical_id("BedrockLogging")

    def ended(self) -> str:
        """The status with which the operation ends."""
        return awaited(self._status, lambda status: not status.endswith("_IN_PROGRESS"), within_s=90)

    def _status(self) -> str:
        return self.cloudformation.describe_stacks(StackName=self.name)["Stacks"][0]["StackStatus"]

    def _template(self, breaks_later: bool) -> str:
        template = copy.deepcopy(_built(self.account.local))
        template["Resources"] = {name: template["Resources"][name] for name in SWITCH}
        template["Resources"]["DependenciesLayer"]["Properties"]["ContentUri"] = _uri(self.account, "DependenciesLayer")
        template["Resources"]["LoggingConfigurationFunction"]["Properties"]["CodeUri"] = _uri(
            self.account, "LoggingConfigurationFunction"
        )
        self.circumstances.apply_to(template["Resources"])
        if breaks_later:
            template["Resources"]["BreaksLater"] = BREAKS_LATER
        return json.dumps(
            {key: value for key, value in template.items() if key not in ("Outputs", "Rules", "Metadata")}
        )


def _given(parameters: Mapping[str, str]) -> dict[str, Any]:
    chosen = {"Architecture": machine_architecture(), **parameters}
    return {"Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in chosen.items()]}


def _built(local: LocalAws) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(_build(local).joinpath("template.yaml").read_text(encoding="utf-8"))
    return found


def _build(local: LocalAws) -> Path:
    return local.paths.build / "build"


def _bucket(account: LocalAccount) -> str:
    return f"built-code-{account.region}"


def _uri(account: LocalAccount, name: str) -> str:
    return f"s3://{_bucket(account)}/{name}.zip"


def upload_code(account: LocalAccount) -> None:
    """Put what was built for the switch into a bucket of the Region."""
    s3 = local_session(account.local.endpoint).client(
        "s3", region_name=account.region, endpoint_url=account.local.endpoint
    )
    there: CreateBucketConfigurationTypeDef = {
        "LocationConstraint": cast("BucketLocationConstraintType", account.region)
    }
    s3.create_bucket(Bucket=_bucket(account), CreateBucketConfiguration=there)
    for name in ("DependenciesLayer", "LoggingConfigurationFunction"):
        s3.put_object(Bucket=_bucket(account), Key=f"{name}.zip", Body=_zipped(_build(account.local) / name))


def _zipped(folder: Path) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    return content.getvalue()
