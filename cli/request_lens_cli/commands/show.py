"""`request-lens show`: one API request with every LLM call that it made."""

import json

import click

from request_lens_cli.deployed.stack import read_stack
from request_lens_cli.deployed.table import open_stack_table
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.shared import format_option, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.terminal.console import open_console
from request_lens_cli.terminal.request_view import show_request, state_document

_SHOW_EXAMPLES = examples(
    "request-lens show 8vyhhrKPTgKzGt2=",
    "request-lens show 8vyhhrKPTgKzGt2= --stack-name request-lens-prod --profile prod --format json",
)


@click.command("show", epilog=_SHOW_EXAMPLES)
@click.argument("request_id")
@stack_options
@format_option
def show_command(*, request_id: str, stack: StackChoice, format_: str) -> None:
    """Show one API request with every LLM call that it made.

    A client finds the id of its request in the response: the header `apigw-requestid` of an HTTP API,
    `x-amz-apigw-id` of a REST API.
    """
    view = read_stack(stack)
    table = open_stack_table(view)
    state = table.states([request_id])[0]
    if state.record is None and not state.invocations:
        raise click.ClickException(
            f"No request {request_id!r}: its logs have not arrived, or it has expired. "
            "List what there is with: request-lens requests"
        )
    if format_ == "json":
        click.echo(json.dumps(state_document(state, view.policy), indent=2))
    else:
        show_request(state, table.details(request_id, view.policy), policy=view.policy, console=open_console())
