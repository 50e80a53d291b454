"""Placement: where calls are drawn inside their request."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.folding.bars import bars_by_call, late_by_ms, starts_of
from request_lens.domain.folding.summary import Bar
from request_lens.domain.policy import Policy
from request_lens.domain.spans import CallSpan
from tests.support.facts import at, call, chain_of_two, linked, request, tag
from tests.support.telemetry.traces import TRACE


def drawn(record: Request, *calls: Invocation) -> list[Bar]:
    return [bar for _, bar in bars_by_call(record, [linked(each) for each in calls], Policy())]


def offsets(record: Request, *calls: Invocation) -> list[int]:
    return [bar.offset_ms for bar in drawn(record, *calls)]


def test_a_call_is_drawn_no_earlier_than_its_request() -> None:
    assert offsets(request(start=0.9), call(logged=0)) == [0]


def test_a_call_is_drawn_at_its_timestamp_where_its_request_began_before() -> None:
    assert offsets(request(start=0.9), call(logged=3)) == [2_100]


def test_a_call_is_drawn_to_end_by_the_response() -> None:
    assert offsets(request(duration_ms=5_000), call(logged=4, latency_ms=1_200)) == [3_800]


def test_calls_of_a_chain_do_not_overlap_within_one_second() -> None:
    assert offsets(request(), *chain_of_two("c", 1, 1, latency_ms=400)) == [1_000, 1_400]


def test_a_call_leaves_room_for_those_that_follow_it() -> None:
    assert offsets(request(duration_ms=4_000), *chain_of_two("c", 2, 2, latency_ms=1_200)) == [1_600, 2_800]


def test_a_call_of_unknown_latency_is_drawn_as_a_tick_at_its_place() -> None:
    [bar] = drawn(request(), call(logged=2, latency_ms=None))

    assert (bar.offset_ms, bar.latency_ms) == (2_000, None)


def test_a_tagged_start_is_drawn_to_the_millisecond_and_says_so() -> None:
    [bar] = drawn(request(), call(logged=2, tag=tag(started=2.345)))

    assert (bar.offset_ms, bar.precision_ms) == (2_345, 1)


def late_ms(record: Request, *calls: Invocation) -> list[int]:
    return [late_by_ms(bar, record) for bar in drawn(record, *calls)]


def test_a_call_began_within_its_logged_second() -> None:
    assert late_ms(request(), call(logged=3)) == [1_000]
    assert late_ms(request(start=3.616), call(logged=3)) == [384]
    assert late_ms(request(), *chain_of_two("c", 1, 1, latency_ms=400)) == [1_000, 600]
    assert late_ms(request(), call(logged=3, tag=tag(started=3.345))) == [0]


def test_a_call_began_early_enough_to_end_by_the_response() -> None:
    assert late_ms(request(duration_ms=4_300), call(logged=3, latency_ms=1_200)) == [100]
    assert late_ms(request(duration_ms=4_000), call(logged=3, latency_ms=1_200)) == [0]


def test_where_no_response_bounds_a_call_it_began_anywhere_in_its_second() -> None:
    long = call(logged=3, latency_ms=1_200)
    assert late_ms(request(duration_ms=None), long) == [1_000]
    assert late_ms(request(duration_ms=4_300, status=504), long) == [1_000]
    assert late_ms(replace(request(duration_ms=4_300), streamed=True), long) == [1_000]
    assert late_ms(request(duration_ms=4_300), call(logged=3, latency_ms=None)) == [1_000]


def test_a_request_whose_start_is_known_to_the_second_may_end_a_second_later() -> None:
    floored = replace(request(duration_ms=4_300), started_precision_ms=1_000)
    assert late_ms(floored, call(logged=2, latency_ms=2_200)) == [1_000]


@given(
    start_ms=st.integers(0, 5_000),
    duration_ms=st.integers(0, 5_000),
    began_ms=st.integers(0, 5_000),
    latency_ms=st.integers(0, 5_000),
)
def test_a_call_inside_its_request_began_between_its_bar_and_the_latest_start(
    start_ms: int, duration_ms: int, began_ms: int, latency_ms: int
) -> None:
    began_ms, latency_ms = began_ms % (duration_ms + 1), latency_ms % (duration_ms - began_ms % (duration_ms + 1) + 1)
    record = request(start=start_ms / 1_000, duration_ms=duration_ms)
    [bar] = drawn(record, call(logged=(start_ms + began_ms) // 1_000, latency_ms=latency_ms))

    assert bar.offset_ms <= began_ms <= bar.offset_ms + late_by_ms(bar, record)
    assert bar.offset_ms + late_by_ms(bar, record) + latency_ms <= duration_ms


def test_a_call_is_drawn_where_its_span_begins() -> None:
    spans = CallSpan(trace_id=TRACE, started_at=at(2.345), ended_at=at(3.5))
    [(_, bar)] = bars_by_call(request(), [replace(linked(call(logged=2)), span=spans)], Policy())

    assert (bar.offset_ms, bar.precision_ms, bar.latency_ms) == (2_345, 1, 1_000)


def test_a_start_known_to_the_second_says_so() -> None:
    [bar] = drawn(request(), call(logged=2))

    assert bar.precision_ms == 1_000


def test_without_a_known_end_a_call_is_drawn_at_its_timestamp() -> None:
    assert offsets(request(duration_ms=None), call(logged=4, latency_ms=60_000)) == [4_000]


def test_a_throttled_attempt_is_marked() -> None:
    [bar] = drawn(request(), call(logged=1, error_code="ThrottlingException"))

    assert (bar.error_code, bar.throttled, bar.latency_ms) == ("ThrottlingException", True, None)


LOOPS = st.lists(st.tuples(st.integers(-2, 12), st.integers(0, 2_500)), min_size=1, max_size=4)


def _loop(drawn_calls: list[tuple[int, int]]) -> list[Invocation]:
    ordered = sorted(drawn_calls)
    return [
        call(f"i{n}", logged, latency_ms=latency, returned=[f"t{n - 1}"] if n else [], produced=[f"t{n}"])
        for n, (logged, latency) in enumerate(ordered)
    ]


@settings(deadline=None)
@given(LOOPS)
def test_no_bar_leaves_its_request_and_none_of_a_chain_overlap_where_their_latencies_allow(
    loop: list[tuple[int, int]],
) -> None:
    calls = _loop(loop)
    duration_ms = sum(latency for _, latency in loop) + 50

    bars = sorted(drawn(request(duration_ms=duration_ms), *calls), key=lambda bar: bar.offset_ms)
    ends = [bar.offset_ms + (bar.latency_ms or 0) for bar in bars]

    assert bars[0].offset_ms >= 0
    assert max(ends) <= duration_ms
    assert all(end <= after.offset_ms for end, after in zip(ends, bars[1:], strict=False))


@settings(deadline=None)
@given(LOOPS, st.randoms(use_true_random=False))
def test_bars_do_not_depend_on_the_order_of_the_calls(loop: list[tuple[int, int]], chance: random.Random) -> None:
    calls = _loop(loop)

    assert drawn(request(), *chance.sample(calls, len(calls))) == drawn(request(), *calls)


def test_a_calls_start_is_exact_where_its_span_told_it_when_its_bar_was_drawn() -> None:
    record, calls = request(), [linked(call("i1", 1)), linked(call("i2", 3))]
    span = CallSpan(trace_id=TRACE, started_at=at(1.345), ended_at=at(2.5))
    bars = [bar for _, bar in bars_by_call(record, [replace(calls[0], span=span), calls[1]], Policy())]
    found = starts_of(record, calls, bars, Policy())

    assert [(start.earliest, start.precision_ms) for start in found.values()] == [(at(1.345), 1), (at(3), 1_000)]
    assert [start.precision_ms for start in starts_of(record, calls, bars[:1], Policy()).values()] == [1_000, 1_000]
