"""Whoever dies between two writes of a trace's calls leaves nothing wrong: what is not counted yet is possible."""

import pytest

from request_lens.application.collect import collect
from request_lens.application.settle_batch import settle_messages
from request_lens.application.settle_request import revise_if_due
from request_lens.domain.facts import RequestId
from request_lens.domain.linking.link import Confidence, Link, LinkedInvocation, Method
from request_lens.domain.log_record import LogRecord
from request_lens.domain.settling.state import SettleKey, SettleKind
from request_lens.errors import StoreUnavailable
from tests.support.dying_store import NAMING, DyingStore
from tests.support.facts import at, call, request, tag
from tests.support.telemetry.linked_traces import SPANS, entry_of, span_of, trace_id, traced_request, untagged_call
from tests.support.world import World, places

TRACE = trace_id()
TRACE_KEY = SettleKey(SettleKind.TRACE, TRACE)
LINK = Link(request_id=RequestId("r1"), method=Method.TRACE, confidence=Confidence.EXACT)


@pytest.mark.parametrize("role", ["agent", "somebody-else"])
@pytest.mark.parametrize("tagged", [True, False])
def test_a_call_that_its_trace_has_linked_is_possible_until_it_is_stored_under_its_request(
    role: str, tagged: bool
) -> None:
    """Whoever linked it died before it had stored the copy, and another message settles the request."""
    world = World(SPANS)
    own = untagged_call("c1", 1, role=role)
    beside = [call("t1", 2, tag=tag("r1"))] if tagged else []
    world.collect(10, traced_request(), own, *beside)
    world.store.decide(next(iter(world.store.load_all_unlinked([own.invocation_id]))), LINK)

    world.clock.moment = at(400)
    early = revise_if_due(RequestId("r1"), world.ports, SPANS)
    world.store.store_linked([LinkedInvocation(invocation=own, link=LINK)])
    late = revise_if_due(RequestId("r1"), world.ports, SPANS)

    assert early.summary is not None
    assert (early.summary.totals.llm_calls, early.summary.possible_calls) == (int(tagged), 1)
    assert late.summary is not None
    assert (late.summary.totals.llm_calls, late.summary.possible_calls) == (1 + tagged, 0)


def test_a_request_beside_is_certain_though_whoever_settled_the_trace_died_before_it_counted_anew() -> None:
    """The trace's message is lost for good: the call's own makes it good, once it is due."""
    store = DyingStore()
    world = World(SPANS, store=store)
    own, job = untagged_call("c1", 1), untagged_call("j1", 3)
    world.collect(10, request("beside", 0, duration_ms=5_000), own, job, traced_request("other", 0.4))
    world.run_until(160)
    uncertain = world.request("beside").summary
    assert uncertain is not None
    assert uncertain.possible_calls == 2

    world.collect(170, traced_request("r1", 0, trace=trace_id(5)), span_of(own, trace_id(5)), span_of(job, trace_id(5)))
    store.die("beside")
    failures = settle_messages([SettleKey(SettleKind.TRACE, trace_id(5))], world.ports, SPANS)
    assert [type(each.error) for each in failures] == [StoreUnavailable]
    assert world.calls_of() == dict.fromkeys(("c1", "j1"), ("trace", "exact"))
    settle_messages([SettleKey(SettleKind.INVOCATION, each.invocation_id) for each in (own, job)], world.ports, SPANS)

    certain = world.request("beside").summary
    assert certain is not None
    assert certain.possible_calls == 0


def test_a_record_that_was_stored_before_its_trace_was_named_links_its_calls_when_the_batch_comes_again() -> None:
    own, late = untagged_call("c1", 1), untagged_call("c2", 3)
    facts: list[LogRecord] = [own, late, *(span_of(each, TRACE) for each in (own, late)), entry_of(TRACE, 0.2, 4.8)]
    store, records = DyingStore(), [request("beside", 0.2), traced_request()]
    world = World(SPANS, store=store)
    world.collect(8, *facts)
    store.die(NAMING)
    with pytest.raises(StoreUnavailable):
        collect(records, world.ports, SPANS)
    assert world.request("r1").record is not None
    assert store.load_trace(TRACE).requests == ()

    world.collect(68, *records)
    assert world.calls_of() == {}
    world.run_until()

    assert places(world) == {"c1": "r1", "c2": "r1"}
    assert world.calls_of() == dict.fromkeys(("c1", "c2"), ("trace", "exact"))
