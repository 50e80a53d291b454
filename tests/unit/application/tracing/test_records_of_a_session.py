"""Laws of sessions: when the record of the next request comes, as long as it is in time, decides no call beside one."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.application.settle_batch import collect_and_settle
from request_lens.domain.facts import RequestId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.log_record import LogRecord
from request_lens.domain.settling.state import RequestState
from tests.support.facts import call, request
from tests.support.telemetry.linked_traces import (
    SPANS,
    agent_of,
    answered_request,
    entry_of,
    run_of,
    span_of,
    trace_id,
    traced_request,
)
from tests.support.world import World, places

SESSION = trace_id(9, born=-900)
CHAT = trace_id(7, born=4)
"""Born in the first request of its session."""

type Arrivals = Sequence[tuple[float, Sequence[LogRecord]]]


def ends(arrivals: Arrivals) -> dict[str, str]:
    """Where each call of the world ends."""
    world = World(SPANS)
    for seconds, records in sorted(arrivals, key=lambda each: each[0]):
        world.collect(seconds, *records)
    world.run_until()
    return places(world)


def next_at_the_very_end(comes_at: float, *, starts: float, duration_ms: int, precision_ms: int = 1) -> Arrivals:
    """It begins with the last call of the first, and lasts as long as may be."""
    own, lost = call("own", 29, latency_ms=100), call("lost", 10, latency_ms=4_000)
    run = [
        span_of(own, SESSION, begins=0.22),
        entry_of(SESSION, 5, 29.34),
        agent_of(SESSION, own, begins=5.1, ends=29.33),
    ]
    following = traced_request("next", starts, trace=SESSION, duration_ms=duration_ms)
    return [
        (20, [lost, request("beside", 9.5, duration_ms=6_000)]),
        (30, [traced_request("first", 4.2, trace=SESSION, duration_ms=24_900), own, *run]),
        (comes_at, [replace(following, started_precision_ms=precision_ms)]),
    ]


@pytest.mark.parametrize("comes_at", [100, 119.65])
def test_a_next_request_that_begins_last_and_lasts_longest_is_waited_for(comes_at: float) -> None:
    found = ends(next_at_the_very_end(comes_at, starts=29.44, duration_ms=30_250))

    assert found == {"own": "ambiguous", "lost": "ambiguous"}


@pytest.mark.parametrize("comes_at", [100, 119.85])
def test_a_next_request_whose_start_is_known_to_the_second_is_waited_for(comes_at: float) -> None:
    found = ends(next_at_the_very_end(comes_at, starts=29, duration_ms=30_000, precision_ms=1000))

    assert found == {"own": "ambiguous", "lost": "ambiguous"}


@pytest.mark.parametrize("late_s", [1, 57])
def test_spans_of_a_session_that_functions_name_prove_nothing_before_the_next_record_must_have_come(
    late_s: float,
) -> None:
    own, lost = call("own", 16), call("lost", 4, latency_ms=900)
    run = [span_of(own, SESSION), entry_of(SESSION, 16.2, 20), agent_of(SESSION, own, begins=16.3, ends=19.9)]
    first = replace(answered_request("first", "run-1", 3.2), duration_ms=20_000)
    following = replace(answered_request("next", "run-2", 16.1), duration_ms=30_000)

    found = ends(
        [
            (10, [lost, request("beside", 3.9, duration_ms=6_000)]),
            (30, [first, run_of("run-1", SESSION), own, *run]),
            (46.1 + late_s, [following, run_of("run-2", SESSION)]),
        ]
    )

    assert found == {"own": "ambiguous", "lost": "ambiguous"}


@pytest.mark.parametrize("agent_at", [86, 135], ids=["its spans at once", "its spans late"])
@pytest.mark.parametrize("record_at", [86, 138], ids=["its record at once", "its record late"])
@pytest.mark.parametrize("trace", [CHAT, SESSION], ids=["born in the first", "older"])
def test_spans_of_a_later_request_of_the_session_take_no_proof_from_the_first(
    trace: str, record_at: float, agent_at: float
) -> None:
    own, lost, later = call("own", 5, latency_ms=2_000), call("lost", 10, latency_ms=4_000), call("later", 61)
    chat = trace_id(7, born=4 if trace == CHAT else -900)
    run = [span_of(own, chat), entry_of(chat, 4.5, 9), agent_of(chat, own, begins=4.6, ends=8.9)]

    found = ends(
        [
            (20, [lost, request("beside", 9.5, duration_ms=6_000)]),
            (25, [traced_request("first", 4.2, trace=chat, duration_ms=19_000), own, *run]),
            (85, [later, span_of(later, chat), entry_of(chat, 60.5, 80)]),
            (agent_at, [agent_of(chat, later, begins=60.6, ends=79.9)]),
            (record_at, [traced_request("second", 60.2, trace=chat, duration_ms=20_000)]),
        ]
    )

    assert found == {"own": "first", "lost": "beside", "later": "second"}


@pytest.mark.parametrize("record_at", [126, 180])
def test_a_request_of_the_session_that_ran_at_another_time_says_nothing_of_what_ran_then(record_at: float) -> None:
    """Nobody tells of the request whose run lies in the overtime of the first."""
    own, lost, unknown = call("own", 1, latency_ms=3_000), call("lost", 10, latency_ms=4_000), call("unknown", 31)
    run = [span_of(own, SESSION), entry_of(SESSION, 0.4, 9), agent_of(SESSION, own, begins=0.5, ends=8.9)]
    another = [
        span_of(unknown, SESSION),
        entry_of(SESSION, 30.4, 35),
        agent_of(SESSION, unknown, begins=30.5, ends=34.9),
    ]

    found = ends(
        [
            (20, [lost, request("beside", 9.5, duration_ms=6_000)]),
            (21, [traced_request("first", 0.2, trace=SESSION, duration_ms=20_000, status=504), own, *run]),
            (37, [unknown, *another]),
            (record_at, [traced_request("far", 100.2, trace=SESSION, duration_ms=25_000)]),
        ]
    )

    assert found == {"own": "first", "lost": "beside", "unknown": "first"}


@pytest.mark.parametrize("record_at", [86, 138], ids=["at once", "late"])
def test_the_record_of_a_later_request_hides_no_agent_whose_run_is_lost(record_at: float) -> None:
    """It made a call in the time of the first, as its own span tells; those of the call and of the run are lost."""
    own, hidden, later = call("own", 5, latency_ms=2_000), call("hidden", 12), call("later", 61)
    run = [span_of(own, CHAT), entry_of(CHAT, 4.5, 9), agent_of(CHAT, own, begins=4.6, ends=8.9)]
    next_run = [span_of(later, CHAT), entry_of(CHAT, 60.4, 79), agent_of(CHAT, later, begins=60.5, ends=78.9)]
    lone = agent_of(CHAT, hidden, begins=11.6, ends=14.9)

    found = ends(
        [
            (20, [hidden, request("beside", 11, duration_ms=6_000)]),
            (25, [traced_request("first", 4.2, trace=CHAT, duration_ms=19_000), own, *run, lone]),
            (82, [later, *next_run]),
            (record_at, [traced_request("second", 60.2, trace=CHAT, duration_ms=20_000)]),
        ]
    )

    assert found == {"own": "first", "hidden": "ambiguous", "later": "second"}


def test_an_agent_whose_run_is_lost_leaves_two_requests_of_a_session_at_once_unproven() -> None:
    own, hidden, later = call("own", 5, latency_ms=2_000), call("hidden", 12), call("later", 26)
    run = [span_of(own, SESSION), entry_of(SESSION, 4.5, 9), agent_of(SESSION, own, begins=4.6, ends=8.9)]
    next_run = [span_of(later, SESSION), entry_of(SESSION, 25.4, 39), agent_of(SESSION, later, begins=25.5, ends=38.9)]
    lone = agent_of(SESSION, hidden, begins=11.6, ends=14.9)

    found = ends(
        [
            (20, [hidden, request("beside", 11, duration_ms=6_000)]),
            (25, [traced_request("first", 4.2, trace=SESSION, duration_ms=19_000), own, *run, lone]),
            (42, [later, *next_run, traced_request("second", 18.2, trace=SESSION, duration_ms=22_000)]),
        ]
    )

    assert found == {"own": "first", "hidden": "ambiguous", "later": "second"}


def test_spans_prove_where_a_function_began_the_trace_after_an_authorizer() -> None:
    trace = trace_id(7, born=7)
    own, lost = call("own", 8, latency_ms=2_000), call("lost", 12, latency_ms=4_000)
    run = [span_of(own, trace), entry_of(trace, 7.5, 10.9), agent_of(trace, own, begins=7.6, ends=10.8)]
    record = replace(answered_request("r1", "run-1", 4.2), duration_ms=19_000)

    found = ends(
        [
            (20, [lost, request("beside", 11, duration_ms=6_000)]),
            (25, [record, run_of("run-1", trace, seconds=7), own, *run]),
        ]
    )

    assert found == {"own": "r1", "lost": "beside"}


class MeetingStore(MemoryFactStore):
    """A store by whose side, before a revision is written, another worker does all of its work; its heads may lag."""

    def __init__(self) -> None:
        super().__init__()
        self.meets: Callable[[], object] | None = None
        self.lagging: dict[RequestId, RequestState] = {}

    def write_revision(self, request_id: RequestId, *, revision: int, summary: Summary) -> bool:
        if self.meets is not None:
            other, self.meets = self.meets, None
            other()
        return super().write_revision(request_id, revision=revision, summary=summary)

    def load_heads(self, request_ids: Sequence[RequestId], *, is_consistent: bool = False) -> Sequence[RequestState]:
        heads = super().load_heads(request_ids, is_consistent=is_consistent)
        return heads if is_consistent else [self.lagging.get(each.request_id, each) for each in heads]


def shared_by_two(store: MeetingStore) -> tuple[World, list[LogRecord], list[LogRecord]]:
    """A request of an API behind another one, whose spans say what is missing; the outer one, and a last span."""
    trace = trace_id()
    own = call("own", 1)
    world = World(SPANS, store=store)
    world.collect(10, traced_request("r1", 0, trace=trace, duration_ms=6_000), span_of(own, trace))
    world.run_until(200)
    return world, [traced_request("r2", 0.1, trace=trace)], [entry_of(trace, 0.2, 4)]


def missing_of(world: World, request_id: str) -> int:
    summary = world.request(request_id).summary
    assert summary is not None
    assert summary.traced is not None
    return summary.traced.missing_calls


def test_whoever_brings_a_span_while_a_revision_says_less_of_them_is_not_lost() -> None:
    """It finds that the revision before is right: the span gives back what the second record takes."""
    store = MeetingStore()
    world, record, span = shared_by_two(store)
    assert missing_of(world, "r1") == 1

    store.meets = lambda: collect_and_settle(span, world.ports, SPANS)
    world.collect(200, *record)
    world.run_until()

    assert missing_of(world, "r1") == 1


def test_a_head_that_lags_hides_no_revision_from_whoever_brings_a_span() -> None:
    store = MeetingStore()
    world, record, span = shared_by_two(store)
    store.lagging = {each.request_id: each for each in store.load_heads([RequestId("r1")])}
    world.collect(200, *record)

    world.collect(201, *span)
    world.run_until()

    assert missing_of(world, "r1") == 1
