"""`request-lens rejected`: the log events that a deployed stack has set aside."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import click
from rich.box import SIMPLE_HEAD
from rich.table import Table

from request_lens.domain.facts import StoredRejected
from request_lens_cli.deployed import LIST_LIMIT, open_stack_table, read_stack
from request_lens_cli.documents import Document, iso_ms, rejected_document
from request_lens_cli.query_commands import format_option, read_since, stack_name_option
from request_lens_cli.report import counted
from request_lens_cli.report_table import UNKNOWN
from request_lens_cli.terminal import open_console

_COLUMNS = ("Rejected", "Reason", "Detail", "Bytes", "Log group", "Log stream", "Event id")


@click.command("rejected")
@click.option("--since", callback=read_since, default="1h", help="How far back: 90s, 15m, 3h, 2d. Default 1h.")
@stack_name_option
@format_option
def rejected_command(since: datetime, stack_name: str | None, format_: str) -> None:
    """List the log events of a period that were set aside, and why; never their text."""
    table = open_stack_table(read_stack(stack_name))
    found = table.reader.rejected_between(since, datetime.now(UTC), limit=LIST_LIMIT)
    if format_ == "json":
        click.echo(json.dumps([stored_rejected_document(each) for each in found], indent=2))
        return
    console = open_console()
    if found:
        console.print(rejected_table(found))
    reasons = Counter(each.record.reason for each in found)
    told = ", ".join(f"{reason} {count:,}" for reason, count in sorted(reasons.items()))
    console.print(counted(len(found), "rejected record") + (f": {told}" if told else ""), style="bold")


def stored_rejected_document(stored: StoredRejected) -> Document:
    """One kept record: why it was rejected and when, and where its text lies."""
    record = stored.record
    where = {"log_group": record.log_group, "log_stream": record.log_stream, "event_id": record.event_id}
    return {"rejected_at": iso_ms(stored.stored_at), **rejected_document(record), **where}


def rejected_table(found: Sequence[StoredRejected]) -> Table:
    """One record a row, in the order given."""
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), header_style="bold")
    for column in _COLUMNS:
        table.add_column(column, justify="right" if column == "Bytes" else "left", overflow="fold")
    for each in found:
        record = each.record
        size = UNKNOWN if record.size_bytes is None else f"{record.size_bytes:,}"
        where = [name or UNKNOWN for name in (record.log_group, record.log_stream, record.event_id)]
        table.add_row(f"{each.stored_at:%H:%M:%S}", record.reason.value, record.detail or UNKNOWN, size, *where)
    return table
