"""An hour of traffic for the picture, run through the use cases themselves: the metrics and lines are what they print.

Three routes and two models, one route with spans; throttles and failures for some minutes; untagged requests that
overlap, so that some are uncertain; lines that cannot be read; a model without a price. The same each time: its
randomness is seeded.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

from aws_lambda_powertools import Logger

from request_lens.adapters.emf_metric_sink import EmfMetricSink
from request_lens.adapters.memory.clock import MemoryClock
from request_lens.domain.facts import Conversation, Invocation, InvocationId, Request, RequestId, Tag, TokenCounts
from request_lens.domain.log_record import Rejected, RejectedReason
from request_lens.domain.policy import Policy
from request_lens.domain.spans import Span
from request_lens.domain.times import EPOCH, MS
from request_lens_cli.local_aws.emf.extraction import extract
from request_lens_cli.replay.virtual_time import Arrival, Replay, replay
from scripts.dashboard.log_query import Row
from scripts.dashboard.metric_store import MetricStore
from scripts.dashboard.sample_spans import TOOLS, spans_of, trace_of

SERVICE = "request-lens"
START = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
SPAN = (START, START + timedelta(hours=1))
POLICY = Policy(agent_role_names=frozenset({"agent"}), reads_spans=True, reads_memory=True, tool_names=frozenset(TOOLS))

_ASK, _AGENTS, _TRIPS = "POST /ask", "POST /agents/{agent}/invoke", "GET /trips/{id}"
_ROUTES = (_ASK, _ASK, _ASK, _AGENTS, _TRIPS)
"""How often each is called; the calls of trips are untagged."""

_HAIKU, _NOVA = "us.anthropic.claude-haiku-4-5-20251001-v1:0", "us.amazon.nova-lite-v1:0"
_UNPRICED = "example.model-without-a-price-v1:0"
_LAST_START = timedelta(minutes=57)
"""Requests that begin later would settle after the hour."""

_TROUBLE = (timedelta(minutes=49), timedelta(minutes=57))
"""When calls are throttled, and requests fail for it."""

_SHARE_IN_TROUBLE, _ONE_PERCENT = 0.5, 0.01
_SLOW_TOOL, _SLOW_TOOLS = timedelta(seconds=5), 0.05
"""How much longer a slow tool takes, and the share of these; a timeline has room for its name."""

_REPORTS = tuple(timedelta(minutes=minute) for minute in range(5, 60, 10))
"""When calls come that no request makes."""

_REJECTED = {12: RejectedReason.MISSING_FIELD, 13: RejectedReason.MISSING_FIELD, 44: RejectedReason.TRUNCATED}
"""Lines that cannot be read, by the minute of their arrival."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleHour:
    """What the hour leaves behind: requests, metrics, and log events in the order in which they were printed."""

    result: Replay
    store: MetricStore
    events: Sequence[Row]


@cache
def sample_hour() -> SampleHour:
    """The hour, run once."""
    result = replay(sample_arrivals(), POLICY)
    lines = _printed(result)
    metrics = [metric for line in lines for metric in extract(line)]
    return SampleHour(result=result, store=MetricStore(metrics), events=[_event(line) for line in lines])


def sample_arrivals() -> Sequence[Arrival]:
    """The hour's records in the order in which they come."""
    return sorted(_arrivals(Random(16)), key=lambda each: each.at or START)


def _arrivals(chance: Random) -> Iterator[Arrival]:
    at, follows = timedelta(seconds=4), False
    while at < _LAST_START:
        route = _TRIPS if follows else chance.choice(_ROUTES)
        record, calls = _request(route, START + at, chance)
        arrives = (record.ended_at or record.started_at) + timedelta(seconds=chance.uniform(4, 9))
        yield Arrival(record=record, at=arrives)
        for call in calls:
            yield Arrival(record=call, at=call.logged_at + call.latency + timedelta(seconds=chance.uniform(5, 12)))
        for span in _spans(record, calls):
            yield Arrival(record=span, at=span.ended_at + timedelta(seconds=2))
        follows = route == _TRIPS and chance.random() < 0.5
        at += timedelta(seconds=1.2 if follows else chance.expovariate(1 / 20))
    yield from _reports(Random(7))
    for minute, reason in _REJECTED.items():
        rejected = Rejected(reason=reason, detail="requestId: missing", event_id=f"event-{minute}")
        yield Arrival(record=rejected, at=START + timedelta(minutes=minute))


def _reports(chance: Random) -> Iterator[Arrival]:
    """Calls of a report that runs every ten minutes, under a role of its own."""
    for number, at in enumerate(_REPORTS):
        plan = _Plan(request_id=RequestId(f"report{number}"), calls=1, tagged=False, ends_throttled=False)
        call = replace(_call(plan, 1, START + at, chance), caller_role="reports")
        yield Arrival(record=call, at=call.logged_at + call.latency + timedelta(seconds=6))


