"""Calls that several requests of one trace may have made: those that were logged are missing, and proven, of none."""

from dataclasses import replace

import pytest

from request_lens.application.deciding.candidates import MAX_CANDIDATES
from request_lens.application.tracing.views import told_by_spans
from request_lens.domain.facts import Invocation, InvocationId, Request
from request_lens.domain.log_record import LogRecord
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.spans import SpanId, SpanKind
from request_lens.domain.tracing.traced import Traced
from tests.support.facts import call, request, tag
from tests.support.telemetry.linked_traces import (
    SPANS,
    agent_of,
    entry_of,
    span_of,
    trace_id,
    traced_request,
    untagged_call,
)
from tests.support.world import FailingStore, World, places

TRACE = trace_id()
SESSION = trace_id(9, born=-900)
CALL = untagged_call("shared", 11)


def resumed_session() -> list[LogRecord]:
    """A request that timed out, and the next of its session: their agent's runs overlap, and a call lies in both."""
    records = [
        traced_request("first", trace=SESSION, duration_ms=8_000, status=504),
        traced_request("second", 9, trace=SESSION, duration_ms=8_000),
    ]
    runs = [entry_of(SESSION, 0.1, 14), entry_of(SESSION, 9.1, 16.9)]
    own = untagged_call("own", 2)
    return [*records, *runs, own, span_of(own, SESSION), span_of(CALL, SESSION)]


def told_of(world: World) -> Traced:
    """What its spans tell of the first request, whose the runs are: they overlap, so they count as one."""
    summary = world.request("first").summary
    assert summary is not None
    assert summary.traced is not None
    return summary.traced


@pytest.mark.parametrize("comes_at", [20, 200, 2_000], ids=["in time", "late", "much later"])
def test_a_logged_call_that_two_requests_may_have_made_is_not_missed(comes_at: float) -> None:
    world = World(SPANS)
    world.collect(20, *resumed_session())
    world.run_until(comes_at)
    world.collect(comes_at, CALL)
    world.run_until()

    assert places(world) == {"own": "first", "shared": "ambiguous"}
    assert (told_of(world).complete, told_of(world).missing) == (None, ())
    for request_id in ("first", "second"):
        summary = world.request(request_id).summary
        assert summary is not None
        assert summary.possible_calls == 1


@pytest.mark.parametrize("fails_at", range(1, 30))
@pytest.mark.parametrize("after", [False, True])
def test_so_it_is_wherever_a_write_fails(fails_at: int, after: bool) -> None:
    world = World(SPANS, store=FailingStore(fails_at=fails_at, after=after))
    world.collect(20, *resumed_session(), CALL)
    world.run_until()

    assert told_of(world).missing == ()


def test_one_whose_event_was_lost_is_missed() -> None:
    world = World(SPANS)
    world.collect(20, *resumed_session())
    world.run_until()

    assert (told_of(world).complete, told_of(world).missing) == (False, ("shared",))


def test_one_that_lies_in_no_time_of_a_request_whose_run_made_it_stays_missing() -> None:
    """The first request had answered, so the call after that is none of which it may say that it may be its own."""
    late = untagged_call("late", 40)
    records = [traced_request(each, trace=SESSION, duration_ms=8_000) for each in ("first", "second")]
    world = World(SPANS)
    world.collect(60, *records, entry_of(SESSION, 0.1, 45), span_of(late, SESSION), late)
    world.run_until()

    assert places(world) == {"late": "ambiguous"}
    assert told_of(world).missing == ("late",)


def in_another(count: int = 2) -> list[LogRecord]:
    """An API behind an API: the requests lie in the first one, whose agent's run it is, and name one trace."""
    inner = [traced_request(f"inner-{place}", 3, trace=SESSION, duration_ms=5_000) for place in range(1, count)]
    return [traced_request("first", trace=SESSION, duration_ms=9_000), *inner, entry_of(SESSION, 0.1, 8.9)]


IN_BOTH = untagged_call("shared", 4)


