"""The processor Lambda: tells log batches, timers, the table's stream and sweeps apart, and calls their use case."""

import gc
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import cache

import aws_lambda_powertools
import pydantic
from aws_lambda_powertools import Logger

import request_lens
from request_lens.adapters.dynamodb.stream import read_change
from request_lens.adapters.sqs_settle_timer import read_key
from request_lens.application.collect import CollectReport, collect
from request_lens.application.publish import publish
from request_lens.application.settle import settle, settle_at_once
from request_lens.application.settle_batch import KeptSettleTimer, settle_or_send
from request_lens.application.sweep import sweep
from request_lens.bootstrap import Processor, build_processor
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import SettleKey
from request_lens.errors import EnvelopeError, StoreUnavailable, TimerUnavailable
from request_lens.ports import Ports
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
            raise EnvelopeError(f"the processor serves log batches, SQS, a table's stream and sweeps, not {source!r}")


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
    records = [each.message for each in batch.events]
    timer = KeptSettleTimer()
    report = collect(records, replace(processor.ports, timer=timer), processor.policy)
    settle_or_send(
        timer.keys, processor.ports, is_settled=lambda key, ports: _is_settled(key, settle_at_once, ports, processor)
    )
    _warn_of_rejected(report, processor.logger)
    counts = {"facts": report.facts, "ignored": report.ignored, "rejected": len(report.rejected)}
    processor.logger.info("batch collected", extra={"log_group": batch.log_group, **counts})


def _warn_of_rejected(report: CollectReport, logger: Logger) -> None:
    if report.rejected:
        reasons = Counter(each.reason.value for each in report.rejected)
        details = {"reasons": reasons, "kept": report.kept, "first": asdict(report.rejected[0])}
        logger.warning("records rejected", extra={"rejected": len(report.rejected), **details})


def _settle(records: Sequence[Event], processor: Processor) -> list[dict[str, str]]:
    """Settle each message; answers with those that must come again: all of them where the timers cannot be sent."""
    failures: list[dict[str, str]] = []
    timer = KeptSettleTimer()
    ports = replace(processor.ports, timer=timer)
    for record in records:
        key = read_key(str(record.get("body")))
        if key is None:
            processor.logger.error("settle message not understood", extra={"message_id": record.get("messageId")})
        elif not _is_settled(key, settle, ports, processor):
            failures.append({"itemIdentifier": str(record.get("messageId"))})
    try:
        processor.ports.timer.send(timer.keys)
    except TimerUnavailable as error:
        processor.logger.warning("timers not sent, all settles come again", extra={"error": str(error)})
        return [{"itemIdentifier": str(record.get("messageId"))} for record in records]
    return failures


def _is_settled(
    key: SettleKey, use_case: Callable[[SettleKey, Ports, Policy], None], ports: Ports, processor: Processor
) -> bool:
    """Whether the key was settled; a failure of any kind is this key's alone, not its neighbours'."""
    try:
        use_case(key, ports, processor.policy)
    except (StoreUnavailable, TimerUnavailable) as error:
        processor.logger.warning("settle failed, it comes again", extra={"matter": key.kind, "error": str(error)})
        return False
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        # An item that this version cannot read, or a defect: after five receives the key goes to the dead-letter queue.
        processor.logger.exception("settle failed unexpectedly, it comes again", extra={"matter": key.kind})
        return False
    return True


def _publish(records: Sequence[Event], processor: Processor) -> None:
    changes = [change for record in records if (change := read_change(record)) is not None]
    published = publish(changes, processor.ports, processor.policy)
    # Not at INFO: the lines themselves tell it, and it would be a tenth of what a small batch logs.
    processor.logger.debug("stream published", extra={"changes": len(changes), "publications": published})


def _sweep(said: str, processor: Processor) -> None:
    """Sweep as of the moment that the event says, so that one which comes hours late sweeps the time it was for."""
    report = sweep(processor.ports, processor.policy, moment=_moment(said))
    processor.logger.info("facts swept", extra={**asdict(report), "begins": report.begins.isoformat()})


def _moment(said: str) -> datetime | None:
    """The time that a text says in ISO 8601, in UTC where it names no zone; None, which means now, for another text."""
    try:
        moment = datetime.fromisoformat(said)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
