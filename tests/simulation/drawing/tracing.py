"""What telemetry tells of a schedule's traffic: spans by their traces, which records name one, runs of functions."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from request_lens.domain.facts import Conversation, Request, RequestId, TokenCounts, TraceId
from request_lens.domain.spans import LambdaRun, Span, SpanId, SpanKind
from tests.simulation.drawing.truth import PLAIN_ROLE, CallTruth, Style, Telemetry, Traffic
from tests.support.facts import EPOCH, START

_MS = timedelta(milliseconds=1)
_SECOND = timedelta(seconds=1)
_SESSION = START - timedelta(seconds=600)

PLAIN_SHARE = 0.1
"""In so many schedules with spans a function that sends none calls a model, too."""

TOOLS_SHARE = 0.2
"""In so many of them agents run tools: drawn apart as well, so that no schedule changed that had ever failed."""


class Naming(StrEnum):
    """How a request's record and its agent's trace belong together.

    `OWN`: the record names the trace; `RUN`: it names the run of a function, whose log does; `LOST`: the agent began a
    trace of its own; `SESSION`: the record names one that is older than all requests, as others do; `BEHIND`: the
    request was made by another one, whose record names the trace, too.
    """

    OWN = "own"
    RUN = "run"
    LOST = "lost"
    SESSION = "session"
    BEHIND = "behind"


_NAMINGS = (Naming.OWN,) * 4 + (Naming.RUN,) * 3 + (Naming.LOST,) * 3 + (Naming.SESSION, Naming.BEHIND)


def with_telemetry(chance: random.Random, traffic: Traffic) -> Traffic:
    """The same traffic as its spans tell it; in some schedules they come and are not read."""
    traffic = _with_plain_calls(chance, traffic)
    apart = random.Random(f"uses of tools {chance.getstate()}")
    runs_tools = apart.random() < TOOLS_SHARE
    requests: dict[RequestId, Request] = {}
    telemetry: dict[RequestId | None, Sequence[Telemetry]] = {None: list(_of_others(chance, traffic))}
    ambiguous: set[TraceId] = set()
    for number, request in enumerate(traffic.requests.values()):
        naming = chance.choice(_NAMINGS)
        if naming is Naming.BEHIND and traffic.style is Style.SPARSE:
            naming = Naming.OWN
        trace_id = _trace_id(number, _SESSION if naming is Naming.SESSION else request.started_at)
        requests[request.request_id] = _named(chance, request, naming, trace_id)
        calls = [each for each in traffic.calls_of(request.request_id) if each.call.caller_role != PLAIN_ROLE]
        tools = list(_of_tools(apart, calls, trace_id)) if runs_tools else []
        telemetry[request.request_id] = [*_of_request(chance, request, calls, naming, trace_id), *tools]
        if naming is Naming.BEHIND:
            outer = _outer(request, trace_id)
            requests[outer.request_id] = outer
            ambiguous.add(trace_id)
    return replace(
        traffic,
        policy=replace(traffic.policy, reads_spans=chance.random() < 0.85),
        requests=requests,
        telemetry=telemetry,
        shared=frozenset(ambiguous),
    )


def _with_plain_calls(chance: random.Random, traffic: Traffic) -> Traffic:
    """In a few schedules some requests' last calls are a function's: of another listed role, which sends no spans.

    What is drawn for this is drawn apart, so that all other schedules stay what they were.
    """
    apart = random.Random(repr(chance.getstate()))
    if not traffic.policy.agent_role_names or apart.random() >= PLAIN_SHARE:
        return traffic
    calls = dict(traffic.calls)
    for request_id in traffic.requests:
        made = traffic.calls_of(request_id)
        if made and made[-1].call.tag is None and apart.random() < 0.6:
            last = made[-1].call
            plain = replace(last, caller_role=PLAIN_ROLE)
            if last.conversation is not None:  # it has a body, which names no tool
                plain = replace(plain, conversation=Conversation(), stop_reason="end_turn")
            calls[plain.invocation_id] = replace(made[-1], call=plain, position=None)
    listed = traffic.policy.agent_role_names | {PLAIN_ROLE}
    return replace(traffic, calls=calls, policy=replace(traffic.policy, agent_role_names=listed))


def _trace_id(number: int, born: datetime) -> TraceId:
    """All requests of a session have one."""
    second = (born - EPOCH) // timedelta(seconds=1)
    return TraceId(f"{second:08x}{0 if born == _SESSION else number + 1:024x}")


def _named(chance: random.Random, request: Request, naming: Naming, trace_id: TraceId) -> Request:
    if naming is Naming.RUN:
        return replace(request, lambda_request_id=f"run-{request.request_id}")
    if naming is Naming.LOST:
        other = TraceId(f"{trace_id[:8]}{'f' * 24}")
        return replace(request, trace_id=other) if chance.random() < 0.3 else request
    return replace(request, trace_id=trace_id)


def _outer(request: Request, trace_id: TraceId) -> Request:
    """The request that made this one, around it."""
    duration_ms = None if request.duration_ms is None else request.duration_ms + 500
    return replace(
        request,
        request_id=RequestId(f"outer-{request.request_id}"),
        started_at=request.started_at - 300 * _MS,
        duration_ms=duration_ms,
        trace_id=trace_id,
    )


def _of_request(
    chance: random.Random, request: Request, calls: Sequence[CallTruth], naming: Naming, trace_id: TraceId
) -> Iterator[Telemetry]:
    """The spans of an agent at work for one request, some of which are lost, and the line of its function.

    In some requests another agent, on a resource of its own, makes the last calls, for a tool of the first one. Then
    neither server's span is lost: nothing else tells of one of them where those of its calls are, and the sums of the
    other would prove all. Nor is the other at work within a second: it is reached over the network, and calls a model.
    """
    if naming is Naming.RUN:
        yield LambdaRun(
            lambda_request_id=f"run-{request.request_id}", trace_id=trace_id, at=request.started_at + 5 * _MS
        )
    asks_another = len(calls) > 1 and chance.random() < 0.25
    cut = chance.randrange(1, len(calls)) if asks_another else len(calls)
    asks_another = asks_another and _leaves_time(request, calls[:cut])
    cut = cut if asks_another else len(calls)
    ends = max((each.ended for each in calls), default=request.started_at) + 20 * _MS
    told = 1 if asks_another else 0.85
    yield from _of_agent(chance, request, calls[:cut], trace_id, (request.started_at + 10 * _MS, ends), told=told)
    if asks_another:
        begins = min(each.began for each in calls[cut:]) - 5 * _MS
        for span in _of_agent(chance, request, calls[cut:], trace_id, (begins, ends - 5 * _MS), told=1):
            yield replace(span, span_id=SpanId(f"{span.span_id[:-2]}5b"), resource="other agent")


def _leaves_time(request: Request, calls: Sequence[CallTruth]) -> bool:
    """Whether another agent has more than a second after these calls; as long as it likes where the request runs on."""
    ended_at = request.ended_at
    return ended_at is None or request.may_run_on or ended_at - max(each.ended for each in calls) > _SECOND


def _of_agent(
    chance: random.Random,
    request: Request,
    calls: Sequence[CallTruth],
    trace_id: TraceId,
    time: tuple[datetime, datetime],
    *,
    told: float,
) -> Iterator[Span]:
    """The spans of one agent: of its calls, of its server and of its loop."""
    begins, ends = time
    for each in calls:
        lost = 0.7 if each.call.error_code is not None else 0.08  # an SDK's retries share the span of the last
        if chance.random() >= lost:
            yield _call_span(each, trace_id)
        if chance.random() < 0.4:
            yield _span(SpanKind.CHAT, each.call.invocation_id, trace_id, each.began - _MS, each.ended + _MS)
    if chance.random() < told:
        yield _span(SpanKind.ENTRY, request.request_id, trace_id, begins, ends)
    if chance.random() < 0.6:
        agent = _span(SpanKind.AGENT, request.request_id, trace_id, begins + _MS, ends - _MS)
        yield replace(agent, tokens=_sums(calls))


def _of_tools(chance: random.Random, calls: Sequence[CallTruth], trace_id: TraceId) -> Iterator[Span]:
    """After some calls a tool runs up to three times at once; of some runs two libraries tell, or one of a failure."""
    for each in calls:
        for number in range(chance.choice((0, 0, 1, 2, 3))):
            use = f"tooluse-{each.call.invocation_id}-{number}"
            begins = each.ended + chance.randint(1, 20) * _MS
            ends = begins + chance.randint(2, 60) * _MS
            span = replace(_span(SpanKind.TOOL, use, trace_id, begins, ends), tool="look", tool_call_id=use)
            yield replace(span, failed=chance.random() < 0.3)
            if chance.random() < 0.3:
                inner = _span(SpanKind.TOOL, f"{use} again", trace_id, begins + _MS, ends - _MS)
                yield replace(inner, tool="look", tool_call_id=use, failed=chance.random() < 0.3)


def _of_others(chance: random.Random, traffic: Traffic) -> Iterator[Telemetry]:
    """Some calls that no request made have a span, too: of a trace that nobody names, or of the session's.

    Then it was a request of the session that made it, on a route that nobody observes.
    """
    for number, each in enumerate(each for each in traffic.calls.values() if each.request_id is None):
        if chance.random() < 0.4:
            yield _call_span(each, _trace_id(100 + number, chance.choice((each.began, _SESSION))))


def _call_span(truth: CallTruth, trace_id: TraceId) -> Span:
    span = _span(SpanKind.CALL, truth.call.invocation_id, trace_id, truth.began, truth.ended)
    return replace(span, invocation_id=truth.call.invocation_id)


def _span(kind: SpanKind, of: str, trace_id: TraceId, begins: datetime, ends: datetime) -> Span:
    number = random.Random(f"{kind} {of}").getrandbits(64)
    return Span(
        trace_id=trace_id,
        span_id=SpanId(f"{number:016x}"),
        parent_id=None,
        kind=kind,
        started_at=begins,
        ended_at=ends,
        resource="agent",
    )


def _sums(calls: Sequence[CallTruth]) -> TokenCounts:
    """What an agent adds up of its calls; unknown where one tells nothing."""
    tokens = [each.call.tokens for each in calls if each.call.error_code is None]
    counts: Mapping[str, list[int | None]] = {
        "input": [each.input for each in tokens],
        "output": [each.output for each in tokens],
    }
    known = {name: [each for each in values if each is not None] for name, values in counts.items()}
    return TokenCounts(**{name: sum(values) for name, values in known.items() if len(values) == len(tokens)})
