"""The sweep from its event to the settle queue and the log, where doctor looks for it, over an emulated AWS."""

import json
from datetime import UTC, datetime

import boto3
import pytest

import processor_handler
from request_lens.application.sweep import AGE, SLICE
from request_lens.errors import StoreUnavailable
from request_lens_cli.diagnosis.checks.processor import SWEPT
from request_lens_cli.local_aws.emulated.log_pattern import passes
from tests.support.processor_traffic import REGION, collect, drop_messages, messages_sent, played, settle
from tests.support.request_table import TABLE_NAME


@pytest.mark.usefixtures("deployed", "queued")
@pytest.mark.parametrize("with_tags", [True, False])
def test_a_sweep_sends_again_what_was_lost_and_nothing_once_it_is_settled(
    with_tags: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MAX_REQUEST_SECONDS", "0")  # every call is due at once, so that every message is seen at once
    scenario = played(with_tags=with_tags)
    collect(scenario)
    drop_messages()
    now = datetime.now(UTC)
    moments = [(now + AGE + place * SLICE).isoformat() for place in range(-10, 3)]  # the scenario spans some of them
    assert messages_sent() == []

    for moment in moments:
        assert processor_handler.lambda_handler({"sweep": moment}, None) is None

    sent = messages_sent()
    untagged = [] if with_tags else list(scenario.invocation_ids())
    assert sorted(each["id"] for each in sent if each["matter"] == "request") == sorted(scenario.request_ids())
    assert sorted(each["id"] for each in sent if each["matter"] == "invocation") == sorted(untagged)
    if with_tags:
        settle(scenario)
        for moment in moments:
            processor_handler.lambda_handler({"sweep": moment}, None)
        assert messages_sent() == []
    swept = [json.loads(line) for line in capsys.readouterr().out.splitlines() if passes(SWEPT, line)]
    assert {line["level"] for line in swept} == {"INFO"}
    assert sum(line["unsettled"] for line in swept[: len(moments)]) == len(scenario.request_ids())


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    ("said", "begins"),
    [
        ("2025-12-04T18:05:00Z", "2025-12-04T16:04:00+00:00"),
        ("2025-12-04T18:05:00+09:00", "2025-12-04T07:04:00+00:00"),
        ("2025-12-04T18:05:59", "2025-12-04T16:04:00+00:00"),
    ],
)
def test_a_sweep_is_of_the_minute_two_hours_before_the_time_it_was_scheduled_for(
    said: str, begins: str, capsys: pytest.CaptureFixture[str]
) -> None:
    processor_handler.lambda_handler({"sweep": said}, None)

    (swept,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if passes(SWEPT, line)]
    assert swept["begins"] == begins


@pytest.mark.usefixtures("deployed")
def test_a_sweep_that_says_no_time_is_as_of_now(capsys: pytest.CaptureFixture[str]) -> None:
    before = datetime.now(UTC)
    processor_handler.lambda_handler({"sweep": "<aws.scheduler.scheduled-time>"}, None)
    after = datetime.now(UTC)

    (swept,) = [json.loads(line) for line in capsys.readouterr().out.splitlines() if passes(SWEPT, line)]
    assert before - AGE - 2 * SLICE < datetime.fromisoformat(swept["begins"]) <= after - AGE - SLICE


@pytest.mark.usefixtures("deployed")
def test_a_sweep_in_an_outage_is_tried_again_by_lambda() -> None:
    boto3.client("dynamodb", region_name=REGION).delete_table(TableName=TABLE_NAME)

    with pytest.raises(StoreUnavailable):
        processor_handler.lambda_handler({"sweep": "2025-12-04T18:05:00Z"}, None)
