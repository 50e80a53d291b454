"""`python -m tests.simulation.deployed.run`: the schedules of the deployed function, or one of them replayed."""

import sys

from tests.simulation.deployed.outcome import run_deployed
from tests.simulation.run import main

PROGRAM = "PYTHONPATH=functions/processor python -m tests.simulation.deployed.run"

if __name__ == "__main__":
    sys.exit(main(PROGRAM, run_deployed))
