"""The processor from a Lambda event to the table, the queue and the EMF lines, over an emulated AWS."""

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from tests.contract.request_table import TABLE_NAME, create_request_table

import processor_handler
from request_lens.errors import ConfigError, EnvelopeError
from request_lens_cli.scenario.playing import fresh
from request_lens_cli.scenario.scenario import RunId, Scenario, load_scenario

EVENTS = Path(__file__).parents[2] / "events"
REGION = "ap-northeast-1"

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "REQUEST_TABLE_NAME": TABLE_NAME,
    "AGENT_ROLE_NAMES": "",
    "AGENT_ROUTES": "",
    "ONE_LOOP_PER_REQUEST": "false",
    "SETTLE_DELAY_SECONDS": "0",
    "LINK_DELAY_SECONDS": "0",
    "MAX_REQUEST_SECONDS": "10",
    "MAX_AGENT_SECONDS": "60",
    "CLOCK_SKEW_MS": "250",
    "ORPHAN_AFTER_SECONDS": "900",
    "RETENTION_DAYS": "90",
}


@pytest.fixture
def deployed(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    # Loggers live as long as the process and keep the stdout of the test that made them: each test has its own.
    monkeypatch.setenv("SERVICE_NAME", request.node.name)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    processor_handler._processor.cache_clear()
    with mock_aws():
        create_request_table(boto3.client("dynamodb", region_name=REGION))
        queue = boto3.client("sqs", region_name=REGION).create_queue(QueueName="settle")
        monkeypatch.setenv("SETTLE_QUEUE_URL", queue["QueueUrl"])
        yield
    processor_handler._processor.cache_clear()


def log_batch(messages: Sequence[str], log_group: str = "/aws/bedrock/model-invocations") -> dict[str, object]:
    batch = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": log_group,
        "logStream": "aws/bedrock/modelinvocations",
        "subscriptionFilters": ["test"],
        "logEvents": [
            {"id": f"{position:056d}", "timestamp": 1764872822000, "message": message}
            for position, message in enumerate(messages)
        ],
    }
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(batch).encode())).decode()}}


def played(*, with_tags: bool) -> Scenario:
    scenario = load_scenario(EVENTS / "article")
    return fresh(scenario, run_id=RunId("test"), ends_at=datetime.now(UTC), with_tags=with_tags)


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


def numbers(line: dict[str, object], metric: str) -> list[float]:
    found = line[metric]
    return [float(each) for each in found] if isinstance(found, list) else []


def request_items() -> list[dict[str, object]]:
    items = boto3.resource("dynamodb", region_name=REGION).Table(TABLE_NAME).scan()["Items"]
    return [dict(item) for item in items if item["sk"] == "request"]


@pytest.mark.usefixtures("deployed")
def test_tagged_calls_settle_at_once_and_are_published_once(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = played(with_tags=True)
    collect(scenario)

    assert settle(scenario) == {"batchItemFailures": []}
    capsys.readouterr()
    processor_handler.lambda_handler(stream_event(), None)

    lines = [line for line in emf_lines(capsys.readouterr().out) if "LlmCallsPerRequest" in line]
    assert sorted(str(line["publication_id"]) for line in lines) == sorted(
        f"{each}#1" for each in scenario.request_ids()
    )
    assert sum(line["LlmCalls"][0] for line in lines) == 17  # type: ignore[index]


@pytest.mark.usefixtures("deployed")
def test_a_fact_shows_at_once_as_pending() -> None:
    collect(played(with_tags=False))

    items = request_items()
    assert len(items) == 10
    assert {item["state"] for item in items} == {"pending"}


@pytest.mark.usefixtures("deployed")
def test_the_same_batch_twice_changes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = played(with_tags=True)
    collect(scenario)
    settle(scenario)
    settled = sorted(request_items(), key=lambda item: str(item["pk"]))

    collect(scenario)
    settle(scenario)

    assert sorted(request_items(), key=lambda item: str(item["pk"])) == settled


@pytest.mark.usefixtures("deployed")
def test_a_malformed_line_does_not_lose_its_neighbours(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = played(with_tags=True)
    lines = [json.dumps(line) for line in scenario.invocations]
    lines[1:1] = ["not json, but secret", '{"schemaType": "ModelInvocationLog"}', "[1, 2]"]

    processor_handler.lambda_handler(log_batch(lines), None)

    printed = capsys.readouterr().out
    rejected = [line for line in emf_lines(printed) if "RejectedRecords" in line]
    assert [line["RejectedRecords"] for line in rejected] == [[3.0]]
    assert "secret" not in printed
    table = boto3.resource("dynamodb", region_name=REGION).Table(TABLE_NAME)
    assert len(table.scan()["Items"]) == len(scenario.invocations)


@pytest.mark.usefixtures("deployed")
def test_a_message_that_is_no_key_is_logged_and_its_neighbours_settle(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = played(with_tags=True)
    collect(scenario)
    good = settle_message("request", scenario.request_ids()[0])
    bad = {"messageId": "1", "eventSource": "aws:sqs", "body": "garbage"}

    answer = processor_handler.lambda_handler({"Records": [bad, good]}, None)

    assert answer == {"batchItemFailures": []}
    assert "settle message not understood" in capsys.readouterr().out
    assert sum(item["state"] == "settled" for item in request_items()) == 1


@pytest.mark.usefixtures("deployed")
def test_messages_come_again_while_the_table_is_out_of_reach() -> None:
    scenario = played(with_tags=True)
    collect(scenario)
    boto3.client("dynamodb", region_name=REGION).delete_table(TableName=TABLE_NAME)

    answer = processor_handler.lambda_handler({"Records": [settle_message("request", scenario.request_ids()[0])]}, None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": f"request/{scenario.request_ids()[0]}"}]}


@pytest.mark.usefixtures("deployed")
def test_an_item_that_this_version_cannot_read_fails_its_own_message_only() -> None:
    scenario = played(with_tags=True)
    collect(scenario)
    odd, good = scenario.request_ids()[:2]
    boto3.client("dynamodb", region_name=REGION).update_item(
        TableName=TABLE_NAME,
        Key={"pk": {"S": f"request#{odd}"}, "sk": {"S": "request"}},
        UpdateExpression="SET #record = :future",
        ExpressionAttributeNames={"#record": "record"},
        ExpressionAttributeValues={":future": {"M": {"shape": {"S": "of another version"}}}},
    )

    answer = processor_handler.lambda_handler(
        {"Records": [settle_message("request", odd), settle_message("request", good)]}, None
    )

    assert answer == {"batchItemFailures": [{"itemIdentifier": f"request/{odd}"}]}
    assert {item["pk"] for item in request_items() if item["state"] == "settled"} == {f"request#{good}"}


@pytest.mark.usefixtures("deployed")
def test_an_event_of_another_service_is_refused() -> None:
    with pytest.raises(EnvelopeError, match="aws:sns"):
        processor_handler.lambda_handler({"Records": [{"eventSource": "aws:sns"}]}, None)


@pytest.mark.usefixtures("deployed")
def test_a_missing_variable_names_itself_at_the_first_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUEST_TABLE_NAME")

    with pytest.raises(ConfigError, match="REQUEST_TABLE_NAME"):
        processor_handler.lambda_handler({"Records": []}, None)
