"""What a month costs all in, by what is billed: from a metered run, the stack's fixed parts, and list prices."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from tests.support.metering.dynamo_units import item_bytes
from tests.support.metering.list_prices import LOG_BYTE, MILLION, Cost
from tests.support.metering.list_prices import log_bytes as log_bytes_of
from tests.support.metering.metered_run import Usage
from tests.support.template_document import DASHBOARD as DASHBOARD_TEMPLATE

DASHBOARD_BODY: str = DASHBOARD_TEMPLATE["Resources"]["RequestDashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]

CALLS = 1.7
"""Calls a request, as in the metered traffic."""

SERIES, ALARM, DASHBOARD = 0.30, 0.10, 3.00
"""USD a month: a custom metric's series, an alarm of standard resolution, a dashboard of more than 50 metrics.

https://aws.amazon.com/cloudwatch/pricing/
"""

IDLE = 0.46
"""USD a month for Lambda's polling of an idle queue, and for sweeping where nothing is."""

CALL_LOG_BYTES = 10_000
"""Of an invocation in Bedrock's log: the prompt and the answer make nearly all of it."""

ACCESS_LOG_BYTES = 450
"""Of a request in API Gateway's access log."""

SCANNED_BYTE, LOOKS, HOURS = 0.005e-9, 1_000, 730
"""USD for a byte that Logs Insights scans; how often a month the dashboard is drawn, over its last hour; its hours."""

LISTS = DASHBOARD_BODY.count('"type": "log"')
"""Lists on the dashboard: each scans the EMF lines of the range, whenever it is drawn."""

KEY_REQUEST, KEY_USERS, KEY_REQUESTS = 0.03 / 10_000, 2, 730 * 12
"""USD for a call of KMS; processor and widget; calls a month for each, one every five minutes: so long DynamoDB keeps a
table's key for each caller.

https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html
"""

TABLE_BYTE, RECOVERY_BYTE, LOG_STORED_BYTE = 0.25e-9, 0.20e-9, 0.03e-9
"""USD a month for a stored byte: of the table, of its point-in-time recovery, of a log."""

TABLE_MONTHS, ITEM_OVERHEAD, INDEXED = 3, 100, 2
"""`RetentionDays` of 90; bytes that DynamoDB adds to each item; an item counts twice at most, for the index."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """US dollars a month, by what is billed."""

    metric_series: float
    dashboard: float
    lists: float
    alarms: float
    key: float
    idle: float
    processor: float
    logs: float
    storage: float

    @property
    def total(self) -> float:
        """All in."""
        return sum(float(getattr(self, each.name)) for each in fields(self))


LABELS = {
    "metric_series": "metric series",
    "dashboard": "dashboard",
    "lists": f"lists on the dashboard (Logs Insights), {LOOKS:,} looks at the last hour",
    "alarms": "alarms",
    "key": "the table's key (KMS)",
    "idle": "polling and sweeps while nothing happens",
    "processor": "processor, table, queue, EMF lines",
    "logs": "Bedrock's log and the access log",
    "storage": "storage of table (90 days) and logs (30 days)",
}


def bill(requests: int, *, cost: Cost, usage: Usage, alarms: int) -> Bill:
    """What so many requests a month cost, whose calls cost and leave behind what a metered run's did."""
    calls = CALLS * requests
    log_bytes = calls * CALL_LOG_BYTES + requests * ACCESS_LOG_BYTES
    table_bytes = requests / usage.requests * sum(item_bytes(each) + ITEM_OVERHEAD for each in usage.items)
    lines_an_hour = requests / HOURS * log_bytes_of(usage) / usage.requests
    kept = TABLE_MONTHS * table_bytes * (INDEXED * TABLE_BYTE + RECOVERY_BYTE)
    return Bill(
        metric_series=len(series(usage.log_lines)) * SERIES,
        dashboard=DASHBOARD,
        lists=LOOKS * LISTS * lines_an_hour * SCANNED_BYTE,
        alarms=alarms * ALARM,
        key=KEY_USERS * KEY_REQUESTS * KEY_REQUEST,
        idle=IDLE,
        processor=calls / MILLION * cost.total,
        logs=log_bytes * LOG_BYTE,
        storage=kept + log_bytes * LOG_STORED_BYTE,
    )


def series(log_lines: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """The series of which EMF lines have values: a metric's name and its dimensions."""
    found: set[tuple[str, ...]] = set()
    for line in log_lines:
        document = json.loads(line) if line.startswith("{") else {}
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", []):
            for names in directive["Dimensions"]:
                where = [f"{name}={document[name]}" for name in sorted(names)]
                found |= {(metric["Name"], *where) for metric in directive["Metrics"]}
    return frozenset(found)


def table(bills: Mapping[int, Bill]) -> str:
    """The page's table: US dollars a month, by how many requests it has."""
    lines = ["| USD a month | " + " | ".join(f"{requests:,} requests" for requests in bills) + " |"]
    lines.append("|---" * (len(bills) + 1) + "|")
    for name, label in LABELS.items():
        lines.append(f"| {label} | " + " | ".join(f"{getattr(each, name):.2f}" for each in bills.values()) + " |")
    lines.append("| **all in** | " + " | ".join(f"**{each.total:.2f}**" for each in bills.values()) + " |")
    return "\n".join(lines)
