"""One schedule, deployed: its seed's traffic and deliveries through the function, and what it ended with."""

import random

from tests.simulation.deployed.world import DeployedWorld
from tests.simulation.drawing.deliveries import draw_deliveries
from tests.simulation.drawing.faults import Faults
from tests.simulation.drawing.traffic import draw_traffic
from tests.simulation.judging.outcome import Outcome, outcome_of
from tests.simulation.pipeline import PRODUCT, Pipeline


def run_deployed(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed; every other one has no sweep, so that the main path stands by itself."""
    chance = random.Random(seed)
    traffic = draw_traffic(chance)
    faults = Faults(chance)
    world = DeployedWorld(faults, traffic.policy, sweeps=seed % 2 == 0)
    with pipeline.breaking():
        world.run(draw_deliveries(traffic, faults))
    return outcome_of(seed, traffic, world)
