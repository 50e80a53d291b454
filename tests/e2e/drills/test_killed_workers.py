"""The processor's workers are killed at any moment: nothing is lost, and nothing counts twice."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from request_lens.domain.settling.state import RequestState
from request_lens_cli.demo.stack import DemoStack
from tests.support.deploying.asked_command import redriven
from tests.support.deploying.failure_destination import FailureDestinationStandIn
from tests.support.deploying.known_traffic import KnownTraffic, figures, known_traffic, publications
from tests.support.deploying.local_processor import (
    SEEN_AGAIN_AFTER_S,
    Line,
    LocalProcessor,
    awaited,
    once_each,
    sums,
)

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

REQUESTS = int(os.environ.get("DRILL_KILLED_REQUESTS", "12"))
"""Half of them tagged."""

BATCH = max(5, REQUESTS // 15)
KILL_EVERY_S = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Aftermath:
    """What was played, what the table holds of it, the lines that were printed of it, and who had died."""

    tagged: KnownTraffic
    untagged: KnownTraffic
    states: Sequence[RequestState]
    lines: Sequence[Line]
    killed: int
    failed_runs: int


@pytest.fixture(scope="module")
def aftermath(deployment: DemoStack, processor: LocalProcessor) -> Aftermath:
    tagged = known_traffic(REQUESTS // 2, days_ago=8)
    untagged = known_traffic(REQUESTS - REQUESTS // 2, days_ago=9, tagged=False)
    calls = tagged.invocation_batches(BATCH) + untagged.invocation_batches(BATCH)
    destination, failed = FailureDestinationStandIn(deployment=deployment), 0
    with processor.returns_messages_within(SEEN_AGAIN_AFTER_S):
        with processor.killed_at_random(every_s=KILL_EVERY_S) as killed:
            failed += destination.bring(processor, tagged.access_batches(BATCH) + untagged.access_batches(BATCH))
        # All requests before the first call: one without a tag would be decided without a request that comes later.
        assert redriven(deployment.local.endpoint)[0] == 0
        with processor.killed_at_random(every_s=KILL_EVERY_S) as killed_later:
            failed += destination.bring(processor, calls)
            while not failed:  # CloudWatch Logs may deliver a batch twice
                failed += destination.bring(processor, calls)
        work_off(processor)
    return settled(processor, tagged, untagged, killed=len(killed + killed_later), failed_runs=failed)


def work_off(processor: LocalProcessor) -> None:
    """Send again what was given up, until there is nothing more."""
    for _ in range(5):
        assert processor.work_left(within_s=120) == []
        code, said = redriven(processor.stack.local.endpoint)
        assert code == 0, said
        if not said["counts"]:
            return


def settled(
    processor: LocalProcessor, tagged: KnownTraffic, untagged: KnownTraffic, *, killed: int, failed_runs: int
) -> Aftermath:
    truth = {**tagged.truth, **untagged.truth}
    states = awaited(lambda: processor.stack.table.states(truth), lambda found: figures(found) == truth, within_s=90)
    wanted = publications(states)
    lines = awaited(lambda: processor.lines_of(truth), lambda found: once_each(found).keys() >= wanted, within_s=90)
    return Aftermath(
        tagged=tagged, untagged=untagged, states=states, lines=lines, killed=killed, failed_runs=failed_runs
    )


def test_the_table_holds_every_call_once_and_under_its_own_request(aftermath: Aftermath) -> None:
    assert aftermath.failed_runs > 0
    assert figures(aftermath.states) == {**aftermath.tagged.truth, **aftermath.untagged.truth}


def test_each_revision_was_printed_and_a_line_that_came_again_is_the_same_line(aftermath: Aftermath) -> None:
    once = once_each(aftermath.lines)
    totals = {name: value + aftermath.untagged.totals[name] for name, value in aftermath.tagged.totals.items()}
    assert once.keys() == publications(aftermath.states)
    assert sums(list(once.values()), list(totals)) == totals
    assert all(json.dumps(line) == json.dumps(once[str(line["publication_id"])]) for line in aftermath.lines)
    said(aftermath, repeated=len(aftermath.lines) - len(once))


def said(aftermath: Aftermath, *, repeated: int) -> None:
    print(
        f"\n{REQUESTS} requests, {aftermath.killed} workers killed, {aftermath.failed_runs} log batches failed,",
        end=" ",
    )
    print(f"{len(aftermath.lines)} lines printed, {repeated} of them again")
