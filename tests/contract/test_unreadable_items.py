"""An item that another version wrote is alone in that: it is named and left out, and its neighbours are read."""

from typing import TYPE_CHECKING

import pytest

from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.inference_profiles import MemoryInferenceProfiles
from request_lens.adapters.memory.metric_sink import MemoryMetricSink
from request_lens.adapters.memory.settle_timer import MemorySettleTimer
from request_lens.application.settle_batch import settle_messages
from request_lens.domain.facts import InvocationId, RequestId
from request_lens.domain.linking.link import Link, Method
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.errors import UnreadableItem
from request_lens.ports import Ports
from tests.support.facts import ROLE, at, call, request
from tests.support.request_table import TABLE_NAME
from tests.support.telemetry.linked_traces import SPANS, span_of, trace_id
from tests.support.under_test import RETENTION

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CALLS = [f"i{n}" for n in range(8)]


@pytest.fixture
def told() -> list[str]:
    return []


@pytest.fixture
def store(dynamo_client: "DynamoDBClient", told: list[str]) -> DynamoFactStore:
    store = DynamoFactStore(
        dynamo_client,
        table_name=TABLE_NAME,
        retention=RETENTION,
        clock=MemoryClock(at(400)),
        on_unreadable=lambda error: told.append(str(error)),
    )
    store.store_requests([request(f"r{n}", 10 * n) for n in range(8)], stored_at=at(90))
    store.store_unlinked([call(name, 10 * n + 1) for n, name in enumerate(CALLS)], stored_at=at(90))
    return store


def _write(client: "DynamoDBClient", pk: str, sk: str, attribute: str, value: dict[str, dict[str, str]]) -> None:
    """Write what a later version might."""
    client.update_item(
        TableName=TABLE_NAME,
        Key={"pk": {"S": pk}, "sk": {"S": sk}},
        UpdateExpression="SET #attribute = :value",
        ExpressionAttributeNames={"#attribute": attribute},
        ExpressionAttributeValues={":value": {"M": value}},
    )


def _of_a_later_version(client: "DynamoDBClient") -> None:
    link = {"request_id": {"S": "r3"}, "method": {"S": "telepathy"}, "confidence": {"S": "exact"}}
    _write(client, "invocation#i3", "invocation", "decision", link)


def test_settles_around_an_unreadable_call_decide_theirs(
    dynamo_client: "DynamoDBClient", store: DynamoFactStore, told: list[str]
) -> None:
    _of_a_later_version(dynamo_client)
    policy = Policy(agent_role_names=frozenset({ROLE}), retention=RETENTION)
    ports = _ports(store)

    keys = [SettleKey(SettleKind.INVOCATION, InvocationId(name)) for name in CALLS]
    failures = settle_messages(keys, ports, policy)

    assert [(failure.key.id, type(failure.error)) for failure in failures] == [("i3", UnreadableItem)]
    readable = [name for name in CALLS if name != "i3"]
    decisions = {name: store.load_unlinked(InvocationId(name)) for name in readable}
    assert all(found is not None and isinstance(found.decision, Link) for found in decisions.values())
    assert {message.split(" is ")[0] for message in told} == {"the item of invocation#i3"}


def _ports(store: DynamoFactStore) -> Ports:
    return Ports(
        store=store,
        timer=MemorySettleTimer(),
        sink=MemoryMetricSink(),
        clock=MemoryClock(at(400)),
        profiles=MemoryInferenceProfiles(),
        prices=NO_PRICES,
    )


def test_the_other_requests_of_a_trace_with_an_unreadable_one_are_revised(
    dynamo_client: "DynamoDBClient", store: DynamoFactStore
) -> None:
    _write(dynamo_client, "request#r3", "request", "summary", {"totals": {"S": "of another make"}})
    trace = trace_id(born=-600)
    store.name_traces([(trace, request("r3", 30)), (trace, request("r4", 40))])
    store.store_spans([span_of(call("i4", 41), trace)], stored_at=at(90))

    failures = settle_messages([SettleKey(SettleKind.TRACE, trace)], _ports(store), SPANS)

    assert failures == []
    assert [each.link.method for each in store.load_request(RequestId("r4")).invocations] == [Method.TRACE]
    assert store.load_request(RequestId("r4")).revision == 1


def test_an_unreadable_request_is_left_out_of_lists_and_has_an_empty_head(
    dynamo_client: "DynamoDBClient", store: DynamoFactStore, told: list[str]
) -> None:
    _write(dynamo_client, "request#r3", "request", "summary", {"totals": {"S": "of another make"}})
    ids = [RequestId(f"r{n}") for n in range(8)]

    assert [state.record is not None for state in store.load_requests(ids)] == [n != 3 for n in range(8)]
    assert [head.record is not None for head in store.load_heads(ids)] == [n != 3 for n in range(8)]
    assert len(store.newest_requests(at(0), at(100), limit=10)) == 8  # the record itself can be read
    with pytest.raises(UnreadableItem, match="request#r3"):
        store.load_request(RequestId("r3"))
    assert told
    assert all("another make" not in message for message in told)


def test_records_behind_unreadable_ones_fill_a_list_up_to_its_limit(
    dynamo_client: "DynamoDBClient", store: DynamoFactStore
) -> None:
    for number in (0, 1, 7):
        _write(dynamo_client, f"request#r{number}", "request", "record", {"route": {"S": "of another make"}})

    assert [each.request_id for each in store.requests_between(at(0), at(100), limit=4)] == ["r2", "r3", "r4", "r5"]
    assert [each.request_id for each in store.newest_requests(at(0), at(100), limit=2)] == ["r5", "r6"]


def test_a_conflicting_record_is_told_beside_one_whose_id_has_an_unreadable_item(
    dynamo_client: "DynamoDBClient", store: DynamoFactStore, told: list[str]
) -> None:
    _write(dynamo_client, "request#r3", "request", "record", {"route": {"S": "of another make"}})
    others = [request(f"r{number}", 90) for number in (3, 4, 5)]

    assert list(store.store_requests(others, stored_at=at(99))) == others[1:]
    assert len(told) == 1
