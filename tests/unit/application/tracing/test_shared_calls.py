"""Calls that several requests of one trace may have made: those that were logged are missed by none of them."""

import pytest

from request_lens.domain.log_record import LogRecord
from request_lens.domain.tracing.traced import Traced
from tests.support.telemetry.linked_traces import (
    SPANS,
    entry_of,
    span_of,
    trace_id,
    traced_request,
    untagged_call,
)
from tests.support.world import FailingStore, World, places

SESSION = trace_id(9, born=-900)
CALL = untagged_call("shared", 11)


def resumed_session() -> list[LogRecord]:
    """A request that timed out, and the next of its session: their agent's runs overlap, and a call lies in both."""
    records = [
        traced_request("first", trace=SESSION, duration_ms=8_000, status=504),
        traced_request("second", 9, trace=SESSION, duration_ms=8_000),
    ]
    runs = [entry_of(SESSION, 0.1, 14), entry_of(SESSION, 9.1, 16.9)]
    own = untagged_call("own", 2)
    return [*records, *runs, own, span_of(own, SESSION), span_of(CALL, SESSION)]


def told_of(world: World) -> Traced:
    """What its spans tell of the first request, whose the runs are: they overlap, so they count as one."""
    summary = world.request("first").summary
    assert summary is not None
    assert summary.traced is not None
    return summary.traced


@pytest.mark.parametrize("comes_at", [20, 200, 2_000], ids=["in time", "late", "much later"])
def test_a_logged_call_that_two_requests_may_have_made_is_not_missed(comes_at: float) -> None:
    world = World(SPANS)
    world.collect(20, *resumed_session())
    world.run_until(comes_at)
    world.collect(comes_at, CALL)
    world.run_until()

    assert places(world) == {"own": "first", "shared": "ambiguous"}
    assert (told_of(world).complete, told_of(world).missing) == (None, ())
    for request_id in ("first", "second"):
        summary = world.request(request_id).summary
        assert summary is not None
        assert summary.possible_calls == 1


@pytest.mark.parametrize("fails_at", range(1, 30))
@pytest.mark.parametrize("after", [False, True])
def test_so_it_is_wherever_a_write_fails(fails_at: int, after: bool) -> None:
    world = World(SPANS, store=FailingStore(fails_at=fails_at, after=after))
    world.collect(20, *resumed_session(), CALL)
    world.run_until()

    assert told_of(world).missing == ()


def test_one_whose_event_was_lost_is_missed() -> None:
    world = World(SPANS)
    world.collect(20, *resumed_session())
    world.run_until()

    assert (told_of(world).complete, told_of(world).missing) == (False, ("shared",))


def test_one_that_lies_in_no_time_of_a_request_whose_run_made_it_stays_missing() -> None:
    """The first request had answered, so the call after that is none of which it may say that it may be its own."""
    late = untagged_call("late", 40)
    records = [traced_request(each, trace=SESSION, duration_ms=8_000) for each in ("first", "second")]
    world = World(SPANS)
    world.collect(60, *records, entry_of(SESSION, 0.1, 45), span_of(late, SESSION), late)
    world.run_until()

    assert places(world) == {"late": "ambiguous"}
    assert told_of(world).missing == ("late",)
