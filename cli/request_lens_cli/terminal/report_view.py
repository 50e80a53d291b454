"""A report on the terminal and as JSON."""

from rich.console import Console

from request_lens.domain.linking.link import Link
from request_lens.domain.policy import Policy
from request_lens.presentation.certainty import INEXACT, Doubt
from request_lens.presentation.formatting import pluralize
from request_lens.presentation.remedies import remedy
from request_lens.presentation.sums import shared_calls_note
from request_lens.presentation.timeline.drawing import View
from request_lens.presentation.timeline.row import RowOrder
from request_lens.presentation.traced import COMPLETING, incomplete_words
from request_lens_cli.report.costs import cost_line
from request_lens_cli.report.documents import summary_document, unattributed_documents
from request_lens_cli.report.headline import earlier_note, headline, truncation_note
from request_lens_cli.report.report import Report
from request_lens_cli.report.request_schema import Document
from request_lens_cli.report.selection import lesser_note
from request_lens_cli.terminal.console import notes_beside
from request_lens_cli.terminal.requests_table import print_requests
from request_lens_cli.terminal.timeline.bars import render_bars
from request_lens_cli.terminal.unlinked_table import print_unlinked


def report_document(report: Report, policy: Policy, *, aws_console: str = "") -> Document:
    """The report as JSON: the summaries, the invocations that are unattributed, and how many are pending.

    `pending` is the older name of `pending_calls`; `aws_console` is where traces can be seen.
    """
    return {
        "requests": [summary_document(state, policy, aws_console=aws_console) for state in report.requests],
        "unattributed": unattributed_documents(report.unlinked, policy),
        "pending_requests": report.pending_requests,
        "pending_calls": report.pending,
        "pending": report.pending,
    }


def show_report(report: Report, drawn: Report, console: Console, view: View) -> None:
    """Print a report: its list, its headline, what has no request, and on a terminal those `drawn` as bars."""
    has_bars = bool(report.requests) and console.is_terminal
    show_requests(report, console, explained=has_bars)
    if has_bars:
        console.print()
        if left_out := len(report.requests) - len(drawn.requests):
            which = "newest" if view.order is RowOrder.TIME else "first"
            bars = f"The bars are the {which} {len(drawn.requests):,} of {len(report.requests):,} requests: "
            others = "earlier ones" if view.order is RowOrder.TIME else "others"
            console.print(f"{bars}{left_out:,} {others} are in the list and in its sums.", highlight=False)
            console.print()
        rows, unlinked = drawn.timeline_rows(), drawn.unlinked
        console.print(render_bars(rows, width=console.width, axis=view.axis, order=view.order, unlinked=unlinked))


def show_requests(report: Report, console: Console, *, empty: str = "No requests.", explained: bool = False) -> None:
    """Print a report's list and headline, and what has no request by reason; in a pipe the list alone.

    `empty` stands where there is nothing; where the signs are to be `explained` below, they are not explained here.
    """
    notes = notes_beside(console)
    if not report.requests and not report.unlinked:
        notes.print(empty, highlight=False)
        return
    if report.requests:
        print_requests(report, console)
        if notes is console:
            notes.print()
    notes.print(headline(report), style="bold", highlight=False)
    if not explained and any(state.summary is not None and state.summary.is_about for state in report.requests):
        notes.print(f"≈ {INEXACT}.", highlight=False)
    if report.requests:
        notes.print(f"{cost_line(report)}.", highlight=False)
    if report.earlier:
        more = f"{earlier_note(report)}, nor in these sums: ask for a shorter time, or a higher --limit."
        notes.print(more, style="yellow", highlight=False)
    if report.lesser:
        lesser = f"{lesser_note(report)}: neither shown, nor in these sums."
        notes.print(lesser, style="yellow", highlight=False)
    if report.lacking:
        notes.print(report.lacking, style="yellow", highlight=False)
    show_uncertain(report, notes)
    _show_cut(report, notes)


def show_uncertain(report: Report, console: Console) -> None:
    """Print how many requests are uncertain, why, and what helps; how many lack calls; which calls have no request."""
    said = {Doubt.NO_LOG} if report.lacking else set()
    for doubt, count in sorted((doubt, count) for doubt, count in report.doubts().items() if doubt not in said):
        helps = remedy(doubt, names_roles=report.names_roles)
        uncertain = f"{pluralize(count, 'request')} uncertain: {doubt.value}. What helps: {helps}."
        console.print(uncertain, style="yellow", highlight=False)
    if note := shared_calls_note(report.summaries):
        console.print(note, highlight=False)
    if report.incomplete:
        words = f"{incomplete_words(report.incomplete)}: request-lens show names them. What helps: {COMPLETING}."
        console.print(words, style="yellow", highlight=False)
    whole = f"{report.of_all_time} ".capitalize() if report.of_all_time else ""
    for lost in report.without_request():
        console.print(f"{whole}{lost.sentence}.", highlight=False)


def show_unlinked(report: Report, console: Console, *, limit: int | None = None) -> None:
    """Print each invocation that belongs to no request, or is not decided yet: the newest `limit`, and how many all."""
    unlinked = [call for call in report.unlinked if not isinstance(call.decision, Link)]
    shown = unlinked if limit is None else unlinked[-limit:]
    notes = notes_beside(console)
    if unlinked:
        print_unlinked(shown, console)
        if notes is console:
            notes.print()
        notes.print(f"{report.unattributed:,} unattributed, {report.pending:,} pending", style="bold", highlight=False)
        for lost in report.without_request():
            notes.print(f"{lost.sentence}.", highlight=False)
    else:
        notes.print("No call of this time is without a request.")
    if len(shown) < len(unlinked):
        cut = f"Only the newest {len(shown):,} are shown: give a higher --limit."
        notes.print(cut, style="yellow", highlight=False)
    _show_cut(report, notes)


def _show_cut(report: Report, console: Console) -> None:
    if note := truncation_note(report):
        console.print(f"{note.capitalize()}.", style="yellow", highlight=False)
