"""The stand-in for CloudWatch's EMF extraction reads each line once, and puts what is valid."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from request_lens_cli.local_aws.emf.stand_in import StandInState, advance, keyed, read_state, write_state

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_logs.client import CloudWatchLogsClient


GROUP, STREAM = "/aws/lambda/processor", "one"


def _line(calls: int) -> str:
    metric = {"Name": "LlmCalls", "Unit": "Count", "StorageResolution": 1}
    directive = {"Namespace": "RequestLens", "Dimensions": [["Service"]], "Metrics": [metric]}
    metadata = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [directive]}
    return json.dumps({"_aws": metadata, "Service": "request-lens", "LlmCalls": calls})


@pytest.fixture
def logs(monkeypatch: pytest.MonkeyPatch) -> Iterator["CloudWatchLogsClient"]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)  # the tester may have read out/local-aws.env
    with mock_aws():
        client = boto3.client("logs", region_name="us-east-1")
        client.create_log_group(logGroupName=GROUP)
        client.create_log_stream(logGroupName=GROUP, logStreamName=STREAM)
        yield client


@pytest.fixture
def cloudwatch(logs: "CloudWatchLogsClient") -> "CloudWatchClient":
    return boto3.client("cloudwatch", region_name=logs.meta.region_name)


def _write(logs: "CloudWatchLogsClient", *lines: str) -> None:
    now_ms = int(time.time() * 1000)
    logs.put_log_events(
        logGroupName=GROUP, logStreamName=STREAM, logEvents=[{"timestamp": now_ms, "message": line} for line in lines]
    )


def _llm_calls(cloudwatch: "CloudWatchClient") -> float:
    now = datetime.now(UTC)
    answer = cloudwatch.get_metric_statistics(
        Namespace="RequestLens",
        MetricName="LlmCalls",
        Dimensions=[{"Name": "Service", "Value": "request-lens"}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
        Period=3600,
        Statistics=["Sum"],
    )
    return sum(point["Sum"] for point in answer["Datapoints"])


def test_each_line_is_put_once(logs: "CloudWatchLogsClient", cloudwatch: "CloudWatchClient") -> None:
    state = StandInState()
    _write(logs, "START RequestId: a", _line(2))
    assert advance(state, GROUP, logs=logs, cloudwatch=cloudwatch)
    assert not advance(state, GROUP, logs=logs, cloudwatch=cloudwatch)
    _write(logs, _line(1))
    assert advance(state, GROUP, logs=logs, cloudwatch=cloudwatch)
    assert _llm_calls(cloudwatch) == 3
    assert (state.lines, state.metrics, state.broken_lines) == (2, 2, 0)


def test_it_goes_on_where_it_stopped(
    logs: "CloudWatchLogsClient", cloudwatch: "CloudWatchClient", tmp_path: Path
) -> None:
    state = StandInState()
    _write(logs, _line(2))
    advance(state, GROUP, logs=logs, cloudwatch=cloudwatch)
    write_state(state, tmp_path / "state.json")
    assert not advance(read_state(tmp_path / "state.json"), GROUP, logs=logs, cloudwatch=cloudwatch)
    assert _llm_calls(cloudwatch) == 2


def test_a_line_that_breaks_the_schema_is_counted_and_said(
    logs: "CloudWatchLogsClient", cloudwatch: "CloudWatchClient", capsys: pytest.CaptureFixture[str]
) -> None:
    state = StandInState()
    _write(logs, '{"_aws": {}}', _line(4))
    advance(state, GROUP, logs=logs, cloudwatch=cloudwatch)
    assert (state.lines, state.broken_lines, _llm_calls(cloudwatch)) == (1, 1, 4)
    assert "breaks the EMF specification" in capsys.readouterr().err


def test_a_state_that_cannot_be_read_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "state.json").write_text("{", encoding="utf-8")
    assert read_state(tmp_path / "state.json") == StandInState()


def test_equal_lines_without_an_event_id_are_told_apart() -> None:
    twice = keyed([{"timestamp": 1, "message": "a", "logStreamName": "s"}] * 2)
    more = keyed([{"timestamp": 1, "message": "a", "logStreamName": "s"}] * 3)
    assert len(twice) == 2
    assert len(more.keys() - twice.keys()) == 1


def test_only_the_last_minute_is_remembered() -> None:
    state = StandInState()
    for at_ms in (1_000_000, 1_050_000, 1_061_000):
        state.note(str(at_ms), at_ms)
    state.forget_old()
    assert sorted(state.seen) == ["1050000", "1061000"]
