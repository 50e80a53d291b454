"""A month's bill adds up what is billed."""

import json
from dataclasses import asdict

import pytest

from tests.benchmark.monthly_bill import LABELS, LISTS, bill, series, table
from tests.support.metering.list_prices import Cost
from tests.support.metering.metered_aws import Meter
from tests.support.metering.metered_run import Usage

COST = Cost(
    table_writes=1.0, index_writes=0.5, reads=0.5, queue=0.5, lambda_requests=0.5, lambda_time=0.5, log_lines=0.5
)
"""4 USD per million invocations."""

LINE = json.dumps(
    {
        "_aws": {
            "CloudWatchMetrics": [
                {
                    "Dimensions": [["Service"], ["Service", "Route"]],
                    "Metrics": [{"Name": "Requests"}, {"Name": "LlmCalls"}],
                }
            ]
        },
        "Service": "request-lens",
        "Route": "POST /ask",
    }
)


def usage(*log_lines: str) -> Usage:
    item = {"pk": {"S": "x" * 898}}  # 900 bytes, and 100 more
    return Usage(requests=1, invocations=2, meter=Meter(), log_lines=list(log_lines), items=[item])


def test_a_series_is_a_metric_and_its_dimensions_and_counts_once() -> None:
    other_route = LINE.replace("POST /ask", "GET /status")

    assert len(series([LINE, LINE, "no EMF line", "{}"])) == 4
    assert len(series([LINE, other_route])) == 6


def test_a_month_of_a_million_requests_costs_what_is_worked_out_by_hand() -> None:
    made = asdict(bill(1_000_000, cost=COST, usage=usage(LINE), alarms=11))

    assert made == pytest.approx(
        {
            "metric_series": 4 * 0.30,
            "dashboard": 3.00,
            "lists": 1_000 * LISTS * 1_000_000 / 730 * len(LINE) * 0.005e-9,
            "alarms": 1.10,
            "key": 2 * 730 * 12 * 0.03 / 10_000,
            "idle": 0.46,
            "processor": 1.7 * 4,
            "logs": 17.45 * 0.50,
            "storage": 3 * (2 * 0.25 + 0.20) + 17.45 * 0.03,
        }
    )


def test_only_what_follows_the_requests_grows_with_them() -> None:
    few, many = (bill(requests, cost=COST, usage=usage(LINE), alarms=11) for requests in (1_000, 10_000))

    grown = {name for name in LABELS if getattr(many, name) != getattr(few, name)}
    assert grown == {"lists", "processor", "logs", "storage"}
    assert many.processor == pytest.approx(10 * few.processor)


def test_the_table_has_all_that_is_in_the_sum() -> None:
    one = bill(1_000, cost=COST, usage=usage(LINE), alarms=11)
    rows = [line.split(" | ")[-1].strip("|* ") for line in table({1_000: one}).splitlines()[2:]]

    assert sum(map(float, rows[:-1])) == pytest.approx(float(rows[-1]), abs=0.04)
