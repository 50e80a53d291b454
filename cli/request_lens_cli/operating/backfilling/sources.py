"""What a backfill reads: the log groups that the stack reads, or those and the prefixes that the user names."""

from collections.abc import Sequence

import click
from botocore.config import Config

from request_lens_cli.deployed.log_group import find_log_group
from request_lens_cli.deployed.stack import DeployedStackView
from request_lens_cli.operating.backfilling.log_group_source import LogGroupSource
from request_lens_cli.operating.backfilling.past_event import Source
from request_lens_cli.operating.backfilling.s3_source import S3Source
from request_lens_cli.report.period import Period

_CLIENT = Config(retries={"mode": "standard", "total_max_attempts": 10})
"""A throttled page is asked for again, for up to two minutes; then the backfill stops."""


def open_sources(
    stack: DeployedStackView, period: Period, *, log_groups: Sequence[str], s3_prefixes: Sequence[str]
) -> Sequence[Source]:
    """The sources, each once.

    Raises: click.ClickException for a log group that is not there, click.BadParameter for what is no S3 address.
    """
    groups = [_log_group(name, stack, period) for name in dict.fromkeys(log_groups)]
    return [*groups, *(_s3_prefix(address, stack, period) for address in dict.fromkeys(s3_prefixes))]


def _log_group(name: str, stack: DeployedStackView, period: Period) -> LogGroupSource:
    """A log group, read by the pattern of the stack's own subscription filter, where it has one."""
    logs = stack.session.client("logs", config=_CLIENT)
    group = find_log_group(logs, name)
    if group is None:
        raise click.ClickException(f"There is no log group {name}.")
    function = stack.output("ProcessorFunctionName")
    ours = (each.pattern for each in group.filters if each.destination_arn.endswith(f":function:{function}"))
    return LogGroupSource(
        logs=logs,
        cloudwatch=stack.session.client("cloudwatch"),
        name=name,
        first=period.first,
        end=period.last,
        pattern=next(ours, ""),
    )


def _s3_prefix(address: str, stack: DeployedStackView, period: Period) -> S3Source:
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    if not address.startswith("s3://") or not bucket:
        raise click.BadParameter(f"{address}: expected s3://BUCKET/PREFIX", param_hint="--s3-prefix")
    client = stack.session.client("s3", config=_CLIENT)
    return S3Source(s3=client, bucket=bucket, prefix=prefix, first=period.first, end=period.last)
