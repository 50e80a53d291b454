"""What time would say, and spans speak against: requests that began too late, other traces, runs that are parted."""

from collections.abc import Sequence

import pytest

from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.linking.link import (
    Assumption,
    Confidence,
    Link,
    Method,
    Reason,
    Unattributed,
    UnlinkedInvocation,
)
from request_lens.domain.log_record import LogRecord
from tests.support.facts import DUE_S, call, chain_of_two, request
from tests.support.telemetry.linked_traces import (
    SPANS,
    entry_of,
    span_of,
    trace_id,
    traced_request,
    untagged_call,
)
from tests.support.world import FailingStore, World, places

SESSION = trace_id(9, born=-900)
OTHER = trace_id(5)


@pytest.mark.parametrize("comes_at", [75, 95], ids=["before the call is due", "after it"])
@pytest.mark.parametrize(
    ("first", "link"),
    [
        (traced_request("r1", trace=SESSION, duration_ms=14_000), ("trace", "exact")),
        (request("r1", duration_ms=14_000), ("window", "inferred")),
    ],
    ids=["of the session", "of no trace"],
)
def test_a_request_that_began_while_the_call_went_on_does_not_bear_on_it(
    first: Request, link: tuple[str, str], comes_at: float
) -> None:
    own = call("own", 1, latency_ms=12_000)
    world = World(SPANS)
    world.collect(20, first, own, span_of(own, SESSION))
    world.run_until(comes_at)
    world.collect(comes_at, traced_request("r2", 10, trace=SESSION, duration_ms=28_000))
    world.run_until()

    assert world.calls_of("r1") == {"own": link}


@pytest.mark.parametrize("comes_at", [40, 95], ids=["before the first call is due", "while the run waits"])
def test_the_calls_of_a_run_before_a_request_began_that_has_the_others_are_left_to_nobody(comes_at: float) -> None:
    early, late = untagged_call("early", 8), untagged_call("late", 11)
    spans = [entry_of(SESSION, 8, 14), span_of(early, SESSION), span_of(late, SESSION)]
    world = World(SPANS)
    world.collect(40, request("beside", 5, duration_ms=15_000), early, late, *spans)
    world.collect(comes_at, traced_request("r1", 10, trace=SESSION))
    world.run_until()

    assert places(world) == {"early": "ambiguous", "late": "r1"}
    summary = world.request("beside").summary
    assert summary is not None
    assert summary.possible_calls == 1


NOBODYS = (Reason.NO_REQUEST, Assumption.CALLS_HAVE_REQUESTS)


def reason_of(world: World, call_id: str) -> tuple[Reason, Assumption | None]:
    decision = world.decision(call_id)
    assert isinstance(decision, Unattributed)
    return decision.reason, decision.violates


def test_a_call_that_ended_before_a_request_of_its_trace_began_is_never_linked_to_that_by_its_second() -> None:
    own, of_late = call("own", 10, latency_ms=400), untagged_call("of late", 12)
    world = World(SPANS)
    spans = [span_of(own, SESSION, begins=0.1), span_of(of_late, SESSION)]
    world.collect(30, traced_request("late", 10.9, trace=SESSION), own, of_late, *spans)
    world.run_until(200)

    assert reason_of(world, "own") == NOBODYS

    world.collect(300, traced_request("r1", 6, trace=SESSION, duration_ms=4_700))
    world.run_until()
    assert world.calls_of("r1") == {"own": ("trace", "exact")}


@pytest.mark.parametrize("run", [[], [entry_of(SESSION, 1, 5.5)]], ids=["of no run", "of a run"])
def test_a_call_with_a_span_is_never_linked_by_time_to_a_request_whose_spans_are_of_another_trace(
    run: Sequence[LogRecord],
) -> None:
    own, beside = untagged_call("own", 2), untagged_call("beside", 4)
    of_another: list[LogRecord] = [traced_request("r1", trace=OTHER, duration_ms=8_000), span_of(beside, OTHER)]
    world = World(SPANS)
    world.collect(30, *of_another, beside, own, span_of(own, SESSION), *run)
    world.run_until()

    assert world.calls_of("r1") == {"beside": ("trace", "exact")}
    assert reason_of(world, "own") == NOBODYS
    summary = world.request("r1").summary
    assert summary is not None
    assert summary.possible_calls == 0


