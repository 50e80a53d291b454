"""A deployed stack, as the command line reads it: outputs, table and metrics, never a replay."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens.adapters.dynamo_fact_reader import DynamoFactReader
from request_lens.adapters.price_list import bedrock_prices
from request_lens.application.look import MOST_COUNTED, SeenDetails, look_at_range, look_at_request
from request_lens.domain.facts import InvocationId, RequestId
from request_lens.domain.link import UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.state import RequestState
from request_lens.ports import ReadPorts
from request_lens_cli.parameters import DEFAULTS, policy_with
from request_lens_cli.period import Period
from request_lens_cli.report import COUNTED_UP_TO, MOST_UNTAGGED, Report
from request_lens_cli.stack_choice import StackChoice

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch.client import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDataQueryTypeDef, MetricTypeDef
    from mypy_boto3_dynamodb.client import DynamoDBClient

PARALLEL_READS = 8
LIST_LIMIT = MOST_COUNTED - COUNTED_UP_TO
"""A list holds so many requests of its period, the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedStackView:
    """What a deployed stack says of itself: its outputs and parameters, by name."""

    name: str
    session: boto3.Session
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]

    @property
    def policy(self) -> Policy:
        """The policy that its processor decides by."""
        return policy_with({name: value for name, value in self.parameters.items() if name in DEFAULTS})

    def kept(self, period: Period) -> Period:
        """The part of the period that its table has not let expire: what is older is not asked for, hour by hour."""
        return replace(period, first=max(period.first, period.last - self.policy.retention))


def read_stack(choice: StackChoice) -> DeployedStackView:
    """A deployed stack. Raises: click.ClickException where it cannot be read, with what to do."""
    session = choice.session()
    try:
        stacks = session.client("cloudformation").describe_stacks(StackName=choice.name)["Stacks"]
    except (ClientError, BotoCoreError) as error:
        raise click.ClickException(
            f"The stack {choice.name} cannot be read ({error}). Name yours with --stack-name or STACK_NAME, "
            "and see that credentials and Region are set (for the local AWS: set -a; . out/local-aws.env)."
        ) from error
    return DeployedStackView(
        name=choice.name,
        session=session,
        outputs={each["OutputKey"]: each["OutputValue"] for each in stacks[0].get("Outputs", [])},
        parameters={each["ParameterKey"]: each["ParameterValue"] for each in stacks[0].get("Parameters", [])},
    )


@dataclass(frozen=True, slots=True)
class DeployedTable:
    """The request table of a deployed stack."""

    reader: DynamoFactReader

    @property
    def _ports(self) -> ReadPorts:
        return ReadPorts(reader=self.reader, prices=bedrock_prices())

    def states(self, request_ids: Iterable[str]) -> Sequence[RequestState]:
        """All that is known of these requests, in their order."""
        return self.reader.load_requests([RequestId(each) for each in request_ids])

    def details(self, request_id: str, policy: Policy) -> SeenDetails:
        """One request with its calls, and with those that would be linked to it as things stand."""
        return look_at_request(self._ports, policy, request_id=RequestId(request_id))

    def unlinked(self, invocation_ids: Iterable[str]) -> list[UnlinkedInvocation]:
        """Those of these invocations that have an item of their own, in their order."""
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            found = pool.map(self.reader.load_unlinked, map(InvocationId, invocation_ids))
            return [each for each in found if each is not None]

    def report(self, period: Period, policy: Policy) -> Report:
        """The latest LIST_LIMIT requests that started in the period, without their calls, and the untagged ones then.

        Only the requests' own items are read, in batches, and what is pending: that shows where it would be linked.
        """
        seen = look_at_range(self._ports, policy, span=(period.first, period.last), now=period.last, limit=LIST_LIMIT)
        return Report(
            requests=[each.state for each in seen.requests],
            unlinked=self.unlinked_between(period),
            provisional={
                each.record.request_id: each.summary for each in seen.requests if each.is_pending and each.summary
            },
            earlier=seen.earlier,
        )

    def report_with_calls(self, period: Period) -> Report:
        """The same requests with all their calls: a Query each."""
        records = self.reader.newest_requests(period.first, period.last, limit=LIST_LIMIT)
        states = self.states(each.request_id for each in records)
        return Report(requests=states, unlinked=self.unlinked_between(period))

    def unlinked_between(self, period: Period) -> Sequence[UnlinkedInvocation]:
        """The earliest MOST_UNTAGGED untagged invocations of the period."""
        return self.reader.unlinked_between(period.first, period.last, limit=MOST_UNTAGGED)


def open_table(client: "DynamoDBClient", table_name: str) -> DeployedTable:
    """The table of this name, in the account and Region of the client."""
    return DeployedTable(DynamoFactReader(client, table_name=table_name))


def open_stack_table(stack: DeployedStackView) -> DeployedTable:
    """The table of a stack. Raises: click.ClickException where the stack is not one of ours."""
    if "RequestTableName" not in stack.outputs:
        raise click.ClickException(
            f"The stack {stack.name} has no output RequestTableName: it is no Request Lens stack."
        )
    return open_table(stack.session.client("dynamodb"), stack.outputs["RequestTableName"])


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
