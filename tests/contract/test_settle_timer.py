"""The contract of settle timers, over the one in memory and the one on SQS."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config

from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.settle_timer import MemorySettleTimer
from request_lens.adapters.sqs_settle_timer import SqsSettleTimer, read_key, write_key
from request_lens.domain.facts import InvocationId, RequestId
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.errors import TimerUnavailable
from request_lens.ports import SettleTimer
from tests.support.under_test import REGION

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

NOW = datetime.now(UTC)
SOON = NOW + timedelta(minutes=10)
KEY = SettleKey(SettleKind.REQUEST, RequestId("request-1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerUnderTest:
    """A settle timer, and the keys that it delivers now."""

    timer: SettleTimer
    delivered: Callable[[], list[SettleKey]]


@pytest.fixture
def sqs_client(aws: None) -> "SQSClient":
    return boto3.client("sqs", region_name=REGION)


@pytest.fixture
def queue_url(sqs_client: "SQSClient") -> str:
    return sqs_client.create_queue(QueueName="settle")["QueueUrl"]


@pytest.fixture
def sqs_timer(sqs_client: "SQSClient", queue_url: str) -> SqsSettleTimer:
    return SqsSettleTimer(sqs_client, queue_url=queue_url, clock=MemoryClock(moment=NOW))


@pytest.fixture(params=["memory", "sqs"])
def tested(request: pytest.FixtureRequest) -> TimerUnderTest:
    if request.param == "memory":
        memory = MemorySettleTimer()
        return TimerUnderTest(timer=memory, delivered=lambda: list(_due(memory)))
    client, url = request.getfixturevalue("sqs_client"), request.getfixturevalue("queue_url")
    timer: SqsSettleTimer = request.getfixturevalue("sqs_timer")
    return TimerUnderTest(timer=timer, delivered=lambda: [key for key in map(read_key, _bodies(client, url)) if key])


def _due(timer: MemorySettleTimer) -> Iterator[SettleKey]:
    while (due_at := timer.next_due()) is not None and due_at <= NOW:
        yield timer.take()


def _bodies(client: "SQSClient", url: str) -> Iterator[str]:
    while messages := client.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        yield from (message["Body"] for message in messages)


@pytest.mark.parametrize("due_at", [NOW, NOW - timedelta(days=3)])
def test_a_key_that_is_due_is_delivered(tested: TimerUnderTest, due_at: datetime) -> None:
    tested.timer.send([(KEY, due_at)])

    assert tested.delivered() == [KEY]


def test_a_key_waits_for_its_time(tested: TimerUnderTest) -> None:
    tested.timer.send([(KEY, SOON)])

    assert tested.delivered() == []


def test_every_key_is_delivered_with_its_matter(tested: TimerUnderTest) -> None:
    keys = [
        SettleKey(SettleKind.REQUEST, RequestId("same-id")),
        SettleKey(SettleKind.ORPHAN, RequestId("same-id")),
        SettleKey(SettleKind.INVOCATION, InvocationId("same-id")),
    ]
    tested.timer.send([(key, NOW) for key in keys])

    assert sorted(tested.delivered()) == sorted(keys)


def test_more_keys_than_one_batch_takes_are_all_delivered(tested: TimerUnderTest) -> None:
    keys = [SettleKey(SettleKind.REQUEST, RequestId(f"request-{n:02}")) for n in range(33)]
    tested.timer.send([(key, NOW) for key in keys])

    assert sorted(tested.delivered()) == keys


def test_no_keys_are_no_error(tested: TimerUnderTest) -> None:
    tested.timer.send([])

    assert tested.delivered() == []


def test_a_key_given_twice_for_one_time_is_sent_once(
    sqs_timer: SqsSettleTimer, sqs_client: "SQSClient", queue_url: str
) -> None:
    sqs_timer.send([(KEY, NOW), (KEY, NOW), (KEY, NOW - timedelta(seconds=1))])

    assert len(list(_bodies(sqs_client, queue_url))) == 2


@pytest.mark.parametrize(
    ("wait", "delay_s"),
    [
        (timedelta(milliseconds=-1), 0),
        (timedelta(0), 0),
        (timedelta(milliseconds=1), 1),
        (timedelta(seconds=29), 29),
        (timedelta(seconds=29, microseconds=-1), 29),
        (timedelta(hours=3), 900),
    ],
)
def test_a_delay_is_never_too_short_and_at_most_what_sqs_takes(
    sqs_timer: SqsSettleTimer, sqs_client: "SQSClient", wait: timedelta, delay_s: int
) -> None:
    sent: list[object] = []

    def _see(params: dict[str, list[dict[str, object]]], **_: object) -> None:
        sent.extend(entry["DelaySeconds"] for entry in params["Entries"])

    sqs_client.meta.events.register("provide-client-params.sqs.SendMessageBatch", _see)
    sqs_timer.send([(KEY, NOW + wait)])

    assert sent == [delay_s]


@pytest.mark.parametrize("wait_s", range(30, 61))
def test_what_is_due_later_comes_together_at_the_end_of_its_slot(
    sqs_client: "SQSClient", queue_url: str, wait_s: int
) -> None:
    now = NOW.replace(second=7, microsecond=250_000)
    sent: list[object] = []
    sqs_client.meta.events.register(
        "provide-client-params.sqs.SendMessageBatch",
        lambda params, **_: sent.extend(entry["DelaySeconds"] for entry in params["Entries"]),
    )

    due_at = now + timedelta(seconds=wait_s)
    SqsSettleTimer(sqs_client, queue_url=queue_url, clock=MemoryClock(moment=now)).send([(KEY, due_at)])

    (delay_s,) = sent
    assert isinstance(delay_s, int)
    assert due_at <= now + timedelta(seconds=delay_s) <= due_at + timedelta(seconds=11)
    assert (now + timedelta(seconds=delay_s)).second % 10 == 0


def _fail_first(client: "SQSClient", times: int) -> None:
    """Let SQS answer, so many times, that it refused the batch's first message."""
    left = iter(range(times))

    def _refuse(parsed: dict[str, object], **_: object) -> None:
        if next(left, None) is not None:
            parsed["Failed"] = [{"Id": "0", "SenderFault": False, "Code": "ServiceUnavailable"}]

    client.meta.events.register("after-call.sqs.SendMessageBatch", _refuse)


