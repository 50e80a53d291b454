"""`request-lens doctor` on what passes through a stack that is wired right: calls, runs, failures, lines, requests."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

import pytest

from request_lens.presentation.formatting import moment_text
from request_lens_cli.deployed import newest_lines
from request_lens_cli.deployed.metrics import Metrics, MetricsUnknownError
from request_lens_cli.diagnosis.checks.processor import SWEEPS_WITHIN
from tests.support.operating.examining import fault, findings, metric, runs_metric
from tests.support.operating.healthy_stack import ACCESS_LINE, HealthyStack, healthy
from tests.support.operating.operated_stack import ACCESS, INVOCATIONS, PROCESSOR_LOG, physical_name

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilterLogEventsResponseTypeDef

__all__ = ["healthy"]

pytestmark = pytest.mark.slow  # each deploys a stack and examines all of it


def _stale(healthy: HealthyStack) -> None:
    healthy.aws.logs.delete_log_stream(logGroupName=INVOCATIONS, logStreamName="stream")


def test_no_model_was_called_although_the_api_had_requests(healthy: HealthyStack) -> None:
    _stale(healthy)

    found = fault(healthy)

    assert found["check"] == "logged calls"
    assert found["text"] == "No model was called in ap-northeast-1 in the last day, though the API had requests."
    assert "in another Region or account" in found["remedy"]


def test_a_new_stack_without_traffic_has_no_fault_and_is_looked_through_to_the_end(healthy: HealthyStack) -> None:
    _stale(healthy)
    healthy.aws.logs.delete_log_stream(logGroupName=ACCESS, logStreamName="stream")
    _empty_table(healthy)

    found = {each["check"]: each for each in findings(healthy)}
    told = healthy.aws.ask("doctor")

    assert {name for name, each in found.items() if each["outcome"] == "fault"} == set()
    assert [found[name]["outcome"] for name in ("logged calls", "access log", "table")] == ["note"] * 3
    assert found["logged calls"]["remedy"] == "Send your API a request that calls a model."
    assert "request-lens attach-api API_ID" in found["access log"]["remedy"]
    assert "spans" in found
    assert found.keys().isdisjoint({"unattributed", "uncertain", "tags"})
    assert told.exit_code == 0
    assert told.output.endswith("No fault was found. Nothing came in the last day that could be shown.\n")


@pytest.mark.parametrize(
    ("namespace", "name", "text"),
    [
        ("AWS/Bedrock", "Invocations", "Models were called 7 times in the last day, and no call was logged."),
        (
            "AWS/Bedrock",
            "ModelInvocationLogsCloudWatchDeliveryFailure",
            "Bedrock failed to log 7 calls in the last day.",
        ),
        ("AWS/BedrockMantle", "Inferences", "All 7 calls of the last day went through bedrock-mantle."),
    ],
)
def test_models_were_called_but_not_logged(healthy: HealthyStack, namespace: str, name: str, text: str) -> None:
    _stale(healthy)
    metric(healthy.aws, namespace, name, 7)

    assert fault(healthy)["text"] == text


TROUBLE = [("Errors", "The processor failed 2 times"), ("Throttles", "The processor was throttled 2 times")]


@pytest.mark.parametrize(("name", "text"), TROUBLE)
def test_the_processor_fails_or_is_throttled(healthy: HealthyStack, name: str, text: str) -> None:
    runs_metric(healthy, name, 2, minutes_ago=3)
    runs_metric(healthy, "Invocations", 1, minutes_ago=2)

    found = fault(healthy)

    assert found["check"] == "errors"
    assert found["text"].startswith(f"{text} in the last hour, last at 20")


def test_the_hour_is_looked_through_that_had_the_failures_for_time_outs_too(healthy: HealthyStack) -> None:
    """Of a run out of time or memory Lambda's own line tells, which holds no ERROR."""
    runs_metric(healthy, "Errors", 2, minutes_ago=40)

    remedy = fault(healthy)["remedy"]

    assert f"""`aws logs tail {PROCESSOR_LOG} --since 1h --filter-pattern '?ERROR ?"platform.report"'`""" in remedy


@pytest.mark.parametrize(("name", "text"), TROUBLE)
def test_what_has_passed_since_is_healed(healthy: HealthyStack, name: str, text: str) -> None:
    runs_metric(healthy, name, 2, minutes_ago=20)
    runs_metric(healthy, "Invocations", 2, minutes_ago=20)
    runs_metric(healthy, "Invocations", 1, minutes_ago=12)
    healed = moment_text((healthy.aws.now - timedelta(minutes=12)).replace(second=0))

    (found,) = [finding for finding in findings(healthy) if finding["check"] == "errors"]

    assert found["outcome"] == "note"
    assert found["text"].startswith(f"{text} in the last hour, last at 20")
    assert found["text"].endswith(f"; healed at {healed}: runs pass since.")


