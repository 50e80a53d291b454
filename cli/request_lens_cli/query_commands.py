"""`request-lens requests` and `request-lens show`: what a deployed table holds."""

import json
import re
from datetime import UTC, datetime, timedelta

import click
from rich.console import Console

from request_lens.domain.policy import Policy
from request_lens.domain.state import RequestState
from request_lens_cli.bars import render_bars
from request_lens_cli.call_table import calls_table
from request_lens_cli.deployed import open_stack_table, read_stack
from request_lens_cli.documents import (
    Document,
    call_estimate,
    invocation_document,
    summary_document,
    unattributed_documents,
)
from request_lens_cli.report import Report, counted, headline
from request_lens_cli.report_table import cost_line, requests_table, unlinked_table
from request_lens_cli.terminal import open_console

_SINCE = re.compile(r"(\d{1,6})([smhd])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}

stack_name_option = click.option("--stack-name", help="The deployed stack; default $STACK_NAME, else request-lens.")
format_option = click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table")


def read_since(_context: click.Context, _parameter: click.Parameter, value: str) -> datetime:
    """The moment that lies so long ago, such as 15m, 3h or 2d. Raises: click.BadParameter."""
    found = _SINCE.fullmatch(value)
    if found is None:
        raise click.BadParameter("give a number and a unit, such as 90s, 15m, 3h or 2d")
    return datetime.now(UTC) - timedelta(**{_UNITS[found[2]]: int(found[1])})


@click.command("requests")
@click.option("--since", callback=read_since, default="1h", help="How far back: 90s, 15m, 3h, 2d. Default 1h.")
@stack_name_option
@format_option
def requests_command(since: datetime, stack_name: str | None, format_: str) -> None:
    """List the API requests of a period with their LLM calls."""
    stack = read_stack(stack_name)
    report = open_stack_table(stack).report(since, datetime.now(UTC))
    if format_ == "json":
        click.echo(json.dumps(report_document(report, stack.policy), indent=2))
    else:
        show_report(report, open_console())


@click.command("show")
@click.argument("request_id")
@stack_name_option
@format_option
def show_command(request_id: str, stack_name: str | None, format_: str) -> None:
    """Show one API request with every LLM call that it made."""
    stack = read_stack(stack_name)
    state = open_stack_table(stack).states([request_id])[0]
    if state.record is None and not state.invocations:
        raise click.ClickException(
            f"Nothing is known of request {request_id}: its logs have not arrived, or it has expired. "
            "List what there is with: request-lens requests"
        )
    if format_ == "json":
        click.echo(json.dumps(_state_document(state, stack.policy), indent=2))
        return
    console = open_console()
    if state.record is None:
        console.print(
            f"{counted(len(state.invocations), 'tagged call')} pending: the request's record has not arrived yet."
        )
    else:
        show_report(Report(requests=[state], unlinked=[]), console)
    console.print(calls_table(state, stack.policy))


def _state_document(state: RequestState, policy: Policy) -> Document:
    """The request's summary; while its record is missing, its id and what is known of its calls."""
    if state.record is not None:
        return summary_document(state, policy)
    calls = [
        invocation_document(each.invocation, policy, call_estimate(each.invocation, None)) for each in state.invocations
    ]
    return {"request_id": state.request_id, "revision": state.revision, "invocations": calls}


def report_document(report: Report, policy: Policy) -> Document:
    """The report as JSON: the summaries, and the invocations that are unattributed."""
    return {
        "requests": [summary_document(state, policy) for state in report.requests],
        "unattributed": unattributed_documents(report.unlinked, policy),
        "pending": report.pending,
    }


def show_report(report: Report, console: Console) -> None:
    """Print a report: its headline, the table, the bars, and what has no request."""
    if not report.requests and not report.unlinked:
        console.print("No requests in this time. Does the API write its access log to the stack's log group?")
        return
    console.print(requests_table(report, width=console.width))
    console.print(headline(report), style="bold")
    if report.prices:
        console.print(cost_line(report))
    if report.unattributed or report.pending:
        console.print(unlinked_table(report.unlinked))
    console.print()
    console.print(render_bars(report.timeline_rows(), width=console.width))
