"""The spans of planned requests, and the lines by which HTTP APIs lead to them, as their filters let them pass."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import cast

from request_lens.domain.times import EPOCH, MS
from scripts.scenarios.lines import REGION, PlannedCall, PlannedRequest, access_line
from scripts.scenarios.script import Script
from tests.support.metering.cost_traffic import Line
from tests.support.telemetry.lambda_shapes import start_line
from tests.support.telemetry.span_shapes import agent_run, bedrock_call, entry, strands_chat, tool_run

_NS_IN_MS = 1_000_000
_AROUND = timedelta(milliseconds=3)
"""How much longer than what it holds a span is."""


def span_lines(planned: PlannedRequest, script: Script) -> Iterator[Line]:
    """Each span of a request that is read, at its end: of its calls, the tools between, its loop and its answer."""
    first, last = planned.calls[0], planned.calls[-1]
    spans = list(_steps(planned))
    begun, ended = first.started_at - 3 * _AROUND, _ended(last) + 3 * _AROUND
    sums = _with_tokens(agent_run(), *(call.call.tokens for call in planned.calls))
    spans += [(begun, ended, sums), (begun - _AROUND, ended + _AROUND, entry())]
    for number, (_, at, span) in enumerate(spans):
        ids = {"traceId": _trace(planned, script).replace("1-", "", 1).replace("-", ""), "spanId": f"{number:016x}"}
        times = {"startTimeUnixNano": _ns(spans[number][0]), "endTimeUnixNano": _ns(at)}
        yield Line(at=at, text=json.dumps({**span, **ids, **times}, separators=(",", ":")))


def function_line(planned: PlannedRequest, script: Script) -> Line:
    """What the log of the function between API and agent says when its run starts."""
    began_at = planned.started_at + 5 * MS
    run_id = str(access_line(planned, script)["integrationRequestId"])
    line = start_line(run_id=run_id, trace=_trace(planned, script)) | {"time": began_at.isoformat()}
    return Line(at=began_at, text=json.dumps(line, separators=(",", ":")))


def _steps(planned: PlannedRequest) -> Iterator[tuple[datetime, datetime, dict[str, object]]]:
    """The spans of calls, with the framework's around them, and of the tools between, with their times."""
    for place, call in enumerate(planned.calls):
        begun, ended = call.started_at, _ended(call)
        counts = {"gen_ai.usage.input_tokens": call.call.tokens[0], "gen_ai.usage.output_tokens": call.call.tokens[1]}
        attributes = {**counts, "aws.region": REGION}
        yield begun, ended, bedrock_call(request_id=call.invocation_id, attributes=attributes)
        yield begun - _AROUND, ended + _AROUND, _with_tokens(strands_chat(), call.call.tokens)
        if call.call.tool is not None and place + 1 < len(planned.calls):
            yield ended + 2 * _AROUND, planned.calls[place + 1].started_at - 2 * _AROUND, tool_run(call.call.tool)


def _with_tokens(span: dict[str, object], *tokens: tuple[int, int]) -> dict[str, object]:
    """The span with the sums of input and output tokens of these calls: they prove that no other was made."""
    told = {"gen_ai.usage.input_tokens": sum(each[0] for each in tokens)}
    told["gen_ai.usage.output_tokens"] = sum(each[1] for each in tokens)
    return {**span, "attributes": {**cast("dict[str, object]", span["attributes"]), **told}}


def _trace(planned: PlannedRequest, script: Script) -> str:
    """X-Ray's name of the request's trace: a REST API's record has it."""
    named = str(access_line(planned, script).get("xrayTraceId", "")).removeprefix("Root=")
    return (
        named or f"1-{int(planned.started_at.timestamp()):08x}-{planned.calls[0].invocation_id.replace('-', '')[:24]}"
    )


def _ended(call: PlannedCall) -> datetime:
    return call.started_at + timedelta(milliseconds=call.call.latency_ms)


def _ns(moment: datetime) -> int:
    return (moment - EPOCH) // MS * _NS_IN_MS
