"""Regions of the local AWS, each as an account of its own: what stands there, and `sam deploy` without a parameter."""

import json
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import yaml

from request_lens_cli.local_aws.aws_clients import local_session
from request_lens_cli.local_aws.lifecycle import LocalAws

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_logs import CloudWatchLogsClient

INVOCATIONS = "/aws/bedrock/model-invocations"
STREAM = "aws/bedrock/modelinvocations"


class AlreadyExists(AssertionError):
    """CloudFormation would refuse the template, because a log group of it exists; the local AWS lets it pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalAccount:
    """One Region of the local AWS, with a stack name of its own.

    The local AWS names functions after their stack and keeps one worker for a name, whatever its Region: under one name
    the code of one Region's function was gone when another's was called.
    """

    local: LocalAws
    region: str

    @property
    def stack_name(self) -> str:
        return f"lens-{self.region}"

    @property
    def kept_log_groups(self) -> set[str]:
        """The log groups that the stack makes where they are missing, and never deletes."""
        ours = f"/aws/vendedlogs/request-lens/{self.stack_name}/access", f"/request-lens/{self.stack_name}/processor"
        return {INVOCATIONS, *ours}

    @property
    def logs(self) -> "CloudWatchLogsClient":
        return local_session(self.local.endpoint).client(
            "logs", region_name=self.region, endpoint_url=self.local.endpoint
        )

    @property
    def bedrock(self) -> "BedrockClient":
        return local_session(self.local.endpoint).client(
            "bedrock", region_name=self.region, endpoint_url=self.local.endpoint
        )

    @property
    def cloudformation(self) -> "CloudFormationClient":
        return local_session(self.local.endpoint).client(
            "cloudformation", region_name=self.region, endpoint_url=self.local.endpoint
        )

    @property
    def dynamodb(self) -> "DynamoDBClient":
        return local_session(self.local.endpoint).client(
            "dynamodb", region_name=self.region, endpoint_url=self.local.endpoint
        )

    def log_groups(self) -> dict[str, int | None]:
        """The retention of each log group in days."""
        pages = self.logs.get_paginator("describe_log_groups").paginate()
        return {each["logGroupName"]: each.get("retentionInDays") for page in pages for each in page["logGroups"]}

    def logging_setting(self) -> object:
        """Bedrock's setting, or None."""
        return self.bedrock.get_model_invocation_logging_configuration().get("loggingConfig") or None

    def tables(self) -> list[str]:
        return self.dynamodb.list_tables()["TableNames"]

    def deploy(self, *overrides: str) -> subprocess.CompletedProcess[str]:
        """Run `sam deploy` on what was built.

        Raises: AlreadyExists where CloudFormation would refuse the template.
        """
        template = self.local.paths.build / "build" / "template.yaml"
        if not self._is_there():
            self._refuse_what_exists(template.read_text(encoding="utf-8"))
        command = [
            str(self.local.paths.sam),
            "deploy",
            "--template-file",
            str(template),
            "--stack-name",
            self.stack_name,
        ]
        command += ["--resolve-s3", "--no-confirm-changeset", "--no-fail-on-empty-changeset", "--no-progressbar"]
        command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        command += ["--parameter-overrides", *overrides] if overrides else []
        environment = self.local.environment() | {"AWS_DEFAULT_REGION": self.region, "AWS_REGION": self.region}
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def delete(self) -> None:
        """What `sam delete` does with the stack."""
        self.cloudformation.delete_stack(StackName=self.stack_name)
        waiter = self.cloudformation.get_waiter("stack_delete_complete")
        waiter.wait(StackName=self.stack_name, WaiterConfig={"Delay": 1})

    @property
    def outputs(self) -> dict[str, str]:
        """The outputs of the stack."""
        (stack,) = self.cloudformation.describe_stacks(StackName=self.stack_name)["Stacks"]
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}

    def output(self, key: str) -> str:
        """One output of the stack."""
        return self.outputs[key]

    def stores_what_bedrock_logs(self) -> bool:
        """Whether a call that is written to the invocation log comes into the table within half a minute."""
        now = datetime.now(UTC)
        call = {
            "schemaType": "ModelInvocationLog",
            "timestamp": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "requestId": f"call-{now.timestamp()}",
            "operation": "Converse",
            "modelId": "amazon.nova-lite-v1:0",
        }
        group = self.output("InvocationLogGroupName")
        if not self.logs.describe_log_streams(logGroupName=group)["logStreams"]:
            self.logs.create_log_stream(logGroupName=group, logStreamName=STREAM)
        self.logs.put_log_events(
            logGroupName=group,
            logStreamName=STREAM,
            logEvents=[{"timestamp": round(now.timestamp() * 1000), "message": json.dumps(call)}],
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if self.dynamodb.scan(TableName=self.output("RequestTableName"))["Count"]:
                return True
            time.sleep(0.5)
        return False

    def _is_there(self) -> bool:
        stacks = self.cloudformation.list_stacks()["StackSummaries"]
        return any(each["StackName"] == self.stack_name and each["StackStatus"] != "DELETE_COMPLETE" for each in stacks)

    def _refuse_what_exists(self, template: str) -> None:
        """Early validation: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html"""
        resources = yaml.safe_load(template)["Resources"].values()
        named = [each["Properties"]["LogGroupName"] for each in resources if each["Type"] == "AWS::Logs::LogGroup"]
        wanted = {each["Fn::Sub"].replace("${AWS::StackName}", self.stack_name) for each in named}
        if existing := wanted & self.log_groups().keys():
            raise AlreadyExists(f"CloudFormation would refuse the template, for these exist: {sorted(existing)}")
