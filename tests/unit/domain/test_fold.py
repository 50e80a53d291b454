"""Fold: a request and its calls to their summary."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.folding.fold import fold, without_log
from request_lens.domain.folding.summary import MAX_BARS, OTHER_MODEL, Summary, Totals
from request_lens.domain.policy import Policy
from request_lens.domain.pricing import NO_PRICES
from request_lens.domain.tracing.time_parts import TimeParts
from request_lens.domain.tracing.traced import Traced
from tests.support.drawn.traffic import Traffic, traffic
from tests.support.facts import MODEL, call, chain_of_two, linked, request, tag
from tests.support.telemetry.traces import TRACE


def folded(*calls: Invocation, inside: Request | None = None) -> Summary:
    return fold(inside or request(), [linked(each) for each in calls], Policy(), NO_PRICES)


def times(summary: Summary) -> tuple[int | None, int | None, int | None]:
    return (summary.llm_time_ms, summary.tool_time_ms, summary.non_llm_time_ms)


def precise(
    name: str, started: float, latency_ms: int, *, returned: Sequence[str] = (), produced: Sequence[str] = ()
) -> Invocation:
    tagged = tag(started=started)
    return call(name, int(started), latency_ms=latency_ms, tag=tagged, returned=returned, produced=produced)


def test_a_request_without_calls_spent_no_time_on_them() -> None:
    summary = folded()

    assert summary.totals == Totals(estimated_cost_usd=Decimal(0))
    assert times(summary) == (0, 0, 5_000)
    assert summary.bars == ()


@pytest.mark.parametrize(
    "made",
    [
        lambda: fold(request(), (), Policy(), NO_PRICES, possible_calls=1),
        lambda: fold(request(), (), Policy(), NO_PRICES, possible_calls=None),
        lambda: fold(request(), (), Policy(), NO_PRICES, traced=Traced(trace_id=TRACE, missing_calls=1)),
        lambda: fold(request(), (), Policy(), NO_PRICES, traced=Traced(trace_id=TRACE, shared_calls=1)),
        lambda: fold(request(), (), Policy(), NO_PRICES, traced=Traced(trace_id=TRACE, calls_elsewhere=1)),
        lambda: folded(call("unpriced", 1)),
        lambda: folded(call("failed", 1, error_code="ModelTimeoutException")),
        lambda: without_log(folded()),
    ],
    ids=["possible", "unknown", "missing", "shared", "elsewhere", "unpriced", "failed", "no-log"],
)
def test_nothing_costs_0_that_may_have_made_a_call(made: Callable[[], Summary]) -> None:
    assert made().totals.estimated_cost_usd is None


def test_the_latencies_of_one_chain_add_up_where_starts_are_known_to_the_second_only() -> None:
    assert times(folded(*chain_of_two("c", 0, 2, latency_ms=1_509))) == (3_018, None, 1_982)


def test_calls_that_may_have_run_at_once_have_no_llm_time_where_starts_are_unknown() -> None:
    assert times(folded(call("i1", 1), call("i2", 1))) == (None, 0, None)


def test_parallel_calls_of_known_starts_count_their_union() -> None:
    summary = folded(precise("i1", 0.0, 2_000), precise("i2", 1.5, 1_000), precise("i3", 4.0, 500))

    assert times(summary) == (3_000, 0, 2_000)


def test_a_call_within_another_adds_no_time() -> None:
    summary = folded(precise("i1", 0.0, 3_000), precise("i2", 1.0, 500), precise("i3", 2.0, 500))

    assert summary.llm_time_ms == 3_000


def test_calls_of_one_chain_that_may_have_run_at_once_have_no_llm_time_where_starts_are_unknown() -> None:
    first = call("i1", 0, produced=["x", "y"])

    assert folded(first, call("i2", 2, returned=["x"]), call("i3", 2, returned=["y"])).llm_time_ms is None


def test_tool_time_is_the_gap_between_a_call_that_stopped_for_a_tool_and_the_next() -> None:
    first = precise("i1", 0.2, 1_000, produced=["x"])
    second = precise("i2", 2.0, 500, returned=["x"])

    assert times(folded(first, second)) == (1_500, 800, 3_500)


def test_the_gap_after_a_call_that_did_not_stop_for_its_tool_is_no_tool_time() -> None:
    cut_off = replace(precise("i1", 0.2, 1_000, produced=["x"]), stop_reason="max_tokens")

    assert folded(cut_off, precise("i2", 2.0, 500, returned=["x"])).tool_time_ms == 0


def test_a_negative_tool_gap_makes_the_tool_time_unknown() -> None:
    overlapping = [precise("i1", 0.2, 2_000, produced=["x"]), precise("i2", 2.0, 500, returned=["x"])]

    assert folded(*overlapping).tool_time_ms is None


def test_the_gap_before_a_call_whose_body_is_elsewhere_is_unknown() -> None:
    first = precise("i1", 0.2, 1_000, produced=["x"])
    elsewhere = replace(precise("i2", 2.0, 500), conversation=None)

    assert folded(first, elsewhere).tool_time_ms is None


def test_gaps_of_loops_that_run_in_parallel_count_once() -> None:
    loops = [precise(f"{loop}1", 0.5, 1_000, produced=[loop]) for loop in "ab"]
    loops += [precise(f"{loop}2", 4.5, 1_000, returned=[loop]) for loop in "ab"]

    assert times(folded(*loops, inside=request(duration_ms=6_200))) == (2_000, 3_000, 4_200)


def test_while_a_call_of_another_loop_runs_it_is_llm_time_and_no_tool_time() -> None:
    waits = [precise("a1", 0.0, 1_000, produced=["a"]), precise("a2", 4.0, 500, returned=["a"])]
    sub_agent = precise("b1", 1.5, 2_000)

    assert times(folded(*waits, sub_agent)) == (3_500, 1_000, 1_500)


def test_a_result_that_was_sent_twice_leaves_the_tool_time_unknown() -> None:
    first = precise("i1", 0.0, 1_000, produced=["x"])
    resent = [precise("i2", 2.0, 1_000, returned=["x"]), precise("i3", 3.5, 1_000, returned=["x"])]

    assert folded(first, *resent).tool_time_ms is None


def test_where_all_attempts_failed_it_is_unknown_how_long_the_request_waited_for_them() -> None:
    throttled = [replace(call(f"i{n}", n, latency_ms=None), error_code="ThrottlingException") for n in range(3)]

    assert times(folded(*throttled))[::2] == (None, None)


def test_a_negative_rest_is_unknown() -> None:
    assert times(folded(call(latency_ms=6_000), inside=request(duration_ms=5_000))) == (6_000, 0, None)


@pytest.mark.parametrize(("latency_ms", "rest"), [(1_600, 3_400), (5_001, None)], ids=["within", "ran-on"])
def test_a_request_that_timed_out_has_a_rest_unless_its_agent_ran_on_for_longer(
    latency_ms: int, rest: int | None
) -> None:
    summary = folded(call("i1", 0, latency_ms=latency_ms), inside=replace(request(), status=504))

    assert (summary.llm_time_ms, summary.non_llm_time_ms) == (latency_ms, rest)


def test_a_request_of_unknown_duration_has_no_rest() -> None:
    assert times(folded(call(), inside=request(duration_ms=None))) == (1_000, 0, None)


def test_one_llm_call_of_unknown_latency_makes_all_three_times_unknown() -> None:
    summary = folded(precise("i1", 0.2, 1_000), call("i2", 2, latency_ms=None))

    assert times(summary) == (None, None, None)
    assert summary.totals.llm_calls == 2


def test_two_calls_of_one_index_that_began_apart_are_two_and_prove_nothing() -> None:
    """Two agents got one payload. A retry repeats the whole tag: it takes no index of its own."""
    one = call("a", 1, latency_ms=900, tag=tag("r1", 1, started=1.1))
    other = call("b", 1, latency_ms=900, tag=tag("r1", 1, started=1.4))
    retry = call("b", 1, latency_ms=900, tag=tag("r1", 1, started=1.1))

    together, again = folded(one, other), folded(one, retry)
    assert (together.totals.llm_calls, together.proven) == (2, False)
    assert (again.totals.llm_calls, again.proven) == (2, True)


def test_a_failed_attempt_costs_no_llm_time_and_is_no_llm_call() -> None:
    throttled = call("i1", 0, error_code="ThrottlingException")
    refused = call("i2", 0, error_code="ValidationException")
    summary = folded(throttled, refused, call("i3", 1))

    totals = summary.totals
    assert (totals.llm_calls, totals.llm_errors, totals.llm_throttles, totals.invocations) == (1, 2, 1, 3)
    assert times(summary) == (1_000, 0, 4_000)


def test_an_id_that_was_returned_before_it_is_asked_for_again_hides_no_gap() -> None:
    """Some models count from 0 in each turn: the turn's first call returns what the turn before had asked for."""
    first = precise("i1", 0.0, 1_000, returned=["call_1"], produced=["call_0"])
    second = precise("i2", 1.5, 1_000, returned=["call_0"], produced=["call_1"])

    answered = request(duration_ms=3_000)
    assert folded(first, second, inside=answered).tool_time_ms == 500
    assert folded(precise("i1", 0.0, 2_000, returned=["x"], produced=["x"]), inside=answered).tool_time_ms == 0


