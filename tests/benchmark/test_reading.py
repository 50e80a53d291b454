"""How fast log batches are read, how much memory the largest takes, and what a cold start costs: ratios of one run.

Nothing is held to a time here, for another machine has others. A figure is the median CPU time of interleaved rounds.
"""

import base64
import gzip
import json
import statistics
import time
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import orjson
import pytest
from aws_lambda_powertools.utilities.parser.envelopes import CloudWatchLogsEnvelope
from isal import isal_zlib
from tests.benchmark.log_traffic import LogTraffic
from zlib_ng import zlib_ng

from request_lens.domain.facts import Invocation
from request_lens.wire.invocation_log import ModelInvocationLog
from request_lens.wire.log_batch import read_batch

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

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


def with_powertools(event: LambdaEvent) -> int:
    """Powertools' envelope with our own model of a record; it makes no facts of them."""
    records = CloudWatchLogsEnvelope().parse(dict(event), ModelInvocationLog)
    return sum(isinstance(each, ModelInvocationLog) for each in records)


def request_lens(event: LambdaEvent) -> int:
    return sum(isinstance(each.message, Invocation) for each in read_batch(event).events)


def medians[Argument](contenders: Mapping[str, Callable[[Argument], object]], argument: Argument) -> dict[str, float]:
    """Seconds of each contender, all of them in turn in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name, run in contenders.items():
            began = time.process_time()
            run(argument)
            seconds[name].append(time.process_time() - began)
    return {name: statistics.median(each) for name, each in seconds.items()}


@pytest.mark.parametrize("size_kb", EVENTS)
def test_reading_beside_the_floor(size_kb: int) -> None:
    event = LogTraffic(SEED).event(events=EVENTS[size_kb], event_bytes=size_kb * 1000)
    contenders = {
        "floor": floor,
        "request lens": request_lens,
        "orjson, both layers": with_orjson,
        "powertools": with_powertools,
        "stdlib json": with_stdlib,
    }
    found = medians(contenders, event)
    print(f"\n{size_kb} KB an event: request lens {found['powertools'] / found['request lens']:.2f} × powertools")
    for name, seconds in found.items():
        rate = EVENTS[size_kb] / seconds
        print(f"{size_kb:>4} KB {name:<20} {rate:>9,.0f} events/s  {found['floor'] / seconds:5.2f} of the floor")
    assert [run(event) for run in contenders.values()] == [EVENTS[size_kb]] * len(contenders)


def test_inflating() -> None:
    event = LogTraffic(SEED).event(events=EVENTS[100], event_bytes=100_000)
    contenders: dict[str, Callable[[bytes], bytes]] = {
        "zlib": lambda data: zlib.decompress(data, GZIP),
        "zlib-ng": lambda data: zlib_ng.decompress(data, GZIP),
        "isa-l": lambda data: isal_zlib.decompress(data, GZIP),
    }
    found = medians(contenders, compressed(event))
    print()
    for name, seconds in found.items():
        print(f"inflate with {name:<8} {found['zlib'] / seconds:.2f} × zlib")
    assert len({run(compressed(event)) for run in contenders.values()}) == 1
