"""A backfill of a day ends with the very items that live delivery made of it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle

import pytest

from request_lens.domain.policy import Policy
from request_lens.wire.log_record import read_record
from request_lens_cli.replay.virtual_time import Arrival, replay
from request_lens_cli.scenario.playing import LogGroups, play, renewed
from request_lens_cli.scenario.scenario import RunId, Scenario, load_scenario
from tests.support.emulated_aws.running_stack import ACCESS, INVOCATIONS, PROCESSOR, RunningStack
from tests.support.emulated_aws.virtual_processor import comparable, decisions, virtual_processor
from tests.support.processor_traffic import EVENTS

EVENTS_OF_A_DAY = 10_000
NAMES = ("article", "overlap", "chat", "seven")
DAY = timedelta(days=1)


def day_of_scenarios(ends: datetime) -> Iterator[Scenario]:
    """Scenarios one after the other, every third one tagged, until the day has so many events."""
    scenarios = [load_scenario(EVENTS / name) for name in NAMES]
    size = sum(len(each.access) + len(each.invocations) for each in scenarios) / len(scenarios)
    step = DAY / (EVENTS_OF_A_DAY / size)
    count, number = 0, 0
    for scenario in cycle(scenarios):
        if count >= EVENTS_OF_A_DAY:
            return
        moment = ends - DAY + number * step
        yield renewed(scenario, run_id=RunId(f"{number}"), ends_at=moment, with_tags=number % 3 == 0)
        count, number = count + len(scenario.access) + len(scenario.invocations), number + 1


@pytest.mark.slow
def test_a_backfilled_day_of_10_000_events_equals_live_delivery_item_for_item(running: RunningStack) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    played = list(day_of_scenarios(now - timedelta(hours=6)))
    access = tuple(line for scenario in played for line in scenario.access)
    invocations = tuple(line for scenario in played for line in scenario.invocations)
    day = Scenario(name="day", access=access, invocations=invocations, labels={}, tags={})
    live = replay((Arrival(record=read_record(json.dumps(line))) for line in (*invocations, *access)), Policy())
    play(day, LogGroups(invocations=INVOCATIONS, access=ACCESS), logs=running.logs)
    running.lens.now = now

    with virtual_processor(now) as world:
        running.lens.functions[PROCESSOR] = world.serve
        document = json.loads(running.lens.ask("backfill", "--since", "2d", "--yes", "--format", "json").stdout)
        world.run_until(None)

    assert document["log_events"] == len(access) + len(invocations) >= EVENTS_OF_A_DAY
    backfilled = comparable(world.store.all_requests())
    expected = comparable(live.requests)
    assert backfilled.keys() == expected.keys()
    assert {key for key in expected if backfilled[key] != expected[key]} == set()
    unattributed = {call.invocation.invocation_id: call.decision for call in live.unattributed}
    made = decisions(world.store)
    assert {key: made.get(key) for key in unattributed} == unattributed
