"""Reach: no call that a request in time can have made lies beyond it, so that whoever decides the call sees it."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import example, given
from hypothesis import strategies as st

from request_lens.domain.linking.chains import lone_chain
from request_lens.domain.linking.fit import fits
from request_lens.domain.policy import Policy
from request_lens.domain.settling.uncertainty import possible_attempts
from tests.support.facts import call, pending, request


@given(
    start=st.floats(0, 2),
    skew_ms=st.integers(0, 5_000),
    over_ms=st.integers(0, 5_000),
    logged=st.integers(85, 110),
    precision_ms=st.sampled_from((1, 1_000)),
)
@example(start=0, skew_ms=2_000, over_ms=2_000, logged=94, precision_ms=1_000)
def test_a_call_that_fits_a_request_which_ended_in_time_is_within_its_reach(
    start: float, skew_ms: int, over_ms: int, logged: int, precision_ms: int
) -> None:
    """It may have lasted longer than `MaxRequestSeconds` by as much as the clocks may differ."""
    policy = Policy(clock_skew=timedelta(milliseconds=skew_ms))
    record = replace(
        request("r1", start, duration_ms=30_000 + min(over_ms, skew_ms), status=504), started_precision_ms=precision_ms
    )
    late = call("i1", logged, latency_ms=0)

    fitting = fits(lone_chain(late), record, policy)

    assert not fitting or late.logged_at <= record.started_at + policy.reach
    assert len(possible_attempts(record, (), [pending(late)], policy)) == fitting
