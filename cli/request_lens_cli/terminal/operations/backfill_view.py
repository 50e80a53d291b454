"""What a backfill will do, and what to expect of it, before it begins; and what it did."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from rich.console import Console

from request_lens.presentation.formatting import iso_ms, moment_text
from request_lens_cli.operating.backfilling.backfill import Progress
from request_lens_cli.operating.backfilling.estimate import LEAST_USD_PER_MILLION, MOST_USD_PER_MILLION, Estimate
from request_lens_cli.report.period import Period
from request_lens_cli.report.request_schema import Document

METRIC_AGE = timedelta(days=14)
"""CloudWatch refuses values that are older."""

PROMPT = timedelta(hours=3)
"""CloudWatch shows values that are younger within minutes."""


def show_plan(names: Sequence[str], period: Period, estimate: Estimate, console: Console) -> None:
    """Print what will be read, and what that costs."""
    console.print(f"From {moment_text(period.first)} until {moment_text(period.last)}, from:", highlight=False)
    for name in names:
        console.print(f"  {name}", markup=False, highlight=False)
    console.print(estimate_text(estimate), style="bold", highlight=False)


def estimate_text(estimate: Estimate) -> str:
    """How much there is, and its cost, as far as they are known."""
    if estimate.events is None or estimate.least_usd is None or estimate.most_usd is None:
        least, most = (f"{usd:.0f}" for usd in (LEAST_USD_PER_MILLION, MOST_USD_PER_MILLION))
        return f"How many log events: unknown. A million cost {least} to {most} USD (est.)."
    megabytes = (estimate.size_bytes or 0) / 1_000_000
    cost = f"{estimate.least_usd:.2f} to {estimate.most_usd:.2f} USD"
    return f"About {estimate.events:,} log events ({megabytes:,.1f} MB). Estimated cost: {cost}."


def expectations(asked: Period, kept: Period, now: datetime) -> Iterator[str]:
    """What will look otherwise than after live delivery."""
    if kept.first > asked.first:
        yield f"The table keeps nothing of before {moment_text(kept.first)} (RetentionDays): that is not read."
    if kept.first < now - METRIC_AGE:
        oldest = moment_text(now - METRIC_AGE)
        yield f"CloudWatch refuses metrics of before {oldest}, which are older than 14 days; the table gets all."
    if kept.first < now - PROMPT:
        yield "CloudWatch shows late metrics after up to 48 hours; the table has all within minutes."
        yield "LogDelay, SettleDelay and AssumptionBreaches will tell that the logs came late; alarms may fire."


def backfill_document(period: Period, progress: Progress) -> Document:
    """What was sent, and until when."""
    return {
        "since": iso_ms(period.first),
        "until": iso_ms(period.last),
        "done_until": iso_ms(progress.until),
        "log_events": progress.events,
        "batches": progress.batches,
    }
