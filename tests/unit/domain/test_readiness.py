"""Settlement: when a revision is due, and whether it would say anything new."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.folding.fold import fold
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.settling.readiness import has_news, is_complete, revision_due_at
from request_lens.domain.settling.state import RequestState
from request_lens.domain.spans import Trace
from request_lens.domain.tracing.traced import Traced
from tests.support.facts import at, call, linked, request, tag
from tests.support.telemetry.linked_traces import span_of, trace_id
from tests.support.telemetry.traces import TRACE

POLICY = Policy()
AT_ONCE = at(0)
"""Any moment before the request's record came is at once."""


def known(
    record: Request | None, *calls: Invocation, stored: float = 15, revision: int = 0, counted: int = 0
) -> RequestState:
    """A request of 5 s; its last revision counted the first `counted` calls."""
    invocations = tuple(linked(each) for each in calls)
    return RequestState(
        request_id=request().request_id,
        record=record,
        stored_at=None if record is None else at(stored),
        revision=revision,
        summary=fold(request(), invocations[:counted], POLICY, NO_PRICES) if revision else None,
        invocations=invocations,
    )


def tagged(index: int | None, *, waits: bool = False, error_code: str | None = None, name: str = "") -> Invocation:
    return call(name or f"t{index}", 1, produced=["x"] if waits else [], error_code=error_code, tag=tag("r1", index))


def begun(
    index: int, seconds: float, *, waits: bool = False, error_code: str | None = None, name: str = ""
) -> Invocation:
    """The same with its start in its tag, which an SDK's retry repeats."""
    sent = tagged(index, waits=waits, error_code=error_code, name=name)
    return replace(sent, tag=tag("r1", index, started=seconds))


def test_calls_without_their_requests_record_are_no_news() -> None:
    assert not has_news(known(None, tagged(1)))


def test_a_record_is_news_even_without_calls_and_once_only() -> None:
    assert has_news(known(request()))
    assert not has_news(known(request(), revision=1))


def test_one_more_call_than_the_last_revision_counted_is_news() -> None:
    calls = [tagged(1, waits=True), tagged(2, error_code="ThrottlingException")]

    assert has_news(known(request(), *calls, revision=1, counted=1))
    assert not has_news(known(request(), *calls, revision=1, counted=2))


COMPLETE = [
    [tagged(1)],
    [tagged(1, waits=True), tagged(2)],
    [tagged(2), tagged(1, waits=True)],
    [tagged(1, error_code="ThrottlingException", name="t1-first"), tagged(1)],
    [begun(1, 1.9, error_code="ThrottlingException", name="t1-first"), begun(1, 1.9)],
    [begun(1, 1.9, name="t1-timed-out"), begun(1, 1.9)],
]
INCOMPLETE = [
    [],
    [tagged(1, waits=True)],
    [tagged(2)],
    [tagged(1), tagged(3)],
    [tagged(None)],
    [tagged(1), tagged(None)],
    [tagged(1, waits=True), tagged(2, error_code="ThrottlingException")],
    [tagged(1), tagged(1, waits=True, name="t1-again")],
    [begun(1, 1.9), begun(1, 1.8, name="t1-of-another-agent")],
    [begun(1, 1.9, waits=True), begun(2, 2.2), begun(1, 1.8, name="t1-of-another-agent")],
    [begun(1, 1.9), tagged(1, name="t1-of-another-agent")],
]


@pytest.mark.parametrize("calls", COMPLETE)
def test_evidence_is_complete_where_the_indices_have_no_gap_and_the_last_call_needs_no_tool(
    calls: Sequence[Invocation],
) -> None:
    record = request(duration_ms=4_000)
    assert is_complete(calls, record, POLICY)
    assert revision_due_at(known(record, *calls), POLICY) < AT_ONCE


@pytest.mark.parametrize("calls", INCOMPLETE)
def test_evidence_with_a_gap_or_an_open_end_is_not_complete(calls: Sequence[Invocation]) -> None:
    record = request(duration_ms=4_000)
    assert not is_complete(calls, record, POLICY)
    assert revision_due_at(known(record, *calls), POLICY) > at(4)


