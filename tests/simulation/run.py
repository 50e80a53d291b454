"""`python -m tests.simulation.run`: run many schedules, or replay one and see what happened in it."""

import argparse
import sys
from collections import Counter

from tests.simulation.judging.oracles import judge
from tests.simulation.judging.outcome import run_seed
from tests.simulation.tally import RunSeed, tally_by

PROGRAM = "python -m tests.simulation.run"


def replay_with(seed: int, program: str = PROGRAM) -> str:
    """The command that replays a seed."""
    return f"{program} --verbose --seed {seed}"


def _say(*lines: object) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def main(program: str = PROGRAM, run: RunSeed = run_seed) -> int:
    """0 if every schedule is right."""
    options = _options(program)
    return _replay(options, run) if options.seed is not None else _many(options, program, run)


def _options(program: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=program, description=__doc__)
    parser.add_argument("--seeds", type=int, default=2_000, help="how many schedules")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1, help="in how many processes")
    parser.add_argument("--failures", type=int, default=1, help="stop after so many failing seeds")
    parser.add_argument("--seed", type=int, help="replay this one")
    parser.add_argument("--verbose", action="store_true", help="tell each step of the replayed one")
    return parser.parse_args()


def _many(options: argparse.Namespace, program: str, run: RunSeed) -> int:
    seeds = range(options.first, options.first + options.seeds)
    found = tally_by(options.jobs, seeds, most_failures=options.failures, run=run)
    _say(found.told())
    for seed, problems in found.failed.items():
        _say(
            f"seed {seed} fails; replay it with: {replay_with(seed, program)}",
            *(f"  {each}" for each in problems),
        )
    return 1 if found.failed else 0


def _replay(options: argparse.Namespace, run: RunSeed) -> int:
    outcome = run(options.seed)
    problems = judge(outcome, Counter())
    if options.verbose:
        _say(outcome.traffic.style, outcome.traffic.policy)
        _say(*outcome.traffic.requests.values(), *outcome.traffic.calls.values())
        _say(*outcome.world.faults.trace)
        _say(*outcome.places, *outcome.world.printed)
    _say(f"seed {options.seed}: {'right' if not problems else 'WRONG'}", *(f"  {each}" for each in problems))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
