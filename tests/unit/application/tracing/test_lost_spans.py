"""A span that never comes costs nothing but exactness: its call is decided by time, and no later than without spans."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from request_lens.domain.facts import Invocation, InvocationId, Request
from request_lens.domain.log_record import LogRecord
from request_lens.domain.policy import Policy
from request_lens.domain.spans import Span, SpanId, SpanKind
from tests.support.facts import call, chain_of_two, request
from tests.support.telemetry.linked_traces import SPANS, agent_of, entry_of, span_of, trace_id, traced_request
from tests.support.world import World, places

UNREAD = replace(SPANS, reads_spans=False)
LAST = 420
"""Seconds after which all calls of a drawn world are decided."""


@dataclass(slots=True, kw_only=True)
class Drawn:
    """Facts by the second in which they come; the calls whose spans do are `seen`."""

    records: list[tuple[float, Request]] = field(default_factory=list)
    calls: list[tuple[float, Invocation]] = field(default_factory=list)
    spans: list[tuple[float, Span]] = field(default_factory=list)
    seen: set[InvocationId] = field(default_factory=set)


def drawn(dice: random.Random) -> Drawn:
    """Up to four requests that overlap, some of which fail or run on, of up to four calls each; half have spans."""
    found = Drawn()
    for number in range(dice.randint(1, 4)):
        start, seconds = round(dice.uniform(0, 20), 1), dice.randint(4, 15)
        trace = trace_id(number + 1, born=int(start))
        record = traced_request(
            f"r{number}",
            start,
            duration_ms=1_000 * seconds,
            trace=trace,
            status=dice.choice([200, 200, 200, 202, 504]),
        )
        found.records.append((start + seconds + dice.uniform(2, 20), record))
        _draw_calls(dice, found, record, start=start, end=start + seconds)
    return found


def _draw_calls(dice: random.Random, found: Drawn, record: Request, *, start: float, end: float) -> None:
    """The calls of one request, one after the other, of a second each; some ask for tools."""
    at_s, returned = start + 0.3, list[str]()
    for place in range(dice.randint(1, 4)):
        if at_s + 1 > end - 0.2 or record.trace_id is None:
            return
        asks_for = [f"t-{record.request_id}-{place}"] if dice.random() < 0.7 else []
        made = call(f"c{len(found.calls)}", int(at_s), returned=returned, produced=asks_for)
        found.calls.append((at_s + 1 + dice.uniform(3, 15), made))
        if dice.random() < 0.5:
            span = span_of(made, record.trace_id, begins=at_s - int(at_s))
            found.spans.append((at_s + 1 + dice.uniform(1, 20), span))
            found.seen.add(made.invocation_id)
        at_s, returned = at_s + 1 + dice.uniform(0.2, 2), asks_for


def decided_at(policy: Policy, facts: Sequence[tuple[float, LogRecord]], of: Drawn) -> Mapping[InvocationId, int]:
    """The first second in which each call is decided."""
    world, found = World(policy), dict[InvocationId, int]()
    coming = sorted(facts, key=lambda fact: fact[0])
    for second in range(LAST):
        while coming and coming[0][0] <= second:
            world.collect(*coming.pop(0))
        world.run_until(second)
        for _, each in of.calls:
            if each.invocation_id not in found and world.decision(each.invocation_id) is not None:
                found[each.invocation_id] = second
    return found


@pytest.mark.parametrize("seed", range(5))
def test_a_call_whose_span_never_comes_is_decided_no_later_than_where_no_span_is_read(seed: int) -> None:
    dice = random.Random(seed)
    earlier = compared = 0
    for _ in range(10):
        world = drawn(dice)
        untraced = [(second, replace(record, trace_id=None)) for second, record in world.records]

        without = decided_at(UNREAD, [*untraced, *world.calls], world)
        found = decided_at(SPANS, [*world.records, *world.calls, *world.spans], world)

        unseen = [made.invocation_id for _, made in world.calls if made.invocation_id not in world.seen]
        assert {each: second for each, second in found.items() if each in unseen and second > without[each]} == {}
        assert found.keys() == without.keys() == {made.invocation_id for _, made in world.calls}
        compared += len(unseen)
        earlier += sum(found[each] < without[each] for each in unseen)
    assert 0 < earlier < compared


def proof_of(asks: Invocation) -> list[Span]:
    """The run that the call lies in, and its agent's own sums."""
    return [entry_of(trace_id(), 0.1, 4.9), agent_of(trace_id(), asks)]


def is_proven(world: World) -> bool:
    """Whether r1 says that its spans prove all of its calls."""
    summary = world.request("r1").summary
    return summary is not None and summary.traced is not None and summary.traced.complete is True


