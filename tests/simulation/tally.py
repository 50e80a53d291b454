"""Many schedules: which failed, how often each fault fired, how often each oracle had something to judge."""

import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

from tests.simulation.drawing.faults import Fault
from tests.simulation.judging.oracles import MOSTLY_AT_MEETINGS, OF_TRACES, Oracle, judge
from tests.simulation.judging.outcome import Outcome, run_seed

type RunSeed = Callable[[int], Outcome]
"""What runs the schedule of a seed."""


@dataclass(slots=True)
class Tally:
    """What a run over many seeds adds up to; `failed` holds each failing seed's problems."""

    schedules: int = 0
    steps: int = 0
    seconds: float = 0.0
    fired: Counter[Fault] = field(default_factory=Counter)
    judged: Counter[Oracle] = field(default_factory=Counter)
    failed: dict[int, list[str]] = field(default_factory=dict)

    def add(self, seed: int, run: RunSeed) -> list[str]:
        """Run one seed; answers with its problems."""
        outcome = run(seed)
        problems = judge(outcome, self.judged)
        self.schedules += 1
        self.steps += outcome.world.steps
        self.fired += outcome.world.faults.fired
        if problems:
            self.failed[seed] = problems
        return problems

    def merge(self, other: "Tally") -> None:
        """Take over what another run found; seconds are those of whoever waits for both."""
        self.schedules += other.schedules
        self.steps += other.steps
        self.fired += other.fired
        self.judged += other.judged
        self.failed |= other.failed

    def rarest(self) -> int:
        """How often the fault or oracle was seen that was seen least, but for those of traces."""
        others = (self.judged[each] for each in Oracle if each not in OF_TRACES)
        return min(*(self.fired[each] for each in Fault), *others)

    def rarest_of_traces(self) -> int:
        """The same for the oracles of traces that are no chance of few schedules."""
        return min(self.judged[each] for each in OF_TRACES - MOSTLY_AT_MEETINGS)

    def told(self) -> str:
        """Two tables and the rate."""
        rows = [f"{self.fired[fault]:>9,}  {fault}" for fault in Fault]
        judged = [f"{self.judged[oracle]:>9,}  {oracle}" for oracle in Oracle]
        rate = self.schedules / self.seconds if self.seconds else 0
        return "\n".join(
            (
                f"{self.schedules:,} schedules, {self.steps:,} steps, {self.seconds:.1f} s, {rate:,.0f} schedules/s",
                "faults that fired:",
                *rows,
                "schedules in which an oracle had something to judge:",
                *judged,
            )
        )


CHUNK = 50
"""Seeds that a process takes at a time."""


@contextmanager
def _little_garbage() -> Iterator[None]:
    """A schedule leaves little garbage: to look for it ten times as often takes a tenth of the time."""
    usual = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()


def tally_by(jobs: int, seeds: range, *, most_failures: int, run: RunSeed) -> Tally:
    """Run the product over these seeds in so many processes, until so many have failed or a little later."""
    found = Tally()
    began = time.perf_counter()
    chunks = [seeds[begin : begin + CHUNK] for begin in range(0, len(seeds), CHUNK)]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as processes:  # whoever asks may have threads
        for part in processes.map(partial(tally, most_failures=most_failures, run=run), chunks):
            found.merge(part)
            if len(found.failed) >= most_failures:
                processes.shutdown(wait=False, cancel_futures=True)
                break
    found.seconds = time.perf_counter() - began
    return found


def tally(seeds: Iterable[int], *, most_failures: int = 1, run: RunSeed = run_seed) -> Tally:
    """Run the product over these seeds until so many have failed."""
    found = Tally()
    began = time.perf_counter()
    with _little_garbage():
        for seed in seeds:
            if found.add(seed, run) and len(found.failed) >= most_failures:
                break
    found.seconds = time.perf_counter() - began
    return found
