"""Subscribing log groups to a stack's processor: Lambda's permission and the filter, one of each a log group."""

import hashlib
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from botocore.exceptions import BotoCoreError, ClientError

from request_lens.domain.policy import Policy
from request_lens_cli.attaching.kinds import OF_TELEMETRY, Kind, filter_pattern, kind_filtered_by
from request_lens_cli.attaching.refusals import (
    is_not_there,
    made_elsewhere,
    no_room_for,
    reads_no_spans,
    sends_elsewhere,
)
from request_lens_cli.deployed.aws_errors import error_code, explained
from request_lens_cli.deployed.log_group import MAX_FILTERS, STANDARD, LogGroup, find_log_group
from request_lens_cli.deployed.processor import Permission, Processor, processor_of
from request_lens_cli.deployed.stack import DeployedStackView

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient

_STATEMENT = "request-lens-attached-"
"""How the ids of our permissions begin: by them is known what was attached."""

_PERMISSION, _FILTER = "permission", "filter"

_POLICY_IS_FULL = "PolicyLengthExceededException"

_PASSING = frozenset({"InvalidParameterException", "OperationAbortedException"})
"""CloudWatch Logs tries the permission when it takes a filter, and a new one takes seconds to be seen everywhere; of
two who change a group at a time it asks one to try again."""

