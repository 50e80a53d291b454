"""How fast log batches are read beside a floor, Powertools and the standard library: ratios of one run.

Nothing is held to a time here, for another machine has others.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import TypedDict

import pytest

from tests.benchmark.reading import EVENTS, INFLATERS, READERS, SPANS
from tests.support.fresh_process import ROOT, run
from tests.support.largest_batch import LINES, READ, largest_batch

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]


class Seconds(TypedDict):
    readers: dict[str, float]
    inflaters: dict[str, float]


class Compared(TypedDict):
    seconds: dict[str, float]
    bytes: dict[str, int]


def printed(what: str) -> str:
    command = [sys.executable, "-m", "tests.benchmark.reading", what]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def measured(size_kb: int) -> Seconds:
    found: Seconds = json.loads(printed(str(size_kb)))
    return found


def test_spans_beside_invocations() -> None:
    """Each is looked at as an invocation first, then told by its keys, then read."""
    found: Compared = json.loads(printed("spans"))
    rates = {name: found["bytes"][name] / seconds / 1e6 for name, seconds in found["seconds"].items()}
    a_line = {name: 1e6 * seconds / SPANS for name, seconds in found["seconds"].items()}
    print("", *(f"{name:<12} {a_line[name]:5.0f} µs a line, {rates[name]:4.0f} MB/s" for name in rates), sep="\n")
    print(f"a span takes {a_line['spans'] / a_line['invocations']:.2f} × the time of an invocation of 2 KB")
    assert EVENTS[2] == SPANS


@pytest.mark.parametrize("size_kb", EVENTS)
def test_reading_beside_the_floor(size_kb: int) -> None:
    found = measured(size_kb)
    readers, inflaters = found["readers"], found["inflaters"]
    print()
    for name, seconds in readers.items():
        rate = EVENTS[size_kb] / seconds
        ratios = f"{readers['floor'] / seconds:5.2f} of the floor, {seconds / readers['request lens']:5.2f} × ours"
        print(f"{size_kb:>4} KB {name:<21} {rate:>9,.0f} events/s {ratios} in time")
    for name, seconds in inflaters.items():
        print(f"{size_kb:>4} KB inflate with {name:<7} {inflaters['zlib'] / seconds:5.2f} × zlib")
    assert (readers.keys(), inflaters.keys()) == (READERS.keys(), INFLATERS.keys())


@pytest.mark.parametrize("kind", LINES)
def test_the_memory_of_the_largest_batch(kind: str, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(largest_batch(kind)), encoding="utf-8")
    used = run(READ, EVENT=str(event))
    print(f"\n64 MiB of lines, {kind}: {used.peak_mb:.0f} MB at most, imports and clients included")
    assert used.peak_mb > 64
