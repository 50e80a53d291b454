"""A deployed stack, as the command line reads it: outputs, table and metrics, never a replay."""

import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens.adapters.dynamo_fact_reader import DynamoFactReader
from request_lens.domain.facts import InvocationId, RequestId
from request_lens.domain.link import UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.state import RequestState
from request_lens_cli.parameters import DEFAULTS, policy_with
from request_lens_cli.report import Report

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDataQueryTypeDef, MetricTypeDef
    from mypy_boto3_dynamodb.client import DynamoDBClient

DEFAULT_STACK_NAME = "request-lens"
PARALLEL_READS = 8
LIST_LIMIT = 10_000
"""A list shows the earliest 10,000 requests of its period."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedStackView:
    """What a deployed stack says of itself: its outputs and parameters, by name."""

    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    @property
    def policy(self) -> Policy:
        """The policy that its processor decides by."""
        return policy_with({name: value for name, value in self.parameters.items() if name in DEFAULTS})


def read_stack(stack_name: str | None) -> DeployedStackView:
    """A deployed stack: the one named, else $STACK_NAME, else `request-lens`.

    Raises: click.ClickException where it cannot be read, with what to do.
    """
    stack_name = stack_name or os.environ.get("STACK_NAME") or DEFAULT_STACK_NAME
    try:
        stacks = boto3.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    except (ClientError, BotoCoreError) as error:
        raise click.ClickException(
            f"The stack {stack_name} cannot be read ({error}). Name yours with --stack-name or STACK_NAME, "
            "and see that credentials and Region are set (for the local AWS: set -a; . out/local-aws.env)."
        ) from error
    return DeployedStackView(
        outputs={each["OutputKey"]: each["OutputValue"] for each in stacks[0].get("Outputs", [])},
        parameters={each["ParameterKey"]: each["ParameterValue"] for each in stacks[0].get("Parameters", [])},
    )


@dataclass(frozen=True, slots=True)
class DeployedTable:
    """The request table of a deployed stack."""

    reader: DynamoFactReader

    def states(self, request_ids: Iterable[str]) -> Sequence[RequestState]:
        """All that is known of these requests, in their order."""
        return self.reader.load_requests([RequestId(each) for each in request_ids])

    def unlinked(self, invocation_ids: Iterable[str]) -> list[UnlinkedInvocation]:
        """Those of these invocations that have an item of their own, in their order."""
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            found = pool.map(self.reader.load_unlinked, map(InvocationId, invocation_ids))
            return [each for each in found if each is not None]

    def report(self, first: datetime, last: datetime) -> Report:
        """The requests that started in [first, last], and the untagged invocations of that time."""
        records = self.reader.requests_between(first, last, limit=LIST_LIMIT)
        unlinked: Sequence[UnlinkedInvocation] = self.reader.unlinked_between(first, last, limit=LIST_LIMIT)
        return Report(requests=self.states(each.request_id for each in records), unlinked=unlinked)


def open_table(client: "DynamoDBClient", table_name: str) -> DeployedTable:
    """The table of this name, in the account and Region of the client."""
    return DeployedTable(DynamoFactReader(client, table_name=table_name))


def open_stack_table(stack: DeployedStackView) -> DeployedTable:
    """The table of a stack, in the account and Region that the environment selects."""
    return open_table(boto3.client("dynamodb"), stack.outputs["RequestTableName"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """The metrics of one service, read at a period of one second, which CloudWatch keeps for 3 hours."""

    client: "CloudWatchClient"
    service: str

    def sums(self, names: Sequence[str], *, first: datetime, last: datetime) -> Mapping[str, float]:
        """The sum of each metric over [first, last]; 0 where there is no value."""
        results = self.client.get_metric_data(
            MetricDataQueries=[self._query(position, name) for position, name in enumerate(names)],
            StartTime=first,
            EndTime=last + timedelta(seconds=1),
        )["MetricDataResults"]
        values = {result["Id"]: sum(result["Values"]) for result in results}
        return {name: values.get(f"m{position}", 0) for position, name in enumerate(names)}

    def points(self, name: str, *, first: datetime, last: datetime) -> Mapping[datetime, float]:
        """The metric's sum in each second of [first, last] that has a value."""
        found = self.client.get_metric_data(
            MetricDataQueries=[self._query(0, name)], StartTime=first, EndTime=last + timedelta(seconds=1)
        )["MetricDataResults"][0]
        return dict(zip(found["Timestamps"], found["Values"], strict=True))

    def _query(self, position: int, name: str) -> "MetricDataQueryTypeDef":
        dimensions: list[DimensionTypeDef] = [{"Name": "Service", "Value": self.service}]
        metric: MetricTypeDef = {"Namespace": "RequestLens", "MetricName": name, "Dimensions": dimensions}
        return {"Id": f"m{position}", "MetricStat": {"Metric": metric, "Period": 1, "Stat": "Sum"}}
