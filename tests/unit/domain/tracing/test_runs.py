"""Which spans are of one run of an agent, and which runs of a trace are a request's."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from request_lens.domain.facts import Request, RequestId, TraceId
from request_lens.domain.policy import Policy
from request_lens.domain.spans import Span, SpanId, SpanKind, Trace, join_spans
from request_lens.domain.tracing.runs import may_have_more, own_spans, runs_of
from tests.support.telemetry.traces import SKEW, START, TRACE, call_span, entry_span, made_span, request


def times(*spans: Span) -> list[tuple[int, int]]:
    ms = [(run.started_at - START, run.ended_at - START) for run in runs_of(spans)]
    return [(round(begin.total_seconds() * 1000), round(end.total_seconds() * 1000)) for begin, end in ms]


def test_a_span_that_came_twice_is_one() -> None:
    call = call_span("b", 5, 6)

    assert join_spans([call, entry_span(0, 9), call]) == (entry_span(0, 9), call)


def test_an_entry_span_below_another_of_its_agent_is_its_double() -> None:
    outer = entry_span(0, 100, span_id="outer")

    assert times(outer, entry_span(10, 90, parent_id=SpanId("outer"))) == [(0, 100)]
    late_double = entry_span(120, 150, parent_id=SpanId("outer"))
    assert times(outer, late_double) == [(0, 100)]


def test_an_agent_that_another_agent_called_has_a_run_of_its_own() -> None:
    sub_agent = entry_span(10, 90, parent_id=SpanId("outer"), resource="sub-agent")

    assert times(entry_span(0, 100, span_id="outer"), sub_agent) == [(0, 100), (10, 90)]


def test_entries_of_one_agent_that_overlap_cannot_be_told_apart() -> None:
    assert times(entry_span(0, 100), entry_span(50, 180), entry_span(170, 200), entry_span(300, 400)) == [
        (0, 200),
        (300, 400),
    ]
    assert times(entry_span(0, 100), entry_span(200, 300), entry_span(90, 210)) == [(0, 300)]


@pytest.mark.parametrize("other", [{"resource": "sub-agent"}, {"trace_id": TraceId("f" * 32)}])
def test_a_run_holds_what_began_in_its_time_in_its_trace_and_resource(other: dict[str, str]) -> None:
    [run] = runs_of([entry_span(0, 100)])

    assert run.holds(call_span("c", 100, 400))
    assert not run.holds(call_span("c", 101, 400))
    assert not run.holds(call_span("c", 50, 60, **other))


SPANS = (entry_span(0, 500), call_span("c", 5, 6), call_span("d", 5000, 6000))


def own(record: Request, spans: Sequence[Span], *others: Request) -> list[str]:
    """The ids of the spans of this request, beside which others name the trace."""
    return [span.span_id for span in own_spans(record, session(record, spans, *others), Policy(clock_skew=SKEW))]


def test_all_spans_of_a_trace_are_the_requests_that_alone_names_it_and_that_it_began_with() -> None:
    assert own(request(300), SPANS) == [span.span_id for span in SPANS]


def test_of_an_older_trace_the_only_request_has_what_lies_in_its_time() -> None:
    late = [call_span("e", 60_500, 61_000), call_span("f", 60_900, 63_001), entry_span(60_000, 70_000)]
    spans = [*SPANS, *late, call_span("g", 63_001, 64_000)]

    assert own(request(1_000, begin=60_000), spans) == [late[0].span_id, late[2].span_id]
    assert own(request(None, begin=60_000), spans) == [span.span_id for span in spans[3:]]


def test_of_a_trace_that_several_records_name_a_request_has_the_runs_in_its_time() -> None:
    first, second = entry_span(0, 500), entry_span(2000, 2500)
    spans = [first, second, call_span("c", 5, 6), call_span("d", 2100, 2200), call_span("e", 1000, 1100)]

    assert own(request(600), spans, beside(300, 2_000)) == [first.span_id, spans[2].span_id]
    assert own(request(None, begin=1500), spans, beside(300, 2_000)) == [second.span_id, spans[3].span_id]


def test_of_a_trace_that_it_began_with_a_request_has_no_span_that_began_after_it_once_a_later_one_names_it() -> None:
    """Whether or not it lies in a run that is there."""
    in_time = [entry_span(0, 500), call_span("c", 5, 6), made_span(SpanKind.AGENT, 700, 900)]
    spans = [*in_time, entry_span(62_000, 63_000), call_span("d", 62_100, 62_200)]

    assert own(request(1_000), spans) == [span.span_id for span in spans]
    assert own(request(1_000), spans, beside(62_000, 2_000)) == [span.span_id for span in in_time]


def beside(begin: int, duration_ms: int) -> Request:
    return replace(request(duration_ms, begin=begin), request_id=RequestId("other"))


def session(record: Request, spans: Sequence[Span], *others: Request) -> Trace:
    """A trace that these requests' records name."""
    records = (record, *others)
    return Trace(
        trace_id=TRACE, spans=tuple(spans), requests=tuple(each.request_id for each in records), records=records
    )


