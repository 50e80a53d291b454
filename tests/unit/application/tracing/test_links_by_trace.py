"""Links by trace: the record, the call, its span and the bridge join whatever their order; time decides the rest."""

from dataclasses import replace
from itertools import permutations

import pytest

from request_lens.adapters.memory.fact_store import MemoryFactStore
from request_lens.domain.facts import InvocationId, RequestId, TraceId
from request_lens.domain.linking.link import Assumption, Confidence, Link, Method, Reason, Unattributed
from request_lens.domain.linking.neighbourhood import MAX_FACTS_AROUND
from request_lens.domain.log_record import LogRecord
from request_lens.domain.policy import Policy
from request_lens.domain.publishing.metric_names import Metric
from request_lens.domain.settling.state import SettleKey, SettleKind, TimedKey
from request_lens.domain.spans import Trace
from request_lens.errors import UnreadableItem
from tests.support.facts import DUE_S, ROLE, at, call, request, tag
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
from tests.support.world import World, places

TRACE = trace_id()
EXACT = {"c1": ("trace", "exact")}


def collected(*batches: tuple[float, list[LogRecord]], policy: Policy = SPANS) -> World:
    """A world that has collected these batches, and settled what they named at once."""
    world = World(policy)
    for seconds, records in batches:
        world.collect(seconds, *records)
    world.run_until(batches[-1][0] + 0.001)
    return world


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_last_to_come_of_record_call_and_span_links_the_call_at_once(order: tuple[int, ...]) -> None:
    facts: list[LogRecord] = [traced_request(), untagged_call(), span_of(untagged_call(), TRACE)]

    world = collected(*((8 + place, [facts[which]]) for place, which in enumerate(order)))

    assert world.calls_of() == EXACT
    world.run_until()
    assert places(world) == {"c1": "r1"}
    assert world.published().keys() == {"r1#1"}


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_a_function_and_its_log_join_a_request_to_a_trace_in_any_order(order: tuple[int, ...]) -> None:
    record, run = answered_request("r1", "run"), run_of("run", TRACE)
    facts: list[LogRecord] = [record, run, untagged_call(), span_of(untagged_call(), TRACE)]

    world = collected(*((8 + place, [facts[which]]) for place, which in enumerate(order)))

    assert world.calls_of() == EXACT


def test_where_spans_are_not_read_none_is_kept_and_time_decides() -> None:
    without = replace(SPANS, reads_spans=False)
    span, run = span_of(untagged_call(), TRACE), run_of("run", TRACE)

    world = World(without)
    report = world.collect(10, traced_request(), untagged_call(), span, run)
    world.run_until()

    assert (report.facts, report.ignored) == (2, 2)
    assert {key.kind for key, _ in report.keys} == {SettleKind.REQUEST, SettleKind.INVOCATION}
    assert world.calls_of() == {"c1": ("window", "inferred")}
    assert world.store.load_trace(TRACE).spans == ()


def test_spans_and_runs_count_as_facts_and_those_out_of_bounds_are_rejected() -> None:
    world = World(SPANS)
    old = span_of(untagged_call("old", -91 * 86_400), TRACE)

    report = world.collect(
        10, span_of(untagged_call(), TRACE), run_of("run", TRACE), old, run_of("b", TRACE, seconds=9_000)
    )

    assert (report.facts, report.ignored) == (2, 0)
    assert [each.reason for each in report.rejected] == ["too_old", "too_new"]


def test_only_named_traces_are_settled_whatever_came_of_them() -> None:
    world = World(SPANS)

    unnamed = world.collect(10, span_of(untagged_call(), TRACE))
    named = world.collect(11, traced_request())
    again = world.collect(12, span_of(untagged_call(), TRACE))
    the_call = world.collect(13, untagged_call())

    key = SettleKey(SettleKind.TRACE, TRACE)
    assert key not in dict(unnamed.keys)
    for report in (named, again, the_call):
        assert report.keys[0][0] == key


def test_calls_that_overlap_and_fit_several_requests_are_each_their_own() -> None:
    world = World(SPANS)
    for number in range(6):
        trace = trace_id(number, born=0)
        own = untagged_call(f"c{number}", 1)
        world.collect(10 + number, traced_request(f"r{number}", 0.1 * number, trace=trace), own, span_of(own, trace))
    world.run_until()

    assert places(world) == {f"c{number}": f"r{number}" for number in range(6)}
    assert world.sum_of(Metric.LLM_CALLS) == 6
    assert world.pipeline_sum(Metric.UNATTRIBUTED_INVOCATIONS) == 0


