"""One schedule, run: its seed's traffic and deliveries through a pipeline, and what it ended with."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from request_lens.domain.facts import Fact, Invocation, InvocationId, Request, RequestId, TraceId
from request_lens.domain.linking.link import Link, Unattributed
from request_lens.domain.log_record import LogRecord, Rejected
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.domain.spans import LambdaRun, Span
from tests.simulation.drawing.deliveries import draw_deliveries, prompt_deliveries
from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.drawing.traffic import draw_traffic
from tests.simulation.drawing.truth import CallTruth, Style, Telemetry, Traffic
from tests.simulation.judging.ended import Ended
from tests.simulation.pipeline import PRODUCT, Pipeline
from tests.simulation.snapshots import MAX_LAG
from tests.simulation.world import World

LINK_DELAY = timedelta(seconds=60)
RETENTION = timedelta(days=90)
MAX_AHEAD = timedelta(hours=2)


@dataclass(frozen=True, eq=False)
class Outcome:
    """A world at its end, and the distinct facts that were collected in time."""

    seed: int
    traffic: Traffic
    world: Ended
    records: Mapping[RequestId, Request]
    calls: Mapping[InvocationId, CallTruth]
    telemetry: Sequence[Telemetry] = ()

    @cached_property
    def places(self) -> list[tuple[InvocationId, str]]:
        """Every place where an invocation counts: under a request with its record, or for its reason."""
        found = [
            (each.invocation.invocation_id, str(state.request_id))
            for state in self.states
            for each in state.invocations
        ]
        lone = self.world.all_unlinked()
        found += [
            (each.invocation.invocation_id, str(each.decision.reason))
            for each in lone
            if isinstance(each.decision, Unattributed)
        ]
        return sorted(found)

    @cached_property
    def states(self) -> Sequence[RequestState]:
        """The requests whose record came."""
        return self.world.all_requests()

    @cached_property
    def links(self) -> dict[InvocationId, Link]:
        """The links of calls without a tag."""
        decisions = {each.invocation.invocation_id: each.decision for each in self.world.all_unlinked()}
        untagged = {key: found for key, found in decisions.items() if isinstance(found, Link)}
        return {key: link for key, link in untagged.items() if self.calls[key].call.tag is None}

    @cached_property
    def is_punctual(self) -> bool:
        """Whether every record and every call was stored, and in the index, within `LinkDelaySeconds` of its end."""
        ends = {str(each.request_id): each.ended_at or each.started_at for each in self._observed}
        return self.calls_come_in_time and self._are_stored_in_time(ends)

    @cached_property
    def calls_come_in_time(self) -> bool:
        """Whether every call was, however late the records came."""
        return self._are_stored_in_time({str(key): each.ended for key, each in self.traffic.calls.items()})

    def _are_stored_in_time(self, ends: Mapping[str, datetime]) -> bool:
        stored = self.world.first_stored
        delay = LINK_DELAY - MAX_LAG if self.world.faults.fired[Fault.INDEX_LAG] else LINK_DELAY
        delay -= 2 * self.world.clock_error
        return all(key in stored and stored[key] < end + delay for key, end in ends.items())

    @property
    def _observed(self) -> list[Request]:
        return [each for each in self.traffic.requests.values() if self.traffic.policy.observes(each.route)]

    @cached_property
    def first_collected(self) -> Mapping[LogRecord, datetime]:
        """When the first batch with each fact was collected to its end."""
        found: dict[LogRecord, datetime] = {}
        for each in self.world.collected:
            for record in each.batch.records:
                if fate(record, at=each.at, policy=self.traffic.policy) == "fact":
                    found.setdefault(record, each.at)
        return found

    @cached_property
    def spans_come_in_time(self) -> bool:
        """Whether all telemetry, and which records name a trace, was stored within `LinkDelaySeconds`, or none is read.

        A batch that died after it had stored a record, and before that named its trace, may come again too late.
        """
        return self.telemetry_comes_in_time and self.names_in_time(*self._observed)

    def names_in_time(self, *records: Request) -> bool:
        """Whether it was stored in time which trace these records name, or no span is read."""
        return self._are_collected_in_time(records)

    def names_after_storing(self, record: Request) -> bool:
        """Whether a record was there in time, and which trace it names only later: the batch died between the two."""
        stored_at, came = self.world.first_stored.get(str(record.request_id)), self.first_collected
        names_one = any(record in named for named in self.naming.values())
        if not names_one or stored_at is None or stored_at >= _ended_at(record) + LINK_DELAY:
            return False
        return (record not in came or came[record] > stored_at) and not self.names_in_time(record)

    @cached_property
    def telemetry_comes_in_time(self) -> bool:
        """Whether all telemetry was, whichever records name its traces."""
        return self._are_collected_in_time([each for some in self.traffic.telemetry.values() for each in some])

    def tells_all_in_time(self, request_id: RequestId | None) -> bool:
        """Whether all telemetry of a request's agents was: else that of one may prove what another's does not yet."""
        return request_id is None or self._are_collected_in_time(self.traffic.telemetry.get(request_id, ()))

    def logs_all_in_time(self, request_id: RequestId) -> bool:
        """Whether all calls of a request were stored in time: one that its spans tell of is missing until then."""
        own = {str(key): each.ended for key, each in self.traffic.calls.items() if each.request_id == request_id}
        return self._are_stored_in_time(own)

    def _are_collected_in_time(self, written: Sequence[Request] | Sequence[Telemetry]) -> bool:
        delay = LINK_DELAY - MAX_LAG - 2 * self.world.clock_error
        came = self.first_collected
        return not self.traffic.policy.reads_spans or all(
            each in came and came[each] < _ended_at(each) + delay for each in written
        )

    @cached_property
    def spans(self) -> Mapping[InvocationId, Span]:
        """The spans of calls that came, where spans are read."""
        spans = (each for each in self.telemetry if isinstance(each, Span))
        return {span.invocation_id: span for span in spans if span.invocation_id is not None}

    @cached_property
    def naming(self) -> Mapping[TraceId, Sequence[Request]]:
        """The records that name each trace by all that came, where spans are read, by themselves or by a run."""
        found: dict[TraceId, list[Request]] = {}
        runs = {each.lambda_request_id: each.trace_id for each in self.telemetry if isinstance(each, LambdaRun)}
        for record in self.records.values() if self.traffic.policy.reads_spans else ():
            if (trace_id := record.trace_id or runs.get(record.lambda_request_id or "")) is not None:
                found.setdefault(trace_id, []).append(record)
        return found

    @cached_property
    def prompt(self) -> "Outcome":
        """What the product makes of the same distinct facts when nothing goes wrong."""
        return run_promptly(self)

    @property
    def is_exact(self) -> bool:
        """Whether every call made for a request is tagged."""
        return self.traffic.style is Style.TAGGED


def run_seed(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed, run with all its faults; every third has no sweep, so that the rest stands alone."""
    chance = random.Random(seed)
    traffic = draw_traffic(chance)
    faults = Faults(chance)
    world = World(faults, traffic.policy, pipeline, sweeps=seed % 3 > 0)
    with pipeline.breaking():
        world.run(draw_deliveries(traffic, faults))
    return outcome_of(seed, traffic, world)


