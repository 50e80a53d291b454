"""Log lines and span records as they come, replayed: what is said of the request, and that no text of a span is."""

import json
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.tracing.traced import MAX_TOOLS
from request_lens.wire.log_record import read_record
from request_lens_cli.replay.virtual_time import Arrival, Replay, replay
from request_lens_cli.report.documents import publication_document, summary_document
from tests.support.record_shapes import asked, http_line, invocation
from tests.support.telemetry.span_shapes import (
    BEGAN_NS,
    CALL_ID,
    IGNORED_SPAN_SHAPES,
    SESSION,
    SPAN_SHAPES,
    TRACE_ID,
    agent_run,
    agentcore_call,
    bedrock_call,
    entry,
    strands_chat,
    tool_run,
)

type Json = dict[str, Any]

CANARY = "canary-that-nobody-may-see"
BEGAN_MS = BEGAN_NS // 1_000_000
BEGAN = datetime.fromtimestamp(BEGAN_MS / 1000, UTC)
POLICY = Policy(reads_spans=True, reads_memory=True)

RECORD: Json = {
    **http_line(""),
    "requestId": "r1",
    "requestTimeEpoch": BEGAN_MS - 100,
    "responseLatency": 6_000,
    "xrayTraceId": f"Root=1-{TRACE_ID[:8]}-{TRACE_ID[8:]}",
}
CALL: Json = invocation(
    requestId=CALL_ID,
    region="us-east-1",
    timestamp=(BEGAN + timedelta(seconds=2)).strftime("%Y-%m-%dT%H:%M:%SZ"),
    input=asked({}, inputTokenCount=338),
    output={"outputContentType": "application/json", "outputBodyJson": {}, "outputTokenCount": 113},
)
SPANS: list[Json] = [
    entry(started_ms=0, ended_ms=5_500, span_id="00000000000000e1", parent_id="0000000000000000"),
    agent_run(started_ms=50, ended_ms=5_400, span_id="00000000000000a1"),
    agentcore_call("CreateEvent", started_ms=100, ended_ms=400, span_id="00000000000000b1"),
    tool_run("send_mail", outcome="error", started_ms=500, ended_ms=1_250, span_id="00000000000000c1"),
    strands_chat(started_ms=2_000, ended_ms=5_010, span_id="00000000000000d1"),
    bedrock_call(started_ms=2_001, ended_ms=5_000, span_id="00000000000000f1", parent_id="00000000000000d1"),
]


def played(*lines: Json) -> Replay:
    at = BEGAN + timedelta(seconds=20)
    return replay([Arrival(record=read_record(json.dumps(line)), at=at) for line in lines], POLICY)


def said(result: Replay) -> Json:
    (state,) = result.requests
    return dict(summary_document(state, POLICY))


@pytest.mark.parametrize("order", list(permutations(("record", "call", "spans"))))
def test_in_any_order_the_request_is_complete_its_call_exact_and_its_time_told(order: tuple[str, ...]) -> None:
    """100 ms before the entry, 300 of memory, 750 of the tool, 2999 of the call; the rest of 5500 is the agent's."""
    parts = {"record": [RECORD], "call": [CALL], "spans": SPANS}
    found = said(played(*(line for part in order for line in parts[part])))

    assert [(each["invocation_id"], each["link"]) for each in found["invocations"]] == [
        (CALL_ID, {"method": "trace", "confidence": "exact"})
    ]
    began = (BEGAN + timedelta(milliseconds=2_001)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert [(each["started_at"], each["started_precision_ms"]) for each in found["invocations"]] == [(began, 1)]
    assert (found["complete"], found["missing_calls"], found["possible_calls"], found["certain_since"]) == (
        True,
        0,
        0,
        1,
    )
    assert found["time_by"] == {
        "llm_ms": 2_999,
        "llm_elsewhere_ms": 0,
        "tools": {"send_mail": 750},
        "memory_ms": 300,
        "agent_ms": 5_500 - 2_999 - 750 - 300,
        "outside_ms": 500,
    }
    assert [(tool["tool"], tool["failed"]) for tool in found["tools"]] == [("send_mail", True)]
    assert found["first_token_ms"] == 100 + 2_000 + 2_657
    assert (found["session_id"], found["trace_id"]) == (SESSION, TRACE_ID)


def test_a_call_that_the_log_lost_is_missing_by_its_id() -> None:
    found = said(played(RECORD, *SPANS))

    assert (found["complete"], found["missing_calls"], found["missing_invocation_ids"]) == (False, 1, [CALL_ID])


def test_of_two_runs_of_one_tool_at_once_the_one_that_failed_is_told_as_failed() -> None:
    """The second fails in the time of the first, which succeeds: two parallel uses of one tool in one answer."""
    others = [span for span in SPANS if not span["name"].startswith("execute_tool")]
    first = tool_run("get_weather", call_id="A", started_ms=500, ended_ms=1_250, span_id="00000000000000c1")
    second = tool_run("get_weather", "", "error", call_id="B", started_ms=510, ended_ms=900, span_id="00000000000000c2")
    result = played(RECORD, CALL, *others, first, second)

    found = said(result)
    assert [(each["tool"], each["duration_ms"], each["failed"]) for each in found["tools"]] == [
        ("get_weather", 750, False),
        ("get_weather", 390, True),
    ]
    assert found["time_by"]["tools"] == {"get_weather": 750}
    (publication,) = result.publications
    assert publication.values[Metric.TOOL_ERRORS] == (1,)


def test_all_runs_that_failed_are_counted_and_the_slowest_is_of_the_first_hundred() -> None:
    """As docs/metrics.md says of `ToolErrors`, `failed_tools` and `slowest_tool`: of 105 runs the last two fail."""
    others = [span for span in SPANS if not span["name"].startswith("execute_tool")]
    runs = [
        tool_run(
            "clock",
            "",
            "error" if place >= MAX_TOOLS + 3 else "success",
            call_id=f"tooluse_{place}",
            started_ms=500 + 10 * place,
            ended_ms=500 + 10 * place + (9 if place >= MAX_TOOLS else 5),
            span_id=f"{place:016x}",
        )
        for place in range(MAX_TOOLS + 5)
    ]
    (publication,) = played(RECORD, CALL, *others, *runs).publications

    assert publication.values[Metric.TOOL_ERRORS] == (2,)
    assert (publication.properties["failed_tools"], publication.properties["slowest_tool_ms"]) == (2, 5)


def test_no_text_of_any_span_or_record_beside_it_is_said() -> None:
    shapes = [shape(CANARY) for shape in (*SPAN_SHAPES.values(), *IGNORED_SPAN_SHAPES.values())]
    distinct = [{**shape, "spanId": f"{n:016x}"} for n, shape in enumerate(shapes)]
    result = played(RECORD, CALL, *distinct)
    told = [said(result), *map(publication_document, result.publications), *(p.properties for p in result.publications)]

    assert said(result)["tools"]
    assert CANARY not in json.dumps(told) + repr(result)