def test_a_call_whose_span_never_comes_is_decided_by_time_as_ever() -> None:
    world = World(SPANS)
    world.collect(
        10, traced_request(), untagged_call("c1", 1), span_of(untagged_call("c1", 1), TRACE), untagged_call("c2", 3)
    )
    world.run_until()

    assert world.calls_of() == {"c1": ("trace", "exact"), "c2": ("window", "inferred")}


def test_a_call_of_a_role_that_is_no_agents_is_linked_by_its_trace() -> None:
    stranger = untagged_call(role="somebody-else")

    world = collected((10, [traced_request(), stranger, span_of(stranger, TRACE)]))

    assert world.calls_of() == EXACT


@pytest.mark.parametrize("reason", [Reason.NO_REQUEST, Reason.AMBIGUOUS, Reason.OTHER_CALLER])
def test_an_unattributed_call_gives_way_to_the_trace_that_comes_late_and_is_published_negative(reason: Reason) -> None:
    world = World(SPANS)
    own = untagged_call(role="somebody-else" if reason is Reason.OTHER_CALLER else ROLE)
    if reason is Reason.AMBIGUOUS:
        world.collect(9, request("a", 0.5), request("b", 0.5))
    world.collect(10, own)
    world.run_until(300)
    decided = world.decision("c1")
    assert isinstance(decided, Unattributed)
    assert decided.reason is reason

    world.collect(301, traced_request("r1", 0), span_of(own, TRACE))
    world.run_until()

    assert places(world) == {"c1": "r1"}
    assert world.decision("c1") == Link(
        request_id=RequestId("r1"), method=Method.TRACE, confidence=Confidence.EXACT, taken_back=True
    )
    assert {"invocation:c1#1", "invocation:c1#2", "r1#1"} <= world.published().keys()
    assert world.sum_of(Metric.LLM_CALLS) == 1
    assert world.pipeline_sum(Metric.UNATTRIBUTED_INVOCATIONS) == 0
    latencies = [
        each.values.get(Metric.INVOCATION_LATENCY, ()) for line in world.sink.publications for each in line.by_model
    ]
    assert sum(map(len, latencies)) == 1


def test_a_crowded_call_gives_way_to_the_trace_that_comes_late() -> None:
    """Its request has more calls than are read: by time nothing is said of any of them."""
    world = World(SPANS)
    how_many = MAX_FACTS_AROUND + 1
    crowd = [untagged_call(f"i{n:04}", n / 80) for n in range(how_many)]
    world.collect(40, request("other", 0, duration_ms=29_000), *crowd)
    world.run_until(600)
    own = crowd[how_many // 2]
    assert {world.decision(each.invocation_id) for each in crowd} == {Unattributed(reason=Reason.CROWDED)}

    world.collect(601, traced_request("r1", 0, duration_ms=29_000), span_of(own, TRACE))
    world.run_until()

    assert places(world)[own.invocation_id] == "r1"
    assert world.decision(own.invocation_id) == Link(
        request_id=RequestId("r1"), method=Method.TRACE, confidence=Confidence.EXACT, taken_back=True
    )
    assert {f"invocation:{own.invocation_id}#1", f"invocation:{own.invocation_id}#2"} <= world.published().keys()
    assert world.pipeline_sum(Metric.UNATTRIBUTED_INVOCATIONS) == how_many - 1
    assert world.sum_of(Metric.LLM_CALLS) == how_many


def test_a_tag_wins_over_a_trace() -> None:
    own = call("c1", 1, tag=tag("a"))

    world = collected((10, [traced_request("r1"), request("a"), own, span_of(own, TRACE)]))
    world.run_until()

    assert places(world) == {"c1": "a"}


def test_work_after_a_202_is_the_requests_once_it_is_due() -> None:
    own = untagged_call(logged=20)
    world = collected((24, [traced_request(duration_ms=500, status=202), own, span_of(own, TRACE)]))
    assert world.decision("c1") is None

    world.run_until()

    assert world.calls_of() == EXACT


def test_a_trace_that_was_not_born_in_its_request_waits_until_others_may_have_named_it() -> None:
    own = untagged_call()
    world = collected((10, [traced_request(trace=SESSION), own, span_of(own, SESSION)]))
    assert world.decision("c1") is None

    world.run_until()

    assert world.calls_of() == EXACT


def session_of(*starts: float) -> list[LogRecord]:
    """Requests of 5 s that name one trace, which was born long before."""
    return [traced_request(f"r{place}", start, trace=trace_id(7, born=-600)) for place, start in enumerate(starts)]


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ((0, 20, 40), Link(request_id=RequestId("r1"), method=Method.TRACE, confidence=Confidence.INFERRED)),
        ((18, 20, 40), Unattributed(reason=Reason.AMBIGUOUS, candidates=2, trace_id=trace_id(7, born=-600))),
        ((0, 40, 60), Unattributed(reason=Reason.AMBIGUOUS, candidates=1, trace_id=trace_id(7, born=-600))),
    ],
)
def test_of_several_requests_of_one_trace_the_one_whose_time_a_call_fits_made_it(
    starts: tuple[float, ...], expected: Link | Unattributed
) -> None:
    own = untagged_call(logged=21)
    world = World(SPANS)
    world.collect(70, *session_of(*starts), own, span_of(own, trace_id(7, born=-600)))

    world.run_until()

    assert world.decision("c1") == expected


