"""The real handler over an emulated AWS in virtual time, each of its calls metered: log batches, timers, stream, sweep.

What AWS decides and nobody can count here is assumed, and said with the figures (`ASSUMPTIONS`).
"""

import heapq
import io
import itertools
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import batched, groupby
from time import process_time
from types import MappingProxyType
from unittest.mock import patch
from zlib import crc32

import boto3
from moto import mock_aws

import processor_handler
from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.application.sweep import AGE, SLICE, slice_of
from tests.support.metering.cost_traffic import STARTS_AT, CostTraffic, Line, call_of, older_request
from tests.support.metering.dynamo_units import Image
from tests.support.metering.metered_aws import Message, Meter, MeteredAws, Written
from tests.support.processor_traffic import REGION, log_batch
from tests.support.request_table import TABLE_NAME, create_request_table
from tests.support.template_document import variables_of

DELIVERY = timedelta(seconds=8)
RECEIVED = 10
STREAM_RECORDS, SHARDS = 100, 4

ASSUMPTIONS = (
    f"a log batch is delivered {DELIVERY.seconds} s after its last line, and holds lines of one log group",
    f"messages that become visible in the same second are received together, up to {RECEIVED}, others apart",
    f"what one event writes is streamed together, over the {SHARDS} shards of an on-demand table",
    "no delivery is repeated, and the container is warm",
)
"""How AWS groups what it delivers; fewer, larger groups would cost less."""

AGENT_ROLE = "AmazonBedrockAgentCoreSDKRuntime-ap-northeast-1-example"

_RUNS = itertools.count(1)
"""Loggers live as long as the process and keep the stdout that they were made with: each run has a service name."""

type Event = Mapping[str, object]


@dataclass(slots=True)
class Usage:
    """What a run used, and the items that it left.

    `events` are the handler's events by kind, `processor_s` its processor time by kind.
    """

    requests: int
    invocations: int
    meter: Meter
    events: Counter[str] = field(default_factory=Counter)
    processor_s: dict[str, float] = field(default_factory=dict)
    log_lines: list[str] = field(default_factory=list)
    items: list[Image] = field(default_factory=list)


def metered_run(
    traffic: CostTraffic, *, batch: int, older: int = 0, besides: Mapping[str, Sequence[Line]] = MappingProxyType({})
) -> Usage:
    """Serve the traffic in log batches of so many events, until no timer is left, and sweep its hour.

    The table holds `older` requests of the day before, with a call each. `besides` are lines of further log groups, by
    name: spans, and what leads to them, which are read then.
    """
    with _aws(reads_spans=bool(besides)) as aws, redirect_stdout(io.StringIO()) as printed:
        store_older(older)
        clock = MemoryClock(moment=traffic.access_lines[0].at)
        with patch("request_lens.bootstrap.SystemClock", return_value=clock):
            processor_handler.lambda_handler({"Records": [{"eventSource": "aws:dynamodb"}]}, None)  # a warm container
            printed.truncate(printed.seek(0))
            run = _Run(traffic, clock, aws.meter)
            run.deliver(traffic.invocation_lines, batch, log_group="/aws/bedrock/model-invocations")
            run.deliver(traffic.access_lines, batch, log_group="/aws/vendedlogs/request-lens/request-lens/access")
            for log_group, lines in besides.items():
                run.deliver(lines, batch, log_group=log_group)
            run.serve_all()
        run.usage.log_lines = printed.getvalue().splitlines()
        run.usage.items = aws.items()
        return run.usage


def environment(*, reads_spans: bool) -> dict[str, str]:
    """The processor's variables: the template's own defaults, the agent's role named, and whether spans are read."""
    service = f"metered-{next(_RUNS):04}"
    credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
    own = {"REQUEST_TABLE_NAME": TABLE_NAME, "SERVICE_NAME": service, "AGENT_ROLE_NAMES": AGENT_ROLE}
    own["READS_SPANS"] = str(reads_spans).lower()
    return {**variables_of("ProcessorFunction"), **credentials, **own}


@contextmanager
def _aws(*, reads_spans: bool) -> Iterator[MeteredAws]:
    """An emulated AWS whose default session is metered, and a processor that is not built yet."""
    with patch.dict(os.environ, environment(reads_spans=reads_spans)), mock_aws():
        create_request_table(boto3.client("dynamodb", region_name=REGION))
        queue = boto3.client("sqs", region_name=REGION).create_queue(QueueName="settle")
        session = boto3.Session()
        with patch.dict(os.environ, SETTLE_QUEUE_URL=queue["QueueUrl"]), patch("boto3.DEFAULT_SESSION", session):
            processor_handler._processor.cache_clear()
            yield MeteredAws(session, region=REGION)
    processor_handler._processor.cache_clear()


