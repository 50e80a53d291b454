"""One run of the fuzzer: inputs in order, until their number or the time is up."""

import time
from collections import Counter
from dataclasses import dataclass, field

from tests.fuzz.inputs import fuzzed_event
from tests.fuzz.law import kept_of


@dataclass(slots=True, kw_only=True)
class Run:
    """What a run met: inputs, what their log events came out as, and how long the slowest took."""

    seed: int
    inputs: int = 0
    seconds: float = 0.0
    slowest_seconds: float = 0.0
    kinds: Counter[str] = field(default_factory=Counter)


class LawBrokenError(Exception):
    """An input broke the law; the message says how to make it again."""


def fuzz(*, seed: int, inputs: int | None = None, seconds: float | None = None) -> Run:
    """Feed inputs until so many or so long. Raises: LawBrokenError at the first that breaks the law."""
    run, began = Run(seed=seed), time.monotonic()
    while (inputs is None or run.inputs < inputs) and (seconds is None or run.seconds < seconds):
        before = time.monotonic()
        try:
            run.kinds += kept_of(fuzzed_event(seed, run.inputs))
        except Exception as error:
            raise LawBrokenError(f"--seed {seed} --number {run.inputs}: {type(error).__name__}: {error}") from error
        now = time.monotonic()
        run.inputs += 1
        run.slowest_seconds = max(run.slowest_seconds, now - before)
        run.seconds = now - began
    return run
