"""One schedule, deployed: its seed's traffic and deliveries through the function, and what it ended with."""

import random
from dataclasses import replace
from datetime import timedelta

from tests.simulation.deployed.world import DeployedWorld
from tests.simulation.drawing.deliveries import draw_deliveries
from tests.simulation.drawing.faults import Faults
from tests.simulation.drawing.traffic import draw_traffic
from tests.simulation.judging.outcome import Outcome, outcome_of
from tests.simulation.pipeline import PRODUCT, Pipeline

CLOCK_ERROR = timedelta(seconds=3)
"""How far a container's clock is off at most."""


def run_deployed(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed.

    Every other one has no sweep, so that the main path stands by itself; in every third the containers' clocks are off,
    and in every fifth few calls make a runaway.
    """
    chance = random.Random(seed)
    traffic = draw_traffic(chance)
    if seed % 5 == 0:
        traffic = replace(traffic, policy=replace(traffic.policy, max_calls_per_request=1 + seed // 5 % 3))
    faults = Faults(chance)
    clock_error = CLOCK_ERROR if seed % 3 == 0 else timedelta(0)
    world = DeployedWorld(faults, traffic.policy, sweeps=seed % 2 == 0, clock_error=clock_error)
    with pipeline.breaking():
        world.run(draw_deliveries(traffic, faults))
    return outcome_of(seed, traffic, world)
