"""Drawn requests of agents that send spans, as lines of their logs, with the shape of real traces, and the truth.

Each is one `POST /invocations` of an agent's loop: calls, each with a framework's span around it, and a tool between
two of them; some have a nested agent, whose own sum of tokens its parent's leaves out, and some cache. A REST API's
record names the trace, an HTTP API's the function's run whose line names it.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from request_lens.domain.times import EPOCH, MS
from request_lens.wire.log_record import read_record
from request_lens_cli.replay.virtual_time import Arrival
from tests.support.record_shapes import BASE_MODEL, ROLE_ARN, answered, asked
from tests.support.telemetry.lambda_shapes import report_line, start_line
from tests.support.telemetry.span_shapes import (
    BEGAN_NS,
    agent_run,
    bedrock_call,
    entry,
    log_record,
    strands_chat,
    tool_run,
)

type Json = Any

_BEGAN_MS = BEGAN_NS // 1_000_000
_TOOLS = ("current_time", "find_order", "list_departments")


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
    """A request, its calls and all lines that tell of it."""

    request_id: str
    call_ids: Sequence[str]
    lines: Sequence[Line]

    def without_record_of(self, call_id: str) -> "TracedRequest":
        """The same, where Bedrock's log lost this call."""
        return replace(self, lines=[line for line in self.lines if line.is_span or line.call_id != call_id])


