"""`request-lens backfill` over log groups and buckets in an emulated AWS."""

import gzip
import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from boto3.exceptions import Boto3Error, RetriesExceededError
from boto3.s3.transfer import S3Transfer
from botocore import handlers
from botocore.exceptions import ClientError
from click.testing import Result

from request_lens.errors import StoreUnavailable
from request_lens_cli.operating.backfilling import backfill
from request_lens_cli.scenario.playing import LogGroups, play, renewed
from request_lens_cli.scenario.scenario import RunId, Scenario, load_scenario
from tests.support.command_line.scenario_lines import as_ndjson
from tests.support.emulated_aws.running_stack import ACCESS, INVOCATIONS, PROCESSOR, RunningStack
from tests.support.processor_traffic import EVENTS, REGION, request_items

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import DimensionTypeDef

LOGS = "bedrock-logs"
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill, "PAUSES_S", (0, 0))


@pytest.fixture
def played(running: RunningStack) -> Scenario:
    """The article's experiment, tagged, which ended an hour ago; no filter has delivered it."""
    now = datetime.now(UTC).replace(microsecond=0)
    running.lens.now = now
    scenario = article(now - HOUR)
    play(scenario, LogGroups(invocations=INVOCATIONS, access=ACCESS), logs=running.logs)
    return scenario


def article(ends_at: datetime) -> Scenario:
    return renewed(load_scenario(EVENTS / "article"), run_id=RunId("test"), ends_at=ends_at, with_tags=True)


def ask(stack: RunningStack, *arguments: str) -> Result:
    return stack.lens.ask("backfill", *arguments, "--yes", columns=80)


def ids() -> set[str]:
    return {str(item["pk"]).removeprefix("request#") for item in request_items()}


def test_what_was_missed_reaches_the_table(running: RunningStack, played: Scenario) -> None:
    result = ask(running, "--since", "2h")

    assert (result.exit_code, result.stdout) == (0, "27 log events sent in 2 batches\n")
    assert {item["state"] for item in request_items()} == {"settled"}
    assert ids() == set(played.request_ids())


def test_a_second_run_changes_nothing(running: RunningStack, played: Scenario) -> None:
    ask(running, "--since", "2h")
    once = sorted(request_items(), key=lambda item: str(item["pk"]))

    ask(running, "--since", "2h")

    assert sorted(request_items(), key=lambda item: str(item["pk"])) == once


def test_only_the_period_is_sent_and_the_records_of_its_last_calls(running: RunningStack, played: Scenario) -> None:
    ended = running.lens.now - HOUR
    until = (ended - timedelta(seconds=30)).isoformat()

    document = json.loads(ask(running, "--since", "2h", "--until", until, "--format", "json").stdout)

    assert len(played.access) < document["log_events"] < 27
    assert ids() == set(played.request_ids())


def test_it_says_what_it_costs_and_asks_before_it_begins(running: RunningStack, played: Scenario) -> None:
    dimensions: list[list[DimensionTypeDef]] = [
        [{"Name": "LogGroupName", "Value": group}] for group in (ACCESS, INVOCATIONS)
    ]
    boto3.client("cloudwatch", region_name=REGION).put_metric_data(
        Namespace="AWS/Logs",
        MetricData=[
            {"MetricName": name, "Dimensions": each, "Value": value, "Timestamp": running.lens.now - HOUR}
            for each in dimensions
            for name, value in (("IncomingLogEvents", 250_000.0), ("IncomingBytes", 1e9))
        ],
    )

    result = running.lens.ask("backfill", "--since", "2h")

    assert result.exit_code == 1
    assert "About 500,000 log events (2,000.0 MB). Estimated cost: 1.00 to 3.18 USD." in result.stderr
    assert "Begin? [y/N]" in result.stderr
    assert ids() == set()


def test_a_cost_that_is_not_known_is_not_0(running: RunningStack, played: Scenario) -> None:
    assert "How many log events: unknown. A million cost 2 to 6 USD" in ask(running, "--since", "2h").stderr


