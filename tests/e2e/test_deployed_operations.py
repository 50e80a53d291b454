"""`request-lens backfill` and `redrive` on the deployed stack: what was missed, and what failed, is in the table."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from request_lens_cli.demo.scenario_run import ScenarioRun, wait_until_settled
from request_lens_cli.demo.stack import DemoStack
from request_lens_cli.local_aws.aws_clients import local_client, local_session
from tests.support.deploying.asked_command import ask
from tests.support.processor_traffic import log_batch

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


def answer(deployment: DemoStack, *arguments: str) -> str:
    """What `request-lens` prints with the settings of out/local-aws.env."""
    result = ask(deployment.local.endpoint, *arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def without_filters(deployment: DemoStack, groups: Sequence[str]) -> None:
    logs = local_client("logs", endpoint=deployment.local.endpoint)
    for group in groups:
        for found in logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]:
            logs.delete_subscription_filter(logGroupName=group, filterName=found["filterName"])


# The runs lie apart from those of other tests, which compare the metrics of their own time.


def calls_in_table(run: ScenarioRun) -> int:
    """How many calls the requests count, once all has settled."""
    return wait_until_settled(run, note=lambda _: None).totals.invocations


def test_what_was_missed_while_the_filters_were_off_is_backfilled(deployment: DemoStack) -> None:
    invocations, access = (deployment.stack.output(f"{kind}LogGroupName") for kind in ("Invocation", "Access"))
    without_filters(deployment, [invocations, access])
    run = deployment.play("article", with_tags=True, ago=timedelta(minutes=20))
    assert run.report().requests == []
    answer(deployment, "attach", "--yes", invocations, "--kind", "invocations")
    answer(deployment, "attach", "--yes", access, "--kind", "access")
    assert run.report().requests == []

    period = ("--since", "25m", "--until", "15m")
    document = json.loads(answer(deployment, "backfill", *period, "--yes", "--format", "json"))

    assert document["log_events"] >= len(run.scenario.access) + len(run.scenario.invocations)
    assert calls_in_table(run) == len(run.scenario.invocations)


def test_what_lambda_gave_up_on_is_sent_again(deployment: DemoStack) -> None:
    """The local AWS serves no destination on S3: the test writes the objects as Lambda would."""
    invocations, access = (deployment.stack.output(f"{kind}LogGroupName") for kind in ("Invocation", "Access"))
    without_filters(deployment, [invocations, access])
    run = deployment.play("article", with_tags=True, ago=timedelta(minutes=30))
    answer(deployment, "attach", "--yes", invocations, "--kind", "invocations")
    answer(deployment, "attach", "--yes", access, "--kind", "access")
    s3 = local_session(deployment.local.endpoint).client("s3", endpoint_url=deployment.local.endpoint)
    bucket, function = deployment.stack.output("FailureBucketName"), deployment.stack.output("ProcessorFunctionName")
    for number, lines in enumerate((run.scenario.access, run.scenario.invocations)):
        record = {"requestPayload": log_batch([json.dumps(line) for line in lines])}
        key = f"aws/lambda/async/{function}/2025/12/04/2025-12-04T18.30.00-{number}"
        s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(record).encode())

    counts = json.loads(answer(deployment, "redrive", "--format", "json"))["counts"]

    assert counts == {"log batches": {"waiting": 0, "sent": 2, "failed": 0, "left": 0}}
    assert calls_in_table(run) == len(run.scenario.invocations)
    assert s3.list_objects_v2(Bucket=bucket).get("Contents", []) == []
