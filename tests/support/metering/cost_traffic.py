"""Traffic of 1.7 calls a request, as Bedrock and API Gateway would log it: whole lines, with bodies."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId, Tag
from request_lens.domain.linking.link import Confidence, Link, LinkedInvocation, Method
from scripts.scenarios.lines import PlannedCall, PlannedRequest, access_line, invocation_line, plan
from scripts.scenarios.script import Ask, Call, Script, read_script

ARTICLE = Path(__file__).parents[3] / "events" / "article"
STARTS_AT = datetime(2026, 11, 24, 12, 20, tzinfo=UTC)

CALLS = (1,) * 12 + (2,) * 5 + (3, 4, 5)
"""Calls by request: 20 requests make 34, the article's 1.7 a request."""

STRIDE = 7
"""Requests of one to five calls alternate: the n-th takes the (7 n)-th of the list, round and round."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A log line with the moment at which it was written."""

    at: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CostTraffic:
    """The lines of both log groups, each in the order in which they were written, and the plan that they follow."""

    requests: int
    invocations: int
    access_lines: Sequence[Line]
    invocation_lines: Sequence[Line]
    planned: Sequence[PlannedRequest] = ()
    script: Script | None = None


def cost_traffic(
    *,
    requests: int,
    gap_s: float,
    tagged: bool,
    calls: int | None = None,
    day: int = 0,
    api: str = "http",
    run: str = "day",
) -> CostTraffic:
    """Requests that begin `gap_s` apart on a day; `calls` of each where it is given, else 1.7 on average.

    The same run and day give the same ids.
    """
    numbers = [calls or CALLS[STRIDE * number % len(CALLS)] for number in range(requests)]
    offsets = tuple(round(1000 * gap_s * number) for number in range(requests))
    said = {
        "api": api,
        "requests": tuple(_ask(number) for number in numbers),
        "starts_at": STARTS_AT + timedelta(days=day),
        "start_offsets_ms": offsets,
    }
    script = read_script(ARTICLE).model_copy(update=said)
    planned = plan(f"{run} {day}", script)
    return CostTraffic(
        requests=requests,
        invocations=sum(numbers),
        access_lines=_ordered(_access(each, script) for each in planned),
        invocation_lines=_ordered(
            _invocation(call, each, script, tagged=tagged) for each in planned for call in each.calls
        ),
        planned=planned,
        script=script,
    )


def _ask(calls: int) -> Ask:
    """A request of so many calls; all but the last ask for a tool."""
    made = [
        Call(
            latency_ms=1400 + 37 * step,
            gap_ms=0 if step == 0 else 310,
            tokens=(892 + 119 * step, 57 + step),
            text="I'll check the current time in Tokyo.",
            tool="current_time" if step < calls - 1 else None,
            arguments={"timezone": "Asia/Tokyo"},
            result="2025-12-05T03:27:01+09:00",
        )
        for step in range(calls)
    ]
    return Ask(prompt="What time is it in Tokyo?", before_ms=420, after_ms=130, calls=tuple(made))


def _access(planned: PlannedRequest, script: Script) -> Line:
    ended_at = planned.started_at + planned.ask.duration
    return Line(at=ended_at, text=json.dumps(access_line(planned, script), separators=(",", ":")))


def _invocation(call: PlannedCall, planned: PlannedRequest, script: Script, *, tagged: bool) -> Line:
    ended_at = call.started_at + timedelta(milliseconds=call.call.latency_ms)
    tag = {
        "api_request_id": planned.request_id,
        "call_index": str(planned.calls.index(call) + 1),
        "call_started_ms": str(round(call.started_at.timestamp() * 1000)),
    }
    line = {**invocation_line(call, script), **({"requestMetadata": tag} if tagged else {})}
    return Line(at=ended_at, text=json.dumps(line, separators=(",", ":")))


def _ordered(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: line.at)


def older_request(number: int) -> Request:
    """One of many requests of the day before, a tenth of a second apart."""
    started_at = STARTS_AT - timedelta(days=2) + timedelta(milliseconds=100 * number)
    return Request(
        request_id=RequestId(f"older-{number:010}"),
        route="POST /ask",
        status=200,
        started_at=started_at,
        duration_ms=2_000,
    )


def call_of(request: Request) -> LinkedInvocation:
    """The one call of an older request."""
    call = Invocation(
        invocation_id=InvocationId(f"{request.request_id}-call"),
        model_id="model",
        operation="ConverseStream",
        logged_at=request.started_at.replace(microsecond=0),
        latency_ms=1_400,
        tag=Tag(request_id=request.request_id, call_index=1),
    )
    link = Link(request_id=request.request_id, method=Method.TAG, confidence=Confidence.EXACT)
    return LinkedInvocation(invocation=call, link=link)