def test_it_says_what_cloudwatch_and_the_table_no_longer_take(running: RunningStack, played: Scenario) -> None:
    shown = " ".join(ask(running, "--since", "200d", "--until", "89d").stderr.split())

    assert "The table keeps nothing of before" in shown
    assert "older than 14 days; the table gets all" in shown
    assert "after up to 48 hours" in shown
    assert "14 days" not in ask(running, "--since", "2d").stderr


def test_a_time_of_which_the_table_keeps_nothing_is_said_before_anything_is_asked(running: RunningStack) -> None:
    """CloudWatch refuses a time that ends as it begins: https://github.com/elastic/beats/issues/32687"""

    def refuse(*, params: dict[str, object], **_: object) -> None:
        if params["StartTime"] == params["EndTime"]:
            message = "The parameter StartTime must not equal parameter EndTime."
            raise ClientError({"Error": {"Code": "ValidationError", "Message": message}}, "GetMetricData")

    ours = ("before-parameter-build.cloudwatch.GetMetricData", refuse)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(handlers, "BUILTIN_HANDLERS", [*handlers.BUILTIN_HANDLERS, ours])
        result = ask(running, "--since", "200d", "--until", "190d")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "The table keeps 90 days (RetentionDays): nothing of before " in result.stderr


def test_a_time_without_length_is_refused_before_anything_is_asked(running: RunningStack) -> None:
    moment = "2025-12-04T18:27"
    result = ask(running, "--since", moment, "--until", moment)

    assert (result.exit_code, result.stdout) == (2, "")
    assert "--since and --until are the same moment: nothing was sent." in result.stderr


@pytest.fixture
def throttled(running: RunningStack) -> Iterator[list[int]]:
    """FilterLogEvents is throttled after so many further requests, and for good; nothing where it is empty."""
    limits: list[int] = []

    def refuse(**_: object) -> None:
        if limits:
            limits[0] -= 1
            if limits[0] < 0:
                raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, "FilterLogEvents")

    ours = ("before-call.cloudwatch-logs.FilterLogEvents", refuse)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(handlers, "BUILTIN_HANDLERS", [*handlers.BUILTIN_HANDLERS, ours])
        yield limits


def test_a_throttled_page_stops_it_and_it_goes_on_from_there(
    running: RunningStack, played: Scenario, throttled: list[int]
) -> None:
    throttled.append(5)
    stopped = ask(running, "--since", "2h", "--log-group", ACCESS, "--log-group", INVOCATIONS)
    sent = ids()
    throttled.clear()

    *_, command = stopped.stderr.splitlines()
    went_on = running.lens.ask(*shlex.split(command)[1:])

    assert stopped.exit_code == 1
    assert "AWS refused FilterLogEvents: ThrottlingException" in stopped.stderr
    assert sent < set(played.request_ids())
    assert command.startswith(f"request-lens backfill --log-group {ACCESS} --log-group {INVOCATIONS} --yes --since ")
    assert went_on.exit_code == 0
    assert ids() == set(played.request_ids())
    assert {item["state"] for item in request_items()} == {"settled"}


def failing(stack: RunningStack, error: BaseException, *, times: int) -> None:
    """Let the processor fail so many times."""
    serve, left = stack.lens.functions[PROCESSOR], [error] * times

    def fail_first(event: Mapping[str, object], context: object) -> object:
        if left:
            raise left.pop()
        return serve(event, context)

    stack.lens.functions[PROCESSOR] = fail_first


def test_a_batch_that_fails_is_sent_again(running: RunningStack, played: Scenario) -> None:
    failing(running, StoreUnavailable("DynamoDB did not answer"), times=2)

    assert ask(running, "--since", "2h").exit_code == 0
    assert ids() == set(played.request_ids())


def test_a_batch_that_fails_for_good_stops_it(running: RunningStack, played: Scenario) -> None:
    failing(running, StoreUnavailable("DynamoDB did not answer"), times=1_000)

    result = ask(running, "--since", "2h")

    assert result.exit_code == 1
    assert "StoreUnavailable: DynamoDB did not answer. 0 log events are sent" in " ".join(result.stderr.split())
    assert "Go on with:\nrequest-lens backfill --yes --since" in result.stderr


