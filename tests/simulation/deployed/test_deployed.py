"""The handler and the adapters under drawn faults of AWS are right in every schedule, and broken ones are not."""

import sys
from collections import Counter
from os import process_cpu_count

import pytest

from tests.simulation.deployed.outcome import run_deployed
from tests.simulation.deployed.run import PROGRAM
from tests.simulation.deployed.variants import VARIANTS
from tests.simulation.judging.oracles import judge
from tests.simulation.run import replay_with
from tests.simulation.tally import tally_by

SCHEDULES = 2_000
MIN_SEEN = 100

CAUGHT_WITHIN = 200
"""Each breakage shows in one of so many schedules."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_schedule_ends_right_and_every_fault_and_oracle_is_seen(capsys: pytest.CaptureFixture[str]) -> None:
    found = tally_by(process_cpu_count() or 1, range(SCHEDULES), most_failures=1, run=run_deployed)

    with capsys.disabled():
        sys.stdout.write(f"\n{found.told()}\n")
    failures = [f"replay with: {replay_with(seed, PROGRAM)}\n{why}" for seed, why in found.failed.items()]
    assert not failures, "\n".join(failures)
    assert min(found.rarest(), found.rarest_of_traces()) >= MIN_SEEN, found.told()


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_a_breakage_is_caught(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = (seed for seed in range(CAUGHT_WITHIN) if judge(run_deployed(seed, VARIANTS[name]), Counter()))
    caught = next(wrong, None)

    with capsys.disabled():
        sys.stdout.write(f"\n{name}: caught by seed {caught} ")
    assert caught is not None


def test_a_seed_is_one_schedule() -> None:
    first, second = (run_deployed(7) for _ in range(2))

    assert first.world.faults.trace == second.world.faults.trace
    assert first.world.printed == second.world.printed
