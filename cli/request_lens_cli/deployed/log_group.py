"""One log group, read: whether it is there, its class and its subscription filters."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient

STANDARD = "STANDARD"
"""The only class whose groups take subscription filters:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch_Logs_Log_Classes.html"""

MAX_FILTERS = 2
"""Subscription filters that a log group takes."""


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
