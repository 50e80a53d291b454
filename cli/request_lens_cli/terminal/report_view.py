"""A report on the terminal and as JSON."""

from rich.console import Console

from request_lens.domain.linking.link import Link
from request_lens.domain.policy import Policy
from request_lens_cli.report.costs import cost_line
from request_lens_cli.report.documents import Document, summary_document, unattributed_documents
from request_lens_cli.report.report import Report, earlier_note, headline, truncation_note
from request_lens_cli.terminal.bars import render_bars
from request_lens_cli.terminal.requests_table import requests_table
from request_lens_cli.terminal.unlinked_table import doubt_table, unlinked_list, unlinked_table

NO_REQUESTS = "No requests in this time. Does the API write its access log to the stack's log group?"


def report_document(report: Report, policy: Policy) -> Document:
    """The report as JSON: the summaries, the invocations that are unattributed, and how many are pending."""
    return {
        "requests": [summary_document(state, policy) for state in report.requests],
        "unattributed": unattributed_documents(report.unlinked, policy),
        "pending": report.pending,
    }


def show_report(report: Report, console: Console) -> None:
    """Print a report: its table, its headline, what has no request, and the bars."""
    show_requests(report, console)
    if report.requests:
        console.print()
        console.print(render_bars(report.timeline_rows(), width=console.width))


def show_requests(report: Report, console: Console) -> None:
    """Print a report's table and headline, and what has no request by reason."""
    if not report.requests and not report.unlinked:
        console.print(NO_REQUESTS)
        return
    if report.requests:
        console.print(requests_table(report, width=console.width))
    console.print(headline(report), style="bold", highlight=False)
    if report.requests:
        console.print(f"{cost_line(report)}.", highlight=False)
    if report.earlier:
        console.print(f"{earlier_note(report)}: ask for a shorter time.", style="yellow", highlight=False)
    show_uncertain(report, console)
    _show_cut(report, console)


def show_uncertain(report: Report, console: Console) -> None:
    """Print which requests are uncertain and why, and which invocations have no request; nothing where all is clear."""
    if not report.is_certain:
        console.print(doubt_table(report))
    if report.unattributed or report.pending:
        console.print(unlinked_table(report))


def show_unlinked(report: Report, console: Console) -> None:
    """Print each invocation that belongs to no request, or is not decided yet."""
    unlinked = [call for call in report.unlinked if not isinstance(call.decision, Link)]
    if not unlinked:
        console.print("Every invocation of this time belongs to a request.")
        _show_cut(report, console)
        return
    console.print(unlinked_list(unlinked))
    console.print(f"{report.unattributed:,} unattributed, {report.pending:,} pending", style="bold", highlight=False)
    _show_cut(report, console)


def _show_cut(report: Report, console: Console) -> None:
    if note := truncation_note(report):
        console.print(f"{note.capitalize()}.", style="yellow", highlight=False)