SESSION = trace_id(7, born=-600)
"""A trace that was born long before the requests that name it."""

UNHELD = Unattributed(reason=Reason.AMBIGUOUS, candidates=1, trace_id=SESSION)

BEFORE = Unattributed(reason=Reason.NO_REQUEST, violates=Assumption.CALLS_HAVE_REQUESTS, trace_id=SESSION)


@pytest.mark.parametrize(
    ("duration_ms", "logged", "expected"),
    [
        (5_000, 3, ("trace", "exact")),
        (5_000, 21, UNHELD),
        (None, 70, ("trace", "exact")),
        (None, -3, BEFORE),
    ],
)
def test_the_only_request_of_an_older_trace_has_the_calls_in_its_own_time(
    duration_ms: int | None, logged: float, expected: tuple[str, str] | Unattributed
) -> None:
    """Another request of the session, on a route that nobody observes or whose record is lost, made the others."""
    own = untagged_call(logged=logged)
    world = World(SPANS)
    record = traced_request(trace=SESSION, duration_ms=duration_ms)
    world.collect(80, record, request("beside", 19), own, span_of(own, SESSION))

    world.run_until()

    found: object = world.calls_of().get("c1", world.decision("c1"))
    assert found == expected


def test_a_call_that_the_only_request_of_its_trace_cannot_hold_is_not_missed_there() -> None:
    own, others = untagged_call("c1", 1), untagged_call("c2", 21)
    world = World(SPANS)
    world.collect(40, traced_request(trace=SESSION), own, others, *(span_of(each, SESSION) for each in (own, others)))
    world.run_until()

    summary = world.request("r1").summary
    assert summary is not None
    assert summary.traced is not None
    assert (summary.traced.calls, summary.traced.missing_calls) == (1, 0)


@pytest.mark.parametrize(("late", "until_then"), [(0, "no_request"), (1, "ambiguous")])
def test_a_record_of_a_session_that_comes_late_has_its_calls_all_the_same(late: int, until_then: str) -> None:
    calls = [untagged_call("c0", 1), untagged_call("c1", 21)]
    records = session_of(0, 20)
    world = World(SPANS)
    world.collect(40, *calls, *(span_of(each, SESSION) for each in calls), records[1 - late])
    world.run_until(600)
    assert places(world) == {f"c{1 - late}": f"r{1 - late}", f"c{late}": until_then}

    world.collect(601, records[late])
    world.run_until()

    assert places(world) == {"c0": "r0", "c1": "r1"}
    assert world.sum_of(Metric.LLM_CALLS) == 2
    assert world.pipeline_sum(Metric.UNATTRIBUTED_INVOCATIONS) == 0


