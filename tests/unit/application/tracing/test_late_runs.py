"""Runs of agents whose requests' records come late: their calls are decided anew as they were at first, together."""

from request_lens.domain.facts import Request
from request_lens.domain.linking.link import Link, Reason, Unattributed
from request_lens.domain.log_record import LogRecord
from request_lens.domain.publishing.metric_names import Metric
from tests.support.facts import request
from tests.support.telemetry.linked_traces import SPANS, entry_of, span_of, trace_id, untagged_call
from tests.support.world import World, places

TRACE = trace_id(7)
HOUR = 3_600.0
CALLS = [untagged_call("c1", 1), untagged_call("c2", 9)]
RUN: list[LogRecord] = [*CALLS, *(span_of(each, TRACE) for each in CALLS), entry_of(TRACE, 0.5, 11)]


def run_with(*records: tuple[float, Request], run: list[LogRecord] = RUN) -> World:
    """A world in which one run of an agent came in time, and these records then."""
    world = World(SPANS)
    world.collect(15, *run)
    for seconds, record in records:
        world.collect(seconds, record)
    world.run_until()
    return world


def test_a_late_record_that_holds_a_part_of_a_run_takes_nothing_of_it() -> None:
    world = run_with((HOUR, request("r1", 0, duration_ms=6_000)))

    assert places(world) == {"c1": "no_request", "c2": "no_request"}


def test_a_late_record_that_holds_a_run_takes_all_of_it_once() -> None:
    record = request("r1", 0, duration_ms=12_000)
    late, in_time = run_with((HOUR, record)), run_with((16.0, record))

    assert late.calls_of() == in_time.calls_of() == {"c1": ("window", "inferred"), "c2": ("window", "inferred")}
    links = [late.decision(each.invocation_id) for each in CALLS]
    assert [isinstance(link, Link) and link.taken_back for link in links] == [True, True]
    for metric in (Metric.LLM_CALLS, Metric.UNATTRIBUTED_INVOCATIONS):
        assert late.sum_of(metric) == in_time.sum_of(metric)


def test_a_run_waits_for_the_record_that_overtakes_the_last_of_its_calls() -> None:
    """The first record fits the first call alone, the second the whole run: who asks first leaves it to the other."""
    part, whole = request("r1", 0, duration_ms=6_000), request("r2", 0.2, duration_ms=12_000)
    world = run_with((HOUR, part), (HOUR + 8, whole))

    assert places(world) == {"c1": "r2", "c2": "r2"}


def test_a_run_that_two_late_records_hold_stays_nobodys() -> None:
    world = run_with((HOUR, request("r1", 0, duration_ms=12_000)), (HOUR + 1, request("r2", 0.2, duration_ms=12_000)))

    decisions = [world.decision(each.invocation_id) for each in CALLS]
    assert [isinstance(made, Unattributed) and made.reason for made in decisions] == [Reason.NO_REQUEST] * 2
    assert [
        summary and summary.possible_calls for summary in (world.request("r1").summary, world.request("r2").summary)
    ] == [2, 2]


def test_a_call_of_another_run_of_the_trace_is_not_taken_with_it() -> None:
    other = untagged_call("d1", 40)
    run = [*RUN, other, span_of(other, TRACE), entry_of(TRACE, 39, 44)]
    world = run_with((HOUR, request("r1", 0, duration_ms=12_000)), run=run)

    assert places(world) == {"c1": "r1", "c2": "r1", "d1": "no_request"}