def test_whoever_interrupts_it_learns_how_to_go_on(running: RunningStack, played: Scenario) -> None:
    failing(running, KeyboardInterrupt(), times=1)

    result = ask(running, "--since", "2h")

    assert result.exit_code == 1
    assert "Stopped. 0 log events are sent" in result.stderr


def test_it_reads_what_the_subscription_filter_would_deliver(running: RunningStack, played: Scenario) -> None:
    running.logs.put_log_events(
        logGroupName=INVOCATIONS,
        logStreamName="aws/bedrock/modelinvocations",
        logEvents=[{"timestamp": epoch_ms(running.lens.now - HOUR), "message": "another line"}],
    )
    assert "28 log events" in ask(running, "--since", "2h").stdout
    running.has_filter(INVOCATIONS, pattern='"ModelInvocationLog"')

    assert "27 log events" in ask(running, "--since", "2h").stdout


def test_log_groups_that_were_attached_are_read_too(running: RunningStack, played: Scenario) -> None:
    running.logs.create_log_group(logGroupName="/orders")
    running.lens.attached.append("/orders")

    assert "/orders" in ask(running, "--since", "2h").stderr


def test_a_log_group_that_is_not_there_is_a_failure_before_anything_is_sent(running: RunningStack) -> None:
    result = ask(running, "--since", "2h", "--log-group", "/no/such/group")

    assert result.exit_code == 1
    assert "There is no log group /no/such/group." in result.stderr


def test_objects_that_bedrock_put_into_a_bucket_are_sent(running: RunningStack, played: Scenario) -> None:
    folder = hold_objects(running, played)

    result = ask(running, "--since", "2h", "--log-group", ACCESS, "--s3-prefix", f"s3://{LOGS}/{folder}")

    assert (result.exit_code, result.stdout) == (0, "27 log events sent in 4 batches\n")
    calls = [item["summary"]["totals"]["llm_calls"] for item in request_items()]  # type: ignore[index]
    assert sum(calls) == len(played.invocations)


