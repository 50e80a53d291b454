"""What a million invocations cost, counted over the real handler. `make benchmark` prints it."""

import re

import pytest

from tests.benchmark.cost_table import (
    AIM,
    CASES,
    DENSE_GAP_S,
    MONTHS,
    OTHER_DESIGNS,
    PAGE,
    SPANS_LIMITS,
    Case,
    Told,
    costs,
    figures,
    monthly,
    spans_table,
    table,
    updated,
    used,
    used_told,
    used_where_dense,
)
from tests.support.metering.list_prices import (
    ASSUMED_TIMES,
    MILLION,
    PRICES_AS_OF,
    cost_of,
    lambda_gb_seconds,
    log_bytes,
    measured_processor_s,
    queue_requests,
)
from tests.support.metering.metered_run import ASSUMPTIONS

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(600)]


def test_a_million_tagged_invocations_cost_at_most_the_aim() -> None:
    priced = costs()
    print(f"\nOne million invocations, 588,000 requests of 1.7, list prices of us-east-1 as of {PRICES_AS_OF};")
    print("metric series, alarms and storage apart\n")
    print(table(priced))
    print("\nOther designs, by arithmetic, without request items, index, queue or revisions:")
    for design, usd in OTHER_DESIGNS.items():
        print(f"  {design:34} {usd}")
    print("\nAssumed, as AWS decides it:", *ASSUMPTIONS, *ASSUMED_TIMES, sep="\n  - ")
    assert priced[Case(tagged=True, batch=5)].total <= AIM


def test_a_million_calls_linked_by_spans_cost_no_more_than_is_aimed_at() -> None:
    """Seven spans of a request of two calls and one tool pass the filter; an HTTP API adds its function's line."""
    print(f"\n{spans_table()}\n")
    for told in Told:
        usage = used_told(told)
        writes, reads = (usage.meter.write_units / usage.invocations, usage.meter.read_units / usage.invocations)
        print(f"{told.value}: {writes:.2f} write and {reads:.2f} read units a call, {usage.events.total()} events")
    assert all(cost_of(used_told(told)).total <= limit for told, limit in SPANS_LIMITS.items())


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_was_counted_is_what_is_priced(case: Case) -> None:
    usage = used(case)
    scale = MILLION / usage.invocations / MILLION
    meter = usage.meter
    print(
        f"\n{'tagged' if case.tagged else 'untagged'}, {case.batch} a batch, millions per million invocations: ", end=""
    )
    print(f"write units {scale * meter.write_units:.2f} + index {scale * meter.index_write_units:.2f}, ", end="")
    print(f"read units {scale * meter.read_units:.2f} + index {scale * meter.index_read_units:.2f}, ", end="")
    print(f"SQS requests {scale * queue_requests(usage):.2f}, Lambda requests {scale * usage.events.total():.2f}")
    print(
        f"  {scale * log_bytes(usage):,.0f} MB of log lines, {scale * MILLION * lambda_gb_seconds(usage):,.0f} GB-s; ",
        end="",
    )
    print(f"{1000 * measured_processor_s(usage):.2f} ms of processor time per AWS call, measured now")
    assert meter.write_units >= usage.requests * 2 + usage.invocations


def test_untagged_calls_cost_more_where_requests_are_dense_and_the_page_says_how_much() -> None:
    dense, usual = cost_of(used_where_dense()), cost_of(used(Case(tagged=False, batch=5)))
    print(f"\nuntagged, 5 a batch, a request every {DENSE_GAP_S:g} s: {dense.total:.2f}, of it reads {dense.reads:.2f}")
    said = f"at one every {DENSE_GAP_S:g} s the sum is "
    (stated,) = re.findall(re.escape(said) + r"(\d+\.\d\d)", " ".join(PAGE.read_text(encoding="utf-8").split()))
    assert float(stated) == pytest.approx(dense.total, abs=0.1)
    assert dense.reads > usual.reads


def test_the_page_shows_what_is_counted() -> None:
    page = PAGE.read_text(encoding="utf-8")
    made = updated(page)
    print("", *(f"{requests:9,} requests a month: {monthly(requests).total:.2f} USD" for requests in MONTHS), sep="\n")
    assert figures(page) == pytest.approx(figures(made), abs=0.05), "run: make docs"
    assert figures(page, "spans") == pytest.approx(figures(made, "spans"), abs=0.05), "run: make docs"
    assert figures(page, "month") == pytest.approx(figures(made, "month"), abs=0.05), "run: make docs"
