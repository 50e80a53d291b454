"""The law that every input must keep, over the whole path from a Lambda event to facts.

Every log event comes out as exactly one of fact, ignored, rejected; nothing is raised but EnvelopeError; and what is
kept of a log event is bounded, whatever the event holds.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from request_lens.adapters.dynamodb.attributes import PlainMap, to_item
from request_lens.adapters.dynamodb.items import linked_item, rejected_item
from request_lens.adapters.dynamodb.updates import record_update, unlinked_update
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.adapters.memory.inference_profiles import MemoryInferenceProfiles
from request_lens.adapters.memory.metric_sink import MemoryMetricSink
from request_lens.adapters.memory.settle_timer import MemorySettleTimer
from request_lens.application.collect import collect
from request_lens.domain.facts import Invocation, Request
from request_lens.domain.linking.link import LinkedInvocation, tag_link
from request_lens.domain.log_record import Ignored, LogRecord, Rejected
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.spans import LambdaRun, Span
from request_lens.errors import EnvelopeError
from request_lens.ports import Ports
from request_lens.wire.log_record import read_record
from request_lens.wire.subscription import LogBatch, decode, read_batch
from tests.fuzz.inputs import Event

NOW = datetime(2026, 3, 4, 18, 28, tzinfo=UTC)
"""Just after the times of the corpus."""

MAX_KEPT_CHARACTERS = 30_000
"""Of one log event, in DynamoDB's notation: 200 tool-use ids of 64 characters, and all else at its longest."""

MAX_KEY_CHARACTERS = 1_024
"""DynamoDB's longest sort key; partition keys may be twice as long."""

RETENTION = timedelta(days=90)


def kept_of(event: Event) -> Counter[str]:
    """What an input came out as, by kind. Raises: AssertionError, or another error, where it breaks the law."""
    try:
        batch = read_batch(event)
    except EnvelopeError:
        return Counter(["envelope error"])
    records = [each.message for each in batch.events]
    assert records == _one_by_one(decode(event))
    for record in records:
        _assert_bounded(record)
    report = collect(records, _ports(), Policy())
    assert report.facts + report.ignored + len(report.rejected) == len(batch.events)
    return Counter(_kind(record) for record in records)


def _ports() -> Ports:
    return Ports(
        store=MemoryFactStore(),
        timer=MemorySettleTimer(),
        sink=MemoryMetricSink(),
        clock=MemoryClock(NOW),
        profiles=MemoryInferenceProfiles({"a1b2c3d4e5f6": "anthropic.claude-haiku-4-5-20251001-v1:0"}),
        prices=NO_PRICES,
    )


def _one_by_one(batch: LogBatch[str]) -> Sequence[LogRecord]:
    """The same records, each line read by itself."""
    return [_located(read_record(event.message), event.id, batch) for event in batch.events]


def _located(record: LogRecord, event_id: str, batch: LogBatch[str]) -> LogRecord:
    if not isinstance(record, Rejected):
        return record
    return replace(record, log_group=batch.log_group, log_stream=batch.log_stream, event_id=event_id)


def _kind(record: LogRecord) -> str:
    match record:
        case Request() | Invocation() | Span() | LambdaRun() | Ignored():
            return type(record).__name__.lower()
        case Rejected():
            return f"rejected: {record.reason.value}"


def _assert_bounded(record: LogRecord) -> None:
    """The item that the record would become is one that DynamoDB takes, and of bounded size."""
    item = _item(record)
    assert len(repr(to_item(item))) <= MAX_KEPT_CHARACTERS, record
    assert max(len(str(item.get(key, ""))) for key in ("pk", "sk", "by_time_sk")) <= MAX_KEY_CHARACTERS, record


def _item(record: LogRecord) -> PlainMap:
    match record:
        case Request():
            update = record_update(record, stored_at=NOW, retention=RETENTION)
            return {**update.key, **update.sets}
        case Invocation():
            if (link := tag_link(record)) is not None:
                return linked_item(LinkedInvocation(invocation=record, link=link), retention=RETENTION)
            update = unlinked_update(record, stored_at=NOW, retention=RETENTION)
            return {**update.key, **update.sets}
        case Rejected():
            return rejected_item(record, stored_at=NOW, retention=RETENTION)
        case Span() | LambdaRun() | Ignored():
            return {}
