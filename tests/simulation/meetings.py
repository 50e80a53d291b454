"""Schedules in which all logs of a request come at one time, each to a worker of its own, and nothing else happens."""

import random
from datetime import timedelta

from request_lens.domain.facts import Invocation
from request_lens.domain.log_record import LogRecord
from request_lens.domain.policy import Policy
from tests.simulation.drawing.deliveries import Batch
from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.drawing.tracing import with_telemetry
from tests.simulation.drawing.truth import CallTruth, Style, Traffic
from tests.simulation.judging.outcome import Outcome, outcome_of
from tests.simulation.pipeline import PRODUCT, Pipeline
from tests.simulation.world import World
from tests.support.facts import ROLE, at, call, request

CALLS = 2


def run_meeting(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed: some of the logs come a moment before the others, which meet.

    In every other one records and spans meet when the calls have long been decided, and functions die.
    """
    chance = random.Random(seed)
    traffic = with_telemetry(chance, _traffic())
    late, dying = (timedelta(seconds=400), 0.08) if seed % 2 else (timedelta(0), 0.0)
    faults = Faults(chance, only={Fault.INTERLEAVED: 0.8, Fault.CRASH: dying}, budget=8)
    world = World(faults, traffic.policy, pipeline, sweeps=False)
    early = [chance.random() < 0.3 for _ in _logs(traffic)]
    batches = [
        Batch(
            at=at(20) - timedelta(seconds=10) * is_early + (timedelta(0) if isinstance(each, Invocation) else late),
            records=(each,),
        )
        for each, is_early in zip(_logs(traffic), early, strict=True)
    ]
    with pipeline.breaking():
        world.run(batches)
    return outcome_of(seed, traffic, world)


def _logs(traffic: Traffic) -> list[LogRecord]:
    calls = (each.call for each in traffic.calls.values())
    telemetry = (each for some in traffic.telemetry.values() for each in some)
    return [*traffic.requests.values(), *calls, *telemetry]


def _traffic() -> Traffic:
    record = request("r0")
    calls = [call(f"r0-{number}", 1 + 2 * number, role=ROLE) for number in range(CALLS)]
    truths = [CallTruth(call=each, request_id=record.request_id, began=each.logged_at) for each in calls]
    return Traffic(
        style=Style.OVERLAPPING,
        policy=Policy(agent_role_names=frozenset({ROLE}), reads_spans=True),
        requests={record.request_id: record},
        calls={each.call.invocation_id: each for each in truths},
    )
