"""One schedule, run: its seed's traffic and deliveries through a pipeline, and what it ended with."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from request_lens.domain.facts import Fact, Invocation, InvocationId, Request, RequestId
from request_lens.domain.linking.link import Link, Unattributed
from request_lens.domain.log_record import LogRecord, Rejected
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from tests.simulation.drawing.deliveries import draw_deliveries, prompt_deliveries
from tests.simulation.drawing.faults import Fault, Faults
from tests.simulation.drawing.traffic import draw_traffic
from tests.simulation.drawing.truth import CallTruth, Style, Traffic
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
        stored = self.world.first_stored
        delay = LINK_DELAY - MAX_LAG if self.world.faults.fired[Fault.INDEX_LAG] else LINK_DELAY
        delay -= 2 * self.world.clock_error
        observed = [each for each in self.traffic.requests.values() if self.traffic.policy.observes(each.route)]
        ends = {str(each.request_id): each.ended_at or each.started_at for each in observed}
        ends |= {str(key): each.ended for key, each in self.traffic.calls.items()}
        return all(key in stored and stored[key] < end + delay for key, end in ends.items())

    @cached_property
    def prompt(self) -> "Outcome":
        """What the product makes of the same distinct facts when nothing goes wrong."""
        return run_promptly(self)

    @property
    def is_exact(self) -> bool:
        """Whether every call made for a request is tagged."""
        return self.traffic.style is Style.TAGGED


def run_seed(seed: int, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The schedule of this seed, run with all its faults."""
    chance = random.Random(seed)
    traffic = draw_traffic(chance)
    faults = Faults(chance)
    world = World(faults, traffic.policy, pipeline)
    with pipeline.breaking():
        world.run(draw_deliveries(traffic, faults))
    return outcome_of(seed, traffic, world)


def run_promptly(outcome: Outcome, pipeline: Pipeline = PRODUCT) -> Outcome:
    """The same distinct facts, each alone and in time, without any fault."""
    facts: list[LogRecord] = [*outcome.records.values(), *(each.call for each in outcome.calls.values())]
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
        if isinstance(record, Request | Invocation) and fate(record, at=each.at, policy=traffic.policy) == "fact"
    ]
    return Outcome(
        seed=seed,
        traffic=traffic,
        world=world,
        records={each.request_id: each for each in kept if isinstance(each, Request)},
        calls={each.invocation_id: traffic.calls[each.invocation_id] for each in kept if isinstance(each, Invocation)},
    )


def fate(record: LogRecord, *, at: datetime, policy: Policy) -> str:
    """What a log event is, by the design: the name of its count in a `CollectReport`, without its plural."""
    match record:
        case Rejected():
            return "rejected"
        case Request(route=route) if policy.agent_routes and route not in policy.agent_routes:
            return "ignored"
        case Request() | Invocation():
            started_at = _started_at(record)
            if started_at <= at - RETENTION:
                return "too_old"
            return "too_new" if started_at > at + MAX_AHEAD else "fact"
        case _:
            return "ignored"


def _started_at(fact: Fact) -> datetime:
    return fact.started_at if isinstance(fact, Request) else fact.logged_at
