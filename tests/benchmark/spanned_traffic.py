"""The same traffic with spans: each record names its trace, and most calls have a span that is of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from request_lens.domain.facts import Invocation, Request, TraceId
from request_lens.domain.spans import Span, SpanId, SpanKind
from request_lens.domain.times import EPOCH
from tests.benchmark.untagged_traffic import Traffic

LOST = 0.1
"""The share of spans that never come: their calls are left to time."""

_SOMEWHERE_IN_ITS_SECOND = timedelta(milliseconds=500)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpannedTraffic:
    """Traffic whose records name their traces, and the spans that came."""

    traffic: Traffic
    spans: tuple[Span, ...]


def with_spans(traffic: Traffic, *, seed: int, lost: float = LOST) -> SpannedTraffic:
    """The traffic, its facts as they are but for the records' traces, with spans of all calls but the lost ones."""
    chance = Random(seed)
    traces = {fact.request_id: _trace(fact.started_at, chance) for fact in traffic.facts if isinstance(fact, Request)}
    calls = [fact for fact in traffic.facts if isinstance(fact, Invocation)]
    truth = ((call, traffic.truth[call.invocation_id]) for call in calls)
    facts = [
        replace(fact, trace_id=traces[fact.request_id]) if isinstance(fact, Request) else fact for fact in traffic.facts
    ]
    return SpannedTraffic(
        traffic=replace(traffic, facts=tuple(facts)),
        spans=tuple(
            _span(call, traces[request_id], number)
            for number, (call, request_id) in enumerate(truth)
            if request_id is not None and chance.random() >= lost
        ),
    )


def _trace(born: datetime, chance: Random) -> TraceId:
    return TraceId(f"{(born - EPOCH) // timedelta(seconds=1):08x}{chance.getrandbits(96):024x}")


def _span(call: Invocation, trace_id: TraceId, number: int) -> Span:
    """The span of a call that began somewhere in the second that its log tells."""
    begins = call.logged_at + _SOMEWHERE_IN_ITS_SECOND
    return Span(
        trace_id=trace_id,
        span_id=SpanId(f"{number:016x}"),
        parent_id=None,
        kind=SpanKind.CALL,
        started_at=begins,
        ended_at=begins + call.latency,
        invocation_id=call.invocation_id,
        region=call.region,
    )
