"""Writes the README's table of costs from what the processor is counted to use; a test compares them.

Run it from the checkout: `.venv/bin/python scripts/cost_table.py`. It takes about a minute.
"""

import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "events"), str(CHECKOUT / "functions" / "processor")]

from tests.benchmark.cost_table import README, updated  # noqa: E402 - after the checkout is on the path

if __name__ == "__main__":
    README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