def traffic(
    dice: random.Random, *, requests: int, at_once: int, is_http: bool, has_own_group: bool
) -> list[TracedRequest]:
    """So many requests, laid over one another at random so that about `at_once` run at a time.

    `has_own_group`: the spans' log group has the telemetry's log records beside them.
    """
    mean_gap_ms = 6_000 // at_once
    began_ms, drawn = 0, []
    for number in range(requests):
        drawn.append(_Drawing(dice, number, began_ms, is_http=is_http, has_own_group=has_own_group).request())
        began_ms += dice.randint(mean_gap_ms // 3, mean_gap_ms * 5 // 3) + (15_000 if at_once == 1 else 0)
    return drawn


def disturbed(lines: Sequence[Line], dice: random.Random, *, share: float, latest_ms: int) -> list[Line]:
    """The lines, of whose spans so large a share is lost, late by up to `latest_ms`, or doubled."""
    return [found for line in lines for found in _fate(line, dice, share=share, latest_ms=latest_ms)]


def _fate(line: Line, dice: random.Random, *, share: float, latest_ms: int) -> Iterator[Line]:
    fate = dice.choice(("lost", "late", "doubled")) if line.is_span and dice.random() < share else "as ever"
    later = replace(line, at_ms=line.at_ms + dice.randint(1_000, latest_ms))
    if fate in ("as ever", "doubled"):
        yield line
    if fate in ("late", "doubled"):
        yield later


class _Drawing:
    """One request while it is drawn: `now` is the time in it, in ms after the traffic's begin."""

    def __init__(self, dice: random.Random, number: int, began_ms: int, *, is_http: bool, has_own_group: bool) -> None:
        self._dice, self._began_ms, self._is_http, self._has_own_group = dice, began_ms, is_http, has_own_group
        self._request_id = f"r{number:06d}="
        second = (_BEGAN_MS + began_ms) // 1000
        self._trace_id = f"{second:08x}{number:08x}{dice.getrandbits(64):016x}"
        self._run_id = f"3f0c1d52-0000-4000-8000-{number:012x}"
        self._is_cached = dice.random() < 0.5
        self._now = began_ms + dice.randint(20, 60)
        self._lines: list[Line] = []
        self._calls: list[str] = []

    def request(self) -> TracedRequest:
        """The request with all of its lines."""
        entry_ms = self._now
        self._tick(5, 30)
        self._loop(self._dice.randint(1, 5), may_nest=True)
        self._tick(2, 10)
        self._span(entry(**self._times(entry_ms)))
        self._tick(5, 30)
        self._lines.append(self._access_line())
        if self._is_http:
            self._lines.append(self._function_line())
        return TracedRequest(request_id=self._request_id, call_ids=self._calls, lines=self._lines)

    def _loop(self, calls: int, *, may_nest: bool) -> tuple[int, int]:
        """An agent's run: its calls, a tool after each but the last; answers with the tokens that it sums up."""
        begun_ms, taken, given = self._now, 0, 0
        for number in range(calls):
            self._tick(3, 12)
            asked_for, answer = self._call(waits=number < calls - 1)
            taken, given = taken + asked_for, given + answer
            if number < calls - 1:
                self._tool(nests=may_nest and self._dice.random() < 0.1)
        self._tick(1, 5)
        attributes = {"gen_ai.usage.input_tokens": taken, "gen_ai.usage.output_tokens": given}
        record = agent_run(**self._times(begun_ms))
        self._span(record | {"attributes": record["attributes"] | attributes})
        return taken, given

    def _tool(self, *, nests: bool) -> None:
        begun_ms = self._now
        if nests:
            self._tick(2, 8)
            self._loop(self._dice.randint(1, 2), may_nest=False)
        self._tick(30, 900)
        self._span(tool_run(self._dice.choice(_TOOLS), **self._times(begun_ms)))

    def _call(self, *, waits: bool) -> tuple[int, int]:
        """A call: its record, its span and the framework's; answers with its tokens as the framework counts them."""
        call_id = f"{self._request_id}c{len(self._calls)}"
        self._calls.append(call_id)
        tokens, cached, given = self._dice.randint(100, 3000), 900 if self._is_cached else 0, self._dice.randint(5, 400)
        chat_ms = self._now
        self._tick(1, 4)
        begun_ms = self._now
        self._tick(200, 2_500)
        counts = {"gen_ai.usage.input_tokens": tokens, "gen_ai.usage.output_tokens": given}
        times = self._times(begun_ms)
        self._span(bedrock_call(request_id=call_id, attributes=counts, **times), call_id=call_id)
        if self._has_own_group:
            self._lines.append(Line(message=json.dumps(log_record("…")), at_ms=self._now + 5_000))
        self._lines.append(self._record(call_id, begun_ms, (tokens, cached, given), waits=waits))
        self._tick(1, 4)
        self._span(strands_chat(**self._times(chat_ms)))
        return tokens + cached, given

    def _record(self, call_id: str, begun_ms: int, tokens: tuple[int, int, int], *, waits: bool) -> Line:
        """Bedrock's record of a call, of the second in which it began."""
        taken, cached, given = tokens
        body = {
            "output": {"message": {"role": "assistant", "content": [{"text": "…"}]}},
            "stopReason": "tool_use" if waits else "end_turn",
            "metrics": {"latencyMs": self._now - begun_ms - 1},
            "usage": {"inputTokens": taken, "outputTokens": given, "cacheReadInputTokens": cached},
        }
        second = EPOCH + timedelta(seconds=(_BEGAN_MS + begun_ms) // 1000)
        record = {
            "timestamp": f"{second:%Y-%m-%dT%H:%M:%SZ}",
            "region": "us-east-1",
            "requestId": call_id,
            "operation": "ConverseStream",
            "modelId": BASE_MODEL,
            "identity": {"arn": ROLE_ARN},
            "input": asked({"messages": [{"role": "user", "content": [{"text": "…"}]}]}) | {"inputTokenCount": taken},
            "output": answered(body) | {"outputTokenCount": given},
            "schemaType": "ModelInvocationLog",
        }
        delay_ms = self._dice.randint(3_000, 12_000)
        return Line(message=json.dumps(record), at_ms=self._now + delay_ms, call_id=call_id)

    def _access_line(self) -> Line:
        xray = f"1-{self._trace_id[:8]}-{self._trace_id[8:]}"
        of_api = {"routeKey": "POST /ask", "integrationRequestId": self._run_id}
        if not self._is_http:
            of_api = {"httpMethod": "POST", "resourcePath": "/ask", "xrayTraceId": xray}
        line = {
            "requestId": self._request_id,
            "requestTimeEpoch": str(_BEGAN_MS + self._began_ms),
            "responseLatency": str(self._now - self._began_ms),
            "status": "200",
            **of_api,
        }
        return Line(message=json.dumps(line), at_ms=self._now + self._dice.randint(2_000, 9_000))

    def _function_line(self) -> Line:
        """What the function's log says of its run, in either of its formats."""
        trace = f"1-{self._trace_id[:8]}-{self._trace_id[8:]}"
        begun = EPOCH + (_BEGAN_MS + self._began_ms + 10) * MS
        in_json = start_line(run_id=self._run_id, trace=trace) | {"time": begun.isoformat()}
        return Line(
            message=self._dice.choice((json.dumps(in_json), report_line(run_id=self._run_id, trace=trace))),
            at_ms=self._now + self._dice.randint(1_000, 9_000),
        )

    def _span(self, record: dict[str, Json], *, call_id: str | None = None) -> None:
        record = record | {"traceId": self._trace_id, "spanId": f"{self._dice.getrandbits(64):016x}"}
        delay_ms = self._dice.randint(1_000, 8_000)
        self._lines.append(Line(message=json.dumps(record), at_ms=self._now + delay_ms, is_span=True, call_id=call_id))

    def _times(self, begun_ms: int) -> dict[str, Any]:
        return {"started_ms": begun_ms, "ended_ms": self._now}

    def _tick(self, least_ms: int, most_ms: int) -> None:
        self._now += self._dice.randint(least_ms, most_ms)
