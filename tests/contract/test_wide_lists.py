"""The contract of lists over many hours: of quiet tables the used hours are asked, and the answer is the same."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from request_lens.adapters.dynamodb.fact_reader import DynamoFactReader
from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.dynamodb.time_index import QUERIES_A_PAGE
from request_lens.domain.facts import Request
from request_lens.errors import StoreUnavailable
from request_lens.ports import FactReader
from tests.support.request_table import TABLE_NAME
from tests.support.stored_facts import NOON, STORED_AT, call_at, rejected_line, request_at
from tests.support.under_test import LookedAt

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

FIRST, LAST = NOON - timedelta(days=90), NOON
HOURS_AGO = (0, 0.5, 1, 30, 31, 700, 701.5, 2159, 2160)
"""Of the latest hours, of the hours beyond those that are asked whatever they hold, and of the bounds."""


class Operations(Counter[str]):
    """How often each operation of DynamoDB was called."""

    def __init__(self, client: "DynamoDBClient") -> None:
        super().__init__()
        client.meta.events.register("before-call.dynamodb", self._called)

    def _called(self, model: object, **_arguments: object) -> None:
        self[str(getattr(model, "name", ""))] += 1


@pytest.fixture(params=["memory", "dynamo"])
def wide(request: pytest.FixtureRequest) -> tuple[LookedAt, FactReader]:
    """A store, and what lists it as the command line does."""
    if request.param == "memory":
        store: LookedAt = request.getfixturevalue("memory_store")
        return store, store
    return request.getfixturevalue("dynamo_store"), wide_reader(request.getfixturevalue("dynamo_client"))


def wide_reader(client: "DynamoDBClient") -> DynamoFactReader:
    return DynamoFactReader(client, table_name=TABLE_NAME, skips_empty_hours=True)


def hours_ago(hours: float) -> datetime:
    return NOON - timedelta(hours=hours)


def requests_at(hours: Sequence[float] = HOURS_AGO) -> list[Request]:
    """Requests by their start."""
    return [request_at(hours_ago(each), request_id=f"request {each}") for each in sorted(hours, reverse=True)]


def test_all_requests_of_ninety_days_are_listed_and_counted(wide: tuple[LookedAt, FactReader]) -> None:
    store, reader = wide
    store.store_requests(requests_at(), stored_at=STORED_AT)

    assert reader.newest_requests(FIRST, LAST, limit=100) == requests_at()
    assert reader.newest_requests(FIRST, LAST, limit=4) == requests_at()[-4:]
    assert reader.requests_between(FIRST, LAST, limit=3) == requests_at()[:3]
    assert reader.count_requests(FIRST, LAST, limit=100) == len(HOURS_AGO)


def test_what_lies_beyond_the_bounds_is_not_listed(wide: tuple[LookedAt, FactReader]) -> None:
    store, reader = wide
    store.store_requests(requests_at((-0.001, 40, 2160.001, 2161)), stored_at=STORED_AT)

    assert [each.request_id for each in reader.newest_requests(FIRST, LAST, limit=100)] == ["request 40"]


def test_a_list_holds_its_own_kind_alone(wide: tuple[LookedAt, FactReader]) -> None:
    store, reader = wide
    store.store_requests(requests_at((50, 60)), stored_at=STORED_AT)
    store.store_unlinked([call_at(hours_ago(each), invocation_id=f"call {each}") for each in (50, 800)], stored_at=LAST)
    store.store_rejected([rejected_line()], stored_at=hours_ago(900))

    unlinked = reader.unlinked_between(FIRST, LAST, limit=100)
    assert [each.invocation.invocation_id for each in unlinked] == ["call 800", "call 50"]
    assert [each.request_id for each in reader.newest_requests(FIRST, LAST, limit=9)] == ["request 60", "request 50"]


def test_rejected_records_of_ninety_days_are_found(
    dynamo_store: DynamoFactStore, dynamo_client: "DynamoDBClient"
) -> None:
    dynamo_store.store_rejected([rejected_line("old")], stored_at=hours_ago(900))
    dynamo_store.store_rejected([rejected_line("new")], stored_at=hours_ago(1))

    found = wide_reader(dynamo_client).rejected_between(FIRST, LAST, limit=100)

    assert [each.record.event_id for each in found] == ["old", "new"]


def test_of_a_quiet_table_empty_hours_are_not_asked_one_by_one(
    dynamo_store: DynamoFactStore, dynamo_client: "DynamoDBClient"
) -> None:
    dynamo_store.store_requests(requests_at(), stored_at=STORED_AT)
    called = Operations(dynamo_client)

    wide_reader(dynamo_client).newest_requests(FIRST, LAST, limit=100)

    # The newest 25 hours in four partitions, and the partitions of the six older requests.
    assert called == {"Scan": 1, "Query": 25 * 4 + 6}


def test_few_hours_are_asked_without_a_look(dynamo_store: DynamoFactStore, dynamo_client: "DynamoDBClient") -> None:
    dynamo_store.store_requests(requests_at(), stored_at=STORED_AT)
    called = Operations(dynamo_client)

    wide_reader(dynamo_client).newest_requests(hours_ago(80), LAST, limit=100)

    assert called == {"Query": 81 * 4}


def test_a_list_that_ends_among_the_newest_hours_scans_nothing(
    dynamo_store: DynamoFactStore, dynamo_client: "DynamoDBClient"
) -> None:
    dynamo_store.store_requests(requests_at(), stored_at=STORED_AT)
    called = Operations(dynamo_client)

    assert len(wide_reader(dynamo_client).newest_requests(FIRST, LAST, limit=3)) == 3
    assert called == {"Query": 9 * 4}


def test_a_full_index_is_scanned_no_further_than_asking_its_hours_costs(
    dynamo_store: DynamoFactStore, dynamo_client: "DynamoDBClient"
) -> None:
    hours = 1 + 25 + QUERIES_A_PAGE // 4  # worth one page of 1 MB
    large = [replace(request, route="POST /" + "x" * 200_000) for request in requests_at((0, 1, 2, 40, 50, 60, 70))]
    dynamo_store.store_requests(large, stored_at=STORED_AT)
    called = Operations(dynamo_client)

    found = wide_reader(dynamo_client).newest_requests(hours_ago(hours - 1), LAST, limit=100)

    assert found == large
    assert called == {"Scan": 1, "Query": hours * 4}


def test_an_outage_of_the_scan_is_no_short_list(dynamo_client: "DynamoDBClient") -> None:
    def fail(**_arguments: object) -> None:
        raise ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, "Scan")

    dynamo_client.meta.events.register("before-call.dynamodb.Scan", fail)

    with pytest.raises(StoreUnavailable, match="DynamoDB refused Scan: InternalServerError"):
        wide_reader(dynamo_client).newest_requests(FIRST, LAST, limit=100)


def test_who_may_not_scan_gets_the_same_list(dynamo_store: DynamoFactStore, dynamo_client: "DynamoDBClient") -> None:
    dynamo_store.store_requests(requests_at((0, 90)), stored_at=STORED_AT)

    def refuse(**_arguments: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "is not authorized"}}, "Scan")

    dynamo_client.meta.events.register("before-call.dynamodb.Scan", refuse)

    found = wide_reader(dynamo_client).newest_requests(hours_ago(100), LAST, limit=100)

    assert found == requests_at((0, 90))