@pytest.mark.parametrize(
    ("only", "latest_end"),
    [
        (tagged(1), 1 + 1 + 1 + 0.25),  # its start is known to the second
        (replace(tagged(1), tag=tag("r1", 1, started=1.4)), 1.4 + 1 + 0.001 + 0.25),
        (replace(tagged(1), latency_ms=None), 1 + 1 + 0.25),
    ],
)
def test_a_request_that_goes_on_after_its_last_known_call_may_make_another(only: Invocation, latest_end: float) -> None:
    """As one does whose guard has answered and whose agent has not yet."""
    ends_soon = request(duration_ms=round((latest_end + 1) * 1_000))
    goes_on = request(duration_ms=round((latest_end + 1) * 1_000) + 1)

    assert is_complete([only], ends_soon, POLICY)
    assert not is_complete([only], goes_on, POLICY)
    assert not is_complete([only], request(duration_ms=None), POLICY)


def test_where_the_api_gave_up_the_response_says_nothing_of_the_agent() -> None:
    for status in (503, 504):
        assert not is_complete([tagged(1)], request(duration_ms=3_000, status=status), POLICY)


def test_a_start_in_whole_seconds_may_hide_a_later_response() -> None:
    floored = replace(request(duration_ms=4_000), started_precision_ms=1_000)

    assert is_complete([tagged(1)], replace(floored, duration_ms=3_000), POLICY)
    assert not is_complete([tagged(1)], floored, POLICY)


def test_a_last_call_whose_stop_reason_is_unknown_may_have_stopped_for_a_tool() -> None:
    silent = Invocation(
        invocation_id=call("t1").invocation_id,
        model_id="m",
        operation="Converse",
        logged_at=at(1),
        tag=tag("r1", 1),
    )

    assert not is_complete([silent], request(duration_ms=2_000), POLICY)


def test_tagged_calls_settle_the_settle_delay_after_the_response() -> None:
    assert revision_due_at(known(request(), tagged(None)), POLICY) == at(35)


def test_without_tags_a_request_settles_when_every_call_in_its_time_is_decided() -> None:
    assert revision_due_at(known(request()), POLICY) == at(5 + 60 + 60 + 30)
    assert revision_due_at(known(request(), call()), POLICY) == at(5 + 60 + 60 + 30)


def test_without_tags_a_request_waits_for_all_that_may_still_be_decided_of_its_time() -> None:
    slow = replace(POLICY, max_request=timedelta(seconds=100))
    one_loop = replace(POLICY, one_loop_per_request=True)
    assert revision_due_at(known(request()), slow) == at(5 + 60 + 102.5 + 30)
    assert revision_due_at(known(request()), one_loop) == at(5 + 60 + (32.5 + 60) + 30 + 30)
    assert revision_due_at(known(request(status=504)), POLICY) == at(5 + 60 + 60 + (32.5 + 60) + 30)


def test_a_request_of_unknown_duration_is_taken_to_last_as_long_as_it_can() -> None:
    assert revision_due_at(known(request(duration_ms=None), tagged(None)), POLICY) == at(30 + 30)


def test_where_the_record_came_late_its_calls_may_come_as_late() -> None:
    assert revision_due_at(known(request(), tagged(None), stored=35), POLICY) == at(35)
    assert revision_due_at(known(request(), tagged(None), stored=36), POLICY) == at(66)
    assert revision_due_at(known(request(), stored=3_600), POLICY) == at(3_600 + 60 + 60 + 30)


def test_after_the_first_revision_every_other_is_due_at_once() -> None:
    assert revision_due_at(known(request(), tagged(None), revision=1), POLICY) < AT_ONCE


def spanned(
    *calls: Invocation, revision: int = 0, said: Traced | None, known_before: Traced | None = None
) -> RequestState:
    """The same request, whose spans were read."""
    state = known(request(), *calls, revision=revision, counted=len(calls))
    summary = None if state.summary is None else replace(state.summary, traced=known_before)
    return replace(state, summary=summary, spans_read=True, traced=said)