def test_a_tools_result_does_not_carry_a_call_into_a_request_whose_spans_are_of_another_trace() -> None:
    asks, returns = chain_of_two("c", 1, 4)
    world = World(SPANS)
    records: list[LogRecord] = [traced_request("r1", trace=OTHER), request("r2", 3.5)]
    world.collect(30, *records, asks, returns, span_of(asks, OTHER), span_of(returns, SESSION))
    world.run_until()

    assert world.calls_of("r1") == {asks.invocation_id: ("trace", "exact")}
    assert reason_of(world, returns.invocation_id)[0] is Reason.NO_REQUEST
    summary = world.request("r2").summary
    assert summary is not None
    assert summary.possible_calls == 1


class DyingNeighbour(FailingStore):
    """A store in which another worker decides a call once its own message has read it, and dies before it counts it."""

    is_due = False

    def load_unlinked(self, invocation_id: InvocationId) -> UnlinkedInvocation | None:
        found = super().load_unlinked(invocation_id)
        if found is not None and found.decision is None and self.is_due:
            self.decide(found, Link(request_id=RequestId("r1"), method=Method.WINDOW, confidence=Confidence.INFERRED))
        return found


def test_a_call_that_somebody_decided_and_died_while_its_own_message_was_at_work_is_counted_by_that() -> None:
    store = DyingNeighbour()
    world = World(SPANS, store=store)
    world.collect(10, request("r1"), untagged_call("own"))
    world.run_until(DUE_S)  # the call is due a second later
    store.is_due = True
    world.run_until()

    assert world.calls_of("r1") == {"own": ("window", "inferred")}
    summary = world.request("r1").summary
    assert summary is not None
    assert (summary.totals.llm_calls, summary.possible_calls) == (1, 0)


def test_a_settle_that_died_between_two_decisions_of_a_chain_links_none_that_it_had_refused() -> None:
    asks, returns = chain_of_two("c", 1, 4)
    links = []
    for fails_at in range(1, 40):
        world = World(SPANS, store=FailingStore(fails_at=fails_at))
        world.collect(30, traced_request("r1", trace=OTHER), untagged_call("own", 2), asks, returns)
        world.collect(31, span_of(untagged_call("own", 2), OTHER), span_of(asks, SESSION))
        world.run_until()
        links.append(places(world))

    assert links == [{"own": "r1", asks.invocation_id: "no_request", returns.invocation_id: "no_request"}] * len(links)


@pytest.mark.parametrize("run", [[], [entry_of(SESSION, 1, 2.5)]], ids=["of no run", "of a run"])
def test_a_call_whose_span_is_lost_does_not_follow_one_whose_span_is_of_another_trace(run: Sequence[LogRecord]) -> None:
    asks, returns = chain_of_two("c", 1, 4)
    own = untagged_call("own", 2)
    world = World(SPANS)
    world.collect(30, traced_request("r1", trace=OTHER), own, asks, returns, span_of(own, OTHER))
    world.collect(31, span_of(asks, SESSION), *run)
    world.run_until()

    assert world.calls_of("r1") == {"own": ("trace", "exact")}
    assert reason_of(world, returns.invocation_id)[0] is Reason.NO_REQUEST


def test_a_call_is_not_linked_by_its_second_to_the_only_request_that_names_its_trace_and_began_after_it() -> None:
    own = call("own", 10, latency_ms=400)
    world = World(SPANS)
    world.collect(30, traced_request("late", 10.9, trace=SESSION), own, span_of(own, SESSION, begins=0.1))
    world.run_until()

    assert reason_of(world, "own") == NOBODYS


@pytest.mark.parametrize("comes_at", [60, 99], ids=["before the first call is due", "after it"])
def test_a_run_is_parted_by_the_spans_of_its_calls_whenever_their_own_logs_come(comes_at: float) -> None:
    early, late = untagged_call("early", 8), call("late", 11, latency_ms=28_000)
    world = World(SPANS)
    world.collect(50, request("beside", 7, duration_ms=29_000, status=504), early, span_of(early, SESSION))
    world.collect(51, traced_request("r1", 10, trace=SESSION, duration_ms=30_000), entry_of(SESSION, 8, 40))
    world.collect(52, span_of(late, SESSION))
    world.run_until(comes_at)
    world.collect(comes_at, late)
    world.run_until()

    assert places(world) == {"early": "ambiguous", "late": "r1"}
