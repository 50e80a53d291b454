"""An update of the stack while data is pending, and while log batches come: nothing is lost.

A shallow clone has no earlier version. So CI writes by hand what 0.1.0 left in table and queue, and updates a stack of
this version. `make drills` deploys 0.1.0 from its commit, and this version over it.
"""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from boto3.dynamodb.types import TypeSerializer

from request_lens_cli.demo.stack import DemoStack, open_demo_stack
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.deployment import build, deploy_built
from request_lens_cli.local_aws.lifecycle import LocalAws, running_local_aws
from request_lens_cli.local_aws.paths import LocalPaths, checkout_paths
from tests.support.deploying.asked_command import redriven
from tests.support.deploying.failure_destination import FailureDestinationStandIn
from tests.support.deploying.known_traffic import Figures, figures, known_traffic
from tests.support.deploying.local_processor import SEEN_AGAIN_AFTER_S, LocalProcessor, awaited

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

BASE = os.environ.get("DRILL_BASE", "929030f")
"""The commit of 0.1.0."""

REQUESTS = 20
LEFT = 5

type Item = Mapping[str, object]


def left_by_0_1_0(number: int, now: datetime) -> Iterator[Item]:
    """The items of a request with one call, as 0.1.0 wrote them: one partition of the index an hour."""
    request_id, started_at = f"of-0-1-0-{number}-{now.timestamp()}", now - timedelta(hours=1, seconds=10 * number)
    stamp = started_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    record = {"request_id": request_id, "route": "POST /ask", "status": 200, "started_at": stamp, "duration_ms": 1950}
    expires = {"expires_at": int(now.timestamp()) + 90 * 86_400}
    yield {
        "pk": f"request#{request_id}",
        "sk": "request",
        "by_time_pk": f"requests#{started_at:%Y-%m-%dT%H}",
        "by_time_sk": f"{stamp}#{request_id}",
        "record": record,
        "stored_at": stamp,
        "state": "pending",
        **expires,
    }
    yield {
        "pk": f"request#{request_id}",
        "sk": f"invocation#{request_id}-call",
        "fact": {
            "invocation_id": f"{request_id}-call",
            "model_id": "amazon.nova-lite-v1:0",
            "operation": "ConverseStream",
            "logged_at": stamp,
            "latency_ms": 1400,
            "stop_reason": "end_turn",
            "tokens": {"input": 892, "output": 57, "cache_read": 0, "cache_write": 0},
            "tag": {"request_id": request_id, "call_index": 1},
            "conversation": {"returned": [], "produced": []},
            "region": "ap-northeast-1",
        },
        "link": {"request_id": request_id, "method": "tag", "confidence": "exact"},
        **expires,
    }


def stored_by_0_1_0(stack: DemoStack, now: datetime) -> Mapping[str, Figures]:
    """Requests that 0.1.0 left pending, with their settle messages; answers with what they must become."""
    endpoint, write = stack.local.endpoint, TypeSerializer().serialize
    table = stack.stack.output("RequestTableName")
    truth = {}
    for number in range(LEFT):
        request, call = left_by_0_1_0(number, now)
        for item in (request, call):
            client = local_client("dynamodb", endpoint=endpoint)
            client.put_item(TableName=table, Item={name: write(value) for name, value in item.items()})
        request_id = str(request["pk"]).removeprefix("request#")
        LocalProcessor(stack, Path()).sqs.send_message(
            QueueUrl=stack.stack.output("SettleQueueUrl"),
            MessageBody=json.dumps({"matter": "request", "id": request_id}, separators=(",", ":")),
        )
        calls = frozenset({f"{request_id}-call"})
        truth[request_id] = Figures(calls=calls, llm_calls=1, input_tokens=892, output_tokens=57)
    return truth


def update_of_this_version(stack: DemoStack) -> None:
    """CloudFormation changes the functions' environment, as it does in an upgrade."""
    client = local_client("cloudformation", endpoint=stack.local.endpoint)
    (described,) = client.describe_stacks(StackName=stack.stack.name)["Stacks"]
    names = [each["ParameterKey"] for each in described["Parameters"]]
    client.update_stack(
        StackName=stack.stack.name,
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": "91"}
            if name == "RetentionDays"
            else {"ParameterKey": name, "UsePreviousValue": True}
            for name in names
        ],
    )
    waiter = client.get_waiter("stack_update_complete")
    waiter.wait(StackName=stack.stack.name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})


def test_what_an_earlier_version_left_and_what_comes_during_an_update_is_settled(deployment: DemoStack) -> None:
    processor, traffic = LocalProcessor(deployment, Path()), known_traffic(REQUESTS, days_ago=10)
    destination = FailureDestinationStandIn(deployment=deployment)

    with processor.returns_messages_within(SEEN_AGAIN_AFTER_S), ThreadPoolExecutor(1) as pool:
        left = stored_by_0_1_0(deployment, datetime.now(UTC))
        coming = pool.submit(destination.bring, processor, traffic.batches(3))
        update_of_this_version(deployment)
        coming.result()
        assert redriven(deployment.local.endpoint)[0] == 0
        truth = {**left, **traffic.truth}
        held = awaited(lambda: figures(deployment.table.states(truth)), lambda found: found == truth, within_s=60)

    assert held == truth
    listed = deployment.table.reader.newest_requests(
        datetime.now(UTC) - timedelta(hours=3), datetime.now(UTC), limit=1000
    )
    assert left.keys() <= {record.request_id for record in listed}


@pytest.mark.benchmark
def test_what_the_release_left_pending_is_settled_by_this_version_deployed_over_it(tmp_path: Path) -> None:
    traffic = known_traffic(20 * REQUESTS, days_ago=3)

    with running_local_aws(paths=released(tmp_path / "released")) as local:
        before = deployed(local)
        paused = LocalProcessor(before, tmp_path)
        pause(paused)
        assert paused.deliver(traffic.batches(20)).failed_runs == 0
        waiting = paused.waits()
        after = deployed(LocalAws(endpoint=local.endpoint, paths=checkout_paths(), started_now=False))
        resume(LocalProcessor(after, tmp_path))
        held = awaited(lambda: figures(traffic.held(after)), lambda found: found == traffic.truth, within_s=240)

    print(f"\n{BASE}: {len(traffic.truth)} requests with {waiting} settle messages were pending")
    assert before.stack.output("ProcessorFunctionName") != after.stack.output("ProcessorFunctionName")
    assert before.stack.output("RequestTableName") == after.stack.output("RequestTableName")
    assert waiting >= len(traffic.truth)
    assert held == traffic.truth


def released(folder: Path) -> LocalPaths:
    """A checkout of the released commit, with the tools of this one."""
    here = checkout_paths().checkout
    folder.mkdir()
    archive = subprocess.run(["git", "archive", BASE], cwd=here, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x"], cwd=folder, input=archive, check=True)
    (folder / ".tools").symlink_to(here / ".tools")
    return LocalPaths(checkout=folder)


def deployed(local: LocalAws) -> DemoStack:
    build(local)
    return open_demo_stack(local, deploy_built(local))


def pause(processor: LocalProcessor) -> None:
    """Let settle messages and the table's stream wait."""
    _enable(processor, enabled=False)


def resume(processor: LocalProcessor) -> None:
    """CloudFormation keeps a mapping that is switched off as it is."""
    _enable(processor, enabled=True)


def _enable(processor: LocalProcessor, *, enabled: bool) -> None:
    client = processor.lambda_
    for mapping in client.list_event_source_mappings(FunctionName=processor.name)["EventSourceMappings"]:
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=enabled)
