"""Fuzz the reader from the shell: `python -m tests.fuzz.run --inputs 1000000`, or one input with `--number`."""

import argparse
import json
import sys

from tests.fuzz.fuzzing import Run, fuzz
from tests.fuzz.inputs import fuzzed_event
from tests.fuzz.law import kept_of


def main() -> None:
    """Run, and print what was met; a broken law ends with its input's seed and number."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz.run", description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--inputs", type=int, help="how many Lambda events")
    parser.add_argument("--seconds", type=float, help="or for how long")
    parser.add_argument("--number", type=int, help="print this one input and what it comes out as")
    chosen = parser.parse_args()
    if chosen.number is not None:
        event = fuzzed_event(chosen.seed, chosen.number)
        sys.stdout.write(f"{json.dumps(event)}\n{kept_of(event)}\n")
        return
    seconds = 60.0 if chosen.inputs is None and chosen.seconds is None else chosen.seconds
    sys.stdout.write(told(fuzz(seed=chosen.seed, inputs=chosen.inputs, seconds=seconds)) + "\n")


def told(run: Run) -> str:
    """The run in lines: how many inputs in what time, and what their log events came out as."""
    head = f"{run.inputs:,} inputs in {run.seconds:,.0f} s (seed {run.seed}), the slowest {run.slowest_seconds:.2f} s"
    return "\n".join([head, *(f"{count:>12,}  {kind}" for kind, count in run.kinds.most_common())])


if __name__ == "__main__":
    main()
