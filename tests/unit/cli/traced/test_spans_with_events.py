"""A span may have a list of events of its own: `replay` and `inspect` read the span, and no line within it."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from request_lens_cli.main import main
from tests.support.record_shapes import INVOCATION_SHAPES
from tests.support.record_strategies import CANARY
from tests.support.telemetry.agent_shapes import TRACED_SHAPES
from tests.support.telemetry.shaped_traffic import shaped_traffic
from tests.support.telemetry.span_shapes import BEGAN_NS, agentcore_call
from tests.support.telemetry.traced_lines import Source

type Json = Any

FAILED = {"timeUnixNano": BEGAN_NS, "name": "exception", "attributes": {"exception.message": CANARY}}
"""An event as a real span has it whose operation failed."""

LIKE_A_LOG_EVENT = {"timestamp": BEGAN_NS // 1_000_000, "message": json.dumps(INVOCATION_SHAPES["converse"](CANARY))}

EVENTS = {
    "none": [],
    "failure": [FAILED],
    "text": [CANARY],
    "record": [{"message": CANARY}, INVOCATION_SHAPES["converse"](CANARY)],
    "log event": [LIKE_A_LOG_EVENT],
    "access line": [{"requestId": "within", "requestTimeEpoch": 1, "responseLatency": 1, "status": 200}],
}
"""What spans hold: real ones nothing or failures, the others what reads like lines of logs."""

LISTS = ("events", "logEvents", "results")


def records() -> list[dict[str, Json]]:
    """The lines of an agent's four requests: of its real traces, the fourth has 29 spans, one of them with an event."""
    source = Source(is_http=False, has_own_group=True)
    requests = shaped_traffic(random.Random(5), source, TRACED_SHAPES, requests=4, at_once=1)
    read = [json.loads(line.message) for request in requests for line in request.lines]
    return [*read, agentcore_call("StartCodeInterpreterSession", spanId="00000000000000ee")]


def with_list(record: dict[str, Json], name: str, values: list[Json]) -> dict[str, Json]:
    return {**record, name: values} if "traceId" in record else record


def saved(folder: Path, lines: list[dict[str, Json]], spelling: str) -> str:
    """A file of the records, one a line or as an array, on one line or on many."""
    path = folder / f"{len(list(folder.iterdir()))}.json"
    if spelling == "ndjson":
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    else:
        path.write_text(json.dumps(lines, indent=2 if spelling == "document" else None))
    return str(path)


def said(*arguments: str) -> str:
    result = CliRunner().invoke(main, [*arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert CANARY not in result.output
    return result.output


SPELLINGS = pytest.mark.parametrize("spelling", ["ndjson", "array", "document"])


@SPELLINGS
@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("events", EVENTS.values(), ids=EVENTS.keys())
def test_a_replay_tells_the_same_whatever_lists_the_spans_have(
    tmp_path: Path, spelling: str, name: str, events: list[Json]
) -> None:
    bare = records()
    laden = [with_list(record, name, events) for record in bare]

    without = said("replay", saved(tmp_path, bare, "ndjson"), "--format", "json")
    found = said("replay", saved(tmp_path, laden, spelling), "--format", "json")

    assert found == without
    document = json.loads(found)
    assert [request["complete"] for request in document["requests"]] == [True, True, None, None]
    assert document["rejected"] == []


@SPELLINGS
@pytest.mark.parametrize("events", EVENTS.values(), ids=EVENTS.keys())
def test_inspection_names_each_line_once_and_none_within_a_span(
    tmp_path: Path, spelling: str, events: list[Json]
) -> None:
    lines = [with_list(record, "events", events) for record in records()]

    answer = said("inspect", saved(tmp_path, lines, spelling), "--format", "json")
    found = [json.loads(line) for line in answer.splitlines()]

    assert [each["line"] for each in found] == list(range(1, len(lines) + 1))
    assert "rejected" not in {each["kind"] for each in found}
