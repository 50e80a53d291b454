"""A request says what its spans do, whichever came first, and settles as soon as they prove that its calls are all.

Its calls are linked already: which of them is whose is none of this suite's business.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import permutations

import pytest

from request_lens.application.settle_request import recount, revise_if_due
from request_lens.domain.facts import InvocationId, Request, RequestId, TraceId
from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import LinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.spans import Span, SpanId, SpanKind
from tests.support.facts import START, at, call, link, linked, request
from tests.support.world import World

POLICY = Policy(reads_spans=True)
TRACE = TraceId(f"{int(START.timestamp()):08x}dab312b4f03b31b9c24535a1")
RECORD = replace(request("r1", duration_ms=5_000), trace_id=TRACE)
READ, WRITTEN = 1011, 31
"""The tokens of each call of `facts.call`."""


def span(kind: SpanKind, begin: float, end: float, **fields: object) -> Span:
    values: dict[str, object] = {"trace_id": TRACE, "parent_id": None, "resource": "agent", **fields}
    own_id = SpanId(f"{kind}-{begin}-{end}")
    return Span(span_id=own_id, kind=kind, started_at=at(begin), ended_at=at(end), **values)  # type: ignore[arg-type]


def agent(calls: int) -> Span:
    tokens = replace(call().tokens, input=calls * READ, output=calls * WRITTEN)
    return span(SpanKind.AGENT, 0.2, 4.8, tokens=tokens)


ENTRY = span(SpanKind.ENTRY, 0.1, 4.9)
FIRST = span(SpanKind.CALL, 1, 2, invocation_id=InvocationId("c1"))
SECOND = span(SpanKind.CALL, 3, 4, invocation_id=InvocationId("c2"))
TOOL = span(SpanKind.TOOL, 2.2, 2.8, tool="mail")
CALLS = [linked(call("c1", 1, produced=["t"]), link("r1")), linked(call("c2", 3, returned=["t"]), link("r1"))]


def stored(
    world: World, *, spans: Sequence[Span], calls: Sequence[LinkedInvocation] = (), record: Request = RECORD
) -> None:
    """The facts as collecting and linking leave them."""
    world.store.store_requests([record], stored_at=world.clock.now())
    world.store.store_linked(calls)
    world.store.store_spans(spans, stored_at=world.clock.now())


def settled(world: World, seconds: float) -> Summary | None:
    world.clock.moment = at(seconds)
    return revise_if_due(RequestId("r1"), world.ports, world.policy).summary


def test_a_request_whose_calls_its_spans_prove_to_be_all_settles_at_once_and_is_certain() -> None:
    world = World(POLICY)
    stored(world, spans=[ENTRY, FIRST, SECOND, TOOL, agent(2)], calls=CALLS)
    world.store.store_unlinked([call("stranger", 2)], stored_at=at(6))
    summary = settled(world, 7)

    assert summary is not None
    assert summary.traced is not None
    assert (summary.traced.complete, summary.possible_calls, summary.certain_since) == (True, 0, 1)
    assert (summary.llm_time_ms, summary.tool_time_ms, summary.non_llm_time_ms) == (2_000, 600, 3_000)
    assert [(bar.offset_ms, bar.precision_ms) for bar in summary.bars] == [(1_000, 1), (3_000, 1)]


def test_where_spans_prove_nothing_another_call_may_be_its_own() -> None:
    world = World(POLICY)
    stored(world, spans=[ENTRY, FIRST, SECOND, agent(3)], calls=CALLS)
    world.store.store_unlinked([call("stranger", 2)], stored_at=at(6))

    assert settled(world, 34) is None
    summary = settled(world, 35)
    assert summary is not None
    assert (summary.possible_calls, summary.certain_since) == (1, None)


def test_a_missing_call_holds_nothing_up_beyond_the_wait_of_a_request_without_spans() -> None:
    spanned, plain = World(POLICY), World(POLICY)
    stored(spanned, spans=[ENTRY, FIRST, SECOND], calls=CALLS[:1])
    stored(plain, spans=[], calls=CALLS[:1])
    last_wait = next(seconds for seconds in range(5, 300) if settled(plain, seconds) is not None)

    assert settled(spanned, last_wait - 1) is None
    summary = settled(spanned, last_wait)
    assert summary is not None
    assert summary.traced is not None
    assert (summary.traced.complete, summary.traced.missing) == (False, ("c2",))


@pytest.mark.parametrize("order", list(permutations(["record", "calls", "spans"])))
def test_the_last_revision_is_the_same_in_any_order(order: Sequence[str]) -> None:
    """Each part comes when all before it has been settled; a late span is told by a recount, as a decision is."""
    world = World(POLICY)
    for n, part in enumerate(order, 1):
        world.clock.moment = at(200 * n)
        if part == "record":
            world.store.store_requests([RECORD], stored_at=world.clock.now())
        elif part == "calls":
            world.store.store_linked(CALLS)
        else:
            world.store.store_spans([ENTRY, FIRST, SECOND, TOOL, agent(2)], stored_at=world.clock.now())
        world.clock.moment = at(200 * n + 190)
        revise_if_due(RequestId("r1"), world.ports, POLICY)
    summary = world.request("r1").summary

    assert summary is not None
    assert replace(summary, certain_since=1) == _at_once()


def _at_once() -> Summary:
    world = World(POLICY)
    stored(world, spans=[ENTRY, FIRST, SECOND, TOOL, agent(2)], calls=CALLS)
    summary = settled(world, 7)
    assert summary is not None
    return summary


def test_a_later_span_makes_one_revision_more_and_the_same_span_again_makes_none() -> None:
    world = World(POLICY)
    stored(world, spans=[ENTRY, FIRST, SECOND], calls=CALLS)
    assert settled(world, 40) is not None
    revisions = []
    for _ in range(2):
        world.store.store_spans([agent(2)], stored_at=at(50))
        recount(RequestId("r1"), world.ports, POLICY, just_decided={})
        revisions.append(world.request("r1").revision)

    assert revisions == [2, 2]


def test_a_second_record_that_names_the_trace_takes_back_what_spans_said_of_the_first() -> None:
    world = World(POLICY)
    late = [
        replace(each, started_at=each.started_at + timedelta(hours=1), ended_at=each.ended_at + timedelta(hours=1))
        for each in (ENTRY, FIRST)
    ]
    stored(world, spans=late)
    first = settled(world, 200)
    world.store.name_traces([(TRACE, request("another"))])
    second = settled(world, 202)

    assert first is not None
    assert first.traced is not None
    assert second is not None
    assert second.traced is None


def test_without_spans_switched_on_no_trace_is_read_and_nothing_is_said() -> None:
    world = World(Policy())
    world.store.load_trace = None  # type: ignore[assignment, method-assign]
    stored(world, spans=[ENTRY, FIRST, SECOND, agent(2)], calls=CALLS)
    summary = settled(world, 400)

    assert summary is not None
    assert summary.traced is None


def test_a_call_of_another_region_is_not_missed() -> None:
    world = World(POLICY)
    world.ports = replace(world.ports, region="eu-west-1")
    stored(world, spans=[ENTRY, FIRST, replace(SECOND, region="us-east-1")], calls=CALLS[:1])
    summary = settled(world, 40)

    assert summary is not None
    assert summary.traced is not None
    assert (summary.traced.missing_calls, summary.traced.calls_elsewhere) == (0, 1)