@pytest.mark.parametrize("role", [ROLE, "a function's"])
def test_a_request_of_a_session_is_sampled_with_the_calls_of_its_time_that_are_of_no_run(role: str) -> None:
    """The span of their run is lost, or nobody sends one; whoever made them, the trace tells whose they are."""
    of_run, loose = untagged_call("c1", 1), untagged_call("c2", 3, role=role)
    run = [entry_of(SESSION, 0.2, 2.6), agent_of(SESSION, of_run, begins=0.3, ends=2.5), span_of(of_run, SESSION)]
    world = World(SPANS)
    world.collect(8, *session_of(0, 20), *run, of_run)
    world.collect(9, loose, span_of(loose, SESSION, resource="function"))

    world.run_until(1 + DUE_S + 1)  # the first call is due, and linked; the second is not
    assert [*world.calls_of("r0")] == ["c1"]
    assert not world.published()

    world.run_until()

    values = world.published()["r0#1"].values
    assert (values[Metric.LLM_CALLS_PER_REQUEST], values[Metric.LLM_TIME]) == ((2,), (2_000,))


def test_a_trace_is_not_taken_for_the_requests_that_it_was_born_in_while_another_names_it() -> None:
    """An API behind an API: both records name the trace, and it was born in both."""
    own = untagged_call(logged=1)
    world = collected(
        (10, [traced_request("outer", 0, duration_ms=9_000), traced_request("inner", 0.2), own, span_of(own, TRACE)])
    )
    assert world.decision("c1") is None

    world.run_until()

    assert world.decision("c1") == Unattributed(reason=Reason.AMBIGUOUS, candidates=2, trace_id=TRACE)


def unnamed_run(*, begins: float = 0.2, ends: float = 4.8) -> list[LogRecord]:
    """Two calls without tools below one entry span of a trace that nobody names."""
    calls = [untagged_call("c1", 1), untagged_call("c2", 3)]
    return [*calls, *(span_of(each, TRACE) for each in calls), entry_of(TRACE, begins, ends)]


def test_the_calls_of_a_run_whose_trace_nobody_names_are_linked_by_its_time_together() -> None:
    """By themselves c1 fits both requests."""
    world = World(SPANS)
    world.collect(10, request("long", 0), request("short", 0.8, duration_ms=1_800), *unnamed_run())
    world.run_until()

    assert world.calls_of("long") == {"c1": ("window", "inferred"), "c2": ("window", "inferred")}
    assert world.calls_of("short") == {}


@pytest.mark.parametrize(
    ("requests", "reason", "candidates", "violates"),
    [
        ([], Reason.NO_REQUEST, 0, Assumption.CALLS_HAVE_REQUESTS),
        ([request("a"), request("b")], Reason.AMBIGUOUS, 2, None),
        ([request("a", duration_ms=None)], Reason.AMBIGUOUS, 1, None),
    ],
)
def test_a_run_that_no_one_request_can_have_made_is_unattributed_as_one(
    requests: list[LogRecord], reason: Reason, candidates: int, violates: Assumption | None
) -> None:
    world = World(SPANS)
    world.collect(10, *requests, *unnamed_run())
    world.run_until()

    expected = Unattributed(reason=reason, candidates=candidates, violates=violates, trace_id=TRACE)
    assert {world.decision(each) for each in ("c1", "c2")} == {expected}


def test_a_call_of_a_run_that_comes_late_follows_those_that_are_linked() -> None:
    late = untagged_call("late", 2)
    world = World(SPANS)
    world.collect(10, request("long", 0), *unnamed_run(), span_of(late, TRACE))
    world.run_until(300)
    assert len(world.calls_of("long")) == 2

    world.collect(301, late, request("other", 0))
    world.run_until()

    assert places(world) == dict.fromkeys(("c1", "c2", "late"), "long")


def test_a_call_that_follows_its_run_by_time_is_no_surer_than_time() -> None:
    """The first returns what a tagged call asked for, and its span came later: it is sure, the other is not."""
    agents = replace(SPANS, agent_role_names=frozenset({ROLE}))
    first, second = call("c1", 1, returned=["x"]), call("c2", 3)
    world = World(agents)
    world.collect(10, request("long", 0), call("t0", 0, produced=["x"], tag=tag("long", 1)), first)
    world.run_until(300)
    world.collect(301, request("other", 2), second, *(span_of(each, TRACE) for each in (first, second)))
    world.collect(302, entry_of(TRACE, 0.2, 4.8))
    world.run_until()

    assert world.calls_of("long") == {
        "t0": ("tag", "exact"),
        "c1": ("chain", "exact"),
        "c2": ("window", "inferred"),
    }


