"""An API that is attached late: requests whose records may come long after their calls, some of which have spans.

Seconds count from START, as in `tests.support.facts`.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from request_lens.domain.facts import Invocation, Request, TraceId
from request_lens.domain.spans import Span
from tests.support.facts import START, call, request
from tests.support.telemetry.linked_traces import entry_of, span_of, trace_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Attached:
    """What was logged: in half of the worlds there are no spans."""

    requests: Sequence[Request]
    calls: Sequence[Invocation]
    spans: Sequence[Span]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """A call and when it began, in seconds."""

    call: Invocation
    began: float


def draw_attached(chance: random.Random) -> Attached:
    """Requests of one to three calls, some of them at once, some of whose calls time out or have no request.

    Where there are spans, most agents begin a trace that no record names: their runs belong together. Few of these run
    on when their request has ended.
    """
    requests: list[Request] = []
    calls: list[Invocation] = []
    spans: list[Span] = []
    reads_spans, start = chance.random() < 0.5, 0.0
    for number in range(chance.randint(1, 6)):
        start += chance.choice((chance.uniform(0, 4), chance.uniform(5, 40), 200.0))
        made = list(_calls(chance, number, start))
        ends = max((each.began + (each.call.latency_ms or 0) / 1_000 for each in made), default=start)
        trace = trace_id(number + 1, born=start) if reads_spans else None
        if trace is not None:
            spans += _spans(chance, trace, made, start, ends)
        if chance.random() < 0.9:
            answers = ends + chance.uniform(0, 5) if chance.random() < 0.9 else chance.uniform(start, ends)
            duration_ms = min(max(round((answers - start) * 1_000), 100), 29_900)
            record = request(f"r{number}", start, duration_ms=duration_ms, status=chance.choice((200, 200, 504)))
            names = trace is not None and chance.random() < 0.25
            requests.append(replace(record, trace_id=trace) if names else record)
        calls += [each.call for each in made]
    return Attached(requests=requests, calls=calls, spans=spans)


def _calls(chance: random.Random, number: int, start: float) -> Iterator[_Made]:
    """The calls of one request, one after the other, joined by their tools' ids or by nothing."""
    began, how_many, has_ids = start + chance.uniform(0, 1), chance.randint(0, 3), chance.random() < 0.8
    for place in range(how_many):
        brings = [f"tool-{number}-{place - 1}"] if place and has_ids else []
        asks = [f"tool-{number}-{place}"] if place < how_many - 1 and has_ids else []
        latency_ms = chance.randint(200, 2_500)
        logged = call(f"{number}-{place}", began // 1, latency_ms=latency_ms, returned=brings, produced=asks)
        yield _Made(call=logged, began=began)
        began += latency_ms / 1_000 + chance.uniform(0, 4)


def _spans(chance: random.Random, trace: TraceId, made: Sequence[_Made], start: float, ends: float) -> Iterator[Span]:
    """The spans of the calls and of the agent's run, some of which are lost."""
    for each in made:
        if chance.random() < 0.9:
            yield span_of(each.call, trace, begins=each.began % 1)
    if chance.random() < 0.9:
        yield entry_of(trace, start + 0.01, ends + 0.02)


def ended_s(record: Request | Invocation | Span) -> float:
    """When a record could be logged, in seconds."""
    ended = record.logged_at if isinstance(record, Invocation) else record.ended_at or record.started_at
    return (ended - START) / timedelta(seconds=1)
