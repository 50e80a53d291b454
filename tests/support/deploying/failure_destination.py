"""A stand-in for Lambda's failure destination on S3, which the local AWS accepts and does not serve."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.aws_clients import local_client, local_session
from tests.support.deploying.local_processor import LambdaEvent, LocalProcessor, awaited
from tests.support.deploying.roles import physical_id

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_lambda.type_defs import DestinationConfigTypeDef
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient


@dataclass(slots=True, kw_only=True)
class FailureDestinationStandIn:
    """Puts what Lambda gave up on into the failure bucket, where and as Lambda would, and counts it in its metric."""

    deployment: DemoStack
    queue_url: str = ""
    _written: int = field(default=0, init=False)

    @property
    def function(self) -> str:
        return self.deployment.stack.output("ProcessorFunctionName")

    @property
    def bucket(self) -> str:
        return self.deployment.stack.output("FailureBucketName")

    @property
    def s3(self) -> "S3Client":
        return local_session(self._endpoint).client("s3", endpoint_url=self._endpoint)

    @property
    def sqs(self) -> "SQSClient":
        return local_session(self._endpoint).client("sqs", endpoint_url=self._endpoint)

    @property
    def lambda_(self) -> "LambdaClient":
        return local_session(self._endpoint).client("lambda", endpoint_url=self._endpoint)

    @property
    def _endpoint(self) -> str:
        return self.deployment.local.endpoint

    @contextmanager
    def served_by_a_queue(self) -> Iterator[None]:
        """The local AWS retries and gives up by itself; what it gives up on goes to a queue, which it serves."""
        before = self.lambda_.get_function_event_invoke_config(FunctionName=self.function, Qualifier="$LATEST")
        retries = before["MaximumRetryAttempts"]
        self.queue_url = self.sqs.create_queue(QueueName="stand-in-for-the-failure-bucket")["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["QueueArn"])["Attributes"]
        self._put_config(retries, {"OnFailure": {"Destination": attributes["QueueArn"]}})
        try:
            yield
        finally:
            self._put_config(retries, before["DestinationConfig"])
            self.sqs.delete_queue(QueueUrl=self.queue_url)

    def _put_config(self, retries: int, destination: "DestinationConfigTypeDef") -> None:
        self.lambda_.put_function_event_invoke_config(
            FunctionName=self.function,
            Qualifier="$LATEST",
            MaximumRetryAttempts=retries,
            DestinationConfig=destination,
        )

    def invoke(self, event: LambdaEvent) -> None:
        """Hand an event to the function, as CloudWatch Logs does, and wait for nothing."""
        payload = json.dumps(event).encode()
        self.lambda_.invoke(FunctionName=self.function, InvocationType="Event", Payload=payload)

    def carry(self, expected: int, *, within_s: float = 60) -> list[str]:
        """Carry so many records from the queue into the bucket, as they are; answers with their keys."""
        records: list[str] = []

        def taken() -> int:
            found = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10).get("Messages", [])
            records.extend(message["Body"] for message in found)
            return len(records)

        awaited(taken, lambda count: count >= expected, within_s=within_s)
        return self._put(records)

    def bring(self, processor: LocalProcessor, events: Sequence[LambdaEvent]) -> int:
        """Bring events to the processor; what fails three times is in the bucket then. How many runs failed."""
        delivered = processor.deliver(events)
        self._put([json.dumps(_record(event)) for event in delivered.given_up])
        return delivered.failed_runs

    def held(self) -> list[str]:
        """The keys that the bucket holds."""
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])]

    def alarm_state(self, logical_id: str) -> str:
        """The state of one of the stack's alarms."""
        cloudwatch = local_client("cloudwatch", endpoint=self._endpoint)
        (alarm,) = cloudwatch.describe_alarms(AlarmNames=[physical_id(self.deployment, logical_id)])["MetricAlarms"]
        return alarm["StateValue"]

    def _put(self, records: Sequence[str]) -> list[str]:
        keys = [self._key(number) for number in range(self._written, self._written + len(records))]
        for key, record in zip(keys, records, strict=True):
            self.s3.put_object(Bucket=self.bucket, Key=key, Body=record.encode())
        self._written += len(records)
        if records:
            self._count(len(records))
        return keys

    def _key(self, number: int) -> str:
        now = datetime.now(UTC)
        return f"aws/lambda/async/{self.function}/{now:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{number}"

    def _count(self, dropped: int) -> None:
        local_client("cloudwatch", endpoint=self._endpoint).put_metric_data(
            Namespace="AWS/Lambda",
            MetricData=[
                {
                    "MetricName": "AsyncEventsDropped",
                    "Dimensions": [{"Name": "FunctionName", "Value": self.function}],
                    "Value": dropped,
                    "Unit": "Count",
                }
            ],
        )


def _record(event: LambdaEvent) -> Mapping[str, object]:
    return {
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(),
        "requestContext": {"condition": "RetriesExhausted", "approximateInvokeCount": 3},
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited: signal: killed"},
    }
