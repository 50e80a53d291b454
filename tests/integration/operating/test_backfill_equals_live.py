"""A backfill of a day ends with the very items that live delivery made of it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle

import pytest

from request_lens.domain.linking.link import Reason, Unattributed
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.wire.log_record import read_record
from request_lens_cli.replay.virtual_time import Arrival, Replay, replay
from request_lens_cli.scenario.playing import LogGroups, play, renewed
from request_lens_cli.scenario.retiming import invocation_logged_at
from request_lens_cli.scenario.scenario import RunId, Scenario, load_scenario
from tests.support.emulated_aws.running_stack import ACCESS, INVOCATIONS, PROCESSOR, RunningStack
from tests.support.emulated_aws.virtual_processor import VirtualProcessor, comparable, decisions, virtual_processor
from tests.support.processor_traffic import EVENTS, log_batch

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


def one_of(scenarios: Sequence[Scenario]) -> Scenario:
    """All of them as one."""
    access = tuple(line for scenario in scenarios for line in scenario.access)
    invocations = tuple(line for scenario in scenarios for line in scenario.invocations)
    return Scenario(name="all", access=access, invocations=invocations, labels={}, tags={})


def live(scenario: Scenario) -> Replay:
    lines = (*scenario.invocations, *scenario.access)
    return replay((Arrival(record=read_record(json.dumps(line))) for line in lines), Policy())


def assert_equal(world: VirtualProcessor, expected: Replay) -> None:
    """Each item as live delivery made it, when it was stored aside."""
    backfilled, requests = comparable(world.store.all_requests()), comparable(expected.requests)
    assert backfilled.keys() == requests.keys()
    assert {key for key in requests if backfilled[key] != requests[key]} == set()
    unattributed = {call.invocation.invocation_id: call.decision for call in expected.unattributed}
    made = decisions(world.store)
    assert {key: made.get(key) for key in unattributed} == unattributed


@pytest.mark.slow
def test_a_backfilled_day_of_10_000_events_equals_live_delivery_item_for_item(running: RunningStack) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    day = one_of(list(day_of_scenarios(now - timedelta(hours=6))))
    play(day, LogGroups(invocations=INVOCATIONS, access=ACCESS), logs=running.logs)
    running.lens.now = now

    with virtual_processor(now) as world:
        running.lens.functions[PROCESSOR] = world.serve
        document = json.loads(running.lens.ask("backfill", "--since", "2d", "--yes", "--format", "json").stdout)
        world.run_until(None)

    assert document["log_events"] == len(day.access) + len(day.invocations) >= EVENTS_OF_A_DAY
    assert_equal(world, live(day))


SECOND = "/bedrock/second"


@pytest.mark.parametrize("groups", [(INVOCATIONS, SECOND, ACCESS), (SECOND, ACCESS, INVOCATIONS)])
def test_the_order_of_the_sources_changes_nothing_though_three_batches_take_longer_than_a_log_may_be_late(
    running: RunningStack, groups: Sequence[str]
) -> None:
    """Of each conversation's calls every other one was logged into another group."""
    now = datetime.now(UTC).replace(microsecond=0)
    moments = (now - timedelta(hours=hours) for hours in (3, 2))
    played = one_of(
        [
            renewed(load_scenario(EVENTS / "seven"), run_id=RunId(f"{at:%H}"), ends_at=at, with_tags=False)
            for at in moments
        ]
    )
    running.logs.create_log_group(logGroupName=SECOND)
    for group, calls in ((INVOCATIONS, played.invocations[::2]), (SECOND, played.invocations[1::2])):
        part = replace(played, access=(), invocations=calls)
        play(part, LogGroups(invocations=group, access=ACCESS), logs=running.logs)
    play(replace(played, invocations=()), LogGroups(invocations=INVOCATIONS, access=ACCESS), logs=running.logs)
    running.lens.now = now

    with virtual_processor(now) as world:
        world.takes = 2 * Policy().link_delay / 3
        running.lens.functions[PROCESSOR] = world.serve
        named = [argument for group in groups for argument in ("--log-group", group)]
        answer = running.lens.ask("backfill", "--since", "1d", "--yes", *named)
        world.run_until(None)

    assert answer.exit_code == 0, answer.output
    assert_equal(world, live(played))


def deliver(world: VirtualProcessor, scenario: Scenario, group: str) -> None:
    """Deliver a scenario's calls, each 10 s after it was made, and let all be decided."""
    for line in sorted(scenario.invocations, key=invocation_logged_at):
        moment = invocation_logged_at(line) + timedelta(seconds=10)
        world.run_until(moment)
        world.clock.moment = max(world.clock.moment, moment)
        world.serve(log_batch([json.dumps(line)], group), None)
    world.run_until(None)


def test_calls_that_were_decided_before_their_api_was_attached_end_as_live_delivery_makes_them(
    running: RunningStack,
) -> None:
    """Their records come by a backfill, which brings the calls again, too."""
    now = datetime.now(UTC).replace(microsecond=0)
    moments = [now - timedelta(hours=12, minutes=-10 * number) for number in range(40)]
    played = one_of(
        [
            renewed(load_scenario(EVENTS / name), run_id=RunId(f"{number}"), ends_at=at, with_tags=False)
            for number, (at, name) in enumerate(zip(moments, cycle(NAMES), strict=False))
        ]
    )
    play(played, LogGroups(invocations=INVOCATIONS, access=ACCESS), logs=running.logs)
    running.lens.now = now

    with virtual_processor(moments[0] - timedelta(hours=1)) as world:
        world.takes = timedelta(0)
        deliver(world, played, INVOCATIONS)
        before = {
            call.decision.reason for call in world.store.all_unlinked() if isinstance(call.decision, Unattributed)
        }
        world.clock.moment = now
        world.takes = timedelta(seconds=1)
        running.lens.functions[PROCESSOR] = world.serve
        answer = running.lens.ask("backfill", "--since", "1d", "--yes")
        world.run_until(None)

    assert answer.exit_code == 0, answer.output
    assert before == {Reason.NO_REQUEST}
    expected = live(played)
    assert sum(len(state.invocations) for state in expected.requests) > 100
    backfilled, requests = comparable(world.store.all_requests()), comparable(expected.requests)
    assert {key: as_in_time(state) for key, state in backfilled.items()} == requests
    nobodys = {call.invocation.invocation_id for call in expected.unattributed}
    made = decisions(world.store)
    assert {key for key, decision in made.items() if isinstance(decision, Unattributed)} == nobodys


def as_in_time(state: RequestState) -> RequestState:
    """The state without what says that its calls were nobody's at first."""
    calls = tuple(replace(each, link=replace(each.link, taken_back=False)) for each in state.invocations)
    if state.summary is None:
        return replace(state, invocations=calls)
    bars = tuple(replace(bar, taken_back=False) for bar in state.summary.bars)
    return replace(state, invocations=calls, summary=replace(state.summary, bars=bars))
