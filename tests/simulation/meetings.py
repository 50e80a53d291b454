"""Schedules of spans in which little else happens.

All logs of a request come at one time, each to a worker of its own; or the records of requests come late, whose agents'
runs were nobody's until then; or spans come of some calls of a chain when others have left it to them; or an agent asks
another one.
"""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from request_lens.domain.facts import Invocation, InvocationId, Request, RequestId
from request_lens.domain.log_record import LogRecord
from request_lens.domain.policy import Policy
from request_lens.domain.spans import Span, SpanKind
from tests.simulation.drawing.deliveries import Batch
from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.drawing.tracing import with_telemetry
from tests.simulation.drawing.truth import CallTruth, Style, Telemetry, Traffic
from tests.simulation.judging.outcome import Outcome, outcome_of
from tests.simulation.pipeline import PRODUCT, Pipeline
from tests.simulation.world import World
from tests.support.facts import DUE_S, ROLE, at, call, request
from tests.support.telemetry.linked_traces import agent_of, entry_of, span_of, trace_id

CALLS = 2


def run_meeting(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed: some of the logs come a moment before the others, which meet.

    Those are mostly such as tell whose a call is: the rest would have its trace settled once more.
    In every other one records and spans meet when the calls have long been decided, and functions die.
    """
    chance = random.Random(seed)
    traffic = with_telemetry(chance, _traffic())
    late, dying = (timedelta(seconds=400), 0.08) if seed % 2 else (timedelta(0), 0.0)
    faults = Faults(chance, only={Fault.INTERLEAVED: 0.8, Fault.CRASH: dying}, budget=8)
    world = World(faults, traffic.policy, pipeline, sweeps=False)
    early = [chance.random() < (0.1 if _tells_of_a_link(each) else 0.8) for each in _logs(traffic)]
    batches = [
        Batch(
            at=at(20) - timedelta(seconds=10) * is_early + (timedelta(0) if isinstance(each, Invocation) else late),
            records=(each,),
        )
        for each, is_early in zip(_logs(traffic), early, strict=True)
    ]
    with pipeline.breaking():
        world.run(batches)
    return outcome_of(seed, traffic, world)


def _tells_of_a_link(log: LogRecord) -> bool:
    """Whether it is a record, a call's span, or the line of a function."""
    return not isinstance(log, Invocation) and (not isinstance(log, Span) or log.kind is SpanKind.CALL)


def run_late_records(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed: one or two runs of agents in traces that no record names, whose records come late.

    Some agents work on when their request has been answered: its record fits only a part of their run.
    """
    chance = random.Random(seed)
    traffic = _runs(chance)
    faults = Faults(
        chance,
        only={
            Fault.INTERLEAVED: 0.3,
            Fault.TWO_WORKERS: 0.1,
            Fault.CRASH: 0.01,
            Fault.DUPLICATE_MESSAGE: 0.1,
            Fault.INDEX_LAG: 0.3,
        },
        budget=4,
    )
    world = World(faults, traffic.policy, pipeline, sweeps=False)
    late_s = chance.choice((300, 3_600))
    batches = [
        Batch(at=at(chance.uniform(25, 33) + (late_s if isinstance(each, Request) else 0)), records=(each,))
        for each in _logs(traffic)
    ]
    with pipeline.breaking():
        world.run(batches)
    return outcome_of(seed, traffic, world)


def run_left_chains(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed: a chain whose calls are due one after the other, and a span of one of them between.

    Until then it fits two requests, or one: the calls that were due have left it to the one that its trace decides.
    """
    chance = random.Random(seed)
    own, beside = request("r0", duration_ms=12_000), request("r1", 0.5, duration_ms=12_000)
    requests = [own, beside] if chance.random() < 0.7 else [own]
    trace, places = trace_id(born=chance.choice((0, -600))), range(chance.randint(2, 3))
    asked = [(f"tool-{place}",) for place in places[1:]]
    made = [
        call(f"r0-{place}", 1 + 3 * place, role=ROLE, produced=produced, returned=returned)
        for place, produced, returned in zip(places, [*asked, ()], [(), *asked], strict=True)
    ]
    told = chance.choice(made[1:])
    span = span_of(told, trace)
    traffic = Traffic(
        style=Style.OVERLAPPING,
        policy=Policy(agent_role_names=frozenset({ROLE}), reads_spans=True),
        requests={each.request_id: replace(each, trace_id=trace) if each is own else each for each in requests},
        calls={
            each.invocation_id: CallTruth(call=each, request_id=own.request_id, began=each.logged_at) for each in made
        },
        telemetry={own.request_id: [span]},
    )
    faults = Faults(chance, only={Fault.INTERLEAVED: 0.2, Fault.CRASH: 0.01, Fault.DUPLICATE_MESSAGE: 0.1}, budget=2)
    world = World(faults, traffic.policy, pipeline, sweeps=False)
    due = 1 + DUE_S + 3 * chance.randrange(len(made))
    batches = [
        Batch(at=at(due + chance.uniform(0.1, 2.9)) if each is span else at(chance.uniform(13, 20)), records=(each,))
        for each in _logs(traffic)
    ]
    with pipeline.breaking():
        world.run(batches)
    return outcome_of(seed, traffic, world)


def run_second_agent(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed, in time: an agent asks another by a tool, whose logs come by themselves."""
    chance = random.Random(seed)
    record = replace(request("r0", duration_ms=12_000), trace_id=trace_id())
    calls = [call("r0-0", 1, role=ROLE), call("r0-1", 5, role=ROLE)]
    first, second = (
        [
            span_of(each, trace_id(), resource=resource),
            entry_of(trace_id(), begins, ends, resource=resource),
            replace(agent_of(trace_id(), each, begins=begins, ends=ends), resource=resource),
        ]
        for each, resource, begins, ends in zip(calls, ("agent", "other"), (0.2, 4.5), (11.8, 8.0), strict=True)
    )
    truths = [CallTruth(call=each, request_id=record.request_id, began=each.logged_at) for each in calls]
    traffic = Traffic(
        style=Style.OVERLAPPING,
        policy=Policy(agent_role_names=frozenset({ROLE}), reads_spans=True),
        requests={record.request_id: record},
        calls={each.call.invocation_id: each for each in truths},
        telemetry={record.request_id: [*first, *second]},
    )
    world = World(Faults(chance, quiet=True), traffic.policy, pipeline, sweeps=False)
    later: list[LogRecord] = [calls[1], *second]
    batches = [
        Batch(at=at(chance.uniform(14, 20)), records=(record, calls[0], *first)),
        *(Batch(at=at(chance.uniform(14, 40)), records=(each,)) for each in later),
    ]
    with pipeline.breaking():
        world.run(batches)
    return outcome_of(seed, traffic, world)


def _runs(chance: random.Random) -> Traffic:
    """Requests with a run of two or three calls each, which no tool-use ids join."""
    requests: dict[RequestId, Request] = {}
    calls: dict[InvocationId, CallTruth] = {}
    telemetry: dict[RequestId | None, Sequence[Telemetry]] = {}
    for number in range(chance.randint(1, 2)):
        start = number * chance.uniform(0, 8)
        answers = start + chance.choice((4, 12))
        record = request(f"r{number}", round(start, 3), duration_ms=round((answers - start) * 1_000))
        requests[record.request_id] = record
        trace, ends = trace_id(number + 1, born=start), start + 11
        begins = [start + 0.2 + 4 * place for place in range(chance.randint(2, 3))]
        made = [call(f"r{number}-{place}", began // 1, role=ROLE) for place, began in enumerate(begins)]
        calls |= {
            each.invocation_id: CallTruth(call=each, request_id=record.request_id, began=at(began))
            for each, began in zip(made, begins, strict=True)
        }
        spans = [span_of(each, trace, begins=began % 1) for each, began in zip(made, begins, strict=True)]
        telemetry[record.request_id] = [*spans, entry_of(trace, start + 0.1, ends)]
    return Traffic(
        style=Style.OVERLAPPING,
        policy=Policy(agent_role_names=frozenset({ROLE}), reads_spans=True),
        requests=requests,
        calls=calls,
        telemetry=telemetry,
    )


def _logs(traffic: Traffic) -> list[LogRecord]:
    calls = (each.call for each in traffic.calls.values())
    telemetry = (each for some in traffic.telemetry.values() for each in some)
    return [*traffic.requests.values(), *calls, *telemetry]


def _traffic() -> Traffic:
    record = request("r0")
    calls = [call(f"r0-{number}", 1 + 2 * number, role=ROLE) for number in range(CALLS)]
    truths = [CallTruth(call=each, request_id=record.request_id, began=each.logged_at) for each in calls]
    return Traffic(
        style=Style.OVERLAPPING,
        policy=Policy(agent_role_names=frozenset({ROLE}), reads_spans=True),
        requests={record.request_id: record},
        calls={each.call.invocation_id: each for each in truths},
    )