@pytest.mark.parametrize("proves", [True, False], ids=["proven", "not proven"])
@pytest.mark.parametrize(
    ("others", "place"),
    [
        ([request("r2", 0.5, duration_ms=20_000), request("r3", 6, duration_ms=6_000)], "r3"),
        ([request("r2", 0.5, duration_ms=20_000)], "ambiguous"),
    ],
    ids=["one that began afterwards", "one that ran beside it"],
)
def test_a_call_that_goes_on_from_one_of_a_trace_is_no_request_s_that_would_have_made_that_one_too(
    proves: bool, others: list[Request], place: str
) -> None:
    """Both calls fit the request that ran beside the trace's: but the first, whose span came, is not its."""
    asks = call("asks", 1, produced=["x"])
    spans = [span_of(asks, trace_id()), *(proof_of(asks) if proves else [])]
    world = World(SPANS)
    world.collect(25, traced_request(), *others, asks, *spans, call("goes-on", 7, returned=["x"]))
    world.run_until()

    assert is_proven(world) is proves
    assert places(world) == {"asks": "r1", "goes-on": place}


def test_a_call_that_goes_on_from_one_of_a_proven_request_is_not_that_ones_though_it_lies_in_its_time() -> None:
    """An agent of the same role that sends no spans made it, as far as anybody knows."""
    asks = call("asks", 1, produced=["x"])
    world = World(SPANS)
    world.collect(25, traced_request(duration_ms=20_000), asks, span_of(asks, trace_id()), *proof_of(asks))
    world.collect(25, call("goes-on", 7, returned=["x"]))
    world.run_until()

    assert is_proven(world)
    assert places(world) == {"asks": "r1", "goes-on": "no_request"}


def test_what_holds_a_chain_in_its_own_time_is_no_maker_of_it_where_an_exact_link_says_another() -> None:
    """The request of that link may have run on after its time-out, and holds the chain too: that does not count."""
    asks, given_up = call("asks", 27, produced=["x"]), traced_request("r1", duration_ms=29_000, status=504)
    beside, after = request("r2", 20, duration_ms=30_000), request("r3", 33, duration_ms=7_000)
    world = World(SPANS)
    world.collect(60, given_up, beside, after, asks, span_of(asks, trace_id()), call("goes-on", 35, returned=["x"]))
    world.run_until()

    assert world.calls_of("r1") == {"asks": ("trace", "exact")}
    assert world.calls_of("r3") == {"goes-on": ("window", "assumed")}


@pytest.mark.parametrize("chats", [True, False], ids=["in a chat", "by itself"])
def test_while_a_call_is_possible_its_time_is_not_said_to_be_another_vendors_or_the_agents(chats: bool) -> None:
    """The call's span was lost, and by its time it fits another request, too."""
    trace, made = trace_id(), call("c1", 1)
    chat = replace(span_of(made, trace), span_id=SpanId("chat"), kind=SpanKind.CHAT, invocation_id=None)
    rival = request("r2", 0.2, duration_ms=5_000)
    world = World(SPANS)
    world.collect(10, traced_request(), rival, made, *([chat] if chats else []), entry_of(trace, 0.1, 4.9))
    world.run_until()

    summary = world.request("r1").summary
    assert summary is not None
    assert summary.traced is not None
    assert (summary.totals.llm_calls, summary.possible_calls, summary.traced.time_by) == (0, 1, None)
    assert world.request("r1").revision == 1


def test_a_chat_without_a_call_is_another_vendors_where_none_is_possible() -> None:
    trace = trace_id()
    chat = replace(span_of(call("c1", 1), trace), span_id=SpanId("chat"), kind=SpanKind.CHAT, invocation_id=None)
    world = World(SPANS)
    world.collect(10, traced_request(), chat, entry_of(trace, 0.1, 4.9))
    world.run_until()

    summary = world.request("r1").summary
    assert summary is not None
    assert summary.traced is not None
    assert summary.traced.time_by is not None
    assert summary.traced.time_by.llm_elsewhere_ms == call("c1", 1).latency_ms


def test_a_call_after_one_that_its_run_told_is_but_assumed_its_requests_where_the_next_may_have_made_it() -> None:
    asks, goes_on = chain_of_two("c", 26, 31)
    trace = trace_id(7)
    world = World(SPANS)
    requests = [
        request("r1", 11.5, duration_ms=20_100),
        request("timed out", 12.8, duration_ms=14_300, status=504),
        request("next", 31.6, duration_ms=20_000),
    ]
    world.collect(
        60, *requests, asks, replace(goes_on, latency_ms=None), span_of(asks, trace), entry_of(trace, 12, 27.9)
    )
    world.run_until()

    assert world.calls_of("r1") == {"c-1": ("window", "inferred"), "c-2": ("chain", "assumed")}


def test_a_call_without_a_span_is_its_only_requests_though_the_next_of_its_chain_may_be_of_several_of_its_trace() -> (
    None
):
    session = trace_id(9, born=-900)
    asks, returns = chain_of_two("c", 5, 33)
    world = World(SPANS)
    first = traced_request("r1", 4.9, trace=session, duration_ms=27_600, status=202)
    second = traced_request("r2", 33.3, trace=session, duration_ms=2_900)
    world.collect(60, first, second, asks, returns, span_of(returns, session, begins=0.4))
    world.run_until()

    assert places(world) == {"c-1": "r1", "c-2": "ambiguous"}
