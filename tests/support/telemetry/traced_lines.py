"""The lines that tell of one drawn request of an agent that sends spans: its spans, its calls' records, its own record.

A REST API's record names the trace, an HTTP API's the function's run whose line names it.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from request_lens.domain.times import EPOCH, MS
from request_lens.wire.log_record import read_record
from request_lens_cli.replay.virtual_time import Arrival
from tests.support.record_shapes import BASE_MODEL, ROLE_ARN, answered, asked
from tests.support.telemetry.lambda_shapes import report_line, start_line
from tests.support.telemetry.span_shapes import BEGAN_NS, agent_run, bedrock_call, log_record, tool_run

type Json = Any

_BEGAN_MS = BEGAN_NS // 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a log, when it is written and when it arrives, in ms after the traffic's begin.

    `call_id` is the call that it is the record or the span of.
    """

    message: str
    at_ms: int
    is_span: bool = False
    call_id: str | None = None

    @property
    def arrival(self) -> Arrival:
        """The line as the pipeline reads it."""
        return Arrival(record=read_record(self.message), at=EPOCH + (_BEGAN_MS + self.at_ms) * MS)


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedRequest:
    """A request, its calls and all lines that tell of it, and its runs of tools: each one's name, and if it failed."""

    request_id: str
    call_ids: Sequence[str]
    lines: Sequence[Line]
    tools: Sequence[tuple[str, bool]] = ()

    def without_record_of(self, call_id: str) -> "TracedRequest":
        """The same, where Bedrock's log lost this call."""
        return replace(self, lines=[line for line in self.lines if line.is_span or line.call_id != call_id])


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the lines come from.

    `is_http`: the API is an HTTP API. `has_own_group`: the spans' log group has the telemetry's log records beside
    them.
    """

    is_http: bool
    has_own_group: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnCall:
    """One call to a model: when its span begins and ends, its tokens as the log counts them, the tools it is about."""

    begun_ms: int
    ended_ms: int
    asked: int
    cached: int
    given: int
    stream: bool = True
    brings: Sequence[str] = ()
    asks_for: Sequence[str] = ()
    waits: bool = False


class RequestLines:
    """The lines of one request while it is drawn; each time is in ms after the traffic's begin."""

    def __init__(self, dice: random.Random, number: int, began_ms: int, source: Source) -> None:
        self._dice, self._began_ms, self._source = dice, began_ms, source
        self._request_id = f"r{number:06d}="
        second = (_BEGAN_MS + began_ms) // 1000
        self._trace_id = f"{second:08x}{number:08x}{dice.getrandbits(64):016x}"
        self._run_id = f"3f0c1d52-0000-4000-8000-{number:012x}"
        self._lines: list[Line] = []
        self._calls: list[str] = []
        self._tools: list[tuple[str, bool]] = []

    def finished(self, ended_ms: int, *, status: int = 200) -> TracedRequest:
        """The request with all of its lines, once its answer has gone out."""
        self._lines.append(self._access_line(ended_ms, status))
        if self._source.is_http:
            self._lines.append(self._function_line(ended_ms))
        return TracedRequest(request_id=self._request_id, call_ids=self._calls, lines=self._lines, tools=self._tools)

    def span(self, record: dict[str, Json], *, ended_ms: int, call_id: str | None = None) -> str:
        """A span of the request's trace, and its id."""
        span_id = f"{self._dice.getrandbits(64):016x}"
        message = json.dumps(record | {"traceId": self._trace_id, "spanId": span_id})
        delay_ms = self._dice.randint(1_000, 8_000)
        self._lines.append(Line(message=message, at_ms=ended_ms + delay_ms, is_span=True, call_id=call_id))
        return span_id

    def agent(self, begun_ms: int, ended_ms: int, *, taken: int, given: int) -> None:
        """The span of an agent's run, with the tokens that it sums up."""
        record = agent_run(started_ms=begun_ms, ended_ms=ended_ms)
        sums = {"gen_ai.usage.input_tokens": taken, "gen_ai.usage.output_tokens": given}
        self.span(record | {"attributes": record["attributes"] | sums}, ended_ms=ended_ms)

    def tool(self, name: str, begun_ms: int, ended_ms: int, *, failed: bool = False) -> str:
        """The framework's span of one run of a tool, with the id of the use that it is for; answers with its own id."""
        use, outcome = f"tooluse_{len(self._tools)}", "error" if failed else "success"
        self._tools.append((name, failed))
        record = tool_run(name, outcome=outcome, call_id=use, started_ms=begun_ms, ended_ms=ended_ms)
        return self.span(record, ended_ms=ended_ms)

    def call(self, call: DrawnCall) -> None:
        """A call: its record, and its span; in an agent's own group a log record of its telemetry beside that."""
        call_id = f"{self._request_id}c{len(self._calls)}"
        self._calls.append(call_id)
        counts = {"gen_ai.usage.input_tokens": call.asked, "gen_ai.usage.output_tokens": call.given}
        method, times = _operation(call), {"started_ms": call.begun_ms, "ended_ms": call.ended_ms}
        record = bedrock_call(request_id=call_id, method=method, attributes=counts, **times)
        span_id = self.span(record, ended_ms=call.ended_ms, call_id=call_id)
        if self._source.has_own_group:
            beside = log_record("…") | {"traceId": self._trace_id, "spanId": span_id}
            self._lines.append(Line(message=json.dumps(beside), at_ms=call.ended_ms + 5_000))
        delay_ms = self._dice.randint(3_000, 12_000)
        message = json.dumps(_invocation(call_id, call))
        self._lines.append(Line(message=message, at_ms=call.ended_ms + delay_ms, call_id=call_id))

    def _access_line(self, ended_ms: int, status: int) -> Line:
        xray = f"1-{self._trace_id[:8]}-{self._trace_id[8:]}"
        of_api = {"routeKey": "POST /ask", "integrationRequestId": self._run_id}
        if not self._source.is_http:
            of_api = {"httpMethod": "POST", "resourcePath": "/ask", "xrayTraceId": xray}
        line = {
            "requestId": self._request_id,
            "requestTimeEpoch": str(_BEGAN_MS + self._began_ms),
            "responseLatency": str(ended_ms - self._began_ms),
            "status": str(status),
            **of_api,
        }
        return Line(message=json.dumps(line), at_ms=ended_ms + self._dice.randint(2_000, 9_000))

    def _function_line(self, ended_ms: int) -> Line:
        """What the function's log says of its run, in either of its formats."""
        trace = f"1-{self._trace_id[:8]}-{self._trace_id[8:]}"
        begun = EPOCH + (_BEGAN_MS + self._began_ms + 10) * MS
        in_json = start_line(run_id=self._run_id, trace=trace) | {"time": begun.isoformat()}
        return Line(
            message=self._dice.choice((json.dumps(in_json), report_line(run_id=self._run_id, trace=trace))),
            at_ms=ended_ms + self._dice.randint(1_000, 9_000),
        )


