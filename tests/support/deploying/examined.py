"""A stack on the local AWS that is broken on purpose, and what `request-lens doctor` says of it."""

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from click.testing import Result

from request_lens_cli.local_aws.aws_clients import local_session
from tests.support.deploying.asked_command import ask

if TYPE_CHECKING:
    from mypy_boto3_bedrock.type_defs import LoggingConfigTypeDef
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What `request-lens doctor` ended with, and its findings."""

    exit_code: int
    findings: Sequence[Mapping[str, str]]

    @property
    def last(self) -> Mapping[str, str]:
        return self.findings[-1]

    def of(self, check: str) -> Mapping[str, str]:
        """The only finding of a check."""
        (found,) = [finding for finding in self.findings if finding["check"] == check]
        return found


def examined(
    endpoint: str, *arguments: str, keys: Mapping[str, str | None], now: datetime | None = None
) -> Examination:
    """What `request-lens doctor` says, with these settings and at this time."""
    result = ask(endpoint, "doctor", "--format", "json", *arguments, keys=keys, now=now)
    return Examination(exit_code=result.exit_code, findings=json.loads(result.stdout)["findings"])


class Deployed:
    """A deployed stack and its services, for what breaks it."""

    def __init__(self, endpoint: str, outputs: Mapping[str, str], *, name: str, region: str) -> None:
        self.endpoint, self.outputs = endpoint, outputs
        self.chosen = {"STACK_NAME": name, "AWS_REGION": region, "AWS_DEFAULT_REGION": region}
        session = local_session(endpoint)
        self.bedrock = session.client("bedrock", endpoint_url=endpoint, region_name=region)
        self.cloudformation = session.client("cloudformation", endpoint_url=endpoint, region_name=region)
        self.cloudwatch = session.client("cloudwatch", endpoint_url=endpoint, region_name=region)
        self.dynamodb = session.client("dynamodb", endpoint_url=endpoint, region_name=region)
        self.lambda_ = session.client("lambda", endpoint_url=endpoint, region_name=region)
        self.logs = session.client("logs", endpoint_url=endpoint, region_name=region)
        self.s3 = session.client("s3", endpoint_url=endpoint, region_name=region)
        self.sqs = session.client("sqs", endpoint_url=endpoint, region_name=region)
        self.iam = session.client("iam", endpoint_url=endpoint, region_name=region)
        self.apis = session.client("apigatewayv2", endpoint_url=endpoint, region_name=region)
        self.function = self.outputs["ProcessorFunctionName"]
        self.invocations, self.access = self.outputs["InvocationLogGroupName"], self.outputs["AccessLogGroupName"]

    def ask(self, *arguments: str) -> Result:
        return ask(self.endpoint, *arguments, keys=self.chosen)

    def answer(self, *arguments: str) -> str:
        result = self.ask(*arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    def examined(self, *arguments: str, now: datetime | None = None) -> Examination:
        """What `request-lens doctor` says of it, or would say at another time."""
        return examined(self.endpoint, *arguments, keys=self.chosen, now=now)

    def fault(self, *arguments: str) -> str:
        """The check of the fault with which the examination ends."""
        said = self.examined(*arguments)
        assert (said.exit_code, said.last["outcome"]) == (1, "fault"), said
        return said.last["check"]

    def notes(self) -> Mapping[str, str]:
        """What is lacking or worth knowing, by check, where nothing is a fault; a check may say several things."""
        said = self.examined()
        assert said.exit_code in (0, 4), said
        notes: dict[str, str] = {}
        for each in said.findings:
            if each["outcome"] in ("note", "warning"):
                notes[each["check"]] = " ".join(filter(None, (notes.get(each["check"], ""), each["text"])))
        return notes

    def setting(self) -> "LoggingConfigTypeDef":
        """Bedrock's logging setting."""
        return self.bedrock.get_model_invocation_logging_configuration()["loggingConfig"]

    def set_logging(self, setting: "LoggingConfigTypeDef") -> None:
        self.bedrock.put_model_invocation_logging_configuration(loggingConfig=setting)

    def remove_filters(self, group: str) -> None:
        for found in self.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]:
            self.logs.delete_subscription_filter(logGroupName=group, filterName=found["filterName"])

    def empty(self, group: str) -> str:
        """Delete a group's streams; answers with one of its lines."""
        line = self.logs.filter_log_events(logGroupName=group)["events"][0]["message"]
        for stream in self.logs.describe_log_streams(logGroupName=group)["logStreams"]:
            self.logs.delete_log_stream(logGroupName=group, logStreamName=stream["logStreamName"])
        return line

    def requests(self) -> "list[dict[str, AttributeValueTypeDef]]":
        """The keys of the items of requests."""
        items = self.dynamodb.scan(TableName=self.outputs["RequestTableName"])["Items"]
        return [{"pk": each["pk"], "sk": each["sk"]} for each in items if each["sk"] == {"S": "request"}]

    def write(self, group: str, line: str) -> None:
        """Write a line that is the newest."""
        with suppress(self.logs.exceptions.ResourceAlreadyExistsException):
            self.logs.create_log_stream(logGroupName=group, logStreamName="again")
        event = {"timestamp": round(time.time() * 1000), "message": line}
        self.logs.put_log_events(logGroupName=group, logStreamName="again", logEvents=[event])  # type: ignore[list-item]
