"""`request-lens requests`: the API requests of a period, from a deployed table."""

import json
from dataclasses import replace

import click

from request_lens_cli.deployed.stack import read_stack
from request_lens_cli.deployed.table import open_stack_table
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.shared import format_option, period_options, sorted_selection_options, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.documents import unattributed_documents
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from request_lens_cli.report.selection import Selection
from request_lens_cli.terminal.console import open_console
from request_lens_cli.terminal.progress import working
from request_lens_cli.terminal.report_view import report_document, show_requests, show_unlinked

_REQUESTS_EXAMPLES = examples(
    "request-lens requests --since 15m",
    'request-lens requests --since 1d --route "POST /ask" --min-calls 5 --sort cost',
    "request-lens requests --since 2025-12-04T18:00 --until 2025-12-04T19:00 --format json",
    "request-lens requests --since 3h --unattributed",
)


@click.command("requests", epilog=_REQUESTS_EXAMPLES)
@period_options(default="1h")
@sorted_selection_options
@click.option("--unattributed", is_flag=True, help="The calls that belong to no request, and why, instead of requests.")
@stack_options
@format_option
def requests_command(
    *, period: Period, selection: Selection, unattributed: bool, stack: StackChoice, format_: str
) -> None:
    """List the API requests of a period with their LLM calls."""
    if unattributed and selection != Selection():
        raise click.UsageError("--route, --min-calls and --sort are about requests: leave them out with --unattributed")
    if unattributed:
        _list_unattributed(period, stack, as_json=format_ == "json")
    else:
        _list_requests(period, selection, stack, as_json=format_ == "json")


def _list_requests(period: Period, selection: Selection, choice: StackChoice, *, as_json: bool) -> None:
    stack = read_stack(choice)
    table = open_stack_table(stack)
    with working("Reading the requests"):
        report = (
            table.report_with_calls(stack.kept(period)) if as_json else table.report(stack.kept(period), stack.policy)
        )
    report = replace(report, requests=selection.of(report.requests))
    if as_json:
        click.echo(json.dumps(report_document(report, stack.policy), indent=2))
    else:
        show_requests(report, open_console())


def _list_unattributed(period: Period, choice: StackChoice, *, as_json: bool) -> None:
    stack = read_stack(choice)
    with working("Reading the untagged calls"):
        report = Report(requests=[], unlinked=open_stack_table(stack).unlinked_between(stack.kept(period)))
    if as_json:
        unattributed = unattributed_documents(report.unlinked, stack.policy)
        click.echo(json.dumps({"unattributed": unattributed, "pending": report.pending}, indent=2))
    else:
        show_unlinked(report, open_console())