def _operation(call: DrawnCall) -> str:
    return "ConverseStream" if call.stream else "Converse"


def _invocation(call_id: str, call: DrawnCall) -> Json:
    """Bedrock's record of a call, of the second in which it began."""
    uses: list[Json] = [{"toolUse": {"toolUseId": each, "name": "…", "input": {}}} for each in call.asks_for]
    body = {
        "output": {"message": {"role": "assistant", "content": [{"text": "…"}, *uses]}},
        "stopReason": "tool_use" if call.waits else "end_turn",
        "metrics": {"latencyMs": call.ended_ms - call.begun_ms - 1},
        "usage": {"inputTokens": call.asked, "outputTokens": call.given, "cacheReadInputTokens": call.cached},
    }
    second = EPOCH + timedelta(seconds=(_BEGAN_MS + call.begun_ms) // 1000)
    results: list[Json] = [{"toolResult": {"toolUseId": each, "content": []}} for each in call.brings]
    question = {"messages": [{"role": "user", "content": results or [{"text": "…"}]}]}
    return {
        "timestamp": f"{second:%Y-%m-%dT%H:%M:%SZ}",
        "region": "us-east-1",
        "requestId": call_id,
        "operation": _operation(call),
        "modelId": BASE_MODEL,
        "identity": {"arn": ROLE_ARN},
        "input": asked(question) | {"inputTokenCount": call.asked},
        "output": answered(body) | {"outputTokenCount": call.given},
        "schemaType": "ModelInvocationLog",
    }
