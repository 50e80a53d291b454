"""The parts around the deployed function: lines that read as their facts, prints that fail, and how lines are read."""

import json
import random

import pytest

from request_lens.domain.log_record import LogRecord
from request_lens.wire.log_record import read_record
from tests.simulation.deployed.console import Output
from tests.simulation.deployed.log_lines import by_log_group, line_of
from tests.simulation.deployed.printed import Log
from tests.simulation.drawing.deliveries import POISON, Batch
from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.drawing.traffic import draw_traffic
from tests.simulation.step import Killed
from tests.support.facts import START, call, request


def test_every_drawn_fact_has_a_line_that_reads_as_it() -> None:
    for seed in range(300):
        traffic = draw_traffic(random.Random(seed))
        facts: list[LogRecord] = [*traffic.requests.values(), *(each.call for each in traffic.calls.values())]
        facts += [each for written in traffic.telemetry.values() for each in written]
        for fact in facts:
            assert read_record(line_of(fact)) == fact


def test_a_rejected_record_has_the_line_that_it_was_read_from() -> None:
    assert [line_of(read_record(line)) for line in POISON] == [*POISON]


def test_a_log_group_delivers_its_own_lines_alone() -> None:
    batch = Batch(at=START, records=(request("r1"), call("i1"), request("r2")))

    calls, others = by_log_group(batch)

    assert calls.records == (call("i1"),)
    assert others.records == (request("r1"), request("r2"))


def test_a_function_that_dies_at_a_print_has_printed_the_line_or_not() -> None:
    printed = []
    for seed in range(200):
        faults = Faults(random.Random(seed))
        output = Output(faults)
        try:
            output.write("a line\n")
        except Killed:
            assert faults.fired[Fault.PRINT_CRASH] == 1
            printed.append(output.lines)

    assert ["a line"] in printed
    assert [] in printed


LINE = {
    "_aws": {
        "Timestamp": int(START.timestamp() * 1000),
        "CloudWatchMetrics": [
            {
                "Namespace": "RequestLens",
                "Dimensions": [["Service"], ["Service", "Route"]],
                "Metrics": [{"Name": "Requests", "Unit": "Count"}],
            }
        ],
    },
    "Service": "s",
    "Route": "POST /ask",
    "Requests": [1.0],
    "publication_id": "r1#1",
}


def wrong_in(*lines: str) -> list[str]:
    log = Log()
    log.add(lines, START)
    return [each for each in log.verdict() if each is not None]


def test_a_line_that_is_repeated_is_right_where_it_says_the_same() -> None:
    assert wrong_in(json.dumps(LINE), json.dumps(LINE)) == []
    assert len(wrong_in(json.dumps(LINE), json.dumps({**LINE, "Requests": [2.0]}))) == 1


@pytest.mark.parametrize(
    "line",
    [
        {**LINE, "Service": ""},
        {**LINE, "_aws": {**LINE["_aws"], "Timestamp": 0}},  # type: ignore[dict-item]
        {"level": "ERROR", "message": "settle failed unexpectedly"},
    ],
)
def test_a_line_that_cloudwatch_refuses_or_that_tells_of_an_error_is_wrong(line: dict[str, object]) -> None:
    assert wrong_in(json.dumps(line)) != []
