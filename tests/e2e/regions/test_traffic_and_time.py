"""What `request-lens doctor` says of what passes through a stack of its own: calls, runs, sweeps, failures, a trust."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from request_lens_cli.local_aws.aws_clients import local_session
from request_lens_cli.local_aws.lifecycle import LocalAws
from tests.support.deploying.asked_command import redriven
from tests.support.deploying.examined import Deployed, Examination
from tests.support.deploying.local_account import LocalAccount
from tests.support.deploying.local_processor import awaited
from tests.support.operating.healthy_stack import invocation_line

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.type_defs import MetricDatumTypeDef

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

THROTTLES = 20
"""So many that the runs of a stack without traffic are less than ten times as many."""

QUIET = timedelta(minutes=6)
"""So long after it nothing else of its kind makes trouble lasting."""


@pytest.fixture(scope="module")
def quiet(built: LocalAws) -> Deployed:
    """A stack in a Region of its own, through which one request with its tagged call has passed."""
    account = LocalAccount(local=built, region="ap-southeast-2")
    answer = account.deploy()
    assert answer.returncode == 0, answer.stdout + answer.stderr
    stack = Deployed(built.endpoint, account.outputs, name=account.stack_name, region=account.region)
    pass_through(stack)
    assert awaited(stack.examined, lambda said: said.exit_code == 0, within_s=90, every_s=2).exit_code == 0
    return stack


def pass_through(stack: Deployed) -> None:
    """Let a request and its call be logged now."""
    now = datetime.now(UTC)
    request = f"passes-{now.timestamp()}"
    access = {"requestId": request, "requestTimeEpoch": str(round(now.timestamp() * 1000)), "responseLatency": "1200"}
    call = {
        "requestId": f"call-{request}",
        "timestamp": now.isoformat(),
        "requestMetadata": {"api_request_id": request},
    }
    stack.write(stack.access, json.dumps({**access, "status": "200", "routeKey": "POST /ask"}))
    stack.write(stack.invocations, json.dumps(json.loads(invocation_line()) | call))


def seen_sweep(stack: Deployed) -> str:
    """What is said of the sweep once it is fine: the schedule runs each minute."""
    found = awaited(
        lambda: stack.examined().of("sweep"), lambda found: found["outcome"] == "fine", within_s=120, every_s=3
    )
    return found["text"]


def test_a_schedule_that_is_disabled_is_said_and_one_that_runs_again_is_seen(quiet: Deployed) -> None:
    """It is asked at once, and as if it had stayed so for a quarter of an hour."""
    assert seen_sweep(quiet).startswith("It ran in the last 15 minutes: ")
    with schedule_disabled(quiet):
        time.sleep(2)  # a sweep that had begun ends
        quiet.empty(quiet.outputs["ProcessorLogGroupName"])
        young = quiet.examined().of("sweep")
        silent = quiet.examined(now=datetime.now(UTC) + timedelta(minutes=16))

    assert young["outcome"] == "note"
    assert young["text"].startswith("None has run yet, as the stack was deployed in the last 15 minutes: ")
    assert (silent.exit_code, silent.of("sweep")["outcome"]) == (0, "note")
    assert silent.of("sweep")["text"].startswith("None ran in the last 15 minutes")
    assert (
        f"Schedules[?Target.Arn=='arn:aws:lambda:ap-southeast-2:123456789012:function:{quiet.function}']"
        in (silent.of("sweep")["remedy"])
    )
    assert seen_sweep(quiet).startswith("It ran in the last 15 minutes: ")


@contextmanager
def schedule_disabled(stack: Deployed) -> Iterator[None]:
    scheduler = local_session(stack.endpoint).client(
        "scheduler", endpoint_url=stack.endpoint, region_name=stack.chosen["AWS_REGION"]
    )
    names = [each["Name"] for each in scheduler.list_schedules()["Schedules"]]
    found = (scheduler.get_schedule(Name=name) for name in names)
    (schedule,) = [each for each in found if each["Target"]["Arn"].endswith(f":function:{stack.function}")]
    kept: Any = {name: schedule[name] for name in ("Name", "ScheduleExpression", "Target", "FlexibleTimeWindow")}
    scheduler.update_schedule(**kept, State="DISABLED")
    try:
        yield
    finally:
        scheduler.update_schedule(**kept, State="ENABLED")


def swept() -> bytes:
    """An event that the processor serves."""
    return json.dumps({"sweep": datetime.now(UTC).isoformat()}).encode()


def healed(stack: Deployed) -> str:
    """What is said of its runs once one has passed in a later minute, and it was quiet for some more.

    The local AWS counts the runs that Invoke brought, and neither sweeps nor those of the queue and the stream.
    """
    time.sleep(61 - datetime.now(UTC).second)
    answer = stack.lambda_.invoke(FunctionName=stack.function, Payload=swept())
    assert answer.get("FunctionError", "") == ""
    said = later(stack)
    assert (said.exit_code, said.of("errors")["outcome"]) == (0, "note")
    return said.of("errors")["text"]


def test_throttles_are_the_fault_until_runs_pass_again(quiet: Deployed) -> None:
    """Of events that nobody waits for: one that Invoke waits for the local AWS counts as a failed run, too."""
    quiet.lambda_.put_function_concurrency(FunctionName=quiet.function, ReservedConcurrentExecutions=0)
    for _ in range(THROTTLES):
        quiet.lambda_.invoke(FunctionName=quiet.function, InvocationType="Event", Payload=swept())
    throttled = awaited(quiet.examined, lambda said: said.last["check"] == "processor", within_s=5)
    quiet.lambda_.delete_function_concurrency(FunctionName=quiet.function)

    said = awaited(quiet.examined, lambda said: said.exit_code == 1, within_s=10)

    assert throttled.last["check"] == "processor"  # it is switched off
    assert (said.exit_code, said.last["check"]) == (1, "errors")
    assert said.last["text"].startswith("The processor was throttled ")
    assert said.last["remedy"] == "Raise the account's concurrency, or leave the processor a part of it."
    text = healed(quiet)
    assert text.startswith("The processor was throttled ")
    assert text.endswith(": runs pass since.")


def test_failed_runs_are_the_fault_until_runs_pass_again(quiet: Deployed) -> None:
    quiet.lambda_.invoke(FunctionName=quiet.function, Payload=b'{"awslogs": {"data": "no batch"}}')

    said = quiet.examined()

    assert (said.exit_code, said.last["check"]) == (1, "errors")
    assert said.last["text"].startswith("The processor failed 1 time ")
    assert f"`aws logs tail {quiet.outputs['ProcessorLogGroupName']} --since 1h" in said.last["remedy"]
    text = healed(quiet)
    assert text.startswith("The processor failed 1 time ")
    assert text.endswith(": runs pass since.")


def later(stack: Deployed) -> Examination:
    """What doctor says once what went before has healed."""
    return stack.examined(now=datetime.now(UTC) + QUIET)


def test_what_redrive_leaves_is_no_fault_and_what_it_cannot_send_is_one_until_it_is_deleted(quiet: Deployed) -> None:
    """An event of the switch is not sent again; under the processor's name it is one that the processor cannot know."""
    bucket = quiet.outputs["FailureBucketName"]
    event = json.dumps({"requestPayload": {"RequestType": "Delete", "ResponseURL": "https://example.com"}}).encode()
    switch = f"aws/lambda/async/{quiet.chosen['STACK_NAME']}-LoggingConfigurationFunction-1A/2025/12/04/one"
    own = f"aws/lambda/async/{quiet.function}/2025/12/04/one"
    quiet.s3.put_object(Bucket=bucket, Key=switch, Body=event)
    left = later(quiet), redriven(quiet.endpoint, keys=quiet.chosen), later(quiet)

    quiet.s3.put_object(Bucket=bucket, Key=own, Body=event)
    unsent = later(quiet), redriven(quiet.endpoint, keys=quiet.chosen), later(quiet)
    quiet.s3.delete_object(Bucket=bucket, Key=own)

    assert (left[0].exit_code, left[1][0], left[2].exit_code) == (0, 0, 0)
    assert [counts["left"] for counts in left[1][1]["counts"].values()] == [1]
    assert [each["Key"] for each in quiet.s3.list_objects_v2(Bucket=bucket)["Contents"]] == [switch]
    assert (unsent[0].last["check"], unsent[1][0], unsent[2].last["check"]) == ("failures", 1, "failures")
    assert "then run `request-lens redrive`" in unsent[2].last["remedy"]
    assert later(quiet).exit_code == 0