def _request(route: str, start: datetime, chance: Random) -> tuple[Request, list[Invocation]]:
    request_id = RequestId(f"{chance.getrandbits(60):015x}=")
    count = chance.choice((3, 4, 5, 7)) if route == _AGENTS else chance.choice((1, 1, 2, 2, 3))
    has_trouble = _TROUBLE[0] <= start - START < _TROUBLE[1] and chance.random() < _SHARE_IN_TROUBLE
    plan = _Plan(request_id=request_id, calls=count, tagged=route != _TRIPS, ends_throttled=has_trouble)
    calls, at = list[Invocation](), start + timedelta(milliseconds=chance.randint(120, 500))
    for index in range(1, count + 1):
        call = _call(plan, index, at, chance)
        calls.append(call)
        at += call.latency + timedelta(milliseconds=chance.randint(90, 900))
        at += _SLOW_TOOL if route == _AGENTS and _tool_is_slow(plan, index) else timedelta()
    duration = (at - start) // timedelta(milliseconds=1) + chance.randint(50, 300)
    status = chance.choice((500, 502, 504)) if has_trouble else 500 if chance.random() < _ONE_PERCENT else 200
    record = Request(request_id=request_id, route=route, status=status, started_at=start, duration_ms=duration)
    return (replace(record, trace_id=trace_of(record)) if route == _AGENTS else record), calls


def _tool_is_slow(plan: "_Plan", index: int) -> bool:
    """Whether the tool after that call is slow; by a chance of its own, which changes no other."""
    return index < plan.calls and Random(f"{plan.request_id}{index}").random() < _SLOW_TOOLS


def _spans(record: Request, calls: Sequence[Invocation]) -> Iterator[Span]:
    """The spans of a request that names a trace."""
    starts = [EPOCH + (call.tag.call_started_ms or 0) * MS for call in calls if call.tag is not None]
    return spans_of(record, list(zip(starts, calls, strict=True))) if record.trace_id else iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What a request's calls are like."""

    request_id: RequestId
    calls: int
    tagged: bool
    ends_throttled: bool


def _call(plan: _Plan, index: int, at: datetime, chance: Random) -> Invocation:
    model = _HAIKU if plan.tagged else _NOVA
    model = _UNPRICED if plan.tagged and chance.random() < _ONE_PERCENT else model
    tool = (f"{plan.request_id}-{index}",) if index < plan.calls else ()
    call = Invocation(
        invocation_id=InvocationId(f"{plan.request_id}{index}"),
        model_id=model,
        operation="Converse",
        logged_at=at.replace(microsecond=0),
        caller_role="agent",
        region="us-east-1",
        tag=_tag(plan, index, at),
    )
    if plan.ends_throttled and index == plan.calls:
        return replace(call, error_code="ThrottlingException")
    return replace(
        call,
        latency_ms=int(chance.lognormvariate(7.1 if model == _NOVA else 7.5, 0.45)),
        stop_reason="tool_use" if tool else "end_turn",
        tokens=_tokens(index, chance, cached=model == _HAIKU),
        conversation=_conversation(plan.request_id, index, tool),
    )


def _tag(plan: _Plan, index: int, at: datetime) -> Tag | None:
    started_ms = round(at.timestamp() * 1000)
    return Tag(request_id=plan.request_id, call_index=index, call_started_ms=started_ms) if plan.tagged else None


def _conversation(request_id: RequestId, index: int, produced: tuple[str, ...]) -> Conversation:
    return Conversation(returned=(f"{request_id}-{index - 1}",) if index > 1 else (), produced=produced)


def _tokens(index: int, chance: Random, *, cached: bool) -> TokenCounts:
    return TokenCounts(
        input=chance.randint(500, 1_400) + 200 * index,
        output=chance.randint(20, 400),
        cache_read=1_024 if cached and index > 1 else 0,
        cache_write=1_024 if cached and index == 1 else 0,
    )


def _printed(result: Replay) -> Sequence[str]:
    """The EMF lines of all that was published."""
    printed = io.StringIO()
    sink = EmfMetricSink(service_name=SERVICE, clock=MemoryClock(SPAN[1]), logger=Logger(service=SERVICE))
    with redirect_stdout(printed):
        for publication in result.publications:
            sink.publish(publication)
        for metrics in result.pipeline:
            sink.publish_pipeline(metrics)
    return printed.getvalue().splitlines()


def _event(line: str) -> Row:
    """The fields of a line as Logs Insights names them."""
    document: Mapping[str, object] = json.loads(line)
    fields = {f"{name}.0" if isinstance(value, list) else name: _first(value) for name, value in document.items()}
    maps = ((name, value) for name, value in document.items() if isinstance(value, dict))
    return fields | {f"{name}.{key}": inner for name, value in maps for key, inner in value.items()}


def _first(value: object) -> object:
    return value[0] if isinstance(value, list) and value else value
