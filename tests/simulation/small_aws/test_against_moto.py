"""The small DynamoDB answers as moto's does to every call that the adapters make in a schedule without faults."""

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.simulation.deployed.world import DeployedWorld
from tests.simulation.drawing.deliveries import draw_deliveries
from tests.simulation.drawing.faults import Faults
from tests.simulation.drawing.traffic import draw_traffic
from tests.simulation.small_aws import dynamodb
from tests.simulation.small_aws.dynamodb import Json, SmallDynamo
from tests.support.request_table import create_request_table
from tests.support.under_test import REGION

TABLE = "requests"
SEEDS = range(6)

OPERATIONS = ("update_item", "get_item", "batch_write_item", "batch_get_item", "query")


type Call = tuple[str, Json, object]
"""An operation, what was asked, and what was answered."""


class Recorder:
    """Makes calls and keeps each with what came of it."""

    def __init__(self) -> None:
        self.made: list[Call] = []

    def make(self, operation: str, call: Callable[..., Json], asked: Json) -> Json:
        """Make a call. Raises: ClientError where it is refused, which is kept, too."""
        try:
            answer = call(**asked)
        except ClientError as error:
            self.made.append((operation, asked, {"refused": error.response.get("Item")}))
            raise
        self.made.append((operation, asked, _compared(answer)))
        return answer


def _compared(answer: Json) -> object:
    """The answer without its metadata, and without the order of what has none."""
    if "Responses" in answer:
        ((_, items),) = answer["Responses"].items()
        return sorted(items, key=repr)
    return {name: answer[name] for name in ("Attributes", "Item", "Items", "Count") if name in answer}


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Has every call of the small DynamoDB, whose pages are large."""
    recorder = Recorder()
    for operation in OPERATIONS:
        method = getattr(SmallDynamo, operation)

        def recorded(client: SmallDynamo, *, _name: str = operation, _method: Any = method, **asked: Any) -> Json:
            return recorder.make(_name, partial(_method, client), asked)

        monkeypatch.setattr(SmallDynamo, operation, recorded)
    monkeypatch.setattr(dynamodb, "PAGES", (100,))
    return recorder


@pytest.mark.slow
def test_it_answers_as_moto_does(recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    operations: set[str] = set()
    for seed in SEEDS:
        recorder.made.clear()
        run_quietly(seed)
        operations |= {operation for operation, _, _ in recorder.made}

        assert recorder.made == made_of_moto(recorder.made)

    assert operations == {*OPERATIONS}


def made_of_moto(calls: Sequence[Call]) -> Sequence[Call]:
    """The same calls, made of moto's DynamoDB with the template's table."""
    again = Recorder()
    with mock_aws():
        client = boto3.client("dynamodb", region_name=REGION)
        create_request_table(client, TABLE)
        for operation, asked, _ in calls:
            with suppress(client.exceptions.ConditionalCheckFailedException):
                again.make(operation, getattr(client, operation), asked)
    return again.made


def run_quietly(seed: int) -> None:
    """Run the seed's traffic without a fault."""
    chance = random.Random(seed)
    traffic, faults = draw_traffic(chance), Faults(chance, quiet=True)
    DeployedWorld(faults, traffic.policy, sweeps=True).run(draw_deliveries(traffic, faults))
