"""Schedules of one trace each, in which little else happens, that show soon what random ones show late.

A call comes when its span and the record that names its trace have long come; or the trace is a session's, older than
the only request that is observed of it, and others of the session called, too; or two of its requests overlap.
"""

import random
from collections.abc import Sequence
from dataclasses import replace

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.log_record import LogRecord
from request_lens.domain.policy import Policy
from request_lens.domain.spans import Span, SpanId, SpanKind
from tests.simulation.drawing.deliveries import Batch
from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.drawing.truth import PLAIN_ROLE, CallTruth, Style, Telemetry, Traffic
from tests.simulation.judging.outcome import Outcome, outcome_of
from tests.simulation.pipeline import PRODUCT, Pipeline
from tests.simulation.world import World
from tests.support.facts import ROLE, at, call, request
from tests.support.telemetry.linked_traces import (
    agent_of,
    answered_request,
    entry_of,
    run_of,
    span_of,
    trace_id,
    traced_request,
)

_MEETING = {Fault.INTERLEAVED: 0.3, Fault.DUPLICATE_MESSAGE: 0.1, Fault.INDEX_LAG: 0.3}
_DYING = {**_MEETING, Fault.CRASH: 0.03, Fault.LOST_REPLY: 0.03}


def run_call_last(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed: most calls come after their spans and after all that names their trace.

    In every other one functions die, too. Some records name a function's run, some spans come after all.
    """
    chance = random.Random(seed)
    trace, is_bridged = trace_id(), chance.random() < 0.4
    record = answered_request("r0", "run-0") if is_bridged else traced_request("r0", trace=trace)
    made = [call(f"r0-{place}", 1 + place, role=ROLE) for place in range(chance.randint(1, 3))]
    spans = [span_of(each, trace) for each in made]
    telemetry = [*spans, *([run_of("run-0", trace)] if is_bridged else ())]
    telemetry += [entry_of(trace, 0.1, 4.9)] if chance.random() < 0.5 else []
    traffic = _traffic(record, [_truth(each, span, record) for each, span in zip(made, spans, strict=True)], telemetry)
    before: list[LogRecord] = [record, *telemetry]
    batches = [Batch(at=at(chance.uniform(10, 18)), records=(each,)) for each in before]
    batches += [
        Batch(at=at(chance.uniform(19, 40) if chance.random() < 0.8 else chance.uniform(10, 18)), records=(each,))
        for each in made
    ]
    return _run(seed, traffic, batches, _usual(seed, chance), pipeline)


def run_session(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed: a session's trace, one request of it that is observed, and calls beside its own.

    They lie before or after its time. Whose they are is known only where their own request's record comes, too.
    """
    chance = random.Random(seed)
    trace = trace_id(born=-600)
    own = traced_request("r0", trace=trace, duration_ms=4_000)
    mine = [call(f"r0-{place}", 1 + place, role=ROLE) for place in range(chance.randint(1, 2))]
    starts = chance.choice((-20, 12, 25))
    beside = traced_request("r1", starts, trace=trace, duration_ms=4_000)
    others = [call(f"other-{place}", starts + 1 + place, role=ROLE) for place in range(chance.randint(1, 2))]
    made = [*mine, *others]
    spans = [span_of(each, trace) for each in made]
    is_there = chance.random() < 0.25
    truths = [
        _truth(each, span, own if each in mine else beside if is_there else None)
        for each, span in zip(made, spans, strict=True)
    ]
    traffic = _traffic(own, truths, spans)
    if is_there:
        traffic = replace(traffic, requests={**traffic.requests, beside.request_id: beside})
    traffic = replace(traffic, lacks_requests=not is_there)
    logs: list[LogRecord] = [*traffic.requests.values(), *made, *spans]
    batches = [Batch(at=at(max(starts, 0) + chance.uniform(8, 50)), records=(each,)) for each in logs]
    return _run(seed, traffic, batches, _usual(seed, chance), pipeline)


def run_next_of_session(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed: two requests of a session at once, and one beside them that made no call.

    The spans of the first are lost, and the run of the second lies in the time of both. So what that tells is whole for
    the first, too, until the record of the second comes: in time, and late in most.
    """
    chance = random.Random(seed)
    trace, own_at, lasts_ms = trace_id(born=-900), chance.randint(12, 20), chance.randint(20, 30) * 1000
    first = traced_request("r0", 4, trace=trace, duration_ms=25_000)
    following = traced_request("r1", own_at, trace=trace, duration_ms=lasts_ms)
    lost, own = call("r0-0", 4, role=ROLE, latency_ms=4_000), call("r1-0", own_at, role=ROLE, latency_ms=5_000)
    span = span_of(own, trace, begins=0.5)
    run = [span, entry_of(trace, own_at + 0.3, own_at + 7), agent_of(trace, own, begins=own_at + 0.4, ends=own_at + 6)]
    truths = [CallTruth(call=lost, request_id=first.request_id, began=lost.logged_at), _truth(own, span, following)]
    traffic = _traffic(first, truths, run)
    beside = request("r2", 3, duration_ms=7_000)
    traffic = replace(traffic, requests={each.request_id: each for each in (first, following, beside)})
    early: list[LogRecord] = [first, beside, *run, lost, own]
    batches = [Batch(at=at(chance.uniform(29, 37)), records=(each,)) for each in early]
    batches += [Batch(at=at(own_at + lasts_ms / 1000 + chance.uniform(40, 59)), records=(following,))]
    return _run(seed, traffic, batches, Faults(chance, only=_MEETING, budget=4), pipeline)


def run_record_and_span(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed: calls that are stored, or have long been decided, and then their record and spans.

    Those meet. Beside each call there is a framework's span, and in most schedules another's call in the same second.
    In every other one functions die while they link.
    """
    chance = random.Random(seed)
    trace = trace_id()
    record = traced_request("r0", trace=trace)
    made = [call(f"r0-{place}", 1 + place, role=ROLE) for place in range(chance.randint(1, 2))]
    spans = [span_of(each, trace) for each in made]
    others = [call("other", 1, role=ROLE)] if chance.random() < 0.7 else []
    chats = [_chat_around(each) for each in spans]
    truths = [_truth(each, span, record) for each, span in zip(made, spans, strict=True)]
    truths += [CallTruth(call=each, request_id=None, began=each.logged_at) for each in others]
    traffic = replace(_traffic(record, truths, [*spans, *chats]), lacks_requests=bool(others))
    late_s, apart = chance.choice((20, 400)), chance.random() < 0.2
    batches = [Batch(at=at(chance.uniform(8, 15)), records=(each.call,)) for each in truths]
    told: list[tuple[LogRecord, ...]] = [(record,)]
    told += [(each,) for each in (*chats, *spans)] if apart else [(*chats, *spans)]
    chance.shuffle(told)
    batches += [Batch(at=at(late_s), records=each) for each in told]
    only = {Fault.INTERLEAVED: 0.5} if seed % 2 else {Fault.CRASH: 0.06, Fault.INTERLEAVED: 0.1}
    return _run(seed, traffic, batches, Faults(chance, only=only, budget=16), pipeline)


def run_plain_calls(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed: an agent's calls, which its spans prove to be all, and a function's, which sends none.

    In some another request may have made the function's, too; in others those lie in a chain.
    """
    chance = random.Random(seed)
    trace, is_beside = trace_id(), chance.random() < 0.4
    record, beside = traced_request("r0", trace=trace), request("r1", 2)
    mine = [call(f"r0-{place}", 1 + place, role=ROLE) for place in range(chance.randint(1, 2))]
    ids = ["tool"] if chance.random() < 0.4 else []
    plain = [call("plain-0", 2, role=PLAIN_ROLE, latency_ms=300, produced=ids)]
    plain += [call("plain-1", 3, role=PLAIN_ROLE, returned=ids)] if ids or chance.random() < 0.5 else []
    spans = [span_of(each, trace) for each in mine]
    truths = [_truth(each, span, record) for each, span in zip(mine, spans, strict=True)]
    truths += [CallTruth(call=each, request_id=record.request_id, began=each.logged_at) for each in plain]
    traffic = _traffic(record, truths, [*spans, entry_of(trace, 0.1, 4.9), agent_of(trace, *mine)])
    traffic = replace(traffic, policy=replace(traffic.policy, agent_role_names=frozenset({ROLE, PLAIN_ROLE})))
    if is_beside:
        traffic = replace(traffic, requests={**traffic.requests, beside.request_id: beside})
    else:
        traffic = replace(traffic, style=Style.SPARSE)
    logs: list[LogRecord] = [*traffic.requests.values(), *mine, *plain, *traffic.telemetry[record.request_id]]
    batches = [Batch(at=at(chance.uniform(8, 50)), records=(each,)) for each in logs]
    return _run(seed, traffic, batches, _usual(seed, chance), pipeline)


def _chat_around(span: Span) -> Span:
    """What a framework says of a call: it has no id of Bedrock's."""
    own_id = SpanId(f"chat-{span.span_id}")
    return replace(span, kind=SpanKind.CHAT, span_id=own_id, invocation_id=None, region=None)


def _truth(made: Invocation, span: Span, owner: Request | None) -> CallTruth:
    return CallTruth(call=made, request_id=owner.request_id if owner else None, began=span.started_at)


def _traffic(record: Request, truths: Sequence[CallTruth], telemetry: Sequence[Telemetry]) -> Traffic:
    return Traffic(
        style=Style.OVERLAPPING,
        policy=Policy(agent_role_names=frozenset({ROLE}), reads_spans=True),
        requests={record.request_id: record},
        calls={each.call.invocation_id: each for each in truths},
        telemetry={record.request_id: telemetry},
    )


def _usual(seed: int, chance: random.Random) -> Faults:
    return Faults(chance, only=_DYING if seed % 2 else _MEETING, budget=4)


def _run(seed: int, traffic: Traffic, batches: Sequence[Batch], faults: Faults, pipeline: Pipeline) -> Outcome:
    world = World(faults, traffic.policy, pipeline, sweeps=False)
    with pipeline.breaking():
        world.run(batches)
    return outcome_of(seed, traffic, world)