SAID = Traced(trace_id=TRACE, calls=1)


PROVEN = replace(SAID, complete=True)


def calling(*times: tuple[float, float]) -> Trace:
    """A trace with a call to a model at each of these times."""
    trace = trace_id()
    spans = (replace(span_of(call(), trace), started_at=at(begin), ended_at=at(end)) for begin, end in times)
    return Trace(trace_id=trace, spans=tuple(spans), requests=(request().request_id,))


@pytest.mark.parametrize(
    "times",
    [[(1, 4)], [(1, 2), (3, 4)], [(0, 3), (1, 2), (4, 4.3)], [(-0.2, 5.2)]],
    ids=str,
)
def test_calls_that_spans_prove_to_be_all_settle_at_once_where_no_other_agent_had_time(
    times: list[tuple[float, float]],
) -> None:
    state = replace(spanned(call(), said=PROVEN), trace=calling(*times))

    assert revision_due_at(state, POLICY) <= AT_ONCE


@pytest.mark.parametrize(
    "times", [[(1.01, 4.5)], [(1, 2), (3.01, 4)], [(0.5, 3.99)], [(0, 2), (0.5, 0.6), (3.01, 4)]], ids=str
)
def test_where_another_agent_had_time_its_spans_are_waited_for_whatever_is_proven(
    times: list[tuple[float, float]],
) -> None:
    state = replace(spanned(call(), said=PROVEN), trace=calling(*times))

    assert revision_due_at(state, POLICY) == at(5) + POLICY.settle_delay


def test_nor_is_it_known_of_a_request_whose_end_is_not() -> None:
    state = replace(spanned(call(), said=PROVEN), trace=calling((0, 5)), record=request(duration_ms=None))

    assert revision_due_at(state, POLICY) == at(30) + POLICY.settle_delay


@pytest.mark.parametrize(
    "record",
    [request(status=504), request(status=202), replace(request(), streamed=True)],
    ids=["timed out", "accepted", "streamed"],
)
def test_nor_of_a_request_whose_agents_may_work_on(record: Request) -> None:
    state = replace(spanned(call(), said=PROVEN), trace=calling((0, 5)), record=record)

    assert revision_due_at(state, POLICY) == at(5) + POLICY.settle_delay + POLICY.max_agent


def test_calls_that_all_have_spans_settle_as_tagged_ones_do() -> None:
    assert revision_due_at(spanned(call(), said=SAID), POLICY) == at(5) + POLICY.settle_delay


@pytest.mark.parametrize(
    "said", [None, replace(SAID, calls=0), replace(SAID, missing_calls=1, complete=False)], ids=str
)
def test_spans_that_say_less_hold_nothing_up_and_hurry_nothing(said: Traced | None) -> None:
    assert revision_due_at(spanned(call(), said=said), POLICY) == revision_due_at(known(request(), call()), POLICY)


def test_what_spans_say_is_news_where_it_is_another_than_the_last_revision_says() -> None:
    assert has_news(spanned(call(), revision=1, said=SAID))
    assert has_news(spanned(call(), revision=1, said=None, known_before=SAID))
    assert not has_news(spanned(call(), revision=1, said=SAID, known_before=SAID))


def test_another_call_of_which_spans_tell_is_news_though_they_say_as_much() -> None:
    """Since another request names the trace, say: before, they told of the first call, and now of the second."""
    first, second = call("c1"), call("c2", 2, latency_ms=900)
    before = (replace(linked(first), span=span_of(first, TRACE).call), linked(second))
    now = (linked(first), replace(linked(second), span=span_of(second, TRACE).call))
    drawn = replace(fold(request(), before, POLICY, NO_PRICES), traced=SAID)
    state = replace(spanned(first, second, revision=1, said=SAID), invocations=before, summary=drawn)

    assert not has_news(state)
    assert has_news(replace(state, invocations=now))


def test_spans_that_were_not_read_are_no_news() -> None:
    state = spanned(call(), revision=1, said=None, known_before=SAID)

    assert not has_news(replace(state, spans_read=False))
