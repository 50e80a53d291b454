"""The contract of storing spans and which requests name their traces, over both fact stores."""

from dataclasses import replace
from itertools import permutations
from typing import TYPE_CHECKING

import pytest

from request_lens.adapters.dynamodb.fact_store import DynamoFactStore
from request_lens.adapters.dynamodb.trace_items import MAX_SPANS
from request_lens.domain.facts import InvocationId, Request, RequestId, TraceId
from request_lens.domain.spans import MAX_TRACE_SPANS, CallSpan, LambdaRun, Trace
from request_lens.ports import FactStore
from tests.support.stored_facts import STORED_AT, call_at, link_to, pending
from tests.support.telemetry.traces import TRACE, Value, at, call_span, entry_span, request, strands_trace
from tests.support.under_test import StoreUnderTest

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OTHER = TraceId("f" * 32)
REQUEST = RequestId("request-1")

OTHERS: list[dict[str, Value]] = [{"resource": None}, {"resource": "other", "region": None}, {"session_id": "s"}]
"""In which a span can differ from others of its agent."""

type Sides = tuple[list[LambdaRun], list[Request]]
"""The two sides of bridges."""


def test_an_unknown_trace_has_no_spans_and_no_requests(store: FactStore) -> None:
    assert store.load_trace(TRACE) == Trace(trace_id=TRACE)
    assert store.find_named([TRACE]) == set()
    assert store.load_call_spans([InvocationId("c")]) == {}


def test_spans_are_kept_whole_by_their_trace_in_order_of_time(store: FactStore) -> None:
    elsewhere = replace(entry_span(0, 9), trace_id=OTHER)
    store.store_spans([*reversed(strands_trace()), elsewhere], stored_at=STORED_AT)

    assert store.load_trace(OTHER).spans == (elsewhere,)
    found = store.load_trace(TRACE).spans
    assert [span.started_at for span in found] == sorted(span.started_at for span in strands_trace())
    assert set(found) == set(strands_trace())


def test_spans_that_share_nothing_but_their_trace_are_kept_whole(store: FactStore) -> None:
    """One of them lacks what the first two have alike, or has another."""
    for number, others in enumerate(OTHERS):
        spans = [call_span(f"a{number}", 0, 1), call_span(f"b{number}", 1, 2), call_span(f"c{number}", 2, 3, **others)]
        named = [replace(span, trace_id=TraceId(f"{number:032x}")) for span in spans]
        store.store_spans(named, stored_at=STORED_AT)

        assert list(store.load_trace(TraceId(f"{number:032x}")).spans) == named


def test_a_span_that_comes_again_in_another_batch_is_one(store: FactStore) -> None:
    entry, call = entry_span(0, 100), call_span("c", 10, 20)
    for batch in ([entry, call], [call], [call, entry], []):
        store.store_spans(batch, stored_at=STORED_AT)

    assert store.load_trace(TRACE).spans == (entry, call)


def test_of_a_trace_with_more_spans_than_an_item_takes_none_is_lost(store: FactStore) -> None:
    spans = [call_span(f"c{number}", number, number + 1) for number in range(2 * MAX_SPANS + 1)]
    store.store_spans(spans, stored_at=STORED_AT)

    assert list(store.load_trace(TRACE).spans) == spans


def test_of_a_trace_without_end_so_much_is_read_and_no_more(store: FactStore) -> None:
    """An id that its maker never changes gathers all spans there are."""
    spans = [entry_span(number, number + 1) for number in range(MAX_TRACE_SPANS + 1)]
    store.store_spans(spans[1:], stored_at=STORED_AT)
    whole = store.load_trace(TRACE)
    store.store_spans(spans[:1], stored_at=STORED_AT)
    cut = store.load_trace(TRACE)

    assert (len(whole.spans), whole.is_cut) == (MAX_TRACE_SPANS, False)
    assert (len(cut.spans), cut.is_cut) == (MAX_TRACE_SPANS, True)