def test_what_has_not_run_since_it_failed_is_not_healed(healthy: HealthyStack) -> None:
    for minutes in (20, 10):
        runs_metric(healthy, "Errors", 1, minutes_ago=minutes)
        runs_metric(healthy, "Invocations", 1, minutes_ago=minutes)

    assert fault(healthy)["check"] == "errors"


def test_a_throttle_among_many_runs_is_no_fault(healthy: HealthyStack) -> None:
    runs_metric(healthy, "Throttles", 2, minutes_ago=1)
    runs_metric(healthy, "Invocations", 20, minutes_ago=1)

    (found,) = [finding for finding in findings(healthy) if finding["check"] == "errors"]

    assert found["outcome"] == "fine"
    assert found["text"] == "The processor had no failed run in the last hour, and 2 throttles, tried again."


def test_the_failure_bucket_holds_something(healthy: HealthyStack) -> None:
    bucket = healthy.aws.outputs["FailureBucketName"]
    healthy.aws.session.client("s3").put_object(Bucket=bucket, Key="aws/lambda/async/x", Body=b"{}")

    found = fault(healthy)

    assert found["check"] == "failures"
    assert "1 object: log batches" in found["text"]
    assert "request-lens redrive" in found["remedy"]


def test_what_redrive_leaves_in_the_failure_bucket_is_no_fault(healthy: HealthyStack) -> None:
    """An event of the function that makes the custom resources: there is nothing to do about it."""
    key = "aws/lambda/async/request-lens-LoggingConfigurationFunction-1A/2025/12/04/2025-12-04T18.29.00-1"
    event = json.dumps({"requestPayload": {"RequestType": "Delete", "ResponseURL": "https://example.com"}})
    bucket = healthy.aws.outputs["FailureBucketName"]
    healthy.aws.session.client("s3").put_object(Bucket=bucket, Key=key, Body=event.encode())

    result = healthy.aws.ask("doctor", "--format", "json")

    assert result.exit_code == 0, result.output


def test_there_is_a_dead_letter(healthy: HealthyStack) -> None:
    queue = physical_name(healthy.aws, "SettleDeadLetterQueue")
    healthy.aws.session.client("sqs").send_message(QueueUrl=queue, MessageBody="{}")

    assert "1 dead letter of the settle queue" in fault(healthy)["text"]


def test_no_access_log_is_written(healthy: HealthyStack) -> None:
    healthy.aws.logs.delete_log_stream(logGroupName=ACCESS, logStreamName="stream")

    found = fault(healthy)

    assert found["check"] == "access log"
    assert found["text"].startswith("No API wrote an access log")
    assert found["text"].endswith("in the last day, though models were called.")
    assert "request-lens attach-api API_ID" in found["remedy"]


def test_the_newest_access_line_lacks_a_key(healthy: HealthyStack) -> None:
    lacking = {name: value for name, value in ACCESS_LINE.items() if name != "status"}
    healthy.writes(ACCESS, json.dumps(lacking))

    found = fault(healthy)

    assert found["check"] == "access log"
    assert 'add "status":"$context.status"' in found["text"]


def test_agent_routes_name_no_route_that_is_called(healthy: HealthyStack) -> None:
    healthy.aws.deploy(AgentRoutes="POST /chat")

    found = fault(healthy)

    assert found["check"] == "routes"
    assert found["text"] == "AgentRoutes names POST /chat; called were POST /ask."


def _empty_table(healthy: HealthyStack) -> None:
    dynamodb, table = healthy.aws.session.client("dynamodb"), healthy.aws.outputs["RequestTableName"]
    for item in dynamodb.scan(TableName=table)["Items"]:
        dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})


def test_lines_come_in_but_the_table_is_empty(healthy: HealthyStack) -> None:
    _empty_table(healthy)

    found = fault(healthy)

    assert found["check"] == "table"
    assert "--send-test-event" in found["remedy"]


def sweep(healthy: HealthyStack) -> Mapping[str, str]:
    (found,) = [each for each in findings(healthy) if each["check"] == "sweep"]
    return found


def test_a_sweep_that_ran_lately_is_seen(healthy: HealthyStack) -> None:
    healthy.aws.now += SWEEPS_WITHIN - timedelta(minutes=3)  # the line is two minutes older

    assert sweep(healthy)["outcome"] == "fine"
    assert sweep(healthy)["text"].startswith("It ran in the last 15 minutes: ")


def test_a_schedule_that_does_not_run_is_said_with_what_shows_its_state(healthy: HealthyStack) -> None:
    """As where it is disabled, or its role is broken: the processor is not asked, and so does not fail."""
    healthy.aws.now += SWEEPS_WITHIN + timedelta(minutes=1)
    healthy.writes(PROCESSOR_LOG, json.dumps({"level": "INFO", "message": "batch collected"}))

    found = sweep(healthy)

    assert found["outcome"] == "note"
    assert found["text"].startswith("None ran in the last 15 minutes")
    assert (
        f"aws scheduler list-schedules --query \"Schedules[?Target.Arn=='{healthy.aws.function_arn}']"
        in found["remedy"]
    )


