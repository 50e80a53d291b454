"""One log group, read: whether it is there, its class, its subscription filters and its newest lines."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

from request_lens.domain.doctor import DOCTOR_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilterLogEventsResponseTypeDef

STANDARD = "STANDARD"
"""The only class whose groups take subscription filters:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html"""

MAX_FILTERS = 2
"""Subscription filters that a log group takes."""

LATELY = timedelta(days=1)
"""How far back a log group's newest lines are looked for."""

_WINDOWS = (timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6), LATELY)
"""The newest lines are looked for in the last minutes first: FilterLogEvents begins with the oldest."""

_MAX_LINES = 20

_MAX_PAGES = 20
"""Pages of FilterLogEvents that are read of one window: each may be empty and yet have a next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFilter:
    """A subscription filter: where it sends what fits its pattern."""

    name: str
    pattern: str
    destination_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogGroup:
    """A log group that is there; its ARN ends with its name."""

    name: str
    arn: str
    log_class: str
    filters: Sequence[SubscriptionFilter]


def find_log_group(logs: "CloudWatchLogsClient", name: str) -> LogGroup | None:
    """The log group of this name, or None where there is none."""
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    found = next((group for page in pages for group in page["logGroups"] if group.get("logGroupName") == name), None)
    if found is None:
        return None
    arn = found["arn"].removesuffix(":*")
    return LogGroup(name=name, arn=arn, log_class=found.get("logGroupClass", STANDARD), filters=_filters_of(logs, name))


def made_again(name: str) -> str:
    """How a group comes back that the stack had made: to CloudFormation nothing has changed."""
    return f"Run `aws logs create-log-group --log-group-name {name}`: no deployment makes it again."


def _filters_of(logs: "CloudWatchLogsClient", name: str) -> Sequence[SubscriptionFilter]:
    filters = logs.describe_subscription_filters(logGroupName=name)["subscriptionFilters"]
    return [
        SubscriptionFilter(
            name=found["filterName"], pattern=found.get("filterPattern", ""), destination_arn=found["destinationArn"]
        )
        for found in filters
    ]


def newest_lines(logs: "CloudWatchLogsClient", name: str, *, now: datetime, pattern: str = "") -> Sequence[str]:
    """Up to 20 lines that fit the pattern, of the latest time that has any, oldest first; empty where none has.

    The lines of the doctor's own requests are left out: they tell nothing of who writes there.
    """
    for window in _WINDOWS:
        written = _lines(logs, name, first=now - window, pattern=pattern)
        lines = [line for line in written if DOCTOR_PREFIX not in line]
        if lines:
            return lines[-_MAX_LINES:]
    return []


def has_line(logs: "CloudWatchLogsClient", name: str, *, since: datetime, pattern: str) -> bool:
    """Whether a line since then fits the pattern; asked until it is found or there is no further page."""
    return any(True for page in _pages(logs, name, first=since, pattern=pattern) for _ in page["events"])


def _lines(logs: "CloudWatchLogsClient", name: str, *, first: datetime, pattern: str) -> Iterator[str]:
    for page in islice(_pages(logs, name, first=first, pattern=pattern), _MAX_PAGES):
        yield from (event["message"] for event in page["events"])


def _pages(
    logs: "CloudWatchLogsClient", name: str, *, first: datetime, pattern: str
) -> "Iterable[FilterLogEventsResponseTypeDef]":
    start = round(first.timestamp() * 1000)
    return logs.get_paginator("filter_log_events").paginate(
        logGroupName=name, startTime=start, filterPattern=pattern, PaginationConfig={"PageSize": 1000}
    )
