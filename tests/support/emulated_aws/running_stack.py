"""A deployed stack whose processor runs: what Lambda gave up on and the dead letters lie where AWS puts them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.logs.models import logs_backends

import processor_handler
from tests.support.deployed_stack import DeployedLens
from tests.support.under_test import REGION

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

PROCESSOR = "request-lens-ProcessorFunction-1A2B3C4D5E6F"
ACCESS, INVOCATIONS = "/aws/vendedlogs/request-lens/request-lens/access", "/aws/bedrock/model-invocations"
BUCKET = "request-lens-failurebucket-1a2b3c4d5e6f"
LOG_BATCH_KEY = f"aws/lambda/async/{PROCESSOR}/2025/12/04/2025-12-04T18.30.00-"
STREAM_KEY = "aws/lambda/6f1c2a0e-1111-4222-8333-444455556666/shardId-00000001/2025/12/04/2025-12-04T18.31.00-"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningStack:
    """The stack `request-lens`, with its processor, its failure bucket and its queues."""

    lens: DeployedLens
    s3: "S3Client"
    sqs: "SQSClient"
    logs: "CloudWatchLogsClient"
    queue_url: str
    dead_letter_url: str

    def gave_up_on(self, key: str, event: Mapping[str, object]) -> str:
        """Lambda gives up on an asynchronous event; answers with the object's key."""
        context = {"requestId": "e4b46cbf", "functionArn": "arn:aws:lambda:eu-west-1:123456789012:function:f:$LATEST"}
        record = {
            "version": "1.0",
            "timestamp": "2025-12-04T18:30:00.000Z",
            "requestContext": {**context, "condition": "RetriesExhausted", "approximateInvokeCount": 3},
            "requestPayload": event,
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "responsePayload": {"errorMessage": "DynamoDB did not answer", "errorType": "StoreUnavailable"},
        }
        return self.holds(key, json.dumps(record))

    def gave_up_on_records(self, key: str, event: Mapping[str, object]) -> str:
        """Lambda gives up on records of the table's stream: their event is text within the object."""
        record = {
            "requestContext": {
                "requestId": "c9b8",
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": 11,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": "2025-12-04T18:31:00.000Z",
            "DDBStreamBatchInfo": {"shardId": "shardId-00000001", "batchSize": 1},
            "payload": json.dumps(event, default=str),
        }
        return self.holds(key, json.dumps(record))

    def holds(self, key: str, text: str) -> str:
        """The failure bucket holds an object."""
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())
        return key

    def held(self) -> Sequence[str]:
        """The keys that the failure bucket holds."""
        return [each["Key"] for each in self.s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]

    def has_filter(self, group: str, *, pattern: str) -> None:
        """A log group has the stack's subscription filter.

        moto invokes a filter's function to make it, and this stack's is none of moto's: the filter is put beside.
        """
        arn = f"arn:aws:lambda:{REGION}:{DEFAULT_ACCOUNT_ID}:function:{PROCESSOR}"
        held = logs_backends[DEFAULT_ACCOUNT_ID][REGION].groups[group]
        held.put_subscription_filter("ours", pattern, arn, "")

    def waiting(self, queue_url: str) -> int:
        """How many messages wait in a queue."""
        attributes = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])["Attributes"]
        return int(attributes["ApproximateNumberOfMessages"]) + int(attributes["ApproximateNumberOfMessagesNotVisible"])


@contextmanager
def running_stack(lens: DeployedLens, environment: Mapping[str, str]) -> Iterator[RunningStack]:
    """The stack of a lens, with a processor of this environment."""
    sqs, s3 = boto3.client("sqs", region_name=REGION), boto3.client("s3", region_name=REGION)
    dead_letter_url = sqs.create_queue(QueueName="settle-dead-letters")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead_letter_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    queue_url = sqs.create_queue(QueueName="settle", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    logs = boto3.client("logs", region_name=REGION)
    for group in (ACCESS, INVOCATIONS):
        logs.create_log_group(logGroupName=group)
    groups = {"AccessLogGroupName": ACCESS, "InvocationLogGroupName": INVOCATIONS}
    outputs = {"FailureBucketName": BUCKET, "SettleQueueUrl": queue_url, "ProcessorFunctionName": PROCESSOR}
    lens.stacks["request-lens"] = {**lens.stacks["request-lens"], **outputs, **groups}
    lens.functions[PROCESSOR] = processor_handler.lambda_handler
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {**environment, "SETTLE_QUEUE_URL": queue_url}.items():
            patched.setenv(name, value)
        processor_handler._processor.cache_clear()
        yield RunningStack(lens=lens, s3=s3, sqs=sqs, logs=logs, queue_url=queue_url, dead_letter_url=dead_letter_url)
    processor_handler._processor.cache_clear()
