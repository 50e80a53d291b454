"""The contract of storing spans and which requests name their traces, over both fact stores."""

from dataclasses import replace
from itertools import permutations

import pytest

from request_lens.adapters.dynamodb.trace_items import MAX_SPANS
from request_lens.domain.facts import InvocationId, RequestId, TraceId
from request_lens.domain.spans import CallSpan, Trace
from request_lens.ports import FactStore
from tests.support.stored_facts import STORED_AT, call_at, link_to, pending
from tests.support.telemetry.traces import TRACE, at, call_span, entry_span, strands_trace
from tests.support.under_test import StoreUnderTest

OTHER = TraceId("f" * 32)
REQUEST = RequestId("request-1")


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


def test_a_span_that_comes_again_in_another_batch_is_one(store: FactStore) -> None:
    entry, call = entry_span(0, 100), call_span("c", 10, 20)
    for batch in ([entry, call], [call], [call, entry], []):
        store.store_spans(batch, stored_at=STORED_AT)

    assert store.load_trace(TRACE).spans == (entry, call)


def test_of_a_trace_with_more_spans_than_an_item_takes_none_is_lost(store: FactStore) -> None:
    spans = [call_span(f"c{number}", number, number + 1) for number in range(2 * MAX_SPANS + 1)]
    store.store_spans(spans, stored_at=STORED_AT)

    assert list(store.load_trace(TRACE).spans) == spans


def test_a_calls_span_is_found_by_its_invocation_before_its_event_comes(store: FactStore) -> None:
    store.store_spans([call_span("c", 10, 20), entry_span(0, 100)], stored_at=STORED_AT)

    found = store.load_call_spans([InvocationId("c"), InvocationId("d")])

    assert found == {"c": CallSpan(trace_id=TRACE, started_at=at(10), ended_at=at(20))}
    assert store.load_unlinked(InvocationId("c")) is None


def test_whoever_comes_second_of_a_call_and_its_span_finds_the_first(store: FactStore) -> None:
    first, second = call_at(invocation_id="first"), call_at(invocation_id="second")
    store.store_spans([call_span("second", 10, 20)], stored_at=STORED_AT)

    assert store.store_unlinked([first], stored_at=STORED_AT) == {}
    expected = {"second": CallSpan(trace_id=TRACE, started_at=at(10), ended_at=at(20))}
    for _ in range(2):
        assert store.store_unlinked([second], stored_at=STORED_AT) == expected

    store.store_spans([call_span("first", 30, 40)], stored_at=STORED_AT)
    assert store.load_call_spans([InvocationId("first")])[InvocationId("first")].started_at == at(30)
    assert store.load_unlinked(InvocationId("first")) == pending(first)


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
    another = RequestId("request-2")
    store.name_traces([(TRACE, another), (OTHER, REQUEST)], stored_at=STORED_AT)
    store.name_traces([(TRACE, REQUEST), (TRACE, another)], stored_at=STORED_AT)

    assert store.load_trace(TRACE).requests == (REQUEST, another)
    assert store.find_named([TRACE, OTHER, TraceId("0" * 32)]) == {TRACE, OTHER}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_what_is_known_of_a_trace_does_not_depend_on_the_order(store: FactStore, order: tuple[int, ...]) -> None:
    writes = [
        lambda: store.store_spans([entry_span(0, 100)], stored_at=STORED_AT),
        lambda: store.store_spans([call_span("c", 10, 20)], stored_at=STORED_AT),
        lambda: store.name_traces([(TRACE, REQUEST)], stored_at=STORED_AT),
    ]
    for place in order:
        writes[place]()

    spans = (entry_span(0, 100), call_span("c", 10, 20))
    assert store.load_trace(TRACE) == Trace(trace_id=TRACE, spans=spans, requests=(REQUEST,))
