"""`request-lens show`: one API request with every LLM call that it made."""

import json
from dataclasses import replace
from datetime import UTC, timedelta

import click
from rich.console import Console

from request_lens.domain.settling.state import RequestState
from request_lens.presentation.traced import trace_address, trace_of
from request_lens_cli.deployed.console import aws_console, request_addresses
from request_lens_cli.deployed.stack import DeployedStackView, read_stack
from request_lens_cli.deployed.table import open_stack_table
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.period import command_clock
from request_lens_cli.options.request_id import CommandOfRequest
from request_lens_cli.options.shared import format_option, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.period import Period
from request_lens_cli.terminal.console import notes_beside, open_console, print_addresses
from request_lens_cli.terminal.request_view import show_request, shown_document

_SHOW_EXAMPLES = examples(
    "request-lens show 8vyhhrKPTgKzGt2=",
    "request-lens show 8vyhhrKPTgKzGt2= --web",
    "request-lens show 8vyhhrKPTgKzGt2= --stack-name request-lens-prod --profile prod --format json",
)


_ENDS_ID = "="

PUBLISHED_WITHIN = timedelta(days=1)
"""Logs Insights is asked for so long after a request was stored: revisions come within minutes, late ones in hours."""


@click.command("show", cls=CommandOfRequest, epilog=_SHOW_EXAMPLES)
@click.argument("request_id")
@click.option(
    "--web", is_flag=True, help="Print where AWS's console shows it: dashboard, lines of the log, trace if known."
)
@click.option("--local", is_flag=True, help="Show times in this machine's time zone, not in UTC.")
@stack_options
@format_option
def show_command(*, request_id: str, web: bool, local: bool, stack: StackChoice, format_: str) -> None:
    """Show one API request with every LLM call that it made.

    A client finds the id of its request in the response: the header `apigw-requestid` of an HTTP API,
    `x-amz-apigw-id` of a REST API.
    """
    view = read_stack(stack)
    table = open_stack_table(view)
    state = next((state for state in table.states(_spellings(request_id)) if _is_known(state)), None)
    if state is None:
        raise click.ClickException(
            f"No request {request_id!r}: its logs have not arrived, or it has expired. "
            "List what there is with: request-lens requests"
        )
    if web:
        print_addresses(request_addresses(view, state, _published(state)))
    elif format_ == "json":
        possible = table.possible(state, view.policy)
        document = shown_document(state, possible, policy=view.policy, aws_console=aws_console(view))
        click.echo(json.dumps(document, indent=2))
    else:
        console = open_console()
        details = replace(table.details(state.request_id, view.policy), possible=table.possible(state, view.policy))
        show_request(state, details, policy=view.policy, console=console, zone=None if local else UTC)
        _show_trace(view, state, console)


def _show_trace(view: DeployedStackView, state: RequestState, console: Console) -> None:
    """Say where AWS's console shows the request's trace, in a pipe beside the output."""
    trace_id, address = trace_of(state), aws_console(view)
    if trace_id is not None and address:
        words = f"Its trace: {trace_address(address, trace_id)}"
        notes_beside(console).print(words, highlight=False, markup=False, soft_wrap=True)


def _spellings(request_id: str) -> list[str]:
    """The id as it was given, and with the sign that ends an HTTP API's: a double click leaves that out."""
    return [request_id] if request_id.endswith(_ENDS_ID) else [request_id, f"{request_id}{_ENDS_ID}"]


def _is_known(state: RequestState) -> bool:
    return state.record is not None or bool(state.invocations)


def _published(state: RequestState) -> Period:
    """When lines of the request may have been published: from when it was stored, for a day."""
    now = command_clock().now()
    first = state.stored_at or (state.record.started_at if state.record is not None else now - PUBLISHED_WITHIN)
    return Period(first=first, last=min(first + PUBLISHED_WITHIN, now))
