"""`request-lens show`: one API request with every LLM call that it made."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, timedelta, tzinfo

import click
from rich.console import Console

from request_lens.application.query import RequestDetail
from request_lens.domain.facts import InvocationId
from request_lens.domain.folding.order import in_order
from request_lens.domain.linking.link import Link, UnlinkedInvocation
from request_lens.domain.policy import Policy
from request_lens.domain.settling.state import RequestState
from request_lens.presentation.traced import trace_address, trace_of
from request_lens_cli.deployed.console import aws_console, request_addresses
from request_lens_cli.deployed.stack import DeployedStackView, read_stack
from request_lens_cli.deployed.table import DeployedTable, open_stack_table
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.period import command_clock
from request_lens_cli.options.request_id import CommandOfRequest
from request_lens_cli.options.shared import format_option, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.documents import unlinked_document
from request_lens_cli.report.period import Period
from request_lens_cli.terminal.console import notes_beside, open_console, print_addresses
from request_lens_cli.terminal.progress import working
from request_lens_cli.terminal.request_view import show_request, shown_document
from request_lens_cli.terminal.unlinked_table import show_unlinked_call, unlinked_sentence

_SHOW_EXAMPLES = examples(
    "request-lens show 8vyhhrKPTgKzGt2=",
    "request-lens show 8vyhhrKPTgKzGt2= --web",
    "request-lens show 8vyhhrKPTgKzGt2= --stack-name request-lens-prod --profile prod --format json",
    "request-lens show 15bd25c3-6d02-4891-8686-a7f152b12ad1",
)


_ENDS_ID = "="

_CALL_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
"""An invocation's id, which Bedrock gives."""

PUBLISHED_WITHIN = timedelta(days=1)
"""Logs Insights is asked for so long after a request was stored: revisions come within minutes, late ones in hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shown:
    """The stack that is asked, with its table, and how the answer is given out."""

    view: DeployedStackView
    table: DeployedTable
    web: bool
    zone: tzinfo | None
    as_json: bool


@click.command("show", cls=CommandOfRequest, epilog=_SHOW_EXAMPLES)
@click.argument("id_", metavar="ID")
@click.option(
    "--web", is_flag=True, help="Print where AWS's console shows it: dashboard, lines of the log, trace if known."
)
@click.option("--local", is_flag=True, help="Show times in this machine's time zone, not in UTC.")
@format_option
@stack_options
def show_command(*, id_: str, web: bool, local: bool, stack: StackChoice, format_: str) -> None:
    """Show one API request with every LLM call that it made.

    ID is a request's: a client finds it in the response, in the header `apigw-requestid` of an HTTP API,
    `x-amz-apigw-id` of a REST API. Or it is a call's, the requestId of Bedrock's log: shown is its request, or why
    it has none.
    """
    view = read_stack(stack)
    table = open_stack_table(view)
    shown = _Shown(view=view, table=table, web=web, zone=None if local else UTC, as_json=format_ == "json")
    state = _known(table, _spellings(id_))
    call = None if state is not None else next(iter(table.unlinked([id_])), None)
    if call is not None and not isinstance(call.decision, Link):
        _show_call(call, shown)
    else:
        _show_state(state or _state_of_call(id_, call, shown), shown, of_call=None if state is not None else id_)


def _known(table: DeployedTable, ids: Iterable[str]) -> RequestState | None:
    return next((state for state in table.states(ids) if state.record is not None or state.invocations), None)


def _state_of_call(id_: str, call: UnlinkedInvocation | None, shown: _Shown) -> RequestState:
    """The request of a call that was linked to it, or is tagged: which the table has under its request alone."""
    request_id = call.decision.request_id if call is not None and isinstance(call.decision, Link) else None
    if request_id is None and _CALL_ID.fullmatch(id_):
        now = command_clock().now()
        with working("Looking for a tagged call of this id"):
            request_id = shown.table.request_of(id_, Period(first=now - shown.view.policy.retention, last=now))
    state = _known(shown.table, [request_id] if request_id is not None else [])
    if state is None:
        raise click.ClickException(
            f"No request or call {id_!r}: it is mistyped, its logs have not arrived, or it has expired. "
            "List what there is with `request-lens requests`."
        )
    return state


def _show_call(call: UnlinkedInvocation, shown: _Shown) -> None:
    """Say why the call has no request, and which ones it fits."""
    if shown.web:
        raise click.ClickException(f"{unlinked_sentence(call)}: --web shows what there is of a request.")
    policy = shown.view.policy
    fitting = shown.table.requests_that_fit(call, policy)
    if shown.as_json:
        click.echo(json.dumps(unlinked_document(call, fitting, policy), indent=2))
    else:
        show_unlinked_call(call, fitting or (), open_console())


def _show_state(state: RequestState, shown: _Shown, *, of_call: str | None) -> None:
    """Show a request, which may have been asked for by the id of one of its calls."""
    view, table = shown.view, shown.table
    if shown.web:
        print_addresses(request_addresses(view, state, _published(state)))
    elif shown.as_json:
        possible = table.possible(state, view.policy)
        document = shown_document(state, possible, policy=view.policy, aws_console=aws_console(view))
        click.echo(json.dumps(document, indent=2))
    else:
        console = open_console()
        details = replace(table.details(state.request_id, view.policy), possible=table.possible(state, view.policy))
        if of_call is not None:
            notes_beside(console).print(_which_call(of_call, details, view.policy), highlight=False, markup=False)
        show_request(state, details, policy=view.policy, console=console, zone=shown.zone)
        _show_trace(view, state, console)


def _which_call(invocation_id: str, details: RequestDetail, policy: Policy) -> str:
    """Which of the request's calls this is, by its number below; one that was linked just now may not be among them."""
    ids = [call.invocation.invocation_id for call in in_order(details.calls, policy)]
    number = f"number {ids.index(InvocationId(invocation_id)) + 1} " if invocation_id in ids else ""
    return f"Call {invocation_id} is {number}of this request:"


def _show_trace(view: DeployedStackView, state: RequestState, console: Console) -> None:
    """Say where AWS's console shows the request's trace, in a pipe beside the output."""
    trace_id, address = trace_of(state), aws_console(view)
    if trace_id is not None and address:
        words = f"Its trace: {trace_address(address, trace_id)}"
        notes_beside(console).print(words, highlight=False, markup=False, soft_wrap=True)


def _spellings(request_id: str) -> list[str]:
    """The id as it was given, and with the sign that ends an HTTP API's: a double click leaves that out."""
    return [request_id] if request_id.endswith(_ENDS_ID) else [request_id, f"{request_id}{_ENDS_ID}"]


def _published(state: RequestState) -> Period:
    """When lines of the request may have been published: from when it was stored, for a day."""
    now = command_clock().now()
    first = state.stored_at or (state.record.started_at if state.record is not None else now - PUBLISHED_WITHIN)
    return Period(first=first, last=min(first + PUBLISHED_WITHIN, now))
