"""Fit: whether calls whose starts are known to the second can have run inside a request."""

import pytest

from request_lens.domain.facts import Invocation, Request
from request_lens.domain.linking.chains import chains_of
from request_lens.domain.linking.fit import fits as chain_fits
from request_lens.domain.policy import Policy
from tests.support.facts import call, chain_of_two, request, tag

POLICY = Policy()


def fits(calls: list[Invocation], inside: Request, policy: Policy = POLICY) -> bool:
    [chain] = chains_of(calls, policy=Policy())
    return chain_fits(chain, inside, policy)


@pytest.mark.parametrize(("start", "expected"), [(0.9, True), (1.0, True), (1.249, True), (1.25, False), (3.0, False)])
def test_a_call_can_have_begun_anywhere_in_its_second_give_or_take_the_skew(start: float, expected: bool) -> None:
    assert fits([call(logged=0, latency_ms=100)], request(start=start)) is expected


@pytest.mark.parametrize(("latency_ms", "expected"), [(1_000, True), (1_250, True), (1_251, False)])
def test_a_call_ends_before_the_response_give_or_take_the_skew(latency_ms: int, expected: bool) -> None:
    assert fits([call(logged=4, latency_ms=latency_ms)], request(duration_ms=5_000)) is expected


def test_a_call_that_began_after_the_response_does_not_fit() -> None:
    assert not fits([call(logged=6, latency_ms=None)], request(duration_ms=5_000))


def test_a_call_of_unknown_latency_fits_by_its_start() -> None:
    assert fits([call(logged=5, latency_ms=None)], request(duration_ms=5_000))


def test_calls_of_a_chain_that_fit_one_by_one_do_not_fit_where_they_are_too_long_together() -> None:
    calls = chain_of_two("c", 0, 2, latency_ms=2_900)

    assert all(fits([each], request(duration_ms=5_000)) for each in calls)
    assert not fits(calls, request(duration_ms=5_000))
    assert fits(calls, request(duration_ms=5_600))


def test_the_hosts_of_two_calls_may_be_off_by_the_skew_each() -> None:
    assert fits(chain_of_two("c", 0, 0, latency_ms=1_499), request(duration_ms=20_000))


def test_a_chain_does_not_fit_where_the_second_call_began_before_the_first_can_have_ended() -> None:
    calls = chain_of_two("c", 0, 0, latency_ms=1_501)

    assert not fits(calls, request(duration_ms=20_000))


@pytest.mark.parametrize(("status", "expected"), [(503, True), (504, True), (200, False), (500, False)])
def test_only_after_a_time_out_of_the_api_may_calls_go_on(status: int, expected: bool) -> None:
    late = call(logged=60, latency_ms=4_000)

    assert fits([late], request(duration_ms=29_000, status=status)) is expected


def test_after_a_time_out_calls_go_on_for_max_agent_seconds_and_no_longer() -> None:
    timed_out = request(duration_ms=29_000, status=504)

    assert fits([call(logged=88, latency_ms=1_250)], timed_out)
    assert not fits([call(logged=88, latency_ms=1_251)], timed_out)


@pytest.mark.parametrize(("logged", "expected"), [(0, True), (30, True), (31, False)])
def test_a_request_of_unknown_duration_is_taken_to_have_lasted_as_long_as_any(logged: float, expected: bool) -> None:
    assert fits([call(logged=logged, latency_ms=None)], request(duration_ms=None)) is expected


def test_a_tagged_start_within_its_second_replaces_the_floored_one() -> None:
    assert not fits([call(logged=0, tag=tag(started=0.1))], request(start=0.9))
    assert fits([call(logged=0, tag=tag(started=0.9))], request(start=0.9))


def test_a_tagged_start_outside_its_second_is_a_retrys_and_is_not_believed() -> None:
    assert fits([call(logged=3, tag=tag(started=0.1))], request(start=3.5))