def test_a_call_that_left_its_chain_to_one_that_a_trace_decided_is_settled_with_it() -> None:
    """c1's span never came: by time its chain fits both requests, but its other call is known."""
    first = call("c1", 1, produced=["t"])
    second = call("c2", 3, returned=["t"])
    world = World(replace(SPANS, agent_role_names=frozenset({ROLE})))
    world.collect(10, request("other", 0), traced_request("r1", 0), first, second)
    world.collect(1 + DUE_S + 1, span_of(second, TRACE))
    world.run_until()

    assert world.decision("c2") is not None
    assert places(world) == {"c1": "r1", "c2": "r1"}
    assert world.calls_of("r1") == {"c1": ("chain", "inferred"), "c2": ("trace", "exact")}


def test_a_message_about_a_trace_whose_writer_died_stores_the_copies_that_are_missing() -> None:
    world = collected((10, [traced_request(), untagged_call(), span_of(untagged_call(), TRACE)]))
    world.store._linked.clear()

    world.timer.send([(SettleKey(SettleKind.TRACE, TRACE), world.clock.now())])
    world.run_until()

    assert world.calls_of() == EXACT


@pytest.mark.parametrize(("status", "ends"), [(504, 9), (200, 6.1)], ids=["timed out", "clock ahead"])
def test_the_next_request_of_a_session_misses_no_call_of_a_run_that_lasted_into_it(status: int, ends: float) -> None:
    """The run lies in the time of the request before, its overtime or the skew included."""
    before = traced_request("r1", trace=SESSION, duration_ms=5_900, status=status)
    first, second = untagged_call("c1", 1), untagged_call("c2", 7)
    spans = [entry_of(SESSION, 0.1, ends), span_of(first, SESSION), span_of(second, SESSION, resource="next")]
    world = World(SPANS)
    world.collect(70, before, traced_request("r2", 6, trace=SESSION), first, second, *spans)
    world.run_until()

    summary = world.request("r2").summary
    assert summary is not None
    assert places(world)["c1"] == "r1"
    assert summary.traced is None or not summary.traced.missing


def test_the_next_request_of_a_session_misses_no_call_from_before_it_of_a_run_that_nobody_holds() -> None:
    """The run ends later than its request's end by more than the skew, and in the next one's time."""
    first, second = untagged_call("c1", 1), untagged_call("c2", 7)
    spans = [entry_of(SESSION, 0.1, 6.3), entry_of(SESSION, 6.5, 10.5, resource="next")]
    calls = [span_of(first, SESSION), span_of(second, SESSION, resource="next")]
    world = World(SPANS)
    before = traced_request("r1", trace=SESSION, duration_ms=5_900)
    world.collect(70, before, traced_request("r2", 6, trace=SESSION), first, second, *spans, *calls)
    world.run_until()

    summary = world.request("r2").summary
    assert places(world) == {"c1": "r1", "c2": "r2"}
    assert summary is not None
    assert summary.traced is not None
    assert summary.traced.missing == ()


def test_a_run_that_began_after_a_timed_out_request_is_the_next_ones_of_its_session_where_clocks_are_apart() -> None:
    world = World(SPANS)
    before = traced_request("r1", trace=SESSION, duration_ms=5_900, status=504)
    world.collect(70, before, traced_request("r2", 6.5, trace=SESSION), entry_of(SESSION, 6.1, 10))
    world.run_until()

    summary = world.request("r2").summary
    assert summary is not None
    assert summary.traced is not None


@pytest.mark.parametrize("told", [True, False])
def test_a_request_whose_spans_prove_it_complete_is_no_candidate_for_anybody_elses_call(told: bool) -> None:
    """A job of the same role calls in the request's time."""
    own, other = untagged_call(), untagged_call("job", 3)
    spans = [span_of(own, TRACE), entry_of(TRACE, 0.1, 4.9), *([agent_of(TRACE, own)] if told else [])]
    world = World(SPANS)
    world.collect(10, traced_request(), own, *spans, other)
    world.run_until()

    assert places(world) == {"c1": "r1", "job": "no_request" if told else "r1"}


