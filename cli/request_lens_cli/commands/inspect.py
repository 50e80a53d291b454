"""`request-lens inspect`: what the pipeline makes of log lines, a line at a time."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping

import click

from request_lens.presentation.formatting import pluralize
from request_lens_cli.inspection.inspection import Inspection, inspect_line
from request_lens_cli.options.shared import format_option
from request_lens_cli.replay.log_files import LogFileError, read_log_files
from request_lens_cli.terminal.console import open_console
from request_lens_cli.terminal.inspection_view import inspection_table

_REJECTED = 1
"""The exit code where at least one line was rejected."""


_HELP = """Show what the pipeline makes of log lines: what it reads, what is unknown and why, what it sets aside.

FILE is NDJSON, the output of `aws logs tail` or `filter-log-events`, an export of the console (CSV), of Logs Insights
or of an export task, an object that Bedrock or Firehose put into S3, a whole Lambda event with awslogs.data, or - for
stdin. Each may be gzipped. JSON is one object a line. No prompt, answer or tool text is ever printed.

The routes shown are what AgentRoutes names: all under which the roles in AgentRoleNames call models, or none.

\b
Examples:
  request-lens inspect records.ndjson
  aws logs filter-log-events --log-group-name GROUP --limit 5 | request-lens inspect -
  request-lens inspect event.json --format json | jq 'select(.kind == "rejected")'

\b
Exit codes:
  0  every line is understood, or normal to ignore
  1  at least one line is set aside, or a file cannot be read
  2  the command line is wrong
"""


@click.command("inspect", help=_HELP)
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@format_option
@click.pass_context
def inspect_command(context: click.Context, files: tuple[str, ...], format_: str) -> None:
    """Show what the pipeline makes of log lines, and exit with 1 where one is set aside."""
    counts = Counter[str]()
    try:
        for number, inspection in _inspections(files):
            counts[inspection.kind] += 1
            _show(inspection, number, format_)
    except LogFileError as error:
        raise click.ClickException(str(error)) from error
    if format_ == "table":
        click.echo(_headline(counts))
    if counts["rejected"]:
        context.exit(_REJECTED)


def _inspections(files: tuple[str, ...]) -> Iterator[tuple[int, Inspection]]:
    for number, line in enumerate(read_log_files(files), start=1):
        yield number, inspect_line(line.message)


def _show(inspection: Inspection, number: int, format_: str) -> None:
    if format_ == "json":
        click.echo(json.dumps(inspection.document(number)))
    else:
        open_console().print(inspection_table(inspection, number))


def _headline(counts: Mapping[str, int]) -> str:
    invocations, requests = pluralize(counts["invocation"], "invocation"), pluralize(counts["request"], "request")
    return f"{invocations}, {requests}, {counts['ignored']:,} ignored, {counts['rejected']:,} set aside"
