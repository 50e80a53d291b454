"""Asking `request-lens doctor` in JSON, and telling it what AWS's metrics say."""

import json
from datetime import datetime, timedelta

from tests.support.operating.healthy_stack import HealthyStack
from tests.support.operating.operated_stack import OperatedStack


def findings(stack: HealthyStack, *arguments: str) -> list[dict[str, str]]:
    result = stack.aws.ask("doctor", "--format", "json", *arguments)
    found: list[dict[str, str]] = json.loads(result.stdout)["findings"]
    return found


def fault(stack: HealthyStack, *arguments: str) -> dict[str, str]:
    """The only fault, with which it ends."""
    result = stack.aws.ask("doctor", "--format", "json", *arguments)
    assert result.exit_code == 1, result.output
    document = json.loads(result.stdout)
    assert document["fault"]
    assert [each["check"] for each in document["findings"] if each["outcome"] == "fault"] == [
        document["findings"][-1]["check"]
    ]
    last: dict[str, str] = document["findings"][-1]
    assert last["remedy"]
    return last


def runs_metric(stack: HealthyStack, name: str, value: int, *, minutes_ago: int) -> None:
    """What Lambda says of the processor's runs in a minute."""
    at = stack.aws.now - timedelta(minutes=minutes_ago)
    metric(stack.aws, "AWS/Lambda", name, value, at, FunctionName=stack.aws.function)


def metric(
    aws: OperatedStack, namespace: str, name: str, value: int, at: datetime | None = None, **dimensions: str
) -> None:
    aws.session.client("cloudwatch").put_metric_data(
        Namespace=namespace,
        MetricData=[
            {
                "MetricName": name,
                "Value": value,
                "Timestamp": at or aws.now,
                "Dimensions": [{"Name": key, "Value": given} for key, given in dimensions.items()],
            }
        ],
    )