def test_a_log_group_that_bedrock_logs_into_and_is_gone_is_made_again_by_the_remedy(quiet: Deployed) -> None:
    line = quiet.logs.filter_log_events(logGroupName=quiet.invocations)["events"][-1]["message"]
    quiet.logs.delete_log_group(logGroupName=quiet.invocations)

    said = later(quiet)

    assert (said.exit_code, said.last["check"]) == (1, "logging")
    assert said.last["text"] == f"Bedrock logs into {quiet.invocations}, which is not there."
    assert f"`aws logs create-log-group --log-group-name {quiet.invocations}`" in said.last["remedy"]
    assert f"`request-lens attach {quiet.invocations} --kind invocations`" in said.last["remedy"]
    quiet.logs.create_log_group(logGroupName=quiet.invocations)
    quiet.answer("attach", "--yes", quiet.invocations, "--kind", "invocations")
    quiet.write(quiet.invocations, line)
    assert later(quiet).exit_code == 0


def counted(stack: Deployed, namespace: str, name: str, calls: int) -> None:
    """What Bedrock says of its calls: the local AWS has no such metrics of its own."""
    point: MetricDatumTypeDef = {"MetricName": name, "Value": calls, "Timestamp": datetime.now(UTC)}
    stack.cloudwatch.put_metric_data(Namespace=namespace, MetricData=[point])


def test_calls_that_are_not_logged_are_told_by_bedrocks_own_figures(quiet: Deployed) -> None:
    line = quiet.empty(quiet.invocations)
    said = {"": later(quiet).last}
    for namespace, name in (
        ("AWS/BedrockMantle", "Inferences"),
        ("AWS/Bedrock", "Invocations"),
        ("AWS/Bedrock", "ModelInvocationLogsCloudWatchDeliveryFailure"),
    ):
        counted(quiet, namespace, name, 7)
        said[name] = later(quiet).last

    assert {found["check"] for found in said.values()} == {"logged calls"}
    assert {name: found["text"] for name, found in said.items()} == {
        "": "No model was called in ap-southeast-2 in the last day, though the API had requests.",
        "Inferences": "All 7 calls of the last day went through bedrock-mantle.",
        "Invocations": "Models were called 7 times in the last day, and no call was logged.",
        "ModelInvocationLogsCloudWatchDeliveryFailure": "Bedrock failed to log 7 calls in the last day.",
    }
    assert all(found["remedy"] for found in said.values())
    quiet.write(quiet.invocations, line)
    assert later(quiet).exit_code == 0
