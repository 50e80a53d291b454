"""Each port's adapters: the one in memory, and the one for AWS over moto."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws
from tests.contract.request_table import TABLE_NAME, create_request_table
from tests.contract.sample_facts import NOON
from tests.contract.under_test import REGION, RETENTION, LookedAt, StoreUnderTest

from request_lens.adapters.dynamo_fact_store import DynamoFactStore
from request_lens.adapters.dynamo_stream import read_change
from request_lens.adapters.memory_clock import MemoryClock
from request_lens.adapters.memory_fact_store import MemoryFactStore
from request_lens.domain.change import Change
from request_lens.ports import FactStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


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


@pytest.fixture(params=["memory", "dynamo"])
def tested(request: pytest.FixtureRequest) -> StoreUnderTest:
    if request.param == "memory":
        return _in_memory()
    store: DynamoFactStore = request.getfixturevalue("dynamo_store")
    return StoreUnderTest(store=store, changes=_streamed_changes)


@pytest.fixture
def store(tested: StoreUnderTest) -> FactStore:
    return tested.store


@pytest.fixture
def looked_at(tested: StoreUnderTest) -> LookedAt:
    return tested.store


def _in_memory() -> StoreUnderTest:
    store = MemoryFactStore()
    told: list[Change] = []

    def changes() -> list[Change]:
        told.extend(store.take_changes())
        return told

    return StoreUnderTest(store=store, changes=changes)


def _streamed_changes() -> list[Change]:
    """The changes in the table's stream, from its beginning."""
    # moto knows the stream under its regional address only.
    regional = Config(account_id_endpoint_mode="disabled")
    streams = boto3.client("dynamodbstreams", region_name=REGION, config=regional)
    arn = streams.list_streams(TableName=TABLE_NAME)["Streams"][0]["StreamArn"]
    found: list[Change] = []
    for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
        position = streams.get_shard_iterator(
            StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        answer = streams.get_records(ShardIterator=position)
        while answer["Records"]:
            changes = (read_change(cast("Mapping[str, object]", record)) for record in answer["Records"])
            found += [change for change in changes if change is not None]
            answer = streams.get_records(ShardIterator=answer["NextShardIterator"])
    return found