def store_older(requests: int) -> None:
    """Fill the table with requests of the day before; these calls go uncounted."""
    client = boto3.Session().client("dynamodb", region_name=REGION)
    clock = MemoryClock(moment=STARTS_AT - timedelta(days=1))
    store = DynamoFactStore(client, table_name=TABLE_NAME, retention=timedelta(days=90), clock=clock)
    older = [older_request(number) for number in range(requests)]
    store.store_requests(older, stored_at=clock.now())
    store.store_linked([call_of(each) for each in older])


class _Run:
    """The events that are to come, by time."""

    def __init__(self, traffic: CostTraffic, clock: MemoryClock, meter: Meter) -> None:
        self.usage = Usage(requests=traffic.requests, invocations=traffic.invocations, meter=meter)
        self._clock = clock
        self._coming: list[tuple[datetime, int, str, Event]] = []
        self._queue: dict[datetime, list[Message]] = {}
        self._scheduled = 0

    def deliver(self, lines: Sequence[Line], batch: int, *, log_group: str) -> None:
        """Schedule the lines in batches."""
        for some in batched(lines, batch, strict=False):
            self._schedule(some[-1].at + DELIVERY, "collect", log_batch([line.text for line in some], log_group))

    def serve_all(self) -> None:
        """Serve every event, and what each brings about, then the sweeps of the time that they are of."""
        began = self._clock.moment
        self._serve()
        at = slice_of(began) + SLICE + AGE
        while at <= self._clock.moment + SLICE + AGE:
            self._schedule(at, "sweep", {"sweep": at.isoformat()})
            at += SLICE
        self._serve()

    def _serve(self) -> None:
        while self._coming:
            at, _, kind, event = heapq.heappop(self._coming)
            self._clock.moment = max(self._clock.moment, at)
            for each in self._received(at) if kind == "settle" else [event]:
                self._invoke(kind, each)
                self._follow_up()

    def _invoke(self, kind: str, event: Event) -> None:
        meter, began, apart = self.usage.meter, process_time(), len(self.usage.meter.apart_s)
        answer = processor_handler.lambda_handler(event, None)
        took_s = process_time() - began - sum(meter.apart_s[apart:])
        self.usage.processor_s[kind] = self.usage.processor_s.get(kind, 0) + took_s
        self.usage.events[kind] += 1
        assert answer in (None, {"batchItemFailures": []})

    def _follow_up(self) -> None:
        """Schedule what the queue and the stream deliver now that an event was served."""
        meter = self.usage.meter
        messages, meter.messages = meter.messages, []
        for message in messages:
            visible_at = self._clock.moment + timedelta(seconds=1 + message.delay_s)
            second = visible_at.replace(microsecond=0)
            if second not in self._queue:
                self._schedule(second, "settle", {})
            self._queue.setdefault(second, []).append(message)
        written, meter.written = [each for each in meter.written if _passes_filter(each)], []
        for _, alike in groupby(sorted(written, key=_shard), key=_shard):
            for some in batched(alike, STREAM_RECORDS, strict=False):
                self._schedule(self._clock.moment + timedelta(seconds=1), "publish", _stream_event(some))

    def _received(self, at: datetime) -> list[Event]:
        """The messages that are visible by then, as many events as it takes."""
        return [_sqs_event(some) for some in batched(self._queue.pop(at), RECEIVED, strict=False)]

    def _schedule(self, at: datetime, kind: str, event: Event) -> None:
        heapq.heappush(self._coming, (at, self._scheduled, kind, event))
        self._scheduled += 1


def _sqs_event(messages: Sequence[Message]) -> Event:
    return {
        "Records": [
            {"messageId": str(place), "eventSource": "aws:sqs", "body": each.body}
            for place, each in enumerate(messages)
        ]
    }


def _passes_filter(written: Written) -> bool:
    """What template.yaml's FilterCriteria let pass: Lambda drops the rest for nothing."""
    new = written.after or {}
    kinds, state = [new.get("sk", {}).get("S")], new.get("state", {}).get("S")
    return kinds[0] in ("request", "invocation") and state not in (None, "pending")


def _shard(written: Written) -> int:
    image: Image = written.after or {}
    return crc32(str(image["pk"]["S"]).encode()) % SHARDS


def _stream_event(changes: Sequence[Written]) -> Event:
    return {"Records": [{"eventSource": "aws:dynamodb", "dynamodb": _change(each)} for each in changes]}


def _change(written: Written) -> Event:
    images = {"OldImage": written.before, "NewImage": written.after}
    return {name: image for name, image in images.items() if image is not None}
