"""Statements run in fresh processes: their CPU time, and the most memory they ever held."""

import os
import statistics
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROUNDS = 9
MB = 1024 * 1024


_MEASURE = """
import resource, subprocess, sys
done = subprocess.run([sys.executable, "-c", sys.argv[1]], check=False)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss)
sys.exit(done.returncode)
"""
# A process inherits its parent's peak of memory, and pytest's is large: a small one stands between them.


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """CPU time, which neighbours on the machine change less than the clock's time, and the resident peak."""

    cpu_seconds: float
    peak_mb: float


def run(statement: str, **variables: str) -> Used:
    """What a fresh interpreter used that ran the statement, with the handler on its path and these variables set.

    Raises: CalledProcessError where the statement failed.
    """
    folder = str(ROOT / "functions" / "processor")
    environment = os.environ | {"PYTHONPATH": folder, "AWS_DEFAULT_REGION": "us-east-1"} | variables
    command = [sys.executable, "-c", _MEASURE, statement]
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    cpu_seconds, peak = done.stdout.split()
    # Linux counts the peak in KB, macOS in bytes.
    return Used(cpu_seconds=float(cpu_seconds), peak_mb=float(peak) / (MB if sys.platform == "darwin" else 1024))


def median_cpu_seconds(statements: Mapping[str, tuple[str, Mapping[str, str]]]) -> dict[str, float]:
    """Of each statement with its variables, all of them in turn in every round."""
    seconds: dict[str, list[float]] = {name: [] for name in statements}
    for _ in range(ROUNDS):
        for name, (statement, variables) in statements.items():
            seconds[name].append(run(statement, **variables).cpu_seconds)
    return {name: statistics.median(each) for name, each in seconds.items()}