def hold_objects(stack: RunningStack, scenario: Scenario) -> str:
    """Three objects of calls as Bedrock names them, with what lies beside them, and one of another day."""
    folder = "AWSLogs/123456789012/BedrockModelInvocationLogs/ap-northeast-1/"
    stack.s3.create_bucket(Bucket=LOGS, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    lines = as_ndjson(replace(scenario, access=())).splitlines()
    at = stack.lens.now - timedelta(minutes=59)
    for number, some in enumerate((lines[:5], lines[5:11], lines[11:])):
        name = f"{at + number * timedelta(minutes=1):%Y/%m/%d/%H/%Y%m%dT%H%M%S}123Z_0a1b2c{number}.json.gz"
        stack.s3.put_object(Bucket=LOGS, Key=f"{folder}{name}", Body=gzip.compress("\n".join(some).encode()))
    long_ago = f"{folder}2025/01/01/10/20250101T100000000Z_0a1b2c.json.gz"
    for key in (f"{folder}amazon-bedrock-logs-permission-check", f"{folder}data/0a1b_output.json.gz", long_ago):
        stack.s3.put_object(Bucket=LOGS, Key=key, Body=b'{"no": "record"}')
    return folder


def test_of_an_object_only_the_lines_of_the_period_are_sent(running: RunningStack, played: Scenario) -> None:
    folder = hold_objects(running, played)
    calls = sorted(datetime.fromisoformat(str(line["timestamp"])) for line in played.invocations)
    source = ("--log-group", ACCESS, "--s3-prefix", f"s3://{LOGS}/{folder}")

    shown = ask(running, "--since", calls[4].isoformat(), "--until", calls[9].isoformat(), *source, "--format", "json")

    within = sum(calls[4] <= call < calls[9] for call in calls)
    records = json.loads(shown.stdout)["log_events"] - within
    assert 0 < records <= len(played.access)


def test_an_object_whose_name_tells_no_time_may_be_written_long_after_its_lines(running: RunningStack) -> None:
    """As an export task or a copy writes it."""
    running.lens.now = datetime.now(UTC).replace(microsecond=0)
    scenario = replace(article(running.lens.now - timedelta(hours=3)), access=())
    running.s3.create_bucket(Bucket=LOGS, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    body = gzip.compress(as_ndjson(scenario).encode())
    running.s3.put_object(Bucket=LOGS, Key="exports/0a1b/stream/000000.gz", Body=body)
    running.s3.put_object(Bucket=LOGS, Key="exports/aws-logs-write-test", Body=b"Permission Check Successful")

    shown = ask(running, "--since", "4h", "--until", "2h", "--s3-prefix", f"s3://{LOGS}/exports/")

    assert f"{len(scenario.invocations)} log events sent" in shown.stdout
    assert f"About {len(scenario.invocations)} log events" in " ".join(shown.stderr.split())


def test_objects_of_which_one_is_empty_have_no_events_that_are_known(running: RunningStack) -> None:
    running.lens.now = datetime.now(UTC).replace(microsecond=0)
    running.s3.create_bucket(Bucket=LOGS, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    running.s3.put_object(Bucket=LOGS, Key="exports/0a1b/stream/000000.gz", Body=gzip.compress(b""))

    shown = ask(running, "--since", "4h", "--s3-prefix", f"s3://{LOGS}/exports/")

    assert (shown.exit_code, shown.stdout) == (0, "0 log events sent in 0 batches\n")
    assert "unknown" in shown.stderr


def test_an_object_that_is_damaged_is_named_and_stops_it_when_its_turn_comes(running: RunningStack) -> None:
    running.lens.now = datetime.now(UTC).replace(microsecond=0)
    running.s3.create_bucket(Bucket=LOGS, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    running.s3.put_object(Bucket=LOGS, Key="calls/one.gz", Body=gzip.compress(b'{"a": 1}')[:-8])

    result = ask(running, "--since", "4h", "--s3-prefix", f"s3://{LOGS}/calls/")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "How many log events: unknown." in result.stderr
    assert f"s3://{LOGS}/calls/one.gz cannot be read" in " ".join(result.stderr.split())
    assert "Go on with:\nrequest-lens backfill" in result.stderr


def test_an_object_that_does_not_come_whole_is_named_and_stops_it(
    running: RunningStack, played: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The transfer's own error is none of botocore's."""

    def broken_off(*_: object, **__: object) -> None:
        raise RetriesExceededError(Boto3Error("connection reset"))

    folder = hold_objects(running, played)
    monkeypatch.setattr(S3Transfer, "download_file", broken_off)

    result = ask(running, "--since", "2h", "--s3-prefix", f"s3://{LOGS}/{folder}")

    assert result.exit_code == 1
    assert "123Z_0a1b2c0.json.gz cannot be read: Max Retries Exceeded." in "".join(result.stderr.split("\n"))
    assert "Go on with:\nrequest-lens backfill" in result.stderr


def test_who_may_not_read_an_object_is_told_the_action_that_iam_knows(running: RunningStack, played: Scenario) -> None:
    """A transfer asks for an object's head first, and S3 answers a HEAD without a word."""

    def forbidden(**_: object) -> None:
        raise ClientError({"Error": {"Code": "403", "Message": "Forbidden"}}, "HeadObject")

    folder = hold_objects(running, played)
    refusing = [*handlers.BUILTIN_HANDLERS, ("before-call.s3.HeadObject", forbidden)]

    with pytest.MonkeyPatch.context() as patched:  # undone before the stack is
        patched.setattr(handlers, "BUILTIN_HANDLERS", refusing)
        result = ask(running, "--since", "2h", "--s3-prefix", f"s3://{LOGS}/{folder}")

    assert result.exit_code == 1
    assert "Your credentials may not s3:GetObject: allow them that action." in " ".join(result.stderr.split())


def test_what_is_no_address_of_objects_is_wrong_usage(running: RunningStack) -> None:
    assert ask(running, "--since", "2h", "--s3-prefix", "my-bucket/logs").exit_code == 2
    assert ask(running).exit_code == 2


def epoch_ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
