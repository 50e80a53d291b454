"""The spans of a made-up request: its agent's run, each call with its first token, and a tool between two calls."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from random import Random

from request_lens.domain.facts import Invocation, InvocationId, Request, TokenCounts, TraceId
from request_lens.domain.spans import Span, SpanId, SpanKind
from request_lens.domain.times import EPOCH, MS

TOOLS = ("search_trips", "get_weather", "book_trip")
_EDGE = 30 * MS
_FAILING, _LOSING = 0.06, 0.05


def trace_of(record: Request) -> TraceId:
    """A trace's id as X-Ray makes it: the second of its birth, then chance."""
    born = (record.started_at - EPOCH) // timedelta(seconds=1)
    return TraceId(f"{born:08x}{Random(record.request_id).getrandbits(96):024x}")


def spans_of(record: Request, calls: Sequence[tuple[datetime, Invocation]]) -> Iterator[Span]:
    """The spans of a request with these calls, each with its start to the millisecond; the same each time."""
    chance = Random(record.request_id)
    if record.trace_id is None or record.ended_at is None:
        return
    made = _Maker(record.trace_id)
    yield made.span(SpanKind.ENTRY, record.started_at + _EDGE, record.ended_at - _EDGE)
    sums = [call.tokens for _, call in calls]
    tokens = TokenCounts(input=sum(each.prompt for each in sums), output=sum(each.output or 0 for each in sums))
    yield made.span(SpanKind.AGENT, record.started_at + 2 * _EDGE, record.ended_at - 2 * _EDGE, tokens=tokens)
    yield made.span(SpanKind.MEMORY, record.started_at + _EDGE, calls[0][0] - 10 * MS)
    for at, call in calls:
        ends = at + call.latency + 20 * MS
        chat = made.span(SpanKind.CHAT, at, ends, first_token_ms=int((call.latency_ms or 0) * chance.uniform(0.2, 0.5)))
        yield chat
        yield made.span(SpanKind.CALL, at, ends, parent_id=chat.span_id, invocation_id=call.invocation_id)
    if chance.random() < _LOSING:  # a call that the log has lost
        lost = InvocationId(f"{record.request_id}lost")
        yield made.span(SpanKind.CALL, calls[-1][0] - 9 * MS, calls[-1][0], invocation_id=lost)
    for (at, call), (then, _) in pairwise(calls):
        begins, ends = at + call.latency + 30 * MS, then - 10 * MS
        failed = chance.random() < _FAILING
        yield made.span(SpanKind.TOOL, begins, max(begins, ends), tool=chance.choice(TOOLS), failed=failed)


class _Maker:
    """Makes spans of one trace."""

    def __init__(self, trace_id: TraceId) -> None:
        self._trace_id, self._count = trace_id, 0

    def span(self, kind: SpanKind, begins: datetime, ends: datetime, **fields: object) -> Span:
        """A span with an id of its own."""
        self._count += 1
        values: dict[str, object] = {"parent_id": None, "resource": "agent", **fields}
        return Span(
            trace_id=self._trace_id,
            span_id=SpanId(f"{self._count:016x}"),
            kind=kind,
            started_at=begins,
            ended_at=ends,
            **values,  # type: ignore[arg-type]
        )
