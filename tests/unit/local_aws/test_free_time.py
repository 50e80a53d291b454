"""A demo's run has a time of its own beside the runs before it."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from request_lens.domain.facts import Request
from request_lens_cli.demo.free_time import MARGIN, end_in_free_time
from tests.support.facts import at, request

SECONDS = st.floats(-3_000, 100)
DURATIONS = st.none() | st.integers(0, 40_000)


def other(begins: float, duration_ms: int | None) -> Request:
    return replace(request(), started_at=at(begins), duration_ms=duration_ms)


@given(st.lists(st.builds(other, SECONDS, DURATIONS), max_size=12), st.floats(1, 200))
def test_no_other_request_is_around_it_and_it_ends_as_late_as_it_can(others: list[Request], length_s: float) -> None:
    length = timedelta(seconds=length_s)

    ends_at = end_in_free_time(others, ends_at=at(0), length=length)

    around = [each for each in others if each.started_at - MARGIN < ends_at]
    assert all((each.ended_at or each.started_at) + MARGIN <= ends_at - length for each in around)
    assert ends_at == at(0) or ends_at in {each.started_at - MARGIN for each in others}


def test_without_other_requests_it_ends_when_it_is_to() -> None:
    assert end_in_free_time([], ends_at=at(7), length=timedelta(minutes=1)) == at(7)
    assert end_in_free_time([other(-600, 5_000)], ends_at=at(7), length=timedelta(minutes=1)) == at(7)


def test_beside_a_run_that_has_just_ended_it_ends_before_that_began() -> None:
    assert end_in_free_time([other(-60, 5_000), other(-5, 5_000)], ends_at=at(0), length=timedelta(seconds=68)) == (
        at(-60) - MARGIN
    )