@pytest.mark.parametrize(("duration_ms", "tool_time"), [(4_200, 0), (4_300, None), (None, None)], ids=str)
def test_what_ran_after_a_call_that_asked_for_a_tool_last_is_no_time_without_tools(
    duration_ms: int | None, tool_time: int | None
) -> None:
    """The answer comes at once where the browser runs the tool; else it ran here, and hung or failed."""
    asking = precise("i1", 1.0, 2_000, produced=["x"])

    assert folded(asking, inside=request(duration_ms=duration_ms)).tool_time_ms == tool_time


def test_tokens_add_up_by_model_and_a_failed_calls_model_is_other() -> None:
    strange = call("i3", 0, error_code="ValidationException", model_id="any text at all")
    summary = folded(call("i1", 1), call("i2", 0, model_id="amazon.nova-lite-v1:0"), strange)

    assert [model for model, _ in summary.by_model] == ["amazon.nova-lite-v1:0", OTHER_MODEL, MODEL]
    assert sum((totals for _, totals in summary.by_model), start=Totals()) == summary.totals
    assert (summary.totals.input_tokens, summary.totals.output_tokens) == (2_022, 62)


def test_a_summary_keeps_the_first_bars_and_counts_all_calls() -> None:
    summary = folded(
        *(call(f"i{n:03}", n, latency_ms=1) for n in range(MAX_BARS + 5)), inside=request(duration_ms=200_000)
    )

    assert summary.totals.llm_calls == MAX_BARS + 5
    assert [bar.offset_ms for bar in summary.bars] == [n * 1_000 for n in range(MAX_BARS)]