def test_a_calls_span_is_found_by_its_invocation_before_its_event_comes(store: FactStore) -> None:
    store.store_spans([call_span("c", 10, 20), entry_span(0, 100)], stored_at=STORED_AT)

    found = store.load_call_spans([InvocationId("c"), InvocationId("d")])

    assert found == {"c": CallSpan(trace_id=TRACE, started_at=at(10), ended_at=at(20))}
    assert store.load_unlinked(InvocationId("c")) is None


def test_whoever_comes_second_of_a_call_and_its_span_finds_the_first(store: FactStore) -> None:
    first, second = call_at(invocation_id="first"), call_at(invocation_id="second")
    store.store_spans([call_span("second", 10, 20)], stored_at=STORED_AT)

    assert store.store_unlinked([first], stored_at=STORED_AT) == {}
    expected = {InvocationId("second"): CallSpan(trace_id=TRACE, started_at=at(10), ended_at=at(20))}
    for _ in range(2):
        assert store.store_unlinked([second], stored_at=STORED_AT) == expected

    store.store_spans([call_span("first", 30, 40)], stored_at=STORED_AT)
    assert store.load_call_spans([InvocationId("first")])[InvocationId("first")].started_at == at(30)
    span = CallSpan(trace_id=TRACE, started_at=at(30), ended_at=at(40))
    assert store.load_unlinked(InvocationId("first")) == replace(pending(first), span=span)
    assert sorted(
        store.load_all_unlinked([InvocationId("first"), InvocationId("second"), InvocationId("no")]), key=str
    ) == sorted(
        [replace(pending(first), span=span), replace(pending(second), span=expected[InvocationId("second")])], key=str
    )


def test_a_span_leaves_a_calls_decision_alone(tested: StoreUnderTest) -> None:
    decided = pending(call_at(invocation_id="c"))
    tested.store.decide(decided, link_to())
    before = tested.changes()

    tested.store.store_spans([call_span("c", 10, 20)], stored_at=STORED_AT)

    stored = tested.store.load_unlinked(InvocationId("c"))
    assert stored is not None
    assert stored.decision == link_to()
    assert tested.changes() == before


def test_the_first_span_of_a_call_stays(store: FactStore) -> None:
    for begin in (10, 30):
        store.store_spans([call_span("c", begin, 40)], stored_at=STORED_AT)

    assert store.load_call_spans([InvocationId("c")])[InvocationId("c")].started_at == at(10)


def test_the_requests_that_name_a_trace_are_found_in_any_order(store: FactStore) -> None:
    another = record("request-2")
    store.name_traces([(TRACE, another), (OTHER, record())])
    store.name_traces([(TRACE, record()), (TRACE, another), (TRACE, another)])

    found = store.load_trace(TRACE)
    assert found.requests == (REQUEST, another.request_id)
    assert found.records == (record(), another)
    assert store.find_named([TRACE, OTHER, TraceId("0" * 32)]) == {TRACE, OTHER}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_is_known_of_a_trace_does_not_depend_on_the_order(store: FactStore, order: tuple[int, ...]) -> None:
    writes = [
        lambda: store.store_spans([entry_span(0, 100)], stored_at=STORED_AT),
        lambda: store.store_spans([call_span("c", 10, 20)], stored_at=STORED_AT),
        lambda: store.name_traces([(TRACE, record())]),
    ]
    for place in order:
        writes[place]()

    spans = (entry_span(0, 100), call_span("c", 10, 20))
    named = Trace(trace_id=TRACE, spans=spans, requests=(REQUEST,), records=(record(),))
    assert store.load_trace(TRACE) == named


def test_of_a_run_and_the_request_that_it_answered_the_second_finds_both(store: FactStore) -> None:
    for run_id, writes in (("a", (run_of, answered_by)), ("b", (answered_by, run_of))):
        first, second = (write(run_id) for write in writes)
        assert store.join_runs(*first) == []
        assert store.join_runs(*second) == [(TRACE, answered_by(run_id)[1][0])]
        assert store.join_runs(*second) == [(TRACE, answered_by(run_id)[1][0])]


