"""How a schedule's log lines reach `collect`: in which batches, in which order, when and how often."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.log_record import LogRecord
from request_lens.domain.spans import LambdaRun, Span
from request_lens.wire.log_record import PERMISSION_LINE, read_record
from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.drawing.truth import CallTruth, Telemetry, Traffic
from tests.support.facts import START

POISON = (
    "not json at all",
    '{"schemaType":"ModelInvocationLog","timestamp":"2025-12-04T18:27:02Z","requestId":',
    "[]",
    "{}",
    '{"schemaType":"ModelInvocationLog","modelId":"m","operation":"Converse"}',
    '{"schemaType":"ModelInvocationLog","modelId":"m","operation":"Converse","timestamp":"never","requestId":"x"}',
    '{"requestId":"r0","status":"banana","routeKey":"POST /ask","requestTimeEpoch":"1764872822000"}',
)
"""Lines that nothing can be made of."""

_DELAYS = (
    (Fault.DELAY_5_MINUTES, timedelta(minutes=5)),
    (Fault.DELAY_3_HOURS, timedelta(hours=3)),
    (Fault.DELAY_15_DAYS, timedelta(days=15)),
    (Fault.DELAY_100_DAYS, timedelta(days=100)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Log records that are delivered at once."""

    at: datetime
    records: tuple[LogRecord, ...]


def prompt_deliveries(records: Sequence[LogRecord], chance: random.Random) -> list[Batch]:
    """Each record alone, some time within `LinkDelaySeconds` of when it could be logged: no fault, but any order."""
    return [Batch(at=_logged(each) + timedelta(seconds=chance.uniform(5, 55)), records=(each,)) for each in records]


def _logged(record: LogRecord) -> datetime:
    if isinstance(record, Request):
        return record.ended_at or record.started_at + timedelta(seconds=8)
    if isinstance(record, Invocation):
        return record.logged_at + timedelta(milliseconds=record.latency_ms or 0)
    if isinstance(record, Span):
        return record.ended_at
    return record.at if isinstance(record, LambdaRun) else START


def draw_deliveries(traffic: Traffic, faults: Faults) -> list[Batch]:
    """The batches of a schedule: by request and log group at first, then as the faults have it."""
    batches: list[Batch] = []
    for request in traffic.requests.values():
        own = _of_request(request, traffic.calls_of(request.request_id), faults)
        own += _of_telemetry(traffic.telemetry.get(request.request_id, ()), faults)
        batches += _meeting(own, faults)
    for each in traffic.calls.values():
        if each.request_id is None:
            batches.append(Batch(at=each.ended + _usual(faults.chance), records=(each.call,)))
    batches += _of_telemetry(traffic.telemetry.get(None, ()), faults)
    batches = [part for each in batches for part in _split(each, faults)]
    batches = [_delayed(each, faults) for each in batches]
    return _again([_disturbed(each, faults) for each in _merged(batches, faults)], faults)


def _of_request(request: Request, calls: Sequence[CallTruth], faults: Faults) -> list[Batch]:
    """The request's record, and its calls: each when it has ended, or all in one batch."""
    ended = _logged(request)
    last = max([ended, *(each.ended for each in calls)]) if calls else ended
    calls_at, record_at = last + _usual(faults.chance), ended + _usual(faults.chance)
    one_by_one = faults.chance.random() < 0.5
    if faults.strike(Fault.RECORD_BEFORE):
        calls_at = max(calls_at, record_at + timedelta(seconds=faults.chance.randint(1, 40)))
    elif faults.strike(Fault.RECORD_AFTER):
        record_at = calls_at + timedelta(seconds=faults.chance.choice((1, 20, 29, 1_000)))
    shift = _clock(faults)
    found = [Batch(at=calls_at - shift, records=tuple(each.call for each in calls))] if calls else []
    if one_by_one:
        found = [Batch(at=each.ended + _usual(faults.chance) - shift, records=(each.call,)) for each in calls]
    if not faults.strike(Fault.RECORD_NEVER):
        found.append(Batch(at=record_at - shift, records=(request,)))
    return found


