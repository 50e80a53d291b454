"""The processor from a Lambda event to the table, the queue and the EMF lines, over an emulated AWS."""

import hashlib
import json

import boto3
import pytest

import processor_handler
from request_lens.errors import ConfigError, EnvelopeError
from tests.support.processor_traffic import (
    REGION,
    collect,
    drop_messages,
    emf_lines,
    log_batch,
    messages_sent,
    played,
    request_items,
    settle,
    settle_message,
    stream_event,
)
from tests.support.request_table import TABLE_NAME


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
    assert {str(line["Reason"]): line["RejectedRecords"] for line in rejected} == {
        "not_json": [1.0],
        "missing_field": [1.0],
        "not_an_object": [1.0],
    }
    (warning,) = [line for line in map(json.loads, printed.splitlines()) if line.get("level") == "WARNING"]
    assert (warning["rejected"], warning["kept"]) == (3, 3)
    assert "secret" not in printed
    items = boto3.resource("dynamodb", region_name=REGION).Table(TABLE_NAME).scan()["Items"]
    assert len([item for item in items if item["sk"] != "rejected"]) == len(scenario.invocations)
    kept = {str(item["pk"]): item["fact"] for item in items if item["sk"] == "rejected"}
    assert sorted(kept) == [f"rejected#{place:056d}" for place in (1, 2, 3)]
    assert kept[f"rejected#{1:056d}"] == {
        "reason": "not_json",
        "detail": "json_invalid: expected ident at line 1 column 2"
        " (an access log in CLF, XML or CSV needs a JSON format instead)",
        "size_bytes": 20,
        "sha256": hashlib.sha256(b"not json, but secret").hexdigest(),
        "log_group": "/aws/bedrock/model-invocations",
        "log_stream": "aws/bedrock/modelinvocations",
        "event_id": f"{1:056d}",
    }


@pytest.mark.usefixtures("deployed", "queued")
def test_a_message_that_is_no_key_is_logged_and_its_neighbours_settle(capsys: pytest.CaptureFixture[str]) -> None:
    scenario = played(with_tags=True)
    collect(scenario)
    good = settle_message("request", scenario.request_ids()[0])
    bad = {"messageId": "1", "eventSource": "aws:sqs", "body": "garbage"}

    answer = processor_handler.lambda_handler({"Records": [bad, good]}, None)

    assert answer == {"batchItemFailures": []}
    assert "invalid settle message" in capsys.readouterr().out
    assert sum(item["state"] == "settled" for item in request_items()) == 1


@pytest.mark.usefixtures("deployed", "queued")
def test_messages_come_again_while_the_table_is_out_of_reach() -> None:
    scenario = played(with_tags=True)
    collect(scenario)
    boto3.client("dynamodb", region_name=REGION).delete_table(TableName=TABLE_NAME)

    answer = processor_handler.lambda_handler({"Records": [settle_message("request", scenario.request_ids()[0])]}, None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": f"request/{scenario.request_ids()[0]}"}]}


@pytest.mark.usefixtures("deployed", "queued")
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
def test_a_request_settles_with_the_batch_that_completes_it_and_sends_no_message(
    capsys: pytest.CaptureFixture[str],
) -> None:
    scenario = played(with_tags=True)
    calls, records = ([json.dumps(line) for line in lines] for lines in (scenario.invocations, scenario.access))

    processor_handler.lambda_handler(log_batch(calls), None)
    early = messages_sent()
    processor_handler.lambda_handler(log_batch(records), None)

    assert {each["matter"] for each in early} == {"request"}
    assert sorted(each["id"] for each in early) == sorted(scenario.request_ids())
    assert [item["state"] for item in request_items()] == ["settled"] * 10
    assert messages_sent() == []


@pytest.mark.usefixtures("deployed")
def test_a_request_that_cannot_be_settled_with_its_batch_is_left_to_the_queue() -> None:
    scenario = played(with_tags=True)
    calls, records = ([json.dumps(line) for line in lines] for lines in (scenario.invocations, scenario.access))
    processor_handler.lambda_handler(log_batch(calls), None)
    drop_messages()
    odd = scenario.request_ids()[3]
    key = {"pk": {"S": f"request#{odd}"}, "sk": {"S": f"invocation#{scenario.invocation_ids()[0]}"}}
    boto3.client("dynamodb", region_name=REGION).put_item(
        TableName=TABLE_NAME, Item={**key, "fact": {"S": "of another version"}}
    )

    processor_handler.lambda_handler(log_batch(records), None)

    assert sum(item["state"] == "settled" for item in request_items()) == 3
    assert [each["id"] for each in messages_sent()] == list(scenario.request_ids()[3:])


@pytest.mark.usefixtures("deployed", "queued")
def test_settles_come_again_where_their_timers_cannot_be_sent() -> None:
    scenario = played(with_tags=True)
    processor_handler.lambda_handler(log_batch([json.dumps(line) for line in scenario.invocations]), None)
    queues = boto3.client("sqs", region_name=REGION)
    queues.delete_queue(QueueUrl=queues.get_queue_url(QueueName="settle")["QueueUrl"])
    waiting = [settle_message("request", each) for each in scenario.request_ids()[:2]]

    answer = processor_handler.lambda_handler({"Records": waiting}, None)

    assert answer == {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in waiting]}


@pytest.mark.usefixtures("deployed")
def test_an_event_of_another_service_is_refused() -> None:
    with pytest.raises(EnvelopeError, match="aws:sns"):
        processor_handler.lambda_handler({"Records": [{"eventSource": "aws:sns"}]}, None)


@pytest.mark.usefixtures("deployed")
def test_a_missing_variable_names_itself_at_the_first_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUEST_TABLE_NAME")

    with pytest.raises(ConfigError, match="REQUEST_TABLE_NAME"):
        processor_handler.lambda_handler({"Records": []}, None)