def test_a_stack_that_is_younger_than_that_need_not_have_swept(healthy: HealthyStack) -> None:
    healthy.aws.logs.delete_log_stream(logGroupName=PROCESSOR_LOG, logStreamName="stream")

    assert sweep(healthy)["outcome"] == "note"
    assert sweep(healthy)["text"].startswith("None has run yet, as the stack was deployed in the last 15 minutes: ")


def test_a_log_that_is_too_busy_to_be_searched_for_a_sweep_is_said_and_the_rest_goes_on(
    healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the schedule is disabled and much passes through: no line of a sweep ends the search."""
    pages = newest_lines.pages

    def without_sweeps(
        logs: "CloudWatchLogsClient", name: str, span: tuple[datetime, datetime], *, pattern: str
    ) -> "Iterable[FilterLogEventsResponseTypeDef]":
        if name != PROCESSOR_LOG:
            return pages(logs, name, span, pattern=pattern)
        empty = cast("FilterLogEventsResponseTypeDef", {"events": []})
        return (empty for _ in range(10 * newest_lines.MAX_PAGES))

    monkeypatch.setattr(newest_lines, "pages", without_sweeps)
    result = healthy.aws.ask("doctor", "--format", "json")

    found = {each["check"]: each for each in json.loads(result.stdout)["findings"]}
    assert (result.exit_code, found["sweep"]["outcome"]) == (3, "unseen")
    assert found["sweep"]["text"].endswith("is not known: 400 pages were read, and there are more.")
    assert found["table"]["outcome"] == "fine"


DENIED: dict[str, tuple[str, str]] = {
    "logging": ("bedrock.GetModelInvocationLoggingConfiguration", "bedrock:GetModelInvocationLoggingConfiguration"),
    "logging role": ("iam.GetRole", "iam:GetRole"),
    "processor": ("lambda.GetFunctionConcurrency", "lambda:GetFunctionConcurrency"),
    "filters": ("cloudwatch-logs.DescribeSubscriptionFilters", "logs:DescribeSubscriptionFilters"),
    "permission": ("lambda.GetPolicy", "lambda:GetPolicy"),
    "logged calls": ("cloudwatch-logs.FilterLogEvents", "logs:FilterLogEvents"),
    "sweep": ("cloudwatch-logs.FilterLogEvents", "logs:FilterLogEvents"),
    "errors": ("cloudwatch.GetMetricData", "cloudwatch:GetMetricData"),
    "failures": ("s3.ListObjectsV2", "s3:ListBucket"),
    "table": ("dynamodb.Query", "dynamodb:Query"),
}


@pytest.mark.parametrize("check", DENIED)
def test_what_may_not_be_looked_at_names_the_action_and_the_rest_goes_on(healthy: HealthyStack, check: str) -> None:
    operation, action = DENIED[check]
    healthy.aws.deny(operation)

    result = healthy.aws.ask("doctor", "--format", "json")

    assert result.exit_code == 3, result.output
    found = json.loads(result.stdout)["findings"]
    unseen = {each["check"]: each["text"] for each in found if each["outcome"] == "unseen"}
    assert unseen[check] == f"Your credentials may not {action}: allow them that action."
    assert found[-1]["check"] == "spans"


def test_a_log_group_that_is_too_busy_to_be_read_is_said_and_the_rest_goes_on(
    healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest_lines, "MAX_PAGES", 0)

    result = healthy.aws.ask("doctor", "--format", "json")

    assert result.exit_code == 3, result.output
    found = {each["check"]: each for each in json.loads(result.stdout)["findings"]}
    assert found["logged calls"]["outcome"] == "unseen"
    assert found["logged calls"]["text"].startswith(
        f"The newest lines of {INVOCATIONS} are not known: 0 pages were read"
    )
    assert found["table"]["outcome"] == "fine"


def test_what_cloudwatch_does_not_say_is_not_taken_for_nothing(
    healthy: HealthyStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GetMetricData answers 200 where it has failed."""

    def failed(*_: object, **__: object) -> Mapping[datetime, float]:
        raise MetricsUnknownError("CloudWatch does not say AWS/Lambda Errors: InternalError.")

    monkeypatch.setattr(Metrics, "points", failed)
    result = healthy.aws.ask("doctor", "--format", "json")

    unseen = [each for each in json.loads(result.stdout)["findings"] if each["outcome"] == "unseen"]
    assert result.exit_code == 3
    assert [each["check"] for each in unseen] == ["errors", "bedrock-mantle"]
