"""Each port's adapters: the one in memory, and the one for AWS over moto."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.dynamodb.stream import read_change
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.domain.publishing.changes import Change
from request_lens.ports import FactStore
from tests.support.emulated_aws.quick_items import quick_items
from tests.support.request_table import TABLE_NAME, create_request_table
from tests.support.stored_facts import NOON
from tests.support.under_test import REGION, RETENTION, LookedAt, StoreUnderTest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@pytest.fixture(scope="session", autouse=True)
def items() -> Iterator[None]:
    with quick_items():
        yield


@pytest.fixture
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def dynamo_client(aws: None) -> "DynamoDBClient":
    client = boto3.client("dynamodb", region_name=REGION)
    create_request_table(client)
    return client


@pytest.fixture
def dynamo_store(dynamo_client: "DynamoDBClient") -> DynamoFactStore:
    clock = MemoryClock(moment=NOON)
    return DynamoFactStore(dynamo_client, table_name=TABLE_NAME, retention=RETENTION, clock=clock)


@pytest.fixture
def memory_store() -> MemoryFactStore:
    return MemoryFactStore()


@pytest.fixture(params=["memory", "dynamo"])
def tested(request: pytest.FixtureRequest) -> StoreUnderTest:
    if request.param == "memory":
        return _in_memory(request.getfixturevalue("memory_store"))
    store: DynamoFactStore = request.getfixturevalue("dynamo_store")
    return StoreUnderTest(store=store, changes=_streamed_changes)


@pytest.fixture
def store(tested: StoreUnderTest) -> FactStore:
    return tested.store


@pytest.fixture
def looked_at(tested: StoreUnderTest) -> LookedAt:
    return tested.store


def _in_memory(store: MemoryFactStore) -> StoreUnderTest:
    taken: list[Change] = []

    def changes() -> list[Change]:
        taken.extend(store.take_changes())
        return taken

    return StoreUnderTest(store=store, changes=changes)


def _streamed_changes() -> list[Change]:
    """The changes in the table's stream, from its beginning."""
    # moto knows the stream under its regional address only.
    regional = Config(account_id_endpoint_mode="disabled")
    streams = boto3.client("dynamodbstreams", region_name=REGION, config=regional)
    arn = streams.list_streams(TableName=TABLE_NAME)["Streams"][0]["StreamArn"]
    streamed: list[Change] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        position = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        answer = streams.get_records(ShardIterator=position)
        while answer["Records"]:
            changes = (read_change(cast("Mapping[str, object]", record)) for record in answer["Records"])
            streamed += [change for change in changes if change is not None]
            answer = streams.get_records(ShardIterator=answer["NextShardIterator"])
    return streamed
