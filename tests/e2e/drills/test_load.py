"""Load on the deployed stack: log events in batches of several sizes. What the table holds, and what was printed."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from request_lens.domain.settling.state import RequestState
from request_lens_cli.demo.stack import DemoStack
from tests.e2e.conftest import processor_messages
from tests.support.deploying.known_traffic import KnownTraffic, figures, known_traffic, publications
from tests.support.deploying.local_processor import Line, LocalProcessor, awaited, lines_of, once_each, sums

REQUESTS = int(os.environ.get("DRILL_REQUESTS", "15"))
"""Requests for each size of batch; 3,705 of them make 10,000 log events."""

LIMIT_S = 1_200 + REQUESTS
"""At full size batches of 1 take some twenty minutes on two cores."""

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(LIMIT_S)]

SIZES = [int(size) for size in os.environ.get("DRILL_BATCHES", "1 5 20 100").split()]
DAYS_AGO = {1: 2, 5: 3, 20: 4, 100: 5}
"""Each size has requests of its own: those of another day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Traffic that was brought in batches of one size, what the table came to hold of it, and the lines of it."""

    traffic: KnownTraffic
    states: Sequence[RequestState]
    lines: Sequence[Line]


@pytest.fixture(scope="module")
def loaded(processor: LocalProcessor) -> Mapping[int, Loaded]:
    played = {size: known_traffic(REQUESTS, days_ago=DAYS_AGO[size]) for size in SIZES}
    began = time.monotonic()
    delivered = processor.deliver([event for size, traffic in played.items() for event in traffic.batches(size)])
    took = time.monotonic() - began
    assert delivered.failed_runs == 0
    assert processor.work_left(within_s=LIMIT_S / 4) == []
    found = {size: _loaded(processor, traffic) for size, traffic in played.items()}
    log_events = sum(traffic.events for traffic in played.values())
    print(f"\n{log_events} log events in batches of {SIZES}: brought in {took:.0f} s,", end=" ")
    print(f"settled and published after {time.monotonic() - began:.0f} s")
    return found


def _loaded(processor: LocalProcessor, traffic: KnownTraffic) -> Loaded:
    states = traffic.held(processor.stack)
    wanted = publications(states)
    lines = awaited(
        lambda: processor.lines_of(traffic.truth), lambda found: _ids(found) >= wanted, within_s=LIMIT_S / 10
    )
    return Loaded(traffic=traffic, states=states, lines=lines)


def _ids(lines: Sequence[Line]) -> set[str]:
    return {str(line["publication_id"]) for line in lines}


@pytest.mark.parametrize("size", SIZES)
def test_the_table_holds_each_request_with_its_own_calls(loaded: Mapping[int, Loaded], size: int) -> None:
    assert figures(loaded[size].states) == loaded[size].traffic.truth


@pytest.mark.parametrize("size", SIZES)
def test_the_printed_lines_counted_once_by_publication_id_add_up_to_the_table(
    loaded: Mapping[int, Loaded], size: int
) -> None:
    one, totals = loaded[size], loaded[size].traffic.totals
    assert _ids(one.lines) == publications(one.states)
    assert sums(list(once_each(one.lines).values()), list(totals)) == totals


def test_what_the_log_group_lacks_was_printed_so_the_local_aws_has_lost_it(
    deployment: DemoStack, loaded: Mapping[int, Loaded]
) -> None:
    """It reads a worker's output until that is silent for 5 ms, 250 ms at most; what comes later waits for an event.

    At full size its group has nothing of the loads after the first.
    """
    messages = [message for message in processor_messages(deployment) if message.startswith('{"_aws"')]
    logged = {
        size: lines_of(one.traffic.truth, [json.loads(each) for each in messages]) for size, one in loaded.items()
    }
    for size, one in loaded.items():
        print(f"\nin batches of {size}: {len(one.lines)} lines printed, {len(logged[size])} in the log group")
        assert _ids(logged[size]) <= _ids(one.lines)
    assert any(logged.values())
