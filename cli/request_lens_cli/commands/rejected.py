"""`request-lens rejected`: the log events that a deployed stack has set aside."""

import json
from collections import Counter
from collections.abc import Sequence

import click
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from request_lens.domain.log_record import StoredRejected
from request_lens.presentation.formatting import UNKNOWN, counts_text, iso_ms, pluralize
from request_lens_cli.deployed.stack import read_stack
from request_lens_cli.deployed.table import LIST_LIMIT, open_stack_table
from request_lens_cli.options.help_text import examples
from request_lens_cli.options.shared import format_option, period_options, stack_options
from request_lens_cli.options.stack_choice import StackChoice
from request_lens_cli.report.documents import Document, rejected_document
from request_lens_cli.report.period import Period
from request_lens_cli.terminal.console import open_console
from request_lens_cli.terminal.progress import working

_EXAMPLES = examples(
    "request-lens rejected --since 1d", "request-lens rejected --since 3h --format json --stack-name request-lens-prod"
)
_COLUMNS = ("Rejected", "Reason", "Detail", "Bytes", "Log group", "Log stream", "Event id")


@click.command("rejected", epilog=_EXAMPLES)
@period_options(default="1h")
@stack_options
@format_option
def rejected_command(*, period: Period, stack: StackChoice, format_: str) -> None:
    """List the log events of a period that were set aside, and why; never their text."""
    view = read_stack(stack)
    kept = view.kept(period)
    with working("Reading the rejected records"):
        records = open_stack_table(view).reader.rejected_between(kept.first, kept.last, limit=LIST_LIMIT)
    if format_ == "json":
        click.echo(json.dumps(rejected_documents(records), indent=2))
    else:
        show_rejected(records, open_console())


def rejected_documents(records: Sequence[StoredRejected]) -> Document:
    """The kept records as JSON, and whether there may be more of them than were read."""
    return {"rejected": [stored_rejected_document(stored) for stored in records], "may_be_more": _is_cut(records)}


def show_rejected(records: Sequence[StoredRejected], console: Console) -> None:
    """Print the kept records, how many there are by reason, and whether there may be more."""
    if records:
        console.print(rejected_table(records))
    reasons = Counter(stored.record.reason for stored in records)
    counts = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
    console.print(pluralize(len(records), "rejected record") + (f": {counts}" if counts else ""), style="bold")
    if _is_cut(records):
        note = f"Showing the earliest {len(records):,} rejected records; narrow the time range to see all."
        console.print(note, style="yellow", highlight=False)


def _is_cut(records: Sequence[StoredRejected]) -> bool:
    return len(records) >= LIST_LIMIT


def stored_rejected_document(stored: StoredRejected) -> Document:
    """One kept record: why it was rejected and when, and where its text lies."""
    record = stored.record
    where = {"log_group": record.log_group, "log_stream": record.log_stream, "event_id": record.event_id}
    return {"rejected_at": iso_ms(stored.stored_at), **rejected_document(record), **where}


def rejected_table(records: Sequence[StoredRejected]) -> Table:
    """One record a row, in the order given."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    for column in _COLUMNS:
        table.add_column(column, justify="right" if column == "Bytes" else "left", overflow="fold")
    for stored in records:
        record = stored.record
        where = [name or UNKNOWN for name in (record.log_group, record.log_stream, record.event_id)]
        table.add_row(
            f"{stored.stored_at:%H:%M:%S}",
            record.reason.value,
            record.detail or UNKNOWN,
            counts_text(record.size_bytes),
            *where,
        )
    return table
