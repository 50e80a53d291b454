"""The largest log batches that Lambda delivers: 1 MB of payload that inflates to the bound of 64 MiB."""

import json
from collections.abc import Callable

from tests.support.log_traffic import lambda_event

INFLATED = 64 * 1024 * 1024
PAYLOAD = 1_000_000
LINE = 180_000

READ = """
import json, os, boto3, processor_handler
clients = boto3.client("dynamodb"), boto3.client("sqs")
with open(os.environ["EVENT"], encoding="utf-8") as file:
    event = json.load(file)
assert len(processor_handler.read_batch(event).events) > 300
"""
"""Python code that reads the event whose file `EVENT` names, as the processor does."""


def _record(number: int, text: str) -> str:
    body = {"messages": [{"role": "user", "content": [{"text": text}]}]}
    record = {
        "schemaType": "ModelInvocationLog",
        "timestamp": "2025-12-04T18:27:02Z",
        "requestId": f"request-{number}",
        "modelId": "a-model",
        "operation": "Converse",
        "input": {"inputBodyJson": body, "inputTokenCount": 9},
    }
    return json.dumps(record, ensure_ascii=False)


def _sound(number: int) -> str:
    return _record(number, "a" * LINE)


def _wide(number: int) -> str:
    return _record(number, "a" * LINE + "😀")


def _cut_off(number: int) -> str:
    return _record(number, "a" * LINE + "😀")[:-1]


LINES: dict[str, Callable[[int], str]] = {"sound": _sound, "with an emoji": _wide, "cut off": _cut_off}
"""What the lines of such a batch can be, by name."""


def largest_batch(kind: str) -> dict[str, object]:
    """A Lambda event that inflates to just less than the bound."""
    line = LINES[kind]
    size = len(json.dumps(line(999), ensure_ascii=False).encode()) + 200
    return lambda_event([line(number) for number in range(INFLATED // size)])
