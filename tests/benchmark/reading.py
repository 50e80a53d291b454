"""Contenders in reading log batches, timed in a process of their own: `python -m tests.benchmark.reading 10`.

A figure is the median CPU time of interleaved rounds. pytest's own heap would burden those who make the most objects.
"""

import base64
import gc
import gzip
import json
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec
import orjson
from aws_lambda_powertools.utilities.parser.envelopes import CloudWatchLogsEnvelope
from isal import isal_zlib
from pydantic import Json
from zlib_ng import zlib_ng

from request_lens.domain.facts import Invocation
from request_lens.domain.spans import Span
from request_lens.wire.field_types import ForeignModel
from request_lens.wire.invocation_log import ModelInvocationLog, invocation_of
from request_lens.wire.subscription import Envelope, decode_as, read_batch
from tests.support.log_traffic import LogTraffic, lambda_event
from tests.support.telemetry.span_shapes import SPAN_SHAPES

SEED = 20251204
ROUNDS = 15
GZIP = 31
EVENTS = {2: 500, 10: 150, 100: 16, 190: 8}
"""Events of a batch by their size in KB: a batch inflates to 1-2 MB."""

type LambdaEvent = Mapping[str, Any]


class _Line(msgspec.Struct):
    message: str


class _Lines(msgspec.Struct):
    logEvents: list[_Line]  # noqa: N815 - CloudWatch's name


class _Skipped(msgspec.Struct):
    """An object of which nothing is kept."""


_outer, _inner = msgspec.json.Decoder(_Lines), msgspec.json.Decoder(_Skipped)


def compressed(event: LambdaEvent) -> bytes:
    return base64.b64decode(event["awslogs"]["data"])


def floor(event: LambdaEvent) -> int:
    """Base64, ISA-L, and one scan of both layers that keeps nothing: no parser that reads a field can be faster."""
    lines = _outer.decode(isal_zlib.decompress(compressed(event), GZIP)).logEvents
    for line in lines:
        _inner.decode(line.message)
    return len(lines)


def with_orjson(event: LambdaEvent) -> int:
    lines = orjson.loads(isal_zlib.decompress(compressed(event), GZIP))["logEvents"]
    return sum(isinstance(orjson.loads(line["message"]), dict) for line in lines)


def with_stdlib(event: LambdaEvent) -> int:
    lines = json.loads(gzip.decompress(compressed(event)))["logEvents"]
    return sum(isinstance(json.loads(line["message"]), dict) for line in lines)


def _models(event: LambdaEvent) -> list[ModelInvocationLog]:
    records = CloudWatchLogsEnvelope().parse(dict(event), ModelInvocationLog)
    return [each for each in records if each is not None]


def powertools_models(event: LambdaEvent) -> int:
    """Powertools' envelope with our own model of a record, and no more."""
    return len(_models(event))


def powertools_facts(event: LambdaEvent) -> int:
    """The same, as far as we go: to the facts."""
    return sum(isinstance(invocation_of(each), Invocation) for each in _models(event))


class _Nothing(ForeignModel):
    """A record of which no field is read."""


_EMPTY, _RECORDS = Envelope[Json[_Nothing]], Envelope[Json[ModelInvocationLog]]


def pydantic_scan(event: LambdaEvent) -> int:
    """Our envelope by pydantic, and no field of the records in it."""
    return len(decode_as(_EMPTY, event).events)


def pydantic_records(event: LambdaEvent) -> int:
    """Our envelope with the validated records, of which no fact is made."""
    return len(decode_as(_RECORDS, event).events)


def request_lens(event: LambdaEvent) -> int:
    return sum(isinstance(each.message, Invocation) for each in read_batch(event).events)


def medians[**Arguments](
    contenders: Mapping[str, Callable[Arguments, object]], *arguments: Arguments.args, **named: Arguments.kwargs
) -> dict[str, float]:
    """Seconds of each contender, all of them in turn in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            began = time.process_time()
            run(*arguments, **named)
            seconds[name].append(time.process_time() - began)
    return {name: statistics.median(each) for name, each in seconds.items()}


READERS: Mapping[str, Callable[[LambdaEvent], int]] = {
    "floor": floor,
    "request lens": request_lens,
    "orjson, both layers": with_orjson,
    "pydantic, no field": pydantic_scan,
    "pydantic, records": pydantic_records,
    "powertools, to facts": powertools_facts,
    "powertools, models": powertools_models,
    "stdlib json": with_stdlib,
}
"""Each answers with the number of lines that it read."""

INFLATERS: Mapping[str, Callable[[bytes], bytes]] = {
    "zlib": lambda data: zlib.decompress(data, GZIP),
    "zlib-ng": lambda data: zlib_ng.decompress(data, GZIP),
    "isa-l": lambda data: isal_zlib.decompress(data, GZIP),
}


SPANS = 500
"""Spans of a batch: each of 1 to 2 KB, as their filter lets them pass."""


def span_batch() -> LambdaEvent:
    """A batch of the spans that are read, of every kind, their texts as varied as an agent's."""
    traffic = LogTraffic(SEED)
    shapes = list(SPAN_SHAPES.values())
    spans = [shapes[number % len(shapes)](traffic.record(1_500)[:700]) for number in range(SPANS)]
    return lambda_event([json.dumps(span, ensure_ascii=False, separators=(",", ":")) for span in spans])


def read_spans(event: LambdaEvent) -> int:
    """How many spans a batch has, each read."""
    return sum(isinstance(each.message, Span) for each in read_batch(event).events)


def compare_spans() -> None:
    """Print, as JSON, the seconds for a batch of spans, for one of invocations of 2 KB, and their sizes in bytes."""
    batches = {"spans": span_batch(), "invocations": LogTraffic(SEED).event(events=EVENTS[2], event_bytes=2_000)}
    if read_spans(batches["spans"]) != SPANS:
        raise RuntimeError("not every span was read")
    gc.freeze()
    seconds = medians({name: partial(read_batch, event) for name, event in batches.items()})
    sizes = {name: len(gzip.decompress(compressed(event))) for name, event in batches.items()}
    print(json.dumps({"seconds": seconds, "bytes": sizes}))


def main(size_kb: int) -> None:
    """Print, as JSON, each reader's and each inflater's seconds for a batch of events of this size."""
    event = LogTraffic(SEED).event(events=EVENTS[size_kb], event_bytes=size_kb * 1000)
    if {run(event) for run in READERS.values()} != {EVENTS[size_kb]}:
        raise RuntimeError("not every reader read every line")
    gc.freeze()  # as the processor does, once it is built
    print(json.dumps({"readers": medians(READERS, event), "inflaters": medians(INFLATERS, compressed(event))}))


if __name__ == "__main__":
    compare_spans() if sys.argv[1] == "spans" else main(int(sys.argv[1]))
