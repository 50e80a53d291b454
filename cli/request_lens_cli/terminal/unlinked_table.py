"""What is not certain, as tables for the terminal: uncertain requests, and invocations that belong to no request."""

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from request_lens.domain.facts import Invocation
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.presentation.calls import end_text
from request_lens.presentation.certainty import remedy
from request_lens.presentation.formatting import UNKNOWN, cleaned, counts_text, seconds
from request_lens_cli.report.report import Report, why


def unlinked_table(report: Report) -> Table:
    """How many invocations belong to no request, or are not decided yet, by state and reason."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Invocations", justify="right")
    table.add_column("Without a request")
    for state, count in sorted(report.without_request().items()):
        table.add_row(f"{count:,}", state)
    return table


def doubt_table(report: Report) -> Table:
    """How many requests are uncertain, why, and what helps."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("Requests", justify="right")
    table.add_column("Uncertain, because", overflow="fold")
    table.add_column("What helps", overflow="fold")
    for doubt, count in sorted(report.doubts().items()):
        table.add_row(f"{count:,}", doubt.value, remedy(doubt))
    return table


def unlinked_list(unlinked: Sequence[UnlinkedInvocation]) -> Table:
    """One invocation in two lines: when it was logged, what it was, who made it, and why no request has it."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold", leading=1)
    for header in ("Logged (UTC)\nLatency", "Tokens in/out\nEnded with"):
        table.add_column(header, justify="right", no_wrap=True)
    for header in ("Why\nInvocation", "Model\nCaller's role"):
        table.add_column(header, overflow="fold")
    for undecided in unlinked:
        call = undecided.invocation
        logged = f"{call.logged_at:%m-%d %H:%M:%S}\n{seconds(call.latency_ms)}"
        tokens = Text.assemble(counts_text(call.tokens.input, call.tokens.output), "\n", ended_with(call))
        names = ((why(undecided), call.invocation_id), (call.model_id, call.caller_role or UNKNOWN))
        table.add_row(logged, tokens, *(Text("\n".join(map(cleaned, pair))) for pair in names))
    return table


def ended_with(call: Invocation) -> Text:
    """The error in red, else the stop reason."""
    return Text(cleaned(end_text(call)), style="red" if call.error_code is not None else "")