def run_promptly(outcome: Outcome, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The same distinct facts, each alone and in time, without any fault."""
    calls = (each.call for each in outcome.calls.values())
    facts: list[LogRecord] = [*outcome.records.values(), *calls, *outcome.telemetry]
    world = World(Faults(random.Random(outcome.seed), quiet=True), outcome.traffic.policy, pipeline)
    with pipeline.breaking():
        world.run(prompt_deliveries(facts, random.Random(outcome.seed)))
    return outcome_of(outcome.seed, outcome.traffic, world)


def outcome_of(seed: int, traffic: Traffic, world: Ended) -> Outcome:
    """A world at its end, and the facts that it was given in time."""
    kept = [
        record
        for each in world.collected
        for record in each.batch.records
        if fate(record, at=each.at, policy=traffic.policy) == "fact"
    ]
    return Outcome(
        seed=seed,
        traffic=traffic,
        world=world,
        records={each.request_id: each for each in kept if isinstance(each, Request)},
        calls={each.invocation_id: traffic.calls[each.invocation_id] for each in kept if isinstance(each, Invocation)},
        telemetry=list(dict.fromkeys(each for each in kept if isinstance(each, Span | LambdaRun))),
    )


def fate(record: LogRecord, *, at: datetime, policy: Policy) -> str:
    """What a log event is, by the design: the name of its count in a `CollectReport`, without its plural."""
    match record:
        case Rejected():
            return "rejected"
        case Request(route=route) if policy.agent_routes and route not in policy.agent_routes:
            return "ignored"
        case Span() | LambdaRun() if not policy.reads_spans:
            return "ignored"
        case Request() | Invocation() | Span() | LambdaRun():
            started_at = _started_at(record)
            if started_at <= at - RETENTION:
                return "too_old"
            return "too_new" if started_at > at + MAX_AHEAD else "fact"
        case _:
            return "ignored"


def _started_at(fact: Fact | Telemetry) -> datetime:
    match fact:
        case Invocation():
            return fact.logged_at
        case LambdaRun():
            return fact.at
        case _:
            return fact.started_at


def _ended_at(each: Request | Telemetry) -> datetime:
    match each:
        case Request():
            return each.ended_at or each.started_at
        case Span():
            return each.ended_at
        case LambdaRun():
            return each.at