def _of_telemetry(written: Sequence[Telemetry], faults: Faults) -> list[Batch]:
    """What is written of one request's trace: each when it has ended, or all at once."""
    shift, batches = _clock(faults), [[each] for each in written]
    if written and faults.chance.random() < 0.5:
        batches = [[*written]]
    return [
        Batch(at=max(map(_logged, records)) + _usual(faults.chance) - shift, records=tuple(records))
        for records in batches
    ]


def _meeting(batches: Sequence[Batch], faults: Faults) -> list[Batch]:
    """A request's batches, of all its logs, as they come; or with the last of them, so that their workers meet."""
    if len(batches) < 2 or not faults.strike(Fault.MEETING):
        return [*batches]
    last = max(each.at for each in batches)
    return [Batch(at=last, records=each.records) for each in batches]


def _clock(faults: Faults) -> timedelta:
    """How far the clocks of API Gateway and Bedrock are ahead of ours for this request."""
    if faults.strike(Fault.CLOCK_AHEAD):
        return timedelta(minutes=110)
    return timedelta(hours=3) if faults.strike(Fault.CLOCK_FAR_AHEAD) else timedelta(0)


def _usual(chance: random.Random) -> timedelta:
    return timedelta(milliseconds=chance.randint(5_000, 13_000))


def _split(batch: Batch, faults: Faults) -> list[Batch]:
    if len(batch.records) < 2 or not faults.strike(Fault.SPLIT):
        return [batch]
    cut = faults.chance.randrange(1, len(batch.records))
    later = batch.at + timedelta(seconds=faults.chance.choice((0, 3, 20, 100)))
    return [Batch(at=batch.at, records=batch.records[:cut]), Batch(at=later, records=batch.records[cut:])]


def _delayed(batch: Batch, faults: Faults) -> Batch:
    if faults.strike(Fault.DELAY_IN_TIME):
        return Batch(at=batch.at + timedelta(seconds=faults.chance.randint(1, 45)), records=batch.records)
    for fault, delay in _DELAYS:
        if faults.strike(fault):
            return Batch(at=batch.at + delay, records=batch.records)
    return batch


def _merged(batches: Sequence[Batch], faults: Faults) -> list[Batch]:
    """Batches by time, some joined with the next one and delivered with it."""
    found: list[Batch] = []
    for each in sorted(batches, key=lambda batch: batch.at):
        if found and faults.strike(Fault.MERGE):
            found.append(Batch(at=each.at, records=found.pop().records + each.records))
        else:
            found.append(each)
    return found


def _disturbed(batch: Batch, faults: Faults) -> Batch:
    """The batch with lines twice, in another order, and with other lines between them."""
    records, chance = list(batch.records), faults.chance
    if faults.strike(Fault.DUPLICATE_LINE):
        records.insert(chance.randint(0, len(records)), chance.choice(records))
    if len(records) > 1 and faults.strike(Fault.REORDER):
        chance.shuffle(records)
    if faults.strike(Fault.POISON_LINE):
        records.insert(chance.randint(0, len(records)), read_record(chance.choice(POISON)))
    if faults.strike(Fault.IGNORED_LINE):
        records.insert(chance.randint(0, len(records)), read_record(PERMISSION_LINE))
    return Batch(at=batch.at, records=tuple(records))


def _again(batches: Sequence[Batch], faults: Faults) -> list[Batch]:
    """The batches, some of them delivered once more: at once, a minute or six hours later."""
    found = list(batches)
    for each in batches:
        if faults.strike(Fault.DUPLICATE_BATCH):
            later = timedelta(seconds=faults.chance.choice((0, 0.5, 60, 1_200, 21_600)))
            found.append(Batch(at=each.at + later, records=each.records))
    return found
