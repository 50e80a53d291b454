"""What a redrive did, or would do, in the terminal and as JSON."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from request_lens.presentation.formatting import cleaned
from request_lens_cli.operating.outcome import Fate, Tally
from request_lens_cli.report.request_schema import Document

MAX_FAILURES = 20
"""So many failures are listed; JSON has all."""


def redrive_document(tally: Tally) -> Document:
    """Counts by kind and fate, and each failure with where it lies and why."""
    return {
        "counts": {kind: {fate.value: tally.counts[kind, fate] for fate in Fate} for kind in tally.kinds},
        "failures": [{"kind": each.kind, "where": each.where, "error": each.error} for each in tally.failures],
    }


def show_redrive(tally: Tally, console: Console) -> None:
    """Print how many of each kind there were and what became of them, then the failures."""
    if tally.kinds:
        console.print(_counts_table(tally))
    console.print(_headline(tally), style="bold", highlight=False)
    for each in tally.failures[:MAX_FAILURES]:
        console.print(cleaned(each.where), markup=False, highlight=False, style="yellow")
        console.print(f"  {cleaned(each.error)}", markup=False, highlight=False)
    if len(tally.failures) > MAX_FAILURES:
        console.print(f"and {len(tally.failures) - MAX_FAILURES:,} more: --format json lists them all")


def _counts_table(tally: Tally) -> Table:
    fates = [fate for fate in Fate if tally.total(fate)]
    table = Table(box=SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("")
    for fate in fates:
        table.add_column(fate.value.capitalize(), justify="right")
    for kind in tally.kinds:
        table.add_row(kind, *(f"{tally.counts[kind, fate]:,}" for fate in fates))
    return table


def _headline(tally: Tally) -> str:
    waiting, sent, failed = (tally.total(fate) for fate in (Fate.WAITING, Fate.SENT, Fate.FAILED))
    parts = [f"{waiting:,} wait to be sent again"] if waiting else []
    parts += [f"{sent:,} sent again and deleted"] if sent else []
    parts += [f"{failed:,} failed and stay where they are"] if failed else []
    return ", ".join(parts) or "Nothing waits to be sent again"
