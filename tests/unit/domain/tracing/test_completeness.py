"""A request's calls are complete where spans and the agents' own sums prove it, and say what is missing where not."""

from dataclasses import replace

import pytest

from request_lens.domain.facts import Invocation, TokenCounts
from request_lens.domain.spans import Span, SpanId, SpanKind
from request_lens.domain.tracing.completeness import Completeness, completeness
from tests.support.telemetry.traces import (
    REGION,
    agent_span,
    call_span,
    entry_span,
    invocation,
    made_span,
    strands_trace,
)

COMPLETE, UNPROVEN = Completeness(complete=True), Completeness()


def judged(linked: list[Invocation], *spans: Span) -> Completeness:
    """What is said of the calls, without how many they are."""
    return replace(completeness(linked, spans, region=REGION), calls=0)


ONE_CALL = (entry_span(0, 100), call_span("a", 10, 20))
TWO_CALLS = (*ONE_CALL, call_span("b", 30, 40))


def test_a_real_request_is_complete() -> None:
    assert judged([invocation("call", read=21245, written=56)], *strands_trace()) == COMPLETE


def test_a_call_that_has_a_span_and_no_event_of_this_request_is_missing_by_name() -> None:
    found = judged([invocation("b")], *TWO_CALLS, agent_span(0, 100, read=200, written=20))

    assert (found.complete, found.missing) == (False, ("a",))


def test_the_sums_prove_it_only_where_input_and_output_are_those_of_the_calls() -> None:
    linked = [invocation("a"), invocation("b")]

    assert judged(linked, *TWO_CALLS, agent_span(0, 100, read=200, written=20)) == COMPLETE
    assert judged(linked, *TWO_CALLS, agent_span(0, 100, read=200, written=21)) == UNPROVEN
    assert judged(linked, *TWO_CALLS, agent_span(0, 100, read=201, written=20)) == UNPROVEN
    assert judged(linked, *TWO_CALLS, agent_span(0, 100, read=None, written=20)) == UNPROVEN


@pytest.mark.parametrize("read", [100, 157])
def test_an_agent_may_count_cached_tokens_as_input_or_not(read: int) -> None:
    counts = TokenCounts(input=100, output=10, cache_read=50, cache_write=7)

    assert judged([invocation("a", tokens=counts)], *ONE_CALL, agent_span(0, 100, read=read, written=10)) == COMPLETE


def test_a_count_that_the_log_lacks_proves_nothing() -> None:
    assert judged([invocation("a", read=None)], *ONE_CALL, agent_span(0, 100, read=100, written=10)) == UNPROVEN


def test_a_failed_attempt_is_there_and_counts_no_tokens() -> None:
    failed = invocation("b", read=None, written=None, error_code="ThrottlingException")

    assert judged([invocation("a"), failed], *TWO_CALLS, agent_span(0, 100, read=100, written=10)) == COMPLETE


def test_without_an_agents_sums_or_its_entry_nothing_is_proven() -> None:
    call, agent = call_span("a", 10, 20), agent_span(0, 100, read=100, written=10)

    assert judged([invocation("a")], entry_span(0, 100), call) == UNPROVEN
    assert judged([invocation("a")], call, agent) == UNPROVEN
    assert judged([], entry_span(0, 100), agent_span(0, 100, read=0, written=0)) == UNPROVEN


def test_one_agents_sums_prove_nothing_of_another_that_tells_none() -> None:
    agent = agent_span(0, 100, read=100, written=10)
    other = entry_span(30, 60, resource="other agent")
    its_sums = agent_span(31, 59, read=100, written=10, resource="other agent")
    its_call = call_span("b", 35, 50, resource="other agent")

    assert judged([invocation("a")], *ONE_CALL, agent, other) == UNPROVEN
    assert judged([invocation("a"), invocation("b")], *ONE_CALL, agent, other, its_call) == UNPROVEN
    assert judged([invocation("a"), invocation("b")], *ONE_CALL, agent, other, its_call, its_sums) == COMPLETE


def test_a_call_of_an_agent_whose_run_is_not_there_proves_nothing() -> None:
    agent = agent_span(0, 100, read=100, written=10)
    its_call = call_span("b", 110, 120, resource="other agent")
    linked = [invocation("a"), invocation("b")]

    assert judged(linked, *ONE_CALL, agent, its_call) == UNPROVEN
    assert judged(linked, *ONE_CALL, agent, replace(its_call, resource="agent")) == UNPROVEN


def test_calls_of_an_agent_that_another_ran_are_not_the_outer_ones() -> None:
    outer, inner = agent_span(0, 100, read=100, written=10), agent_span(25, 50, read=77, written=7)
    linked = [invocation("a"), invocation("b", read=77, written=7)]

    assert judged(linked, *TWO_CALLS, outer, inner) == COMPLETE
    assert judged(linked, *TWO_CALLS, agent_span(0, 100, read=177, written=17), inner) == UNPROVEN


def test_a_call_whose_span_and_agent_are_lost_is_known_by_its_frameworks_span_and_nothing_is_proven() -> None:
    outer, lost = agent_span(0, 100, read=100, written=10), made_span(SpanKind.CHAT, 50, 60)

    assert judged([invocation("a")], *ONE_CALL, outer) == COMPLETE
    assert judged([invocation("a")], *ONE_CALL, outer, lost) == UNPROVEN


def test_a_call_in_another_region_is_counted_apart_and_not_missed() -> None:
    abroad = call_span("b", 30, 40, region="eu-west-1")
    found = judged([invocation("a")], *ONE_CALL, abroad)

    assert found == Completeness(complete=None, elsewhere=1)


def test_a_call_linked_without_a_span_leaves_the_sums_to_decide() -> None:
    linked = [invocation("a"), invocation("b")]

    assert judged(linked, *ONE_CALL, agent_span(0, 100, read=100, written=10)) == COMPLETE
    assert judged(linked, *ONE_CALL, agent_span(0, 100, read=200, written=20)) == UNPROVEN


def test_the_calls_of_this_region_are_counted_once_however_many_spans_they_have() -> None:
    twice, abroad = call_span("a", 12, 18), call_span("b", 30, 40, region="eu-west-1")

    assert completeness([], [*ONE_CALL, twice, abroad], region=REGION).calls == 1
    assert completeness([], [*ONE_CALL, twice, abroad], region=None).calls == 2


def test_two_frameworks_that_report_one_call_hide_no_proof() -> None:
    """The outer one's span holds the inner one's, and this the call; so where the parents go round."""
    outer = made_span(SpanKind.CHAT, 5, 25, span_id="outer")
    inner = made_span(SpanKind.CHAT, 8, 22, span_id="inner", parent_id=SpanId("outer"))
    call = call_span("a", 10, 20, parent_id=SpanId("inner"))
    ring = replace(outer, parent_id=SpanId("inner"))
    agent = agent_span(0, 100, read=100, written=10)

    for spans in ((outer, inner), (ring, inner)):
        assert judged([invocation("a")], entry_span(0, 100), *spans, call, agent) == COMPLETE
    alone = made_span(SpanKind.CHAT, 30, 40, span_id="alone", parent_id=SpanId("outer"))
    assert judged([invocation("a")], entry_span(0, 100), outer, inner, alone, call, agent) == UNPROVEN