@pytest.mark.parametrize(
    ("left", "right", "difference"),
    [(None, None, None), ("0.5", "0.2", Decimal("0.3")), ("0.5", None, Decimal("0.5")), (None, "0.2", Decimal("-0.2"))],
)
def test_an_unknown_cost_subtracts_nothing(left: str | None, right: str | None, difference: Decimal | None) -> None:
    first, second = (Totals(estimated_cost_usd=None if cost is None else Decimal(cost)) for cost in (left, right))

    assert (first - second).estimated_cost_usd == difference


@settings(deadline=None, max_examples=60)
@given(traffic(most_requests=2))
def test_a_summary_does_not_depend_on_the_order_of_the_calls(drawn: Traffic) -> None:
    record, calls = drawn.requests[0], drawn.calls
    shuffled = drawn.chance.sample(calls, len(calls))

    assert folded(*shuffled, inside=record) == folded(*calls, inside=record)


PARTS = TimeParts(llm_ms=2_100, tools=(("mail", 300), ("search", 200)), agent_ms=400, outside_ms=2_000)


def by_spans(
    *calls: Invocation, possible_calls: int | None = 0, missing_calls: int = 0, parts: TimeParts | None
) -> Summary:
    said = Traced(trace_id=TRACE, calls=2, missing_calls=missing_calls, time_by=parts)
    linked_calls = [linked(each) for each in calls]
    return fold(request(), linked_calls, Policy(), NO_PRICES, possible_calls=possible_calls, traced=said)


def test_the_times_are_those_that_spans_tell() -> None:
    summary = by_spans(call("i1", 1), call("i2", 1), parts=PARTS)

    assert times(summary) == (2_100, 500, 2_900)
    assert summary.traced is not None
    assert summary.traced.time_by == PARTS


def test_spans_that_cannot_tell_where_the_time_went_leave_it_to_the_log() -> None:
    assert times(by_spans(*chain_of_two("c", 0, 2, latency_ms=1_509), parts=None)) == (3_018, None, 1_982)


def test_a_missing_call_leaves_the_times_unknown_unless_spans_tell_them() -> None:
    calls = chain_of_two("c", 0, 2, latency_ms=1_509)

    assert times(by_spans(*calls, missing_calls=1, parts=None)) == (None, None, None)
    assert times(by_spans(*calls, missing_calls=1, parts=PARTS)) == (2_100, 500, 2_900)


def test_calls_that_may_be_its_own_leave_the_times_unknown_whatever_spans_tell() -> None:
    assert times(by_spans(call(), possible_calls=1, parts=PARTS)) == (None, None, None)
