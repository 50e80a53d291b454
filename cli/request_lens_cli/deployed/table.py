"""The request table of a deployed stack, as the command line reads it."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

import click

from request_lens.adapters.dynamodb.fact_reader import DynamoFactReader, say_nothing
from request_lens.adapters.price_list import bedrock_prices
from request_lens.application.query import (
    MAX_COUNTED,
    ReadPorts,
    RequestDetail,
    get_request,
    list_requests,
    possible_calls_of,
    requests_that_fit,
)
from request_lens.application.without_request import UntaggedCalls, untagged_beside
from request_lens.domain.facts import InvocationId, Request, RequestId
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.errors import UnreadableItem
from request_lens_cli.deployed.stack import DeployedStackView
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import COUNTED_UP_TO, MAX_UNTAGGED, Report

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.client import DynamoDBClient

PARALLEL_READS = 8
LIST_LIMIT = MAX_COUNTED - COUNTED_UP_TO
"""A list holds so many requests of its period, the latest."""


@dataclass(frozen=True, slots=True)
class DeployedTable:
    """The request table of a deployed stack."""

    reader: DynamoFactReader

    @property
    def _ports(self) -> ReadPorts:
        return ReadPorts(reader=self.reader, prices=bedrock_prices())

    def states(self, request_ids: Iterable[str]) -> Sequence[RequestState]:
        """All that is known of these requests, in their order."""
        return self.reader.load_requests([RequestId(request_id) for request_id in request_ids])

    def details(self, request_id: str, policy: Policy) -> RequestDetail:
        """One request with its calls, and with those that would be linked to it as things stand."""
        return get_request(self._ports, policy, request_id=RequestId(request_id))

    def possible(self, state: RequestState, policy: Policy) -> Sequence[UnlinkedInvocation]:
        """The calls that may be an uncertain request's own, as things stand."""
        return possible_calls_of(self.reader, policy, state=state)

    def requests_that_fit(self, call: UnlinkedInvocation, policy: Policy) -> Sequence[RequestId] | None:
        """The requests that an unattributed call fits; None where what is read does not tell."""
        return requests_that_fit(self.reader, policy, call=call)

    def unlinked(self, invocation_ids: Iterable[str]) -> list[UnlinkedInvocation]:
        """Those of these invocations that have an item of their own, in their order."""
        with ThreadPoolExecutor(PARALLEL_READS) as pool:
            calls = pool.map(self.reader.load_unlinked, map(InvocationId, invocation_ids))
            return [call for call in calls if call is not None]

    def request_of(self, invocation_id: str, period: Period) -> RequestId | None:
        """The request that has this tagged call, among the latest LIST_LIMIT of the period."""
        requests = [record.request_id for record in self.requests_between(period)]
        return self.reader.request_of(InvocationId(invocation_id), requests)

    def report(self, period: Period, policy: Policy) -> Report:
        """The latest LIST_LIMIT requests that started in the period, without their calls, and the untagged ones beside.

        Only the requests' own items are read, in batches, and what is pending: that shows where it would be linked.
        """
        page = list_requests(self._ports, policy, span=(period.first, period.last), now=period.last, limit=LIST_LIMIT)
        requests = [replace(view.state, record=view.record) for view in page.requests]
        beside = self._untagged_beside(requests, period, policy)
        return Report(
            requests=requests,
            unlinked=beside.calls,
            holds_all=not beside.may_be_more,
            is_cut=beside.may_be_more,
            provisional={
                view.record.request_id: view.summary for view in page.requests if view.is_pending and view.summary
            },
            earlier=page.earlier,
            policy=policy,
        )

    def report_with_calls(self, period: Period, policy: Policy) -> Report:
        """The same requests with all their calls: a Query each.

        One with an item that this version cannot read is there by its record alone, as pending.
        """
        records = self.requests_between(period)
        states = self.states(record.request_id for record in records)
        requests = [replace(state, record=record) for state, record in zip(states, records, strict=True)]
        beside = self._untagged_beside(requests, period, policy)
        return Report(requests=requests, unlinked=beside.calls, is_cut=beside.may_be_more, policy=policy)

    def requests_between(self, period: Period) -> Sequence[Request]:
        """The records of the latest LIST_LIMIT requests that started in the period."""
        return self.reader.newest_requests(period.first, period.last, limit=LIST_LIMIT)

    def unlinked_between(self, period: Period) -> Sequence[UnlinkedInvocation]:
        """The earliest MAX_UNTAGGED untagged invocations of the period."""
        return self.reader.unlinked_between(period.first, period.last, limit=MAX_UNTAGGED)

    def _untagged_beside(self, requests: Sequence[RequestState], period: Period, policy: Policy) -> UntaggedCalls:
        """The untagged calls of the period, and those besides that may be the requests': the earliest MAX_UNTAGGED."""
        span = (period.first, period.last)
        return untagged_beside(self.reader, policy, requests, span=span, limit=MAX_UNTAGGED)


def open_table(
    client: "DynamoDBClient", table_name: str, *, on_hour: Callable[[datetime], None] = say_nothing
) -> DeployedTable:
    """The table of this name, in the account and Region of the client; `on_hour` is told how far a list is read.

    Of an item that this version cannot read the user is told beside the output.
    """
    return DeployedTable(
        DynamoFactReader(client, table_name=table_name, on_hour=on_hour, on_unreadable=_tell, skips_empty_hours=True)
    )


def _tell(error: UnreadableItem) -> None:
    click.echo(f"Left out: {error}.", err=True)


def open_stack_table(stack: DeployedStackView, *, on_hour: Callable[[datetime], None] = say_nothing) -> DeployedTable:
    """The table of a stack. Raises: click.ClickException where the stack is not one of ours."""
    return open_table(stack.session.client("dynamodb"), stack.output("RequestTableName"), on_hour=on_hour)
