"""The stack that is examined, with what several checks need of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from request_lens_cli.attaching.kinds import FILTER_PATTERNS, Kind, kind_filtered_by
from request_lens_cli.attaching.log_groups import attachments_of, own_groups
from request_lens_cli.attaching.sample_lines import DaySamples, day_samples, newest_samples
from request_lens_cli.deployed.log_group import LogGroup, find_log_group
from request_lens_cli.deployed.newest_lines import LATELY, newest_lines
from request_lens_cli.deployed.processor import Processor, processor_of
from request_lens_cli.deployed.stack import DeployedStackView
from request_lens_cli.deployed.table import open_stack_table
from request_lens_cli.inspection.inspection import Inspection
from request_lens_cli.options.endpoint import is_on_loopback
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report

if TYPE_CHECKING:
    from mypy_boto3_logs.client import CloudWatchLogsClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A log group that the processor is to read; `group` is None where it is not there.

    `kind` is None where a group was attached whose filter is gone.
    """

    name: str
    kind: Kind | None
    group: LogGroup | None


@dataclass(frozen=True, kw_only=True)  # without slots, for what is read once
class Examined:
    """A stack at one moment: what several checks look at is read once."""

    stack: DeployedStackView
    now: datetime

    @cached_property
    def processor(self) -> Processor:
        """Its processor."""
        return processor_of(self.stack)

    @cached_property
    def logs(self) -> "CloudWatchLogsClient":
        """Its log groups' service."""
        return self.stack.session.client("logs")

    @property
    def is_local(self) -> bool:
        """Whether it is deployed to the local AWS."""
        return is_on_loopback(self.logs.meta.endpoint_url)

    @cached_property
    def report(self) -> Report:
        """The requests and untagged calls of the last day."""
        period = Period(first=self.now - LATELY, last=self.now)
        return open_stack_table(self.stack).report(period, self.stack.policy)

    @property
    def own_groups(self) -> dict[Kind, str]:
        """The names of the log groups that the stack itself subscribes to."""
        return own_groups(self.stack)

    @cached_property
    def attached(self) -> Sequence[str]:
        """The log groups that were attached, by name."""
        return [name for name in attachments_of(self.stack).names() if name not in self.own_groups.values()]

    @cached_property
    def sources(self) -> Sequence[Source]:
        """The log groups that the processor is to read: the stack's own, then what was attached."""
        named = self.own_groups.items()
        own = [Source(name=name, kind=kind, group=find_log_group(self.logs, name)) for kind, name in named]
        arn = self.processor.arn if self.attached else ""
        return own + [_attached_source(name, find_log_group(self.logs, name), arn) for name in self.attached]

    @cached_property
    def access_lines(self) -> Mapping[str, Sequence[Inspection]]:
        """The newest lines of the last day in each log group of an API, as they are read."""
        return {name: newest_samples(self.logs, name, now=self.now) for name in self.sources_of(Kind.ACCESS)}

    @cached_property
    def access_day(self) -> Mapping[str, DaySamples]:
        """The lines of the last day in each log group of an API, as they are read."""
        return {name: day_samples(self.logs, name, now=self.now) for name in self.sources_of(Kind.ACCESS)}

    @property
    def has_requests(self) -> bool:
        """Whether one of these lines is an observed request."""
        lines = [line for lines in self.access_lines.values() for line in lines if line.kind == "request"]
        return any(self.stack.policy.observes(str(line.fields["route"])) for line in lines)

    @cached_property
    def group_with_calls(self) -> str | None:
        """The first log group of Bedrock that has calls of the last day; None where none has."""
        pattern = FILTER_PATTERNS[Kind.INVOCATIONS]
        groups = self.sources_of(Kind.INVOCATIONS)
        return next((name for name in groups if newest_lines(self.logs, name, now=self.now, pattern=pattern)), None)

    def sources_of(self, kind: Kind) -> Sequence[str]:
        """The names of the log groups of a kind."""
        return [source.name for source in self.sources if source.kind is kind and source.group is not None]


def _attached_source(name: str, group: LogGroup | None, arn: str) -> Source:
    filters = group.filters if group is not None else ()
    patterns = {found.pattern for found in filters if found.destination_arn == arn}
    return Source(name=name, kind=kind_filtered_by(patterns), group=group)