def test_such_a_call_proves_none_of_them_and_its_time_may_be_anothers() -> None:
    """The agent's own sums leave it out: it ran after the agent, in its run."""
    own = untagged_call("own", 0)
    world = World(SPANS)
    world.collect(10, *in_another(), own, IN_BOTH, span_of(own, SESSION), span_of(IN_BOTH, SESSION))
    world.collect(11, agent_of(SESSION, own, ends=2.5))
    world.run_until()

    told = told_of(world)
    assert (told.complete, told.missing, told.shared_calls, told.time_by) == (None, (), 1, None)
    assert not told.has_all_calls
    summary = world.request("first").summary
    assert summary is not None
    assert (summary.possible_calls, summary.llm_time_ms) == (1, None)
    published = [each.values for key, each in world.published().items() if key.startswith("first#")]
    assert not any(Metric.LLM_CALLS_PER_REQUEST in values for values in published)


@pytest.mark.parametrize(
    ("own", "shared"),
    [
        (call("own", 0, tag=tag("first")), IN_BOTH),
        (untagged_call("own", 0), replace(IN_BOTH, caller_role="nobody-we-list")),
        (untagged_call("own", 0), replace(call("shared", 4, tag=tag("inner-1")), latency_ms=300)),
        (untagged_call("own", 0), replace(IN_BOTH, error_code="ModelErrorException")),
    ],
    ids=["beside a tagged call", "of a role that is not listed", "tagged for another", "failed"],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
def test_one_that_does_not_count_as_possible_is_missing(own: Invocation, shared: Invocation, *, streamed: bool) -> None:
    world = World(SPANS)
    first, *others = in_another()
    assert isinstance(first, Request)
    world.collect(10, replace(first, streamed=streamed), *others, own, shared)
    world.collect(10, span_of(own, SESSION), span_of(shared, SESSION))
    world.run_until()

    assert (told_of(world).complete, told_of(world).missing) == (False, ("shared",))


@pytest.mark.parametrize("fails_at", range(40))
def test_a_call_that_its_span_gives_to_one_of_them_alone_proves_that_one_whatever_was_decided_by_its_time(
    fails_at: int,
) -> None:
    """Its span comes when another call is not due yet, and the write that fails keeps it from its request meanwhile."""
    own, other = untagged_call("own", 1), untagged_call("other", 2)
    world = World(SPANS, store=FailingStore(fails_at=fails_at))
    world.collect(10, traced_request("first", trace=SESSION), request("beside", 0), own)
    world.collect(110, traced_request("second", 100, trace=SESSION))
    world.collect(245, other)
    world.collect(300, span_of(own, SESSION), entry_of(SESSION, 0.1, 4.9), agent_of(SESSION, own))
    world.run_until()

    assert places(world) == {"own": "first", "other": "beside"}


def test_none_of_ten_requests_that_may_have_made_one_which_comes_late_misses_it() -> None:
    """A batch job asks an API that many times at once, all in its own trace."""
    records = [traced_request(f"r{place}", trace=SESSION, duration_ms=9_000) for place in range(MAX_CANDIDATES)]
    world = World(SPANS)
    world.collect(10, *records, entry_of(SESSION, 0.1, 8.9), span_of(IN_BOTH, SESSION))
    world.run_until(400)
    world.collect(400, IN_BOTH)
    world.run_until()

    told = [world.request(each.request_id).summary for each in records]
    assert {each.traced.missing for each in told if each is not None and each.traced is not None} == {()}


@pytest.mark.parametrize("lost", [False, True], ids=["failed", "never logged"])
def test_of_two_that_may_have_made_a_missing_call_none_takes_its_time(lost: bool) -> None:
    shared = replace(IN_BOTH, error_code="ModelTimeoutException")
    records = [traced_request(each, trace=SESSION, duration_ms=9_000) for each in ("first", "second")]
    world = World(SPANS)
    world.collect(10, *records, span_of(shared, SESSION), entry_of(SESSION, 0.1, 8.9), *([] if lost else [shared]))
    world.run_until()

    for each in records:
        summary = world.request(each.request_id).summary
        assert summary is not None
        assert (summary.llm_time_ms, summary.totals.estimated_cost_usd) == (None, None)


def test_what_tags_prove_takes_no_time_of_a_call_that_another_may_have_made() -> None:
    own = call("own", 0, tag=tag("first", call_index=1))
    spans = [span_of(own, SESSION), span_of(IN_BOTH, SESSION), entry_of(SESSION, 0.1, 8.9)]
    world = World(SPANS)
    world.collect(10, *in_another(), own, IN_BOTH, *spans)
    world.run_until()

    summary = world.request("first").summary
    assert summary is not None
    assert summary.proven
    assert summary.llm_time_ms is None


def test_a_call_that_another_had_at_once_is_missing_for_the_request_of_its_trace_whose_run_made_it() -> None:
    outer = traced_request("outer", trace=TRACE, duration_ms=9_000)
    world = World(SPANS)
    world.collect(8.5, outer, IN_BOTH, span_of(IN_BOTH, TRACE), entry_of(TRACE, 3.1, 7.9))
    world.collect(9, traced_request("first", 3, trace=TRACE, duration_ms=5_000))
    world.run_until()

    assert places(world) == {"shared": "outer"}
    assert (told_of(world).complete, told_of(world).missing) == (False, ("shared",))


@pytest.mark.parametrize("shared", [False, True], ids=["alone", "beside another"])
def test_no_time_is_known_of_calls_of_another_region_that_another_may_have_waited_for(shared: bool) -> None:
    abroad = replace(untagged_call("abroad", 4), latency_ms=2_000)
    records = in_another() if shared else [in_another()[0], in_another()[-1]]
    world = World(SPANS)
    world.ports = replace(world.ports, region="us-east-1")
    world.collect(10, *records, replace(span_of(abroad, SESSION), region="eu-west-1"))
    world.run_until()

    summary = world.request("first").summary
    assert summary is not None
    assert summary.llm_time_ms == (None if shared else 2_000)


@pytest.mark.parametrize("revised", [False, True])
def test_a_proof_that_a_call_which_is_being_decided_would_end_does_not_stand(revised: bool) -> None:
    own, deciding = untagged_call("own", 0), untagged_call("deciding", 3)
    world = World(SPANS)
    world.collect(10, traced_request("first", trace=TRACE), own, span_of(own, TRACE), entry_of(TRACE, 0.1, 4.9))
    world.collect(11, agent_of(TRACE, own, begins=0.2, ends=2.5))
    if revised:
        world.run_until(300)
        assert world.request("first").spans_prove
    world.store.store_unlinked([deciding], stored_at=world.clock.now())
    world.store.store_spans([span_of(deciding, TRACE)], stored_at=world.clock.now())

    states = [world.request("first")]
    (told,) = told_by_spans(states, world.ports, SPANS, deciding={InvocationId("deciding")})
    assert not told.spans_prove


@pytest.mark.parametrize("comes", [True, False], ids=["late", "never"])
def test_no_first_token_is_that_of_a_call_before_the_last_which_is_not_linked(comes: bool) -> None:
    """A guard answers first; the answer's own event comes after the request has settled, or never."""
    guard = replace(untagged_call("guard", 0), first_byte_latency_ms=100)
    answer = replace(untagged_call("answer", 5), first_byte_latency_ms=200)
    spans = [span_of(guard, TRACE), span_of(answer, TRACE), entry_of(TRACE, 0.1, 8.9)]
    world = World(SPANS)
    world.collect(10, traced_request("first", trace=TRACE, duration_ms=9_000), guard, *spans)
    world.run_until(300)
    if comes:
        world.collect(300, answer)
    world.run_until()

    published = [each.values.get(Metric.TIME_TO_FIRST_TOKEN, ()) for each in world.published().values()]
    assert [value for values in published for value in values] == ([5_500] if comes else [])


def test_a_failed_tool_of_a_run_that_lasts_into_the_next_request_of_its_session_counts_once() -> None:
    timed_out = traced_request("first", trace=SESSION, duration_ms=8_000, status=504)
    tool = replace(entry_of(SESSION, 11, 12), kind=SpanKind.TOOL, span_id=SpanId("t"), tool="mail", failed=True)
    world = World(SPANS)
    world.collect(
        20,
        timed_out,
        traced_request("second", 9, trace=SESSION, duration_ms=8_000),
        *(entry_of(SESSION, 0.1, 14), tool, entry_of(SESSION, 14.5, 16.9)),
    )
    world.run_until()

    summaries = (world.request(each).summary for each in ("first", "second"))
    assert [summary and summary.traced and dict(summary.traced.failed_tools) for summary in summaries] == [
        {"mail": 1},
        {},
    ]
    assert world.sum_of(Metric.TOOL_ERRORS) == 1
