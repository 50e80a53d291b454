"""`request-lens requests`: the API requests of a period, from a deployed table."""

import csv
import json
import time
from dataclasses import dataclass, replace
from datetime import timedelta
from io import StringIO

import click

from request_lens.domain.facts import RequestId
from request_lens.domain.settling.state import RequestState
from request_lens_cli.deployed.console import aws_console, period_addresses
from request_lens_cli.deployed.stack import DeployedStackView, read_stack
from request_lens_cli.deployed.table import DeployedTable, open_stack_table
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.output import Format, ListOutput, list_output_options
from request_lens_cli.options.period import command_clock, was_given
from request_lens_cli.options.shared import period_options, sorted_selection_options, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.documents import CSV_KEYS, csv_row, summary_document, unattributed_documents
from request_lens_cli.report.empty import no_requests, none_selected
from request_lens_cli.report.period import Period
from request_lens_cli.report.report import Report
from request_lens_cli.report.selection import Order, Selection, may_match_note
from request_lens_cli.terminal.console import notes_beside, open_console, print_addresses, stderr_console
from request_lens_cli.terminal.listing import Listing
from request_lens_cli.terminal.progress import Note, hours_told, working
from request_lens_cli.terminal.report_view import report_document, show_requests, show_unlinked
from request_lens_cli.terminal.requests_table import requests_listing

_REQUESTS_EXAMPLES = examples(
    "request-lens requests --since 15m",
    'request-lens requests --since 1d --route "POST /ask" --min-calls 5 --sort cost --limit 10',
    "request-lens requests --since 2025-12-04T18:00 --until 2025-12-04T19:00 --format csv",
    "request-lens requests --since 1d --failed --format ndjson",
    "request-lens requests --follow --uncertain",
    "request-lens requests --since 3h --unattributed",
    "request-lens requests --since 3h --web",
)

POLL_SECONDS = 2.0
"""How often `--follow` reads the table."""

FOLLOWED = timedelta(hours=1)
"""Requests that `--follow` still looks at: each is settled within this of its start, the longest waits included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Query:
    """Which requests of which table are asked for, and in which zone times are shown."""

    period: Period
    selection: Selection
    stack: DeployedStackView
    table: DeployedTable
    output: ListOutput

    def read(self) -> Report:
        """All requests of the period, with their calls where the format has them."""
        if self.output.format_ in (Format.JSON, Format.NDJSON):
            return self.table.report_with_calls(self.period, self.stack.policy)
        return self.table.report(self.period, self.stack.policy)

    def telling(self, note: Note, doing: str) -> "_Query":
        """The same, that says how far it has read."""
        return replace(self, table=open_stack_table(self.stack, on_hour=hours_told(note, doing)))

    def selected(self, report: Report) -> Report:
        """Those of them that are asked for."""
        return replace(self.selection.of(report), zone=self.output.zone)

    def now(self) -> "_Query":
        """The same of the requests until now, as far back as one that is not settled can lie."""
        now = command_clock().now()
        return replace(self, period=Period(first=max(self.period.first, now - FOLLOWED), last=now))


@click.command("requests", epilog=_REQUESTS_EXAMPLES)
@period_options(default="1h")
@sorted_selection_options
@click.option("--unattributed", is_flag=True, help="The calls that belong to no request, and why, instead of requests.")
@list_output_options
@stack_options
def requests_command(
    *, period: Period, selection: Selection, unattributed: bool, output: ListOutput, stack: StackChoice
) -> None:
    """List the API requests of a period with their LLM calls."""
    if unattributed and (replace(selection, limit=None) != Selection() or output.is_about_requests):
        raise click.UsageError(
            "--unattributed lists calls: leave out what selects requests, --follow, --web, and the formats "
            "ndjson and csv"
        )
    if output.follow and (was_given("until") or selection.order is not Order.TIME):
        raise click.UsageError("--follow lists requests as they settle, until Ctrl-C: leave out --until and --sort")
    view = read_stack(stack)
    kept = view.kept(period, now=command_clock().now())
    query = _Query(period=kept, selection=selection, stack=view, table=open_stack_table(view), output=output)
    if unattributed:
        _list_unattributed(query)
    elif output.web:
        print_addresses(period_addresses(view, kept))
    elif output.follow:
        _follow(query)
    else:
        _list_requests(query)


def _list_requests(query: _Query) -> None:
    with working("Reading the requests") as note:
        whole = query.telling(note, "Reading the requests").read()
    report = query.selected(whole)
    match query.output.format_:
        case Format.JSON:
            click.echo(
                json.dumps(report_document(report, query.stack.policy, aws_console=aws_console(query.stack)), indent=2)
            )
        case Format.NDJSON:
            _print_lines(report, query)
        case Format.CSV:
            _print_csv(report, query)
        case Format.TABLE if whole.requests and not report.requests:
            notes_beside(open_console()).print(none_selected(whole, query.selection), highlight=False)
        case Format.TABLE:
            show_requests(report, open_console(), empty=no_requests(query.period))
    if note_below := may_match_note(report, "--min-calls and --limit"):
        stderr_console().print(f"{note_below}.", style="yellow", highlight=False)


def _print_lines(report: Report, query: _Query) -> None:
    address = aws_console(query.stack)
    for state in report.requests:
        click.echo(json.dumps(summary_document(state, query.stack.policy, aws_console=address)))


def _print_csv(report: Report, query: _Query) -> None:
    lines = StringIO()
    rows = csv.DictWriter(lines, CSV_KEYS, lineterminator="\n")
    rows.writeheader()
    address = aws_console(query.stack)
    rows.writerows(csv_row(state, query.stack.policy, aws_console=address) for state in report.requests)
    click.echo(lines.getvalue(), nl=False)


def _follow(query: _Query) -> None:
    """List the settled requests of the period, then each that settles or is revised; ends with Ctrl-C."""
    listing: Listing[RequestState] | None = None
    listed: dict[RequestId, int] = {}
    try:
        while True:
            report = query.selected(query.read())
            news = [state for state in report.requests if state.revision > listed.get(state.request_id, 0)]
            listed |= {state.request_id: state.revision for state in news}
            if query.output.format_ is Format.NDJSON:
                _print_lines(replace(report, requests=news), query)
            elif news:
                listing = listing or requests_listing(report, open_console())
                listing.print(news)
            time.sleep(POLL_SECONDS)
            query = query.now()
    except KeyboardInterrupt:
        return


def _list_unattributed(query: _Query) -> None:
    with working("Reading the untagged calls") as note:
        table = query.telling(note, "Reading the untagged calls").table
        report, limit = table.report(query.period, query.stack.policy), query.selection.limit
    if query.output.format_ is Format.JSON:
        unattributed = unattributed_documents(report.unlinked, query.stack.policy)
        newest = unattributed if limit is None else unattributed[-limit:]
        click.echo(json.dumps({"unattributed": newest, "pending": report.pending}, indent=2))
    else:
        show_unlinked(report, open_console(), limit=limit)