_PAUSES_S = (1.0, 2.0, 4.0, 8.0)
"""So long a filter waits that was refused for such a reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachments:
    """What is attached to one stack's processor, and how that is changed.

    `own_log_group` is the processor's own; `subscribed` are those that the stack's template subscribes to.
    """

    stack_name: str
    deploy_options: str
    own_log_group: str
    subscribed: Sequence[str]
    policy: Policy
    processor: Processor
    logs: "CloudWatchLogsClient"
    pause: Callable[[float], None] = time.sleep

    @property
    def filter_name(self) -> str:
        """The name that our filter has in every log group that is attached."""
        return f"request-lens-{self.stack_name}"

    def names(self) -> Sequence[str]:
        """The log groups that are attached, by name: of the stack's own those alone that have a filter of ours.

        A filter that `attach` gave back to one of them outlives the stack, as each other one of ours does; a permission
        goes with it.
        """
        permitted = {group for permission in self.processor.permissions() for group in _attached_by(permission)}
        return sorted(permitted.difference(self.subscribed).union(filter(self._has_our_filter, self.subscribed)))

    def find(self, name: str) -> LogGroup:
        """The log group, if it can be attached.

        Raises: click.ClickException, which says why not: it is not there, is the processor's own, takes no filters, or
        has two of others.
        """
        group = find_log_group(self.logs, name)
        if group is None:
            raise click.ClickException(is_not_there(name, self.logs.meta.region_name))
        fault = self._fault_of(group)
        if fault:
            raise click.ClickException(f"{name} cannot be attached: {fault}. Nothing was changed.")
        return group

    def attach(self, group: LogGroup, kind: Kind) -> bool:
        """Let the group invoke the processor, and filter it; False where all of that stood already.

        A group that a template subscribes may have another's permission; each other one gets ours, by which `names`
        knows it.

        Raises: click.ClickException where `lacks` does, or Lambda takes no further permission; ClientError where the
        filter is refused. Then, and where it is interrupted, a permission that it has just made is removed; what stood
        before stays. Where AWS does not answer (BotoCoreError) the filter may stand, so the permission does: without
        it the filter would deliver nothing, and the group would not be among `names`.
        """
        lacking = self.lacks(group, kind)
        if _PERMISSION in lacking:
            self._permit(group)
        try:
            if _FILTER in lacking:
                self._filter(group, filter_pattern(kind, self.policy), self.processor.arn)
        except (ClientError, KeyboardInterrupt) as stopped:
            if _PERMISSION in lacking:
                self._forbid_again(group, stopped)
            raise
        return bool(lacking)

    def lacks(self, group: LogGroup, kind: Kind) -> Collection[str]:
        """What of a permission and a filter is not there yet: nothing of a group that is attached as this kind.

        Raises: click.ClickException where the stack reads no spans and the group has them or leads to them.
        """
        if kind in OF_TELEMETRY and not self.policy.reads_spans:
            raise click.ClickException(reads_no_spans(self.stack_name, self.deploy_options, name=group.name, kind=kind))
        pattern = filter_pattern(kind, self.policy)
        standing = [found for found in group.filters if found.destination_arn == self.processor.arn]
        is_filtered = any(found.name != self.filter_name or found.pattern == pattern for found in standing)
        is_others = group.name in self.subscribed or any(found.name != self.filter_name for found in standing)
        is_permitted = any(
            permission.covers(group.arn) and (is_others or _attached_by(permission))
            for permission in self.processor.permissions()
        )
        return [what for what, is_there in ((_PERMISSION, is_permitted), (_FILTER, is_filtered)) if not is_there]

    def detach(self, name: str) -> bool:
        """Remove our filter and permission of a log group; False where there is neither.

        Raises: click.ClickException where there is no such group either, where a template made the filter, with which
        it would come again, or where ours sends to another function, such as the processor of an earlier stack of this
        name.
        """
        group, arn = find_log_group(self.logs, name), self.processor.arn
        filters = group.filters if group is not None else []
        ours = next((found for found in filters if found.name == self.filter_name), None)
        sending = [found for found in filters if found.destination_arn == arn]
        permissions = [each for each in self.processor.permissions() if name in _attached_by(each)]
        if group is None and not permissions:
            raise click.ClickException(is_not_there(name, self.logs.meta.region_name, self.names()))
        if ours is not None and ours not in sending:
            raise click.ClickException(sends_elsewhere(name, ours))
        if sending and ours is None:
            raise click.ClickException(made_elsewhere(name, sending))
        if ours is not None:
            self.logs.delete_subscription_filter(logGroupName=name, filterName=ours.name)
        for permission in permissions:
            self._forbid(permission.statement_id)
        return ours is not None or bool(permissions)

    def _fault_of(self, group: LogGroup) -> str:
        others = [found.name for found in group.filters if found.name != self.filter_name]
        if group.name == self.own_log_group:
            return "it is the processor's own log group, which would invoke the processor for ever"
        if group.log_class != STANDARD:
            return f"its class is {group.log_class}, and only groups of the class {STANDARD} take subscription filters"
        if len(others) >= MAX_FILTERS and not any(
            found.destination_arn == self.processor.arn for found in group.filters
        ):
            return f"it has two subscription filters already, which is all it takes ({', '.join(others)})"
        return ""

    def kind_of(self, group: LogGroup) -> Kind | None:
        """The kind that a log group is attached as; None where it is not, or its filter has a pattern of no kind."""
        ours = (found for found in group.filters if found.name == self.filter_name)
        return kind_filtered_by({found.pattern for found in ours if found.destination_arn == self.processor.arn})

    def _has_our_filter(self, name: str) -> bool:
        group = find_log_group(self.logs, name)
        return group is not None and any(found.name == self.filter_name for found in group.filters)

    def _permit(self, group: LogGroup) -> None:
        try:
            self.processor.client.add_permission(
                FunctionName=self.processor.name,
                StatementId=_statement_id(group.name),
                Action="lambda:InvokeFunction",
                Principal="logs.amazonaws.com",
                SourceArn=f"{group.arn}:*",
                SourceAccount=group.arn.split(":")[4],
            )
        except ClientError as error:
            if error_code(error) != _POLICY_IS_FULL:
                raise
            raise click.ClickException(no_room_for(group.name)) from error

    def _forbid(self, statement_id: str) -> None:
        self.processor.client.remove_permission(FunctionName=self.processor.name, StatementId=statement_id)

    def _forbid_again(self, group: LogGroup, stopped: BaseException) -> None:
        """Take back a permission. Raises: click.ClickException where it stays, with why, and what had stopped it."""
        try:
            self._forbid(_statement_id(group.name))
        except (ClientError, BotoCoreError) as error:
            reason = explained(stopped) if isinstance(stopped, ClientError) else "Interrupted."
            stays = f"The permission of {group.name}, made for it, stays: {explained(error)}"
            raise click.ClickException(f"{reason} {stays}") from error

    def _filter(self, group: LogGroup, pattern: str, arn: str) -> None:
        for pause in (*_PAUSES_S, None):
            try:
                self.logs.put_subscription_filter(
                    logGroupName=group.name, filterName=self.filter_name, filterPattern=pattern, destinationArn=arn
                )
            except ClientError as error:
                if pause is None or error_code(error) not in _PASSING:
                    raise
                self.pause(pause)
            else:
                return


def own_groups(stack: DeployedStackView) -> dict[Kind, str]:
    """The names of the log groups that the stack itself subscribes to: of spans only where it reads them."""
    optional = {Kind.SPANS: "SpanLogGroupName", Kind.LAMBDA: "LambdaLogGroupName"}
    named = {kind: stack.parameters.get(parameter, "") for kind, parameter in optional.items()}
    return {
        Kind.ACCESS: stack.output("AccessLogGroupName"),
        Kind.INVOCATIONS: stack.output("InvocationLogGroupName"),
        **{kind: name for kind, name in named.items() if name},
    }


def attachments_of(stack: DeployedStackView) -> Attachments:
    """What is attached to a stack. Raises: click.ClickException where it is none of ours."""
    return Attachments(
        stack_name=stack.name,
        deploy_options=stack.deploy_options,
        own_log_group=stack.outputs.get("ProcessorLogGroupName", ""),
        subscribed=list(own_groups(stack).values()),
        policy=stack.policy,
        processor=processor_of(stack),
        logs=stack.session.client("logs"),
    )


def _attached_by(permission: Permission) -> Sequence[str]:
    """The log groups that one of our permissions is for; none of another's."""
    if not permission.statement_id.startswith(_STATEMENT):
        return []
    return [arn.partition(":log-group:")[2].removesuffix(":*") for arn in permission.source_arns]


def _statement_id(name: str) -> str:
    return _STATEMENT + hashlib.sha256(name.encode()).hexdigest()[:16]
