"""`request-lens rejected`: the log events that a deployed stack has set aside."""

import json
from collections import Counter
from collections.abc import Sequence

import click
from rich.console import Console

from request_lens.domain.log_record import Rejected, StoredRejected
from request_lens.presentation.formatting import UNKNOWN, counts_text, iso_ms, plain_number, pluralize
from request_lens_cli.deployed.stack import read_stack
from request_lens_cli.deployed.table import LIST_LIMIT, open_stack_table
from request_lens_cli.inspection.json_faults import json_fault
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.period import command_clock
from request_lens_cli.options.shared import format_option, period_options, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.documents import rejected_document
from request_lens_cli.report.period import Period
from request_lens_cli.report.request_schema import Document
from request_lens_cli.terminal.console import notes_beside, open_console
from request_lens_cli.terminal.listing import Column, print_list
from request_lens_cli.terminal.progress import hours_told, working

_EXAMPLES = examples(
    "request-lens rejected --since 1d", "request-lens rejected --since 3h --format json --stack-name request-lens-prod"
)


def _in_words(record: Rejected) -> str:
    """What is wrong with the record; of text that is no JSON in a sentence, which the reader's own words are not."""
    return json_fault(record.reason, record.detail) or record.detail or UNKNOWN


_COLUMNS: Sequence[Column[StoredRejected]] = (
    Column(header="Rejected (UTC)", cell=lambda row: f"{row.stored_at:%m-%d %H:%M:%S}"),
    Column(header="Reason", cell=lambda row: row.record.reason.value),
    Column(header="Detail", cell=lambda row: _in_words(row.record)),
    Column(header="Bytes", cell=lambda row: counts_text(row.record.size_bytes), numeric=True, leaves=1),
    Column(header="Log group", cell=lambda row: row.record.log_group or UNKNOWN),
    Column(header="Log stream", cell=lambda row: row.record.log_stream or UNKNOWN),
    Column(header="Event id", cell=lambda row: row.record.event_id or UNKNOWN),
)
_PIPED: Sequence[Column[StoredRejected]] = (
    Column(header="Rejected (UTC)", cell=lambda row: f"{row.stored_at:%Y-%m-%d %H:%M:%S}"),
    _COLUMNS[1],
    Column(header="Detail", cell=lambda row: row.record.detail or UNKNOWN),
    Column(header="Bytes", cell=lambda row: plain_number(row.record.size_bytes)),
    *_COLUMNS[4:],
)


@click.command("rejected", epilog=_EXAMPLES)
@period_options(default="1h")
@format_option
@stack_options
def rejected_command(*, period: Period, stack: StackChoice, format_: str) -> None:
    """List the log events of a period that were set aside, and why; never their text."""
    view = read_stack(stack)
    kept = view.kept(period, now=command_clock().now())
    with working("Reading the rejected records") as note:
        table = open_stack_table(view, on_hour=hours_told(note, "Reading the rejected records"))
        records = table.reader.rejected_between(kept.first, kept.last, limit=LIST_LIMIT)
    if format_ == "json":
        click.echo(json.dumps(rejected_documents(records), indent=2))
    else:
        show_rejected(records, open_console())


def rejected_documents(records: Sequence[StoredRejected]) -> Document:
    """The kept records as JSON, and whether there may be more of them than were read."""
    return {"rejected": [stored_rejected_document(stored) for stored in records], "may_be_more": _is_cut(records)}


def show_rejected(records: Sequence[StoredRejected], console: Console) -> None:
    """Print the kept records, how many there are by reason, and whether there may be more."""
    notes = notes_beside(console)
    if records:
        print_list(_COLUMNS, records, console, piped=_PIPED)
    reasons = Counter(stored.record.reason for stored in records)
    counts = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
    notes.print(pluralize(len(records), "rejected record") + (f": {counts}" if counts else ""), style="bold")
    if _is_cut(records):
        note = f"Showing the earliest {len(records):,} rejected records; narrow the time range to see all."
        notes.print(note, style="yellow", highlight=False)


def _is_cut(records: Sequence[StoredRejected]) -> bool:
    return len(records) >= LIST_LIMIT


def stored_rejected_document(stored: StoredRejected) -> Document:
    """One kept record: why it was rejected and when, and where its text lies."""
    record = stored.record
    where = {"log_group": record.log_group, "log_stream": record.log_stream, "event_id": record.event_id}
    return {"rejected_at": iso_ms(stored.stored_at), **rejected_document(record), **where}
