"""The cost of a million invocations and of a month: what is run for it, and the tables of it in docs/operating-cost.md.

`make benchmark` prints them with all that they rest on, `make docs` writes them into the page, and a test compares the
two.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tests.benchmark import monthly_bill
from tests.support.metering.cost_spans import function_line, span_lines
from tests.support.metering.cost_traffic import CostTraffic, Line, cost_traffic
from tests.support.metering.list_prices import Cost, cost_of
from tests.support.metering.metered_run import Usage, metered_run
from tests.support.template_document import of_type

PAGE = Path(__file__).parents[2] / "docs" / "operating-cost.md"

BATCHES = {1: 8.5, 5: 1.7, 20: 0.425}
"""By log events a batch: the seconds between requests at which calls fill one about every five seconds."""

UNTAGGED_GAP_S = 8.5
"""An untagged call's cost depends on how many facts lie around it, which is to be read: one density for all batches."""

DENSE_GAP_S = 3.0
"""Seconds between requests where the page says what more density costs."""

AIM = 3.60
"""US dollars per million tagged invocations, at five log events a batch."""

OTHER_DESIGNS = {
    "lower bound: one write per call": "0.47-0.66",
    "coalesced update per request": "0.6-1.1",
    "append-only puts + fold": "0.9-1.1",
    "idempotency library": "2.3-2.5",
    "transactions": "2.9-3.1",
    "PutMetricData per event": "11",
}
"""By arithmetic over the same list prices, and none with request items, index, queue or revisions."""

ROWS = {
    "table_writes": "table writes",
    "index_writes": "index writes",
    "reads": "reads, the index and the sweep included",
    "queue": "SQS: sends, receives, deletes",
    "lambda_requests": "Lambda requests",
    "lambda_time": "Lambda time",
    "log_lines": "log lines (EMF and others)",
}


class Case(NamedTuple):
    """One column: what was tagged, and how many log events a batch."""

    tagged: bool
    batch: int


CASES = tuple(Case(tagged, batch) for tagged in (True, False) for batch in BATCHES)


REQUESTS = {True: 60, False: 40}
"""How many requests are run, tagged and untagged: 20 have the mix of calls, 60 fill whole batches of 20."""

DENSE_REQUESTS = 70
"""They fill the three minutes that a settle looks at."""


@cache
def used_where_dense() -> Usage:
    """What untagged calls used at five a batch, more requests and calls lying around each."""
    traffic = cost_traffic(requests=DENSE_REQUESTS, gap_s=DENSE_GAP_S, tagged=False)
    return metered_run(traffic, batch=5)


class Told(StrEnum):
    """How the calls of requests of two calls and one tool are told, in the table of spans."""

    TAGS = "tagged"
    TIME = "untagged"
    REST_SPANS = "by spans, REST API"
    HTTP_SPANS = "by spans, HTTP API and function"


TOLD_REQUESTS = 20
"""How many are run of those: they fill 4 batches of records, 8 of calls and 28 of spans."""

SPANS_LIMITS = {Told.REST_SPANS: 9.85, Told.HTTP_SPANS: 10.30}
"""US dollars per million invocations that are linked by spans, at five log events a batch, at most. The aim is 10."""


@cache
def used_told(told: Told) -> Usage:
    """What requests of two calls and one tool used, at five log events a batch."""
    is_tagged, is_http = told is Told.TAGS, told is not Told.REST_SPANS
    gap_s = UNTAGGED_GAP_S if told is Told.TIME else BATCHES[5]
    traffic = cost_traffic(
        requests=TOLD_REQUESTS, gap_s=gap_s, tagged=is_tagged, calls=2, api="http" if is_http else "rest"
    )
    return metered_run(traffic, batch=5, besides=_spans(traffic, told))


def _spans(traffic: CostTraffic, told: Told) -> dict[str, list[Line]]:
    """The lines of further log groups where calls are told by spans."""
    script = traffic.script
    if told not in (Told.REST_SPANS, Told.HTTP_SPANS) or script is None:
        return {}
    spans = [line for each in traffic.planned for line in span_lines(each, script)]
    runs = [function_line(each, script) for each in traffic.planned] if told is Told.HTTP_SPANS else []
    groups = {"aws/spans": spans, "/aws/lambda/ask": runs}
    return {name: sorted(lines, key=lambda line: line.at) for name, lines in groups.items() if lines}


def spans_table(columns: Iterable[Told] = Told) -> str:
    """The page's table of requests of two calls and one tool: US dollars per million invocations."""
    return _table("USD per million invocations", {told.value: cost_of(used_told(told)) for told in columns})


@cache
def used(case: Case) -> Usage:
    """What this column's traffic used."""
    gap_s = BATCHES[case.batch] if case.tagged else UNTAGGED_GAP_S
    traffic = cost_traffic(requests=REQUESTS[case.tagged], gap_s=gap_s, tagged=case.tagged)
    return metered_run(traffic, batch=case.batch)


def costs() -> dict[Case, Cost]:
    """Every column's cost in US dollars."""
    return {case: cost_of(used(case)) for case in CASES}


def table(priced: dict[Case, Cost]) -> str:
    """The page's table: US dollars per million invocations."""
    by_title = {
        f"{'tagged' if case.tagged else 'untagged'}, {case.batch} per batch": cost for case, cost in priced.items()
    }
    return _table("USD per million invocations", by_title)


def _table(title: str, priced: dict[str, Cost]) -> str:
    lines = [f"| {title} | " + " | ".join(priced) + " |", "|---" * (len(priced) + 1) + "|"]
    for name, label in ROWS.items():
        lines.append(f"| {label} | " + " | ".join(f"{getattr(cost, name):.2f}" for cost in priced.values()) + " |")
    lines.append("| **sum** | " + " | ".join(f"**{cost.total:.2f}**" for cost in priced.values()) + " |")
    return "\n".join(lines)


MONTHS = {1_000: Case(tagged=True, batch=1), 30_000: Case(tagged=True, batch=1), 1_000_000: Case(tagged=True, batch=5)}
"""By requests a month the traffic that is like it: a million are one every 2.6 seconds, or more by day."""


def monthly(requests: int) -> monthly_bill.Bill:
    """What so many requests a month cost, all in."""
    usage = used(MONTHS[requests])
    return monthly_bill.bill(requests, cost=cost_of(usage), usage=usage, alarms=alarms())


def alarms() -> int:
    """How many alarms the stack has where no limit is set on a request."""
    return sum("Condition" not in alarm for alarm in of_type("AWS::CloudWatch::Alarm").values())


def updated(page: str) -> str:
    """The page with its tables made anew."""
    month = monthly_bill.table({requests: monthly(requests) for requests in MONTHS})
    page = _with(_with(page, "cost", table(costs())), "month", month)
    return _with(page, "spans", spans_table())


def _with(page: str, name: str, made: str) -> str:
    block = f"<!-- {name}: tests/benchmark/cost_table.py -->\n{made}\n<!-- end of {name} -->"
    return re.sub(rf"<!-- {name}: .*?<!-- end of {name} -->", lambda _: block, page, flags=re.DOTALL)


def figures(markdown: str, block: str = "cost") -> list[float]:
    """The amounts in a page's table, row by row."""
    (block,) = re.findall(rf"<!-- {block}: .*?<!-- end of {block} -->", markdown, flags=re.DOTALL)
    return [float(each) for each in re.findall(r"\b\d+\.\d\d\b", block)]


if __name__ == "__main__":
    PAGE.write_text(updated(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