def test_a_refused_message_is_sent_once_more(
    sqs_timer: SqsSettleTimer, sqs_client: "SQSClient", queue_url: str
) -> None:
    _fail_first(sqs_client, times=1)
    other = SettleKey(SettleKind.REQUEST, RequestId("request-2"))

    sqs_timer.send([(KEY, NOW), (other, NOW)])

    assert sorted(_bodies(sqs_client, queue_url)) == sorted(map(write_key, [KEY, KEY, other]))


def test_a_message_that_stays_refused_is_an_outage(sqs_timer: SqsSettleTimer, sqs_client: "SQSClient") -> None:
    _fail_first(sqs_client, times=2)

    with pytest.raises(TimerUnavailable, match="refused 1 messages: ServiceUnavailable"):
        sqs_timer.send([(KEY, NOW)])


def test_a_queue_that_is_not_there_is_an_outage(sqs_client: "SQSClient", queue_url: str) -> None:
    timer = SqsSettleTimer(sqs_client, queue_url=f"{queue_url}-gone", clock=MemoryClock(moment=NOW))

    with pytest.raises(TimerUnavailable, match="SendMessageBatch"):
        timer.send([(KEY, NOW)])


def test_silence_is_an_outage_too() -> None:
    client = boto3.client(
        "sqs",
        region_name=REGION,
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        config=Config(retries={"max_attempts": 0}, connect_timeout=1),
    )
    timer = SqsSettleTimer(client, queue_url="http://127.0.0.1:9/settle", clock=MemoryClock(moment=NOW))

    with pytest.raises(TimerUnavailable, match="did not answer"):
        timer.send([(KEY, NOW)])


@pytest.mark.parametrize("matter", SettleKind)
def test_a_body_says_its_key_and_nothing_else(matter: SettleKind) -> None:
    key = SettleKey(matter, RequestId('odd "id"'))

    assert write_key(key) == f'{{"matter":"{matter}","id":"odd \\"id\\""}}'
    assert read_key(write_key(key)) == key


@pytest.mark.parametrize(
    "body",
    [
        "",
        "settle",
        "null",
        "[]",
        '"request"',
        "{}",
        '{"matter":"request"}',
        '{"matter":"request","id":""}',
        '{"matter":"request","id":7}',
        '{"matter":"planet","id":"request-1"}',
        '{"matter":["request"],"id":"request-1"}',
        "[" * 100_000,
    ],
    ids=lambda body: body[:40] or "empty",
)
def test_a_body_that_says_no_key_is_none(body: str) -> None:
    assert read_key(body) is None
