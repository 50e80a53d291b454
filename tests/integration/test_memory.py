"""The largest batch leaves the processor, which has 512 MB, room to spare."""

import json
from pathlib import Path

import pytest

from tests.support.fresh_process import run
from tests.support.largest_batch import LINES, PAYLOAD, READ, largest_batch

BUDGET_MB = 256


@pytest.mark.parametrize("kind", LINES)
def test_the_largest_batch_is_read_in_less_than_half_of_the_memory(kind: str, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(largest_batch(kind)), encoding="utf-8")
    used = run(READ, EVENT=str(event))
    assert event.stat().st_size < PAYLOAD
    assert used.peak_mb < BUDGET_MB
