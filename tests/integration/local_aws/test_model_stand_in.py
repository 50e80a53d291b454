"""The model stand-in against boto3 itself: the real client parses every answer, frame and error."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from moto import mock_aws

from request_lens.domain.facts import Invocation
from request_lens.wire.log_record import read_record
from request_lens_cli.local_aws.bedrock.invocation_log import InvocationLog
from request_lens_cli.local_aws.bedrock.invocation_record import as_line, invocation_record
from request_lens_cli.local_aws.bedrock.model_call import ModelCall, Outcome
from request_lens_cli.local_aws.bedrock.server import AnsweredCalls, Model, model_server

MODEL_ID = "jp.anthropic.claude-haiku-4-5-20251001-v1:0"
CALLER = "arn:aws:sts::123456789012:assumed-role/AgentRole/BedrockAgentCore-1"
TOOLS = [
    {"toolSpec": {"name": name, "description": name, "inputSchema": {"json": {"type": "object", "properties": {}}}}}
    for name in ("current_time", "s3_list_objects", "s3_read_object", "s3_write_object")
]


@dataclass
class StandIn:
    """A running stand-in, a real client of it, and what it has recorded."""

    endpoint: str
    client: Any
    recorded: list[tuple[ModelCall, Outcome]] = field(default_factory=list)

    def converse(self, prompt: str, **more: object) -> Any:  # noqa: ANN401 - boto3's answer
        messages = [{"role": "user", "content": [{"text": prompt}]}]
        return self.client.converse(modelId=MODEL_ID, messages=messages, toolConfig={"tools": TOOLS}, **more)

    def stream(self, messages: list[Any], **more: object) -> tuple[Any, list[Any]]:
        answer = self.client.converse_stream(modelId=MODEL_ID, messages=messages, toolConfig={"tools": TOOLS}, **more)
        return answer, list(answer["stream"])

    def record(self, *, with_texts: bool = True) -> dict[str, Any]:
        """The record of the last call."""
        call, outcome = self.recorded[-1]
        return dict(invocation_record(call, outcome, with_texts=with_texts))


def tell(endpoint: str, path: str, document: dict[str, object]) -> None:
    """Speak to the stand-in as a test or another stand-in does, and not as a client of Bedrock."""
    request = urllib.request.Request(f"{endpoint}/stand-in/{path}", data=json.dumps(document).encode())
    urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).close()


@pytest.fixture(scope="module")
def running() -> Iterator[StandIn]:
    recorded: list[tuple[ModelCall, Outcome]] = []
    model = Model(record=lambda call, outcome: recorded.append((call, outcome)), pace=0)
    server = model_server(model, port=0)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_port}"
    client = boto3.Session(
        botocore_session=botocore.session.Session(),
        aws_access_key_id="123456789012",
        aws_secret_access_key="local",
        region_name="ap-northeast-1",
    ).client("bedrock-runtime", endpoint_url=endpoint, config=Config(proxies={}, retries={"total_max_attempts": 2}))
    tell(endpoint, "callers", {"access_key_id": "123456789012", "arn": CALLER})
    yield StandIn(endpoint=endpoint, client=client, recorded=recorded)
    client.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def stand_in(running: StandIn) -> StandIn:
    running.recorded.clear()
    return running


def test_converse_answers_a_plain_question_and_the_record_has_the_id_that_the_client_got(stand_in: StandIn) -> None:
    answer = stand_in.converse("What is 2+2?", requestMetadata={"api_request_id": "JKJaXmPLvHcESHA="})
    assert answer["output"]["message"]["content"] == [{"text": "2+2 is 4."}]
    assert answer["stopReason"] == "end_turn"
    record = stand_in.record()
    assert record["requestId"] == answer["ResponseMetadata"]["RequestId"]
    assert record["requestMetadata"] == {"api_request_id": "JKJaXmPLvHcESHA="}
    assert record["identity"] == {"arn": CALLER}
    assert record["output"]["outputBodyJson"]["metrics"] == answer["metrics"]
    assert "requestMetadata" not in record["input"]["inputBodyJson"]


def test_a_stream_of_two_turns_asks_for_a_tool_and_tells_its_result(stand_in: StandIn) -> None:
    question = {"role": "user", "content": [{"text": "What time is it in Tokyo?"}]}
    answer, events = stand_in.stream([question])
    start = next(event["contentBlockStart"]["start"] for event in events if "contentBlockStart" in event)
    inputs = [event["contentBlockDelta"]["delta"].get("toolUse") for event in events if "contentBlockDelta" in event]
    assert start["toolUse"]["name"] == "current_time"
    assert json.loads("".join(part["input"] for part in inputs if part)) == {"timezone": "Asia/Tokyo"}
    assert events[-2]["messageStop"]["stopReason"] == "tool_use"
    assert set(events[-1]["metadata"]) == {"usage", "metrics"}
    logged = stand_in.record()
    assert logged["requestId"] == answer["ResponseMetadata"]["RequestId"]
    use = logged["output"]["outputBodyJson"]["output"]["message"]["content"][1]["toolUse"]
    assert (use["toolUseId"], use["type"]) == (start["toolUse"]["toolUseId"], "tool_use")

    asked = {"role": "assistant", "content": [{"toolUse": {**start["toolUse"], "input": {"timezone": "Asia/Tokyo"}}}]}
    result = {"toolUseId": start["toolUse"]["toolUseId"], "content": [{"text": "2026-11-29T14:00:00+09:00"}]}
    _, events = stand_in.stream([question, asked, {"role": "user", "content": [{"toolResult": result}]}])
    text = "".join(e["contentBlockDelta"]["delta"]["text"] for e in events if "contentBlockDelta" in e)
    assert "2026-11-29T14:00:00+09:00" in text


@pytest.mark.parametrize(
    ("prompt", "tool"),
    [
        ("What time is it in Tokyo?", "current_time"),
        ("What is 2+2?", None),
        ("List files in S3", "s3_list_objects"),
        ("What time is it in New York?", "current_time"),
        ("Write hello world to S3", "s3_write_object"),
        ("What is the capital of Japan?", None),
        ("List S3 files again", "s3_list_objects"),
        ("Write a haiku about clouds to S3", "s3_write_object"),
        ("What is 10 times 5?", None),
        ("What time is it in London?", "current_time"),
    ],
)
def test_the_ten_prompts_use_the_tools_that_the_experiment_used(
    stand_in: StandIn, prompt: str, tool: str | None
) -> None:
    content = stand_in.converse(prompt)["output"]["message"]["content"]
    assert [block["toolUse"]["name"] for block in content if "toolUse" in block] == ([tool] if tool else [])


def test_a_tool_that_is_not_on_offer_is_not_asked_for(stand_in: StandIn) -> None:
    messages = [{"role": "user", "content": [{"text": "List files in S3"}]}]
    answer = stand_in.client.converse(modelId=MODEL_ID, messages=messages)
    assert answer["stopReason"] == "end_turn"


def anthropic_body(prompt: str) -> str:
    tools = [{"name": "current_time", "input_schema": {"type": "object", "properties": {}}}]
    messages = [{"role": "user", "content": prompt}]
    return json.dumps(
        {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 9, "messages": messages, "tools": tools}
    )


def test_invoke_model_answers_in_the_models_own_shape_and_its_record_has_no_latency(stand_in: StandIn) -> None:
    metadata = json.dumps({"api_request_id": "r-1"})
    answer = stand_in.client.invoke_model(
        modelId=MODEL_ID, body=anthropic_body("What time is it in London?"), requestMetadata=metadata
    )
    body = json.loads(answer["body"].read())
    assert body["content"][1]["input"] == {"timezone": "Europe/London"}
    record = stand_in.record()
    assert record["requestMetadata"] == {"api_request_id": "r-1"}
    assert record["output"]["outputBodyJson"] == body
    assert "latency" not in json.dumps(record).lower()


def test_an_invoke_model_stream_ends_with_bedrocks_own_metrics(stand_in: StandIn) -> None:
    answer = stand_in.client.invoke_model_with_response_stream(modelId=MODEL_ID, body=anthropic_body("What is 2+2?"))
    chunks = [json.loads(event["chunk"]["bytes"]) for event in answer["body"]]
    assert chunks[0]["type"] == "message_start"
    assert set(chunks[-1]["amazon-bedrock-invocationMetrics"]) >= {"invocationLatency", "firstByteLatency"}
    assert stand_in.record()["output"]["outputBodyJson"] == chunks


def test_throttles_come_on_demand_each_attempt_with_a_record_of_its_own(stand_in: StandIn) -> None:
    tell(stand_in.endpoint, "throttle", {"calls": 1})
    answer = stand_in.converse("What is 2+2?")
    assert answer["ResponseMetadata"]["RetryAttempts"] == 1
    refused, answered = (invocation_record(call, outcome, with_texts=True) for call, outcome in stand_in.recorded)
    assert refused["errorCode"] == "ThrottlingException"
    assert not {"input", "output", "inferenceRegion"} & set(refused)
    assert answered["requestId"] == answer["ResponseMetadata"]["RequestId"] != refused["requestId"]


@pytest.mark.parametrize("metadata", [{}, {"a;b": "c"}, {"key": "é"}, {f"k{n}": "v" for n in range(17)}])
def test_metadata_that_bedrock_refuses_is_refused_and_not_logged(stand_in: StandIn, metadata: dict[str, str]) -> None:
    with pytest.raises(ClientError) as refused:
        stand_in.converse("What is 2+2?", requestMetadata=metadata)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert refused.value.response["ResponseMetadata"]["RequestId"]
    assert stand_in.recorded == []


def test_our_own_reader_understands_each_record(stand_in: StandIn) -> None:
    stand_in.converse("Write a haiku about clouds to S3", requestMetadata={"api_request_id": "r-1"})
    fact = read_record(as_line(stand_in.record()))
    assert isinstance(fact, Invocation)
    assert fact.stop_reason == "tool_use"
    assert fact.latency_ms is not None


def test_without_texts_a_record_keeps_its_counts_and_loses_its_bodies(stand_in: StandIn) -> None:
    stand_in.converse("What is 2+2?")
    record = stand_in.record(with_texts=False)
    assert set(record["input"]) == {
        "inputContentType",
        "inputTokenCount",
        "cacheReadInputTokenCount",
        "cacheWriteInputTokenCount",
    }
    assert set(record["output"]) == {"outputContentType", "outputTokenCount"}


def test_a_records_time_is_the_calls_start_floored_to_the_second(stand_in: StandIn) -> None:
    before = datetime.now(UTC)
    stand_in.converse("What is 2+2?")
    call, _ = stand_in.recorded[-1]
    assert before <= call.started_at <= datetime.now(UTC)
    assert stand_in.record()["timestamp"] == call.started_at.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_record_goes_where_and_as_the_logging_setting_says(stand_in: StandIn) -> None:
    stand_in.converse("What is 2+2?")
    with mock_aws():
        session = boto3.Session(region_name="ap-northeast-1")
        bedrock, logs = session.client("bedrock"), session.client("logs")
        logs.create_log_group(logGroupName="/invocations")
        log = InvocationLog(bedrock=bedrock, logs=logs, delay_s=0)
        log.write(stand_in.recorded)
        for texts in (True, False):
            group = {"logGroupName": "/invocations", "roleArn": "arn:aws:iam::123456789012:role/Logging"}
            setting = {"cloudWatchConfig": group, "textDataDeliveryEnabled": texts}
            bedrock.put_model_invocation_logging_configuration(loggingConfig=setting)  # type: ignore[arg-type]
            log.write(stand_in.recorded)
        events = logs.filter_log_events(logGroupName="/invocations")["events"]
    bodies = ["outputBodyJson" in json.loads(event["message"])["output"] for event in events]
    assert sorted(bodies) == [False, True]


def test_the_stand_in_tells_when_each_answered_call_began_which_its_record_does_not(running: StandIn) -> None:
    before = datetime.now(UTC).timestamp() * 1000
    running.converse("What is 2+2?")
    running.stream([{"role": "user", "content": [{"text": "What is 2+2?"}]}])

    request = urllib.request.Request(f"{running.endpoint}/stand-in/calls", data=b"{}")
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request) as told:
        calls = AnsweredCalls.model_validate_json(told.read()).calls[-2:]
    recorded = [call for call, _ in running.recorded[-2:]]
    assert [each.request_id for each in calls] == [each.request_id for each in recorded]
    assert all(int(before) <= each.started_ms <= time.time() * 1000 for each in calls)
    assert all(each.latency_ms >= 0 for each in calls)