def test_of_such_a_trace_it_has_the_calls_without_a_run_too_that_no_other_one_can_have_made() -> None:
    record, policy = request(1000), Policy(clock_skew=SKEW * 0)
    run = [entry_span(0, 500), call_span("of its run", 100, 200)]
    calls = [call_span("alone", 600, 700), call_span("of both", 850, 950), call_span("later", 1100, 1200)]
    trace = session(record, [*run, *calls, made_span(SpanKind.CHAT, 600, 700)], beside(800, 500))

    assert own_spans(record, trace, policy) == [*run, calls[0]]


def test_a_run_that_goes_on_into_the_next_request_of_its_session_is_that_of_the_one_that_timed_out() -> None:
    """With all that ran in it, such as a tool, which else would count for both."""
    timed_out, answering = replace(request(1_000), status=504), beside(2_000, 2_000)
    overrun = [entry_span(100, 3_000), made_span(SpanKind.TOOL, 2_500, 2_800, tool="mail")]
    following = [entry_span(3_100, 3_900), made_span(SpanKind.TOOL, 3_200, 3_300, tool="mail")]
    trace, policy = session(timed_out, [*overrun, *following], answering), Policy(clock_skew=SKEW * 0)

    assert own_spans(timed_out, trace, policy) == overrun
    assert own_spans(answering, trace, policy) == following


@pytest.mark.parametrize("kind", [SpanKind.AGENT, SpanKind.CHAT])
def test_an_agent_below_no_run_leaves_each_request_in_doubt_in_whose_time_it_is(kind: SpanKind) -> None:
    record, policy = request(1000), Policy(clock_skew=SKEW * 0)
    run, lone = [entry_span(0, 500), call_span("c", 5, 6)], made_span(kind, 600, 700)

    def is_in_doubt(*spans: Span) -> bool:
        trace = session(record, spans, beside(800, 500))
        return may_have_more(record, trace, own_spans(record, trace, policy), policy)

    assert is_in_doubt(*run, lone)
    assert not is_in_doubt(*run, made_span(kind, 100, 200))
    assert not is_in_doubt(*run, made_span(kind, 1_100, 1_200))
    assert not is_in_doubt(*run, made_span(SpanKind.TOOL, 600, 700, tool="mail"))


def test_a_call_without_a_run_that_another_request_may_have_made_leaves_each_of_them_in_doubt() -> None:
    record, policy = request(1000), Policy(clock_skew=SKEW * 0)
    alone, of_both = call_span("alone", 600, 700), call_span("of both", 850, 950)

    def is_in_doubt(asked: Request, *spans: Span) -> bool:
        trace = session(record, spans, beside(800, 500))
        return may_have_more(asked, trace, own_spans(asked, trace, policy), policy)

    assert [is_in_doubt(each, alone, of_both) for each in (record, beside(800, 500))] == [True, True]
    assert [is_in_doubt(each, alone) for each in (record, beside(800, 500))] == [False, False]
