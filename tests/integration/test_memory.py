"""The largest batch leaves the processor, which has 512 MB, room to spare."""

import json
from pathlib import Path

import pytest
from tests.fresh_process import run
from tests.largest_batch import LINES, PAYLOAD, largest_batch

BUDGET_MB = 256

READ = """
import json, os, boto3, processor_handler
clients = boto3.client("dynamodb"), boto3.client("sqs")
with open(os.environ["EVENT"], encoding="utf-8") as file:
    event = json.load(file)
assert len(processor_handler.read_batch(event).events) > 300
"""


@pytest.mark.parametrize("kind", LINES)
def test_the_largest_batch_is_read_in_less_than_half_of_the_memory(kind: str, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps(largest_batch(kind)), encoding="utf-8")
    used = run(READ, EVENT=str(event))
    assert event.stat().st_size < PAYLOAD
    assert used.peak_mb < BUDGET_MB
