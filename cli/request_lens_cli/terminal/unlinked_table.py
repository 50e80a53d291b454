"""The invocations that belong to no request, as a list."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from request_lens.domain.facts import Invocation
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.presentation.calls import end_text
from request_lens.presentation.formatting import UNKNOWN, cleaned, counts_text, seconds
from request_lens_cli.report.report import why
from request_lens_cli.terminal.listing import Column, print_list

_COLUMNS: Sequence[Column[UnlinkedInvocation]] = (
    Column(header="Invocation", cell=lambda call: call.invocation.invocation_id),
    Column(header="Logged (UTC)", cell=lambda call: f"{call.invocation.logged_at:%m-%d %H:%M:%S}", numeric=True),
    Column(header="Latency", cell=lambda call: seconds(call.invocation.latency_ms), numeric=True),
    Column(header="Why", cell=why),
    Column(header="Tokens in/out", cell=lambda call: tokens_text(call.invocation), numeric=True, leaves=2),
    Column(header="Ended with", cell=lambda call: ended_with(call.invocation), leaves=1),
    Column(header="Model", cell=lambda call: call.invocation.model_id, leaves=3),
    Column(header="Caller's role", cell=lambda call: call.invocation.caller_role or UNKNOWN, leaves=4),
)


def print_unlinked(unlinked: Sequence[UnlinkedInvocation], console: Console) -> None:
    """Print one invocation per line: when it was logged, what it was, who made it, and why no request has it."""
    print_list(_COLUMNS, unlinked, console)


def tokens_text(call: Invocation) -> str:
    """The call's tokens in and out."""
    return counts_text(call.tokens.input, call.tokens.output)


def ended_with(call: Invocation) -> Text:
    """The error in red, else the stop reason."""
    return Text(cleaned(end_text(call)), style="red" if call.error_code is not None else "")
