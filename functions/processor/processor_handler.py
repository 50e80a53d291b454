"""The processor Lambda: tells log batches, timers, the table's stream and sweeps apart, and calls their use case."""

import gc
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import cache

import aws_lambda_powertools
import pydantic
from aws_lambda_powertools import Logger

import request_lens
from request_lens.adapters.dynamodb.stream import read_change
from request_lens.adapters.sqs_settle_timer import read_key
from request_lens.application.collect import CollectReport
from request_lens.application.publish import publish
from request_lens.application.settle_batch import SettleFailure, collect_and_settle, settle_messages
from request_lens.application.sweep import sweep
from request_lens.bootstrap import Processor, build_processor
from request_lens.domain.settling.state import SettleKey
from request_lens.domain.times import as_utc
from request_lens.errors import EnvelopeError, OutOfTime, StoreUnavailable, TimerUnavailable
from request_lens.wire.subscription import read_batch

_SOURCE = re.compile(r"[a-z0-9:._-]{1,64}")

type Event = Mapping[str, object]
"""A Lambda event."""


def lambda_handler(event: Event, _context: object) -> dict[str, object] | None:
    """Serve one event: a CloudWatch Logs batch, SQS messages, DynamoDB stream records, or the schedule's `sweep`.

    Raises: ConfigError at the first event of a wrongly configured function, EnvelopeError for a payload that is none
    of the four, StoreUnavailable and TimerUnavailable in an outage: Lambda then delivers the event again.
    """
    processor = _processor()
    if "awslogs" in event:
        _collect(event, processor)
        return None
    if "sweep" in event:
        _sweep(str(event["sweep"]), processor)
        return None
    records = _records(event)
    match _source(records):
        case "aws:sqs":
            return {"batchItemFailures": _settle(records, processor)}
        case "aws:dynamodb":
            _publish(records, processor)
            return None
        case source:
            raise EnvelopeError(f"unsupported event source: {source!r}")


def _source(records: Sequence[Event]) -> str:
    """The service that all the records come from (Lambda mixes none), and nothing that could be a text."""
    if not records:
        return "an event without records"
    source = str(records[0].get("eventSource"))
    return source if _SOURCE.fullmatch(source) else "unknown"


@cache
def _processor() -> Processor:
    """The processor of this container, built at its first event."""
    processor = build_processor(os.environ)
    modules = (request_lens, aws_lambda_powertools, pydantic)
    loaded = {module.__name__: module.__file__ for module in modules}
    gc.freeze()  # what start-up made stays: no collection amid a batch need look through it
    processor.logger.info("processor started", extra={"version": request_lens.__version__, "loaded_from": loaded})
    return processor


def _records(event: Event) -> Sequence[Event]:
    records = event.get("Records")
    return [record for record in records if isinstance(record, Mapping)] if isinstance(records, Sequence) else []


def _collect(event: Event, processor: Processor) -> None:
    batch = read_batch(event)
    records = [log_event.message for log_event in batch.events]
    report, failures = collect_and_settle(records, processor.ports, processor.policy)
    _log_failures(failures, processor.logger)
    _warn_of_rejected(report, processor.logger)
    counts = {"facts": report.facts, "ignored": report.ignored, "rejected": len(report.rejected)}
    processor.logger.info("batch collected", extra={"log_group": batch.log_group, **counts})


def _warn_of_rejected(report: CollectReport, logger: Logger) -> None:
    if report.rejected:
        reasons = Counter(each.reason.value for each in report.rejected)
        details = {"reasons": reasons, "kept": report.kept, "first": asdict(report.rejected[0])}
        logger.warning("records rejected", extra={"rejected": len(report.rejected), **details})


def _settle(records: Sequence[Event], processor: Processor) -> list[dict[str, str]]:
    """Settle each message; answers with those to be retried: all of them where the timers cannot be sent."""
    keys: dict[str, SettleKey] = {}
    for record in records:
        key = read_key(str(record.get("body")))
        if key is None:
            processor.logger.error("invalid settle message", extra={"message_id": record.get("messageId")})
        else:
            keys[str(record.get("messageId"))] = key
    try:
        failures = settle_messages(list(keys.values()), processor.ports, processor.policy)
    except TimerUnavailable as error:
        processor.logger.warning("timers not sent, batch will be retried", extra={"error": str(error)})
        return [{"itemIdentifier": str(record.get("messageId"))} for record in records]
    _log_failures(failures, processor.logger)
    failed = {failure.key for failure in failures}
    return [{"itemIdentifier": message_id} for message_id, key in keys.items() if key in failed]


def _log_failures(failures: Sequence[SettleFailure], logger: Logger) -> None:
    """One line a key that was not settled; a defect with its stack, for after five receives it is a dead letter."""
    for failure in failures:
        details = {"matter": failure.key.kind, "error": str(failure.error)}
        if isinstance(failure.error, (StoreUnavailable, TimerUnavailable, OutOfTime)):
            logger.warning("settle failed, will be retried", extra=details)
        else:
            logger.error("settle failed unexpectedly, will be retried", extra=details, exc_info=failure.error)


def _publish(records: Sequence[Event], processor: Processor) -> None:
    changes = [change for record in records if (change := read_change(record)) is not None]
    published = publish(changes, processor.ports, processor.policy)
    # Not at INFO: the lines themselves tell it, and it would be a tenth of what a small batch logs.
    processor.logger.debug("stream published", extra={"changes": len(changes), "publications": published})


def _sweep(text: str, processor: Processor) -> None:
    """Sweep as of the moment that the event says, so that one which comes hours late sweeps the time it was for."""
    report = sweep(processor.ports, processor.policy, moment=_moment(text))
    processor.logger.info("facts swept", extra={**asdict(report), "begins": report.begins.isoformat()})


def _moment(text: str) -> datetime | None:
    """The time that a text says in ISO 8601, in UTC where it names no zone; None, which means now, for another text."""
    try:
        return as_utc(datetime.fromisoformat(text))
    except ValueError:
        return None
