"""A list by time reads its hours eight at a time, and says how far it is."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from request_lens.adapters.dynamodb.fact_reader import DynamoFactReader
from request_lens_cli.terminal.progress import hours_told
from tests.support.deployed_stack import NOW, DeployedLens
from tests.support.facts import call, pending
from tests.support.request_table import TABLE_NAME
from tests.support.sample_states import settled

FIRST = NOW - timedelta(hours=20)


def reader(lens: DeployedLens, on_hour: Callable[[datetime], None]) -> DynamoFactReader:
    return DynamoFactReader(lens.client, table_name=TABLE_NAME, on_hour=on_hour)


@pytest.fixture(autouse=True)
def spread(lens: DeployedLens) -> None:
    """A request and an untagged call every five hours."""
    for number in range(4):
        lens.holds(settled(f"r{number}", start=-5 * 3600 * number))
        lens.holds_untagged(pending(call(f"u{number}", -5 * 3600 * number)))


def test_requests_are_read_backwards_the_newest_hour_alone(lens: DeployedLens) -> None:
    told: list[datetime] = []

    found = reader(lens, told.append).newest_requests(FIRST, NOW, limit=100)

    assert [record.request_id for record in found] == ["r3", "r2", "r1", "r0"]
    assert [f"{hour:%d %H}" for hour in told] == ["04 18", "04 17", "04 09", "04 01"]


def test_what_is_enough_ends_it(lens: DeployedLens) -> None:
    told: list[datetime] = []

    assert len(reader(lens, told.append).newest_requests(FIRST, NOW, limit=1)) == 1
    assert len(told) == 1


def test_untagged_calls_are_read_forwards_in_order(lens: DeployedLens) -> None:
    told: list[datetime] = []

    found = reader(lens, told.append).unlinked_between(FIRST, NOW, limit=100)

    assert [each.invocation.invocation_id for each in found] == ["u3", "u2", "u1", "u0"]
    assert [f"{hour:%d %H}" for hour in told] == ["03 22", "03 23", "04 07", "04 15"]


def test_the_hour_is_said_in_utc() -> None:
    said: list[str] = []

    hours_told(said.append, "Reading the requests")(FIRST.replace(minute=0))

    assert said == ["Reading the requests of 2025-12-03 22:00 UTC"]
