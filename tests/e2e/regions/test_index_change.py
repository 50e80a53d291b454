"""A deployed table's index is changed by updates of its stack, one index at a time, and no item is lost."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, cast

import pytest

from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.memory.clock import MemoryClock
from request_lens_cli.local_aws.aws_clients import local_client
from request_lens_cli.local_aws.lifecycle import LocalAws
from tests.support.request_table import table_properties
from tests.support.stored_facts import NOON, STORED_AT, call_at, pending, request_at
from tests.support.under_test import RETENTION

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.client import CloudFormationClient

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

STACK = "index-change"
FIRST, LAST = NOON, NOON + timedelta(hours=1)

type Indexes = Callable[[dict[str, object]], list[dict[str, object]]]
"""The indexes of a stage, from the template's own one."""


@pytest.fixture
def cloudformation(built: LocalAws) -> Iterator["CloudFormationClient"]:
    client = local_client("cloudformation", endpoint=built.endpoint)
    yield client
    client.delete_stack(StackName=STACK)


def _template(indexes: Indexes) -> str:
    """A stack of the template's table alone, with other indexes."""
    properties = dict(table_properties())
    (by_time,) = cast("list[dict[str, object]]", properties["GlobalSecondaryIndexes"])
    properties["GlobalSecondaryIndexes"] = indexes(by_time)
    table: Mapping[str, object] = {"Type": "AWS::DynamoDB::Table", "Properties": properties}
    return json.dumps({"Resources": {"Table": table}, "Outputs": {"Name": {"Value": {"Ref": "Table"}}}})


def _named(by_time: dict[str, object], name: str) -> dict[str, object]:
    return {**by_time, "IndexName": name}


def _update(client: "CloudFormationClient", indexes: Indexes) -> None:
    client.update_stack(StackName=STACK, TemplateBody=_template(indexes))
    client.get_waiter("stack_update_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})


def test_an_index_beside_the_old_one_takes_its_place_without_losing_anything(
    built: LocalAws, cloudformation: "CloudFormationClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    cloudformation.create_stack(StackName=STACK, TemplateBody=_template(lambda by_time: [by_time]))
    waiter = cloudformation.get_waiter("stack_create_complete")
    waiter.wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    (output,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["Outputs"]
    client = local_client("dynamodb", endpoint=built.endpoint)
    clock = MemoryClock(NOON)
    store = DynamoFactStore(client, table_name=output["OutputValue"], retention=RETENTION, clock=clock)
    records = [request_at(NOON + timedelta(minutes=n), request_id=f"request-{n}") for n in range(60)]
    store.store_requests(records[:20], stored_at=STORED_AT)
    store.store_unlinked([call_at()], stored_at=STORED_AT)

    _update(cloudformation, lambda by_time: [by_time, _named(by_time, "by_time_2")])
    store.store_requests(records[20:40], stored_at=STORED_AT)
    assert list(store.requests_between(FIRST, LAST, limit=100)) == records[:40]

    monkeypatch.setattr("request_lens.adapters.dynamodb.time_index.BY_TIME_INDEX", "by_time_2")
    assert list(store.requests_between(FIRST, LAST, limit=100)) == records[:40]

    _update(cloudformation, lambda by_time: [_named(by_time, "by_time_2")])
    store.store_requests(records[40:], stored_at=STORED_AT)
    assert list(store.requests_between(FIRST, LAST, limit=100)) == records
    assert list(store.unlinked_between(NOON, NOON, limit=10)) == [pending(call_at())]
    described = client.describe_table(TableName=output["OutputValue"])["Table"]["GlobalSecondaryIndexes"]
    assert [index["IndexName"] for index in described] == ["by_time_2"]