@pytest.mark.parametrize("logged", [3, 33], ids=["due before its spans must be there", "due when they are"])
@pytest.mark.parametrize("came_s", [41, 60], ids=["after its first revision", "before it"])
def test_spans_prove_a_request_that_runs_on_complete_whether_or_not_a_revision_says_so_yet(
    came_s: float, logged: float
) -> None:
    """The request left early, and its agent had time for another: its revision waits, and so does the job's call."""
    own = untagged_call()
    spans = [span_of(own, TRACE), entry_of(TRACE, 0.1, 2.5), agent_of(TRACE, own, ends=2.4)]
    world = World(SPANS)
    world.collect(40, own, *spans, request("r2", logged - 1), untagged_call("job", logged))
    world.collect(came_s, traced_request(status=503))
    world.run_until()

    assert places(world) == {"c1": "r1", "job": "r2"}


@pytest.mark.parametrize("own_first", [True, False], ids=["its own call first", "the job's first"])
def test_spans_prove_a_request_complete_whichever_call_of_a_second_is_decided_first(own_first: bool) -> None:
    """In a session's trace its own call is linked when it is due, as the job's is."""
    own, job = untagged_call(), untagged_call("job", 1)
    world = World(SPANS)
    spans = [entry_of(SESSION, 0.1, 4.9), agent_of(SESSION, own), span_of(own, SESSION)]
    world.collect(10, *([own, job] if own_first else [job, own]), traced_request(trace=SESSION), *spans)
    world.run_until()

    assert places(world) == {"c1": "r1", "job": "no_request"}


def test_a_call_that_two_requests_of_a_session_may_have_made_proves_neither_of_them_complete() -> None:
    """The span of the second one's other call was lost: by its time it may be of a third one that runs beside them."""
    shared, lost = untagged_call("c1", 1), untagged_call("c2", 3)
    records = [traced_request("r1", 0, trace=SESSION), traced_request("r2", 0.5, trace=SESSION), request("r3", 2)]
    spans = [entry_of(SESSION, 0.7, 4.8), agent_of(SESSION, shared, begins=0.8), span_of(shared, SESSION)]
    world = World(SPANS)
    world.collect(10, *records, shared, lost, *spans)
    world.run_until()

    assert places(world) == {"c1": "ambiguous", "c2": "ambiguous"}


@pytest.mark.parametrize("logged", [1, 3], ids=["due before the run", "due after it"])
def test_spans_prove_a_request_complete_whenever_another_agents_run_is_due(logged: float) -> None:
    """In a session's trace its own call is linked when it is due."""
    own, job = untagged_call(logged=logged), untagged_call("job", 2)
    spans = [entry_of(SESSION, 0.1, 4.9), agent_of(SESSION, own), span_of(own, SESSION)]
    beside = [span_of(job, trace_id(2), resource="job"), entry_of(trace_id(2), 1.5, 4.5, resource="job")]
    world = World(SPANS)
    world.collect(10, own, job, traced_request(trace=SESSION), *spans, *beside)
    world.run_until()

    assert places(world) == {"c1": "r1", "job": "no_request"}


@pytest.mark.parametrize("late", [False, True], ids=["revised before", "the trace's message is late"])
def test_spans_prove_a_request_complete_whether_or_not_a_later_revision_says_so_yet(late: bool) -> None:
    """Its first revision was written when its agent's own spans had not come."""
    own, job = untagged_call(), untagged_call("job", 0)
    world = World(SPANS)
    world.collect(10, traced_request(), own, span_of(own, TRACE), job)
    world.collect(80, entry_of(TRACE, 0.1, 4.9), agent_of(TRACE, own))
    if late:
        world.timer.send([(key, at(100) if key.kind is SettleKind.TRACE else due) for key, due in taken(world)])
    world.run_until()

    assert places(world) == {"c1": "r1", "job": "no_request"}


@pytest.mark.parametrize("late", [False, True], ids=["revised before", "the trace's message is late"])
def test_spans_that_come_after_a_proof_take_it_back_whether_or_not_a_later_revision_says_so_yet(late: bool) -> None:
    """The spans of a second agent tell of a call that is not there, when another call without a span is not due yet."""
    own, other, lost = untagged_call(), untagged_call("c2", 3), untagged_call("c3", 2)
    world = World(SPANS)
    world.collect(10, traced_request(), own, other, span_of(own, TRACE), entry_of(TRACE, 0.1, 4.9))
    world.collect(11, agent_of(TRACE, own))
    world.run_until(60)
    assert world.request("r1").spans_prove
    world.collect(60, span_of(lost, TRACE, resource="second"), entry_of(TRACE, 1.5, 4.5, resource="second"))
    if late:
        world.timer.send([(key, at(100) if key.kind is SettleKind.TRACE else due) for key, due in taken(world)])
    world.run_until()

    assert places(world) == {"c1": "r1", "c2": "r1"}