def test_what_comes_between_the_two_sides_of_a_run_takes_nothing_from_the_second(store: FactStore) -> None:
    """A record that came before the run's line came stays its bridge's, whichever comes again."""
    store.join_runs(*answered_by("a"))
    other = [replace(record("another"), lambda_request_id="a")]
    assert store.join_runs([], other) == []

    assert store.join_runs(*run_of("a")) == [(TRACE, answered_by("a")[1][0])]
    assert store.join_runs([], other) == [(TRACE, answered_by("a")[1][0])]


def test_both_sides_of_many_runs_in_one_batch_are_joined_each_once(store: FactStore) -> None:
    ids = [f"run-{number}" for number in range(12)]
    runs = [run for run_id in ids for run in run_of(run_id)[0]]
    records = [each for run_id in ids for each in answered_by(run_id)[1]]

    joined = store.join_runs([*runs, *runs], [*records, records[0], record("without")])

    assert sorted(each.request_id for _, each in joined) == sorted(each.request_id for each in records)
    assert {trace_id for trace_id, _ in joined} == {TRACE}


def test_the_first_line_of_a_run_stays(store: FactStore) -> None:
    for trace_id in (TRACE, OTHER):
        store.join_runs([LambdaRun(lambda_request_id="a", trace_id=trace_id, at=at(0))], [])

    assert store.join_runs(*answered_by("a")) == [(TRACE, answered_by("a")[1][0])]


def test_a_requests_trace_is_its_own_or_that_of_the_run_that_answered_it(store: FactStore) -> None:
    store.join_runs(*run_of("a"))

    store.join_runs(*answered_by("b"))
    asked = [
        record(),
        replace(record(), lambda_request_id="unheard-of"),
        replace(record(), lambda_request_id="a"),
        replace(record(), lambda_request_id="a", trace_id=OTHER),
        answered_by("b")[1][0],
    ]
    assert list(store.traces_of(asked)) == [None, None, TRACE, OTHER, None]
    assert [trace for each in asked for trace in store.traces_of([each])] == [None, None, TRACE, OTHER, None]
    assert list(store.traces_of([])) == []


def record(request_id: str = "request-1") -> Request:
    return replace(request(100), request_id=RequestId(request_id))


def run_of(run_id: str) -> Sides:
    """What a function's log says of a run."""
    return [LambdaRun(lambda_request_id=run_id, trace_id=TRACE, at=at(0))], []


def answered_by(run_id: str) -> Sides:
    """What the record of the request says that the run answered."""
    return [], [replace(record(f"request-{run_id}"), lambda_request_id=run_id)]


def test_traces_are_read_together_as_each_is_by_itself(store: FactStore) -> None:
    store.store_spans([entry_span(0, 9), replace(entry_span(0, 9), trace_id=OTHER)], stored_at=STORED_AT)
    asked = [OTHER, TraceId("0" * 32), TRACE]

    assert list(store.load_traces(asked)) == [store.load_trace(each) for each in asked]
    assert list(store.load_traces([])) == []


def test_whether_a_trace_is_named_is_asked_for_one_item_of_it(
    dynamo_store: DynamoFactStore, dynamo_client: "DynamoDBClient"
) -> None:
    """A session's trace has thousands of them, and DynamoDB charges what a page holds."""
    dynamo_store.name_traces(
        [(TRACE, replace(request(100), request_id=RequestId(f"r{number}"))) for number in range(9)]
    )
    limits: list[object] = []
    dynamo_client.meta.events.register(
        "provide-client-params.dynamodb.Query", lambda params, **_: limits.append(params.get("Limit"))
    )

    assert dynamo_store.find_named([TRACE]) == {TRACE}
    assert limits == [1]
