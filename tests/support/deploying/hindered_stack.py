"""The whole stack with two resources more, which hinder CloudFormation as told: so that it ends in any status."""

import copy
import io
import json
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast
from urllib.request import Request, urlopen

import yaml

from request_lens_cli.local_aws.aws_clients import local_session
from tests.support.deploying.local_account import LocalAccount

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.literals import ChangeSetTypeType
    from mypy_boto3_cloudformation.type_defs import ParameterTypeDef, StackEventTypeDef
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import EnvironmentTypeDef

_CODE = """
import json, os, time, urllib.request

def handler(event, _):
    time.sleep(float(os.environ["PAUSE_S"]))
    refused = event["RequestType"] in os.environ["REFUSED"].split()
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    answer |= {"Status": "FAILED" if refused else "SUCCESS", "Reason": "as told", "PhysicalResourceId": "hindrance"}
    request = urllib.request.Request(event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(request).close()
"""

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}

_FUNCTION = "hindrance"

_GATE: Mapping[str, Any] = {
    "GateHandle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
    "Gate": {
        "Type": "AWS::CloudFormation::WaitCondition",
        "DependsOn": "Hindrance",
        "Properties": {"Handle": {"Ref": "GateHandle"}, "Timeout": "120"},
    },
}
"""CloudFormation waits at it, once the hindrance is made, until the test says how it goes on."""


@dataclass(frozen=True)  # without slots, for what is read once
class HinderedStack:
    """The stack that was deployed into a Region of the local AWS, with what hinders it."""

    account: LocalAccount

    @property
    def name(self) -> str:
        return self.account.stack_name

    @cached_property
    def cloudformation(self) -> "CloudFormationClient":
        return self.account.cloudformation

    def make_hindrance(self) -> None:
        """Make the function that CloudFormation asks, outside of the stack: it outlives what it hinders."""
        endpoint = self.account.local.endpoint
        iam = local_session(endpoint).client("iam", endpoint_url=endpoint)
        role = iam.create_role(RoleName=_FUNCTION, AssumeRolePolicyDocument=json.dumps(_TRUST))["Role"]["Arn"]
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("index.py", _CODE)
        self.lambda_.create_function(
            FunctionName=_FUNCTION,
            Runtime="python3.13",
            Handler="index.handler",
            Timeout=30,
            Role=role,
            Code={"ZipFile": packed.getvalue()},
            Environment=_told(),
        )

    @cached_property
    def original(self) -> Mapping[str, Any]:
        """The template that `sam deploy` sent."""
        answer = self.cloudformation.get_template(StackName=self.name, TemplateStage="Original")
        body = cast("str | Mapping[str, Any]", answer["TemplateBody"])  # botocore reads JSON, and sam writes YAML
        return cast("Mapping[str, Any]", yaml.safe_load(body)) if isinstance(body, str) else body

    @cached_property
    def parameters(self) -> "list[ParameterTypeDef]":
        """What it was deployed with."""
        (stack,) = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        return [
            {"ParameterKey": each["ParameterKey"], "ParameterValue": each["ParameterValue"]}
            for each in stack["Parameters"]
        ]

    def ask_for(self, kind: "ChangeSetTypeType", *, gated: bool = False, revision: int = 1) -> str:
        """Ask for a change, as `sam deploy` does, that is not carried out yet; answers with its ARN."""
        change = self.cloudformation.create_change_set(
            StackName=self.name,
            ChangeSetName=f"change-{time.monotonic_ns()}",
            ChangeSetType=kind,
            TemplateBody=self._template(gated=gated, revision=revision),
            Parameters=self.parameters,
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )["Id"]
        waiter = self.cloudformation.get_waiter("change_set_create_complete")
        waiter.wait(ChangeSetName=change, WaiterConfig={"Delay": 1})
        return change

    def carry_out(self, change: str, *, rolls_back: bool = True) -> None:
        """Carry out a change that was asked for."""
        self.cloudformation.execute_change_set(ChangeSetName=change, DisableRollback=not rolls_back)

    def refuses(self, *requests: str, pause_s: float = 0) -> None:
        """What the hindrance refuses from now on, and how long it thinks about anything."""
        self.lambda_.update_function_configuration(
            FunctionName=_FUNCTION,
            Environment=_told(*requests, pause_s=pause_s),
        )

    def fail_at_gate(self) -> None:
        """Let what CloudFormation waits for fail."""
        handles = (each["PhysicalResourceId"] for each in self._newest_events() if _of(each, "GateHandle"))
        url = next(handle for handle in handles if handle).replace("//localhost:", "//127.0.0.1:")
        body = json.dumps({"Status": "FAILURE", "Reason": "as told", "UniqueId": "1", "Data": ""}).encode()
        request = Request(url, data=body, method="PUT", headers={"Content-Type": ""})
        with urlopen(request):
            pass

    def delete(self) -> None:
        """Ask for its deletion."""
        self.cloudformation.delete_stack(StackName=self.name)

    def is_at_gate(self) -> bool:
        """Whether CloudFormation waits at the gate."""
        statuses = (each["ResourceStatus"] for each in self._newest_events() if _of(each, "Gate"))
        return next(statuses, "").endswith("_IN_PROGRESS") and self.status().endswith("E_IN_PROGRESS")

    def status(self) -> str:
        """Its status; empty where it is not there."""
        try:
            (stack,) = self.cloudformation.describe_stacks(StackName=self.name)["Stacks"]
        except self.cloudformation.exceptions.ClientError as error:
            if "does not exist" not in str(error):
                raise
            return ""
        return stack["StackStatus"]

    @property
    def lambda_(self) -> "LambdaClient":
        endpoint = self.account.local.endpoint
        return local_session(endpoint).client("lambda", region_name=self.account.region, endpoint_url=endpoint)

    def _newest_events(self) -> "Sequence[StackEventTypeDef]":
        return self.cloudformation.describe_stack_events(StackName=self.name)["StackEvents"]

    def _template(self, *, gated: bool, revision: int) -> str:
        template = copy.deepcopy(dict(self.original))
        token = self.lambda_.get_function_configuration(FunctionName=_FUNCTION)["FunctionArn"]
        properties = {"ServiceToken": token, "ServiceTimeout": 60, "Revision": revision}
        template["Resources"]["Hindrance"] = {"Type": "Custom::Hindrance", "Properties": properties}
        template["Resources"] |= _GATE if gated else {}
        return json.dumps(template)


def _of(event: "StackEventTypeDef", logical_id: str) -> bool:
    return event.get("LogicalResourceId") == logical_id


def _told(*refused: str, pause_s: float = 0) -> "EnvironmentTypeDef":
    return {"Variables": {"REFUSED": " ".join(refused), "PAUSE_S": str(pause_s)}}
