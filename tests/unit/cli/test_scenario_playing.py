"""Scenarios get fresh times and ids before they are played."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from request_lens.domain.policy import Policy
from request_lens.wire.log_record import read_record
from request_lens_cli.demo.scenario_run import is_as_made
from request_lens_cli.replay.virtual_time import Arrival, replay
from request_lens_cli.report.report import Report
from request_lens_cli.scenario.fresh_ids import fresh_id, with_fresh_ids
from request_lens_cli.scenario.playing import (
    EVENT_OVERHEAD_BYTES,
    MAX_BATCH_BYTES,
    MAX_BATCH_EVENTS,
    LogGroups,
    batches,
    play,
    renewed,
)
from request_lens_cli.scenario.retiming import access_ended_at, ending_at, invocation_logged_at, shifted
from request_lens_cli.scenario.scenario import RunId, Scenario, load_scenario
from request_lens_cli.scenario.tagging import tagged
from scripts.scenarios.generate import EVENTS
from tests.support.command_line.scenario_lines import as_ndjson

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import InputLogEventTypeDef


MOMENT = datetime(2026, 3, 1, 12, 0, 0, 700_000, tzinfo=UTC)
RUN = RunId("one")


@pytest.fixture
def seven() -> Scenario:
    return load_scenario(EVENTS / "seven")


def test_the_last_request_ends_within_a_second_before_the_moment(seven: Scenario) -> None:
    last = max(map(access_ended_at, ending_at(seven, MOMENT).access))
    assert timedelta(0) <= MOMENT - last < timedelta(seconds=1)


def test_moving_keeps_every_distance(seven: Scenario) -> None:
    moved = shifted(seven, seconds=86_399)
    by = timedelta(seconds=86_399)
    assert [invocation_logged_at(line) - by for line in moved.invocations] == [
        invocation_logged_at(line) for line in seven.invocations
    ]
    assert [access_ended_at(line) - by for line in moved.access] == [access_ended_at(line) for line in seven.access]


def test_moving_there_and_back_changes_nothing(seven: Scenario) -> None:
    assert shifted(shifted(seven, seconds=12_345), seconds=-12_345) == seven


def test_a_timestamp_stays_the_floor_of_the_calls_start(seven: Scenario) -> None:
    moved = ending_at(seven, MOMENT)
    starts = {invocation_id: int(tags["call_started_ms"]) for invocation_id, tags in moved.tags.items()}
    first = str(moved.invocations[0]["requestId"])
    assert invocation_logged_at(moved.invocations[0]).timestamp() == starts[first] // 1000


def test_the_same_run_gives_the_same_ids_and_another_run_gives_others(seven: Scenario) -> None:
    assert with_fresh_ids(seven, RUN) == with_fresh_ids(seven, RUN)
    ids = [set(with_fresh_ids(seven, RunId(run)).request_ids()) for run in ("one", "two")]
    assert not ids[0] & ids[1]


def test_no_old_id_is_left(seven: Scenario) -> None:
    text = as_ndjson(with_fresh_ids(seven, RUN))
    assert all(known_id not in text for known_id in (*seven.request_ids(), *seven.invocation_ids()))
    assert all(part not in text for part in as_ndjson(seven).split('"') if part.startswith(("tooluse_", "Root=1-")))


@pytest.mark.parametrize(
    "old",
    [
        "ac52319f-3608-4772-9cf5-053d2d3f8688",
        "JKJaXmPLvHcESHA=",
        "tooluse_50nrLqI5R2ChSyM6RY4NFw",
        "Root=1-64c10ae7-5f2d1c0a3b4c5d6e7f8091a2",
    ],
)
def test_a_fresh_id_has_the_shape_of_the_old_one(old: str) -> None:
    new = fresh_id(old, RUN)
    assert new != old
    assert len(new) == len(old)
    assert new[-1].isalnum() == old[-1].isalnum()


def test_labels_follow_their_requests(seven: Scenario) -> None:
    renamed = with_fresh_ids(seven, RUN)
    prompts = [renamed.labels[request_id].prompt for request_id in renamed.request_ids()]
    assert prompts == [seven.labels[request_id].prompt for request_id in seven.request_ids()]


def test_tags_name_the_fresh_request(seven: Scenario) -> None:
    played = renewed(seven, run_id=RUN, ends_at=MOMENT, with_tags=True)
    metadata = [line["requestMetadata"] for line in played.invocations if "requestMetadata" in line]
    named = {tags["api_request_id"] for tags in metadata if isinstance(tags, dict)}
    assert len(metadata) == 11
    assert named == set(played.request_ids())


@pytest.mark.parametrize(
    ("name", "with_tags", "as_made"),
    [
        *((name, True, True) for name in ("article", "chat", "overlap", "seven")),
        *((name, False, True) for name in ("article", "chat", "seven")),
        ("overlap", False, False),
    ],
)
def test_a_run_is_as_its_callers_made_it_where_each_request_has_all_its_calls(
    name: str, with_tags: bool, as_made: bool
) -> None:
    scenario = load_scenario(EVENTS / name)
    lines = as_ndjson(tagged(scenario) if with_tags else scenario).splitlines()
    result = replay((Arrival(record=read_record(line)) for line in lines), Policy())
    report = Report(requests=result.requests, unlinked=result.unattributed)

    assert is_as_made(scenario, report) == as_made
    fewer = replace(report, requests=[replace(state, summary=None) for state in report.requests])
    assert not is_as_made(scenario, fewer)


def test_a_failed_attempt_bears_no_tag(seven: Scenario) -> None:
    assert all("requestMetadata" not in line for line in tagged(seven).invocations if "errorCode" in line)


def test_batches_keep_to_what_put_log_events_takes() -> None:
    many: list[InputLogEventTypeDef] = [{"timestamp": number, "message": "x"} for number in range(MAX_BATCH_EVENTS + 1)]
    big: list[InputLogEventTypeDef] = [{"timestamp": number, "message": "x" * 300_000} for number in range(7)]
    assert [len(batch) for batch in batches(many)] == [MAX_BATCH_EVENTS, 1]
    assert [len(batch) for batch in batches(big)] == [3, 3, 1]
    assert 3 * (300_000 + EVENT_OVERHEAD_BYTES) <= MAX_BATCH_BYTES
    assert [event for batch in batches(big) for event in batch] == big


def test_lines_are_put_in_order_of_time_and_twice_is_no_error(seven: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)  # the tester may have read out/local-aws.env
    with mock_aws():
        logs = boto3.client("logs", region_name="us-east-1")
        for group in ("calls", "requests"):
            logs.create_log_group(logGroupName=group)
        for run in ("one", "two"):
            played = renewed(seven, run_id=RunId(run), ends_at=datetime.now(UTC), with_tags=False)
            play(played, LogGroups(invocations="calls", access="requests"), logs=logs)
        events = logs.filter_log_events(logGroupName="calls")["events"]
    assert len(events) == 24
    for event in events:
        logged_at = invocation_logged_at(json.loads(event["message"]))
        assert event["timestamp"] == logged_at.timestamp() * 1000


def test_the_calls_come_once_the_requests_records_are_there(seven: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)  # the tester may have read out/local-aws.env
    with mock_aws():
        logs = boto3.client("logs", region_name="us-east-1")
        for group in ("calls", "requests"):
            logs.create_log_group(logGroupName=group)

        def lines() -> tuple[int, int]:
            requests, calls = (logs.filter_log_events(logGroupName=group)["events"] for group in ("requests", "calls"))
            return len(requests), len(calls)

        played = renewed(seven, run_id=RUN, ends_at=datetime.now(UTC), with_tags=False)
        seen: list[tuple[int, int]] = []
        groups = LogGroups(invocations="calls", access="requests")
        play(played, groups, logs=logs, once_recorded=lambda: seen.append(lines()))
        assert [*seen, lines()] == [(7, 0), (7, 12)]
