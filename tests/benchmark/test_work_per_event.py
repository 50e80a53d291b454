"""The work an event makes grows neither with the table nor with the batch; how many events a core serves a second."""

import gc

import pytest

from request_lens.adapters.memory.fact_store import MemoryFactStore
from tests.benchmark.cost_table import Case, used
from tests.benchmark.memory_run import calls_per_event, seconds_per_event
from tests.support.metering.cost_traffic import STARTS_AT, CostTraffic, call_of, cost_traffic, older_request
from tests.support.metering.metered_run import Usage, metered_run

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]

SIZES = (1_000, 10_000, 100_000, 1_000_000)
BATCHES = (1, 5, 20, 100)
REQUESTS = 60

SAME = 0.02
"""Counted work that differs by less than this share is the same."""


def _kind(tagged: bool) -> str:
    return "tagged" if tagged else "untagged"


def per_invocation(usage: Usage) -> tuple[float, ...]:
    """What is billed and waited for: table and index writes, reads, and AWS calls."""
    meter = usage.meter
    counts = (meter.write_units, meter.index_write_units, meter.read_units + meter.index_read_units)
    return tuple(round(each / usage.invocations, 3) for each in (*counts, meter.calls.total()))


@pytest.mark.parametrize("tagged", [True, False])
def test_aws_calls_and_units_do_not_grow_with_the_table(tagged: bool) -> None:
    traffic = cost_traffic(requests=20, gap_s=8.5, tagged=tagged)
    empty, full = (metered_run(traffic, batch=5, older=older) for older in (0, 300))
    print(f"\n{_kind(tagged)}, per call: writes, index writes, reads, AWS calls {per_invocation(empty)}")
    print(f"  with 300 older requests in the table: {per_invocation(full)}")
    assert per_invocation(full) == per_invocation(empty)


def test_work_does_not_grow_with_the_table() -> None:
    store, filled = MemoryFactStore(), 0
    made: dict[bool, list[float]] = {True: [], False: []}
    print("\nrequests in the table, adapters in memory: processor time per log event, tagged and untagged")
    for size in SIZES:
        for number in range(filled, size):
            request = older_request(number)
            store.store_requests([request], stored_at=STARTS_AT)
            store.store_linked([call_of(request)])
        filled = size
        gc.collect()
        gc.freeze()  # what lies in the table is the collector's business no more than DynamoDB's items are
        took = [_fastest(store, size, tagged=tagged) for tagged in (True, False)]
        for tagged, counts in made.items():
            counts.append(calls_per_event(_traffic(_days(size, tagged=tagged)[-1], tagged=tagged), store, batch=5))
        calls = f"{made[True][-1]:,.0f} and {made[False][-1]:,.0f} Python calls"
        print(f"  {size:>9,}: {1e6 * took[0]:5.0f} µs, {1e6 * took[1]:5.0f} µs; {calls}")
    gc.unfreeze()
    for counts in made.values():
        assert counts == pytest.approx([counts[0]] * len(SIZES), rel=SAME)


def _fastest(store: MemoryFactStore, size: int, *, tagged: bool) -> float:
    """Of three runs, each a day after all others, so that the neighbourhood is the same."""
    days = _days(size, tagged=tagged)[:-1]
    return min(seconds_per_event(_traffic(day, tagged=tagged), store, batch=5) for day in days)


def _traffic(day: int, *, tagged: bool) -> CostTraffic:
    return cost_traffic(requests=REQUESTS, gap_s=8.5, tagged=tagged, day=day)


def _days(size: int, *, tagged: bool) -> range:
    first = 8 * SIZES.index(size) + 4 * tagged
    return range(first, first + 4)


def test_work_per_event_does_not_grow_with_the_batch() -> None:
    print("\nlog events a batch, adapters in memory: processor time per log event, and events/s a core")
    for tagged in (True, False):
        traffic = cost_traffic(requests=REQUESTS, gap_s=8.5, tagged=tagged)
        took = {
            batch: min(seconds_per_event(traffic, MemoryFactStore(), batch=batch) for _ in range(3))
            for batch in BATCHES
        }
        shown = ", ".join(f"{batch}: {1e6 * each:.0f} µs, {1 / each:,.0f}/s" for batch, each in took.items())
        print(f"  {_kind(tagged):8}  {shown}")
        made = [calls_per_event(traffic, MemoryFactStore(), batch=batch) for batch in BATCHES]
        print(f"            Python calls: {', '.join(f'{each:,.0f}' for each in made)}")
        assert max(made) <= made[0] * (1 + SAME)


@pytest.mark.parametrize("tagged", [True, False])
def test_the_rate_on_the_emulated_aws(tagged: bool) -> None:
    usage = used(Case(tagged=tagged, batch=5))
    events, worked_s = usage.requests + usage.invocations, sum(usage.processor_s.values())
    rates = (events / worked_s, events / (worked_s + sum(usage.meter.apart_s)))
    print(f"\n{_kind(tagged)} on moto, 5 a batch: {rates[0]:,.0f} log events/s a core", end="")
    print(f" ({rates[1]:,.0f} with the emulator's and the meter's own time)")
    assert worked_s > 0
