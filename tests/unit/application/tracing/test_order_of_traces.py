"""Laws of links by trace: no order, repetition, split or crash changes which request has a call, or counts it twice."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from request_lens.application.settle_batch import MAX_INLINE_SETTLES, collect_and_settle
from request_lens.domain.facts import Request
from request_lens.domain.log_record import LogRecord
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.settling.state import SettleKind
from tests.support.facts import DUE_S, at, call, request
from tests.support.telemetry.linked_traces import (
    SPANS,
    agent_of,
    answered_request,
    entry_of,
    run_of,
    span_of,
    trace_id,
    traced_request,
    untagged_call,
)
from tests.support.world import FailingStore, World, places

SESSION = trace_id(9, born=-900)


def facts_of(number: int) -> list[LogRecord]:
    """What is logged of a request of two calls that overlaps all others; every second one is joined by a bridge."""
    trace = trace_id(number)
    calls = [untagged_call(f"{number}-{place}", place + 1) for place in range(2)]
    spans = [*(span_of(each, trace) for each in calls), entry_of(trace, 0.1, 4.9)]
    if number % 2:
        return [answered_request(f"r{number}", f"run-{number}", 0.05), run_of(f"run-{number}", trace), *calls, *spans]
    return [traced_request(f"r{number}", trace=trace), *calls, *spans]


def session() -> list[LogRecord]:
    """Two requests that name one trace, which was born before both, with a call each."""
    calls = [untagged_call("s-0", 1), untagged_call("s-1", 31)]
    records = [traced_request(f"s{place}", 30 * place, trace=SESSION) for place in range(2)]
    return [*records, *calls, *(span_of(each, SESSION) for each in calls)]


FACTS: list[LogRecord] = [*facts_of(0), *facts_of(1), *facts_of(2), *session()]
PLACES = {f"{number}-{place}": f"r{number}" for number in range(3) for place in range(2)} | {"s-0": "s0", "s-1": "s1"}


@st.composite
def arrivals(draw: st.DrawFn) -> list[tuple[float, list[LogRecord]]]:
    """Batches of all facts in some order, some of them twice, within half a minute of the last request's end."""
    order = draw(st.permutations(FACTS + draw(st.lists(st.sampled_from(FACTS), max_size=8))))
    cuts = sorted(draw(st.sets(st.integers(1, len(order) - 1), max_size=len(order) - 1)))
    batches = [list(order[begin:end]) for begin, end in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    pauses = draw(st.lists(st.floats(0, 1), min_size=len(batches), max_size=len(batches)))
    return [(36 + sum(pauses[: place + 1]), batch) for place, batch in enumerate(batches)]


def collected(batches: Sequence[tuple[float, list[LogRecord]]], store: FailingStore | None = None) -> World:
    world = World(SPANS, store=store)
    for seconds, records in batches:
        world.collect(seconds, *records)
    world.run_until()
    return world


@given(arrivals())
def test_any_order_doubled_and_split_gives_the_same_links(batches: list[tuple[float, list[LogRecord]]]) -> None:
    world = collected(batches)

    assert places(world) == PLACES
    links = {method for each in world.store.all_requests() for method in world.calls_of(each.request_id).values()}
    assert links == {("trace", "exact"), ("trace", "inferred")}
    assert world.sum_of(Metric.LLM_CALLS) == len(PLACES)
    assert world.pipeline_sum(Metric.UNATTRIBUTED_INVOCATIONS) == 0


@given(arrivals(), st.integers(1, 40), st.booleans())
def test_a_crash_at_any_write_changes_no_link_and_counts_none_twice(
    batches: list[tuple[float, list[LogRecord]]], fails_at: int, after: bool
) -> None:
    world = collected(batches, FailingStore(fails_at=fails_at, after=after))

    assert places(world) == PLACES
    assert world.sum_of(Metric.LLM_CALLS) == len(PLACES)


def test_a_batch_that_completes_a_trace_links_its_calls_itself_without_a_message() -> None:
    world = World(SPANS)
    world.collect(8, *(each for each in facts_of(0) if not isinstance(each, Request)))
    world.clock.moment = at(9)

    _, failures = collect_and_settle([traced_request("r0", trace=trace_id(0))], world.ports, SPANS)

    assert failures == []
    assert world.calls_of("r0") == {"0-0": ("trace", "exact"), "0-1": ("trace", "exact")}
    sent = set()
    while world.timer.next_due() is not None:
        sent.add(world.timer.take().kind)
    assert SettleKind.TRACE not in sent


def test_of_many_traces_that_a_batch_completes_the_rest_get_a_message_each() -> None:
    world = World(SPANS)
    records = [traced_request(f"r{number}", trace=trace_id(number)) for number in range(MAX_INLINE_SETTLES + 5)]
    world.clock.moment = at(9)

    collect_and_settle(records, world.ports, SPANS)

    sent = []
    while (due := world.timer.next_due()) is not None and due <= at(9):
        sent.append(world.timer.take().kind)
    assert sent.count(SettleKind.TRACE) == 5


@pytest.mark.parametrize("comes_at", [40, 1 + DUE_S, 200], ids=["before the call is due", "as it is due", "after it"])
def test_a_request_that_began_after_a_call_makes_its_link_no_less_sure(
    comes_at: float,
) -> None:
    own = untagged_call("own", 1)
    world = World(SPANS)
    world.collect(10, traced_request("first", trace=SESSION), own, span_of(own, SESSION))
    world.run_until(comes_at)
    world.collect(comes_at, traced_request("later", 30, trace=SESSION))
    world.run_until()

    assert world.calls_of("first") == {"own": ("trace", "exact")}


@pytest.mark.parametrize("comes_at", [20, 42.5, 60], ids=["first", "so that it is due last", "as late as can be"])
@pytest.mark.parametrize(("first_ms", "request_id"), [(4_000, "r2"), (20_000, "r1")], ids=["in two", "in one"])
def test_a_call_whose_span_is_lost_goes_on_from_a_traced_one_whenever_that_comes(
    comes_at: float, first_ms: int, request_id: str
) -> None:
    """How long it took is unknown, so that it is a part of its own, which waits for no more than its own call."""
    asks, beside = call("asks", 1, produced=["tool"]), untagged_call("beside", 11)
    goes_on = replace(call("goes on", 9, returned=["tool"]), latency_ms=None)
    world = World(SPANS)
    world.collect(14, traced_request("r1", trace=SESSION, duration_ms=first_ms), goes_on)
    world.collect(18, traced_request("r2", 8, trace=trace_id(5), duration_ms=6_000))
    world.collect(19, beside, span_of(beside, trace_id(5)))
    world.collect(comes_at, asks, span_of(asks, SESSION))
    world.run_until()

    assert places(world) == {"asks": "r1", "beside": "r2", "goes on": request_id}


@pytest.mark.parametrize("comes_at", [70, 100, 119], ids=["early", "before the other is due", "as late as can be"])
def test_a_call_waits_for_the_spans_of_an_agent_that_may_have_run_on_and_made_it(comes_at: float) -> None:
    """They may come until a minute after they ended: whether a call that is decided before finds them is chance."""
    trace = trace_id()
    own, late, other = call("own", 1), call("late", 57, latency_ms=3_000), call("other", 16)
    world = World(SPANS)
    world.collect(35, traced_request("r1", duration_ms=29_000, status=504), own, other, span_of(own, trace))
    run = [span_of(late, trace), entry_of(trace, 0.1, 60.6), agent_of(trace, own, late, ends=60.5)]
    world.collect(comes_at, late, *run)
    world.run_until()

    assert places(world) == {"own": "r1", "late": "r1", "other": "no_request"}


@pytest.mark.parametrize("comes_at", [70, 110, 119])
def test_a_call_waits_for_such_spans_though_those_that_are_there_seem_to_be_all(comes_at: float) -> None:
    trace = trace_id()
    own, late, other = call("own", 1), call("late", 57, latency_ms=2_000), call("other", 16)
    world = World(SPANS)
    run = [span_of(own, trace), entry_of(trace, 0.1, 4.9), agent_of(trace, own)]
    world.collect(35, traced_request("r1", duration_ms=29_000, status=504), own, other, *run)
    seconds = [
        entry_of(trace, 56.9, 60.2, resource="b"),
        replace(agent_of(trace, late, begins=57, ends=60), resource="b"),
    ]
    world.collect(comes_at, late, span_of(late, trace, resource="b"), *seconds)
    world.run_until()

    assert places(world) == {"own": "r1", "late": "r1", "other": "no_request"}


@pytest.mark.parametrize("comes_at", [70, 119])
def test_a_call_of_a_run_that_goes_on_is_no_other_requests_though_what_came_before_seemed_to_be_all(
    comes_at: float,
) -> None:
    """Its own span is lost, and its run ends too late for the others of it to be there when it is due."""
    trace = trace_id()
    own, lost, late = call("own", 1), call("lost", 16), call("late", 57, latency_ms=2_000)
    world = World(SPANS)
    run = [span_of(own, trace), entry_of(trace, 0.1, 4.9), agent_of(trace, own)]
    world.collect(35, traced_request("r1", duration_ms=29_000, status=504), own, *run)
    world.collect(36, request("r2", 15), lost)
    runs_on = [entry_of(trace, 10, 60.2), agent_of(trace, lost, late, begins=10.1, ends=60.1)]
    world.collect(comes_at, late, span_of(late, trace), *runs_on)
    world.run_until()

    assert places(world) == {"own": "r1", "late": "r1", "lost": "ambiguous"}
    summaries = [world.request(request_id).summary for request_id in ("r1", "r2")]
    assert [summary and summary.possible_calls for summary in summaries] == [1, 1]


def test_what_spans_prove_that_end_with_their_request_holds_for_a_call_that_is_due_when_they_can_just_have_come() -> (
    None
):
    trace = trace_id(born=1)
    own, late, other = call("own", 1, latency_ms=25_000), call("late", 27, latency_ms=4_000), call("other", 0)
    run = [span_of(own, trace), span_of(late, trace, begins=0.1), entry_of(trace, 1.3, 31.2)]
    world = World(SPANS)
    world.collect(32, traced_request("r1", 1.2, duration_ms=30_000, trace=trace), own, late, *run)
    world.collect(33, agent_of(trace, own, late, begins=1.3, ends=31.2))
    world.collect(40, other)
    world.run_until()

    assert places(world) == {"own": "r1", "late": "r1", "other": "no_request"}


@pytest.mark.parametrize("late_s", [1, 30, 57, 60])
@pytest.mark.parametrize(
    ("own_at", "run_ends", "next_ms"), [(16, 37.8, 21_500), (16, 26, 30_000), (10, 20, 30_000)], ids=str
)
def test_a_run_in_a_sessions_request_proves_nothing_for_it_while_the_next_one_may_come(
    own_at: float, run_ends: float, next_ms: int, late_s: float
) -> None:
    """That one's record names the trace, too, and comes in time, yet after another call in the first one's is due."""
    own, lost = call("own", own_at, latency_ms=5_300), call("lost", 4, latency_ms=4_700)
    run = [span_of(own, SESSION, begins=0.5), entry_of(SESSION, own_at + 0.4, run_ends)]
    next_at = own_at + 0.39
    world = World(SPANS)
    world.collect(10, lost, request("beside", 3.9, duration_ms=6_000))
    world.collect(30, traced_request("first", 4.2, trace=SESSION, duration_ms=24_900), own, *run)
    world.collect(38, agent_of(SESSION, own, begins=own_at + 0.5, ends=run_ends - 0.1))
    world.collect(
        next_at + next_ms / 1000 + late_s, traced_request("next", next_at, trace=SESSION, duration_ms=next_ms)
    )
    world.run_until()

    assert places(world) == {"own": "ambiguous", "lost": "ambiguous"}
