"""What spans show broken is counted, once, and named; and what a sweep makes good of traces."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from request_lens.application.sweep import AGE, SLICE, slice_of, sweep
from request_lens.application.tracing.breaches import breaches_by_spans
from request_lens.application.tracing.views import views
from request_lens.domain.facts import InvocationId, Request, TraceId
from request_lens.domain.linking.link import Assumption, UnlinkedInvocation
from request_lens.domain.linking.neighbourhood import MAX_FACTS_AROUND
from request_lens.domain.log_record import LogRecord
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.domain.tracing.traced import MAX_MISSING
from tests.support.facts import START, at, call, request, tag
from tests.support.telemetry.linked_traces import (
    SPANS,
    answered_request,
    entry_of,
    run_of,
    span_of,
    trace_id,
    traced_request,
    untagged_call,
)
from tests.support.world import World, places

TRACE = trace_id()


def breaches(world: World) -> dict[str, int]:
    """How often each assumption was counted as broken, by what was printed."""
    found = Counter[str]()
    for line in world.sink.pipeline:
        if Metric.ASSUMPTION_BREACHES in line.values:
            found.update({name: count for name, count in line.properties.items() if isinstance(count, int)})
    return dict(found)


def test_a_span_that_comes_after_its_call_was_linked_by_time_to_another_is_counted_and_named() -> None:
    world = World(SPANS)
    own = untagged_call()
    world.collect(10, request("a", 0), own)
    world.run_until(300)

    world.collect(301, traced_request("r1", 0), span_of(own, TRACE))
    world.run_until()

    assert places(world) == {"c1": "a"}
    assert breaches(world)[Assumption.SPANS_COME_IN_TIME] == 1
    summary = world.request().summary
    assert summary is not None
    assert summary.violates == (Assumption.SPANS_COME_IN_TIME,)
    assert summary.traced is not None
    assert (summary.traced.complete, summary.traced.missing) == (False, ("c1",))


def contradicted(others: int) -> World:
    """The same, where so many calls of the trace, which began before that one, were never logged."""
    world, own = World(SPANS), untagged_call("z1", 2)
    world.collect(10, request("a", 0), own)
    world.run_until(300)
    unlogged = [span_of(untagged_call(f"a{n:04}", 1), TRACE, begins=n / 10_000) for n in range(others)]
    world.collect(301, traced_request("r1", 0), span_of(own, TRACE), *unlogged)
    world.run_until()
    return world


@pytest.mark.parametrize("others", [MAX_MISSING - 1, MAX_MISSING, MAX_MISSING + 1, MAX_FACTS_AROUND - 1])
def test_a_span_that_contradicts_is_counted_behind_however_many_missing_calls(others: int) -> None:
    """Only ten of those are named, the first by their ids."""
    world = contradicted(others)

    summary = world.request().summary
    assert summary is not None
    assert summary.traced is not None
    assert summary.traced.missing_calls == others + 1
    assert breaches(world)[Assumption.SPANS_COME_IN_TIME] == 1


@pytest.mark.parametrize("others", [1, MAX_MISSING + 1, MAX_FACTS_AROUND + 500])
def test_what_contradicts_is_looked_for_by_one_read_of_a_thousand_calls_at_most(
    others: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = contradicted(others)
    (state,) = views(world.request(), world.ports, SPANS)
    asked: list[int] = []
    load = world.ports.store.load_all_unlinked

    def ask(invocation_ids: Sequence[InvocationId]) -> Sequence[UnlinkedInvocation]:
        asked.append(len(invocation_ids))
        return load(invocation_ids)

    monkeypatch.setattr(world.ports.store, "load_all_unlinked", ask)

    breaches_by_spans(state, world.ports, SPANS)

    assert asked == [min(others + 1, MAX_FACTS_AROUND)]


@pytest.mark.parametrize("span_first", [True, False])
def test_a_tag_that_contradicts_a_trace_wins_and_is_counted(span_first: bool) -> None:
    own = call("c1", 1, tag=tag("a"))
    facts: list[LogRecord] = [span_of(own, TRACE), own]
    world = World(SPANS)
    for place, fact in enumerate(facts if span_first else facts[::-1]):
        world.collect(8 + place, fact)
    world.collect(10, traced_request("r1"), request("a"))
    world.run_until()

    assert places(world) == {"c1": "a"}
    assert breaches(world) == {Assumption.TRACES_HAVE_ONE_REQUEST: 1}


def test_a_tagged_call_of_a_trace_that_nobody_else_names_breaks_nothing() -> None:
    own, lone = call("c1", 1, tag=tag("r1")), call("c2", 2, tag=tag("r1"))
    world = World(SPANS)
    world.collect(10, traced_request("r1"), own, lone, span_of(own, TRACE), span_of(lone, trace_id(9)))
    world.run_until()

    assert breaches(world) == {}


def test_a_second_record_that_names_a_trace_which_was_born_in_another_request_is_counted() -> None:
    own = untagged_call()
    world = World(SPANS)
    world.collect(10, traced_request("r1"), own, span_of(own, TRACE))
    world.collect(30, traced_request("r2", 20, trace=TRACE))
    world.run_until()

    assert places(world) == {"c1": "r1"}
    assert breaches(world) == {Assumption.TRACES_HAVE_ONE_REQUEST: 1}


@pytest.mark.parametrize("first", ["r1", "r2"])
def test_a_trace_that_was_born_in_two_requests_is_counted_at_each_that_settles_with_both(first: str) -> None:
    own = untagged_call()
    records = [traced_request("r1"), traced_request("r2", 0.5, trace=TRACE)]
    records.sort(key=lambda record: record.request_id != first)
    world = World(SPANS)
    world.collect(8, records[0], own, span_of(own, TRACE))
    world.collect(9, records[1])
    world.run_until()

    assert places(world) == {"c1": first}
    assert breaches(world) == {Assumption.TRACES_HAVE_ONE_REQUEST: 2}


def test_a_session_whose_trace_was_born_in_none_of_its_requests_breaks_nothing() -> None:
    session = trace_id(7, born=-600)
    world = World(SPANS)
    world.collect(40, *(traced_request(f"r{place}", 10 * place, trace=session) for place in range(3)))
    world.run_until()

    assert breaches(world) == {}


def swept(world: World) -> dict[SettleKey, float]:
    """Lose what is on its way, and sweep the minute of START; the keys that are sent for it, by their second."""
    while world.timer.next_due() is not None:
        world.timer.take()
    begins = slice_of(START)
    world.clock.moment = begins + AGE + SLICE
    sweep(world.ports, world.policy, moment=begins + AGE + SLICE)
    sent: dict[SettleKey, float] = {}
    while (due := world.timer.next_due()) is not None:
        sent[world.timer.take()] = (due - at(0)).total_seconds()
    return sent


def test_a_sweep_sends_the_traces_of_unattributed_calls_that_a_record_names() -> None:
    world = World(SPANS)
    for place in range(3):
        own = untagged_call(f"c{place}", place)
        world.collect(10, own, span_of(own, trace_id(place)))
    world.run_until()
    world.collect(
        300, traced_request("r0", trace=trace_id(0)), answered_request("r1", "run"), run_of("run", trace_id(1))
    )

    sent = swept(world)

    traces = [key.id for key in sent if key.kind is SettleKind.TRACE]
    assert traces == [trace_id(0), trace_id(1)]
    world.timer.send([(key, at(seconds)) for key, seconds in sent.items()])
    world.run_until()
    assert places(world) == {"c0": "r0", "c1": "r1", "c2": "no_request"}


def test_a_sweep_asks_for_no_spans_where_none_are_read() -> None:
    world = World(SPANS)
    own = untagged_call()
    world.collect(10, own, span_of(own, TRACE))
    world.run_until()
    world.collect(300, traced_request())
    world.policy = replace(SPANS, reads_spans=False)

    assert {key.kind for key in swept(world)} == {SettleKind.REQUEST}


@pytest.mark.parametrize("bridged", [True, False])
def test_a_sweep_has_a_request_told_by_spans_whose_traces_message_was_lost(bridged: bool) -> None:
    """No call is undecided: the spans came after all were linked by their tags."""
    own = call("c1", 1, tag=tag("r1", 1))
    record, facts = traced_request("r1"), [span_of(own, TRACE), entry_of(TRACE, 0.2, 4.8)]
    run = [run_of("run", TRACE)] if bridged else []
    world = World(SPANS)
    world.collect(8, answered_request("r1", "run") if bridged else record, own, *run)
    world.run_until(100)
    world.collect(101, *facts)
    while world.timer.next_due() is not None:
        world.timer.take()

    def swept() -> list[SettleKey]:
        sweep(world.ports, SPANS, moment=slice_of(START) + SLICE + AGE)
        keys = []
        while world.timer.next_due() is not None:
            keys.append(world.timer.take())
        return keys

    key = SettleKey(SettleKind.REQUEST, record.request_id)
    assert swept() == [key]
    world.timer.send([(key, world.clock.now())])
    world.run_until()
    summary = world.request().summary
    assert summary is not None
    assert summary.traced is not None
    assert summary.traced.calls == 1
    assert swept() == []


def test_a_sweep_asks_at_once_for_the_traces_of_all_requests_without_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """One after the other they took longer than the function has, at a hundred requests a second."""
    world = World(SPANS)
    world.collect(8, *(answered_request(f"r{number}", f"run-{number}", number / 10) for number in range(20)))
    world.run_until(400)
    asked: list[int] = []
    traces_of = world.ports.store.traces_of

    def ask(requests: Sequence[Request]) -> Sequence[TraceId | None]:
        asked.append(len(requests))
        return traces_of(requests)

    monkeypatch.setattr(world.ports.store, "traces_of", ask)

    sweep(world.ports, SPANS, moment=slice_of(START) + SLICE + AGE)

    assert asked == [20]
