"""What reaches the processor in the tests and what it leaves behind: events, items, messages, EMF lines."""

import base64
import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import boto3
from botocore.config import Config

import processor_handler
from request_lens_cli.scenario.playing import renewed
from request_lens_cli.scenario.scenario import RunId, Scenario, load_scenario
from tests.support.request_table import TABLE_NAME

EVENTS = Path(__file__).parents[2] / "events"
REGION = "ap-northeast-1"


def log_batch(
    messages: Sequence[str],
    log_group: str = "/aws/bedrock/model-invocations",
    *,
    first_event: int = 0,
) -> dict[str, object]:
    batch = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": log_group,
        "logStream": "aws/bedrock/modelinvocations",
        "subscriptionFilters": ["test"],
        "logEvents": [
            {"id": f"{position:056d}", "timestamp": 1764872822000, "message": message}
            for position, message in enumerate(messages, first_event)
        ],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(batch).encode())).decode()}}


def played(*, with_tags: bool) -> Scenario:
    scenario = load_scenario(EVENTS / "article")
    return renewed(scenario, run_id=RunId("test"), ends_at=datetime.now(UTC), with_tags=with_tags)


def collect(scenario: Scenario) -> None:
    for lines in (scenario.access, scenario.invocations):
        processor_handler.lambda_handler(log_batch([json.dumps(line) for line in lines]), None)


def settle_message(matter: str, id_: str) -> dict[str, object]:
    body = json.dumps({"matter": matter, "id": id_})
    return {"messageId": f"{matter}/{id_}", "eventSource": "aws:sqs", "body": body}


def settle(scenario: Scenario) -> object:
    calls = [settle_message("invocation", each) for each in scenario.invocation_ids()]
    requests = [settle_message("request", each) for each in scenario.request_ids()]
    return processor_handler.lambda_handler({"Records": [*calls, *requests]}, None)


def stream_event() -> dict[str, object]:
    """All that the table's stream has to tell, as Lambda delivers it."""
    regional = Config(account_id_endpoint_mode="disabled")
    streams = boto3.client("dynamodbstreams", region_name=REGION, config=regional)
    arn = streams.list_streams(TableName=TABLE_NAME)["Streams"][0]["StreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    position = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = streams.get_records(ShardIterator=position["ShardIterator"])["Records"]
    return {"Records": [{**record, "eventSource": "aws:dynamodb"} for record in records]}


def emf_lines(printed: str) -> list[dict[str, object]]:
    lines = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return [line for line in lines if "_aws" in line]


def request_items() -> list[dict[str, object]]:
    items = boto3.resource("dynamodb", region_name=REGION).Table(TABLE_NAME).scan()["Items"]
    return [dict(item) for item in items if item["sk"] == "request"]


def messages_sent() -> list[dict[str, str]]:
    """All that lies in the settle queue; each is read once."""
    client = boto3.client("sqs", region_name=REGION)
    url = client.get_queue_url(QueueName="settle")["QueueUrl"]
    found: list[dict[str, str]] = []
    while batch := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
        found += [json.loads(each["Body"]) for each in batch]
    return found


def drop_messages() -> None:
    client = boto3.client("sqs", region_name=REGION)
    client.purge_queue(QueueUrl=client.get_queue_url(QueueName="settle")["QueueUrl"])