class _OtherVersionsStore(MemoryFactStore):
    """A store in which another version wrote SESSION's items."""

    def load_trace(self, trace_id: TraceId) -> Trace:
        if trace_id == SESSION:
            raise UnreadableItem("the test's item of another version")
        return super().load_trace(trace_id)


def test_a_call_beside_a_request_whose_spans_cannot_be_read_is_decided() -> None:
    world = World(SPANS, store=_OtherVersionsStore())
    world.store.store_requests([traced_request(trace=SESSION)], stored_at=at(6))
    world.collect(10, untagged_call("job", 3), request("r2", 4))
    world.run_until()

    assert world.decision("job") is not None


def test_a_run_that_several_may_have_made_waits_for_one_of_them_to_prove_that_it_has_all() -> None:
    """A request that timed out is still at work, and its last call comes when the run would be due."""
    world = World(SPANS)
    first = call("t1", 1, tag=tag("long", 1), stop_reason="tool_use")
    world.collect(10, request("long", 0, status=503), request("own", 0), *unnamed_run(), first)
    world.collect(100, call("t2", 45, tag=tag("long", 2)))
    world.run_until()

    assert world.calls_of("own") == {"c1": ("window", "inferred"), "c2": ("window", "inferred")}


@pytest.mark.parametrize("asked", [None, 117, 133])
def test_what_proves_a_request_when_a_run_is_due_does_so_whenever_the_run_is_asked_for(asked: float | None) -> None:
    """The third call of the other one, which ran on after a time-out, comes in time, and shows that one is missing.

    By then that one alone seemed to have all of its calls.
    """
    world = World(SPANS)
    world.collect(10, request("long", 0, status=504), request("own", 0), *unnamed_run())
    world.collect(11, call("t1", 1, tag=tag("long", 1)))
    if asked is not None:
        own = {SettleKey(SettleKind.INVOCATION, each) for each in (InvocationId("c1"), InvocationId("c2"))}
        world.timer.send([(key, at(asked) if key in own else due) for key, due in taken(world)])
    world.collect(115, call("t3", 45, latency_ms=10_000, tag=tag("long", 3)))
    world.run_until()

    assert places(world) == {"c1": "ambiguous", "c2": "ambiguous", "t1": "long", "t3": "long"}


def test_an_unattributed_call_of_another_trace_is_not_possible_for_a_request_whose_trace_is_known() -> None:
    """By its time the job's call may be of both: by its trace it is of neither."""
    own, job = untagged_call(), untagged_call("job", 3)
    world = World(SPANS)
    world.collect(10, traced_request(), request("other"), own, span_of(own, TRACE), job, span_of(job, trace_id(9)))
    world.run_until()

    assert world.decision("job") == Unattributed(reason=Reason.AMBIGUOUS, candidates=2, trace_id=trace_id(9))
    possible = {each.request_id: each.summary and each.summary.possible_calls for each in world.store.all_requests()}
    assert possible == {"r1": 0, "other": 1}


def test_a_trace_is_asked_for_a_call_that_only_the_requests_around_bring_into_its_chain() -> None:
    """A streamed request may run on, so what follows its first call a minute later is decided with that one.

    Its own message is late.
    """
    session = trace_id(7, born=-600)
    first, second = call("c1", 1, produced=["t"]), call("c2", 61, returned=["t"])
    world = World(SPANS)
    world.collect(20, replace(traced_request(trace=session), streamed=True), first)
    world.collect(70, second, span_of(second, session))
    own_key = SettleKey(SettleKind.INVOCATION, second.invocation_id)
    world.timer.send([timed for timed in taken(world) if timed[0] != own_key])
    world.run_until()

    assert world.calls_of()["c2"] == ("trace", "exact")


def taken(world: World) -> list[TimedKey]:
    """All keys that wait."""
    keys: list[TimedKey] = []
    while (due := world.timer.next_due()) is not None:
        keys.append((world.timer.take(), due))
    return keys
