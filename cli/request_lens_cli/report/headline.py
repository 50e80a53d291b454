"""What is said of a report in one line: above its list, above its picture, and of what it leaves out."""

from request_lens.presentation.certainty import counted, so_far
from request_lens.presentation.failed_attempts import certainty_over_failed
from request_lens.presentation.formatting import MINUTE, pluralize, span_text
from request_lens.presentation.traced import with_missing
from request_lens_cli.report.period import period_of_starts
from request_lens_cli.report.report import COUNTED_UP_TO, MAX_UNTAGGED, Report


def headline(report: Report) -> str:
    """The report in one line, such as "10 requests, ≈ 17 LLM calls, 0 unattributed".

    With what went wrong: "10 requests, 1 of them failed, 3 of them uncertain, 1 of them incomplete, at least 17 LLM
    calls, 1 missing, 2 failed calls (1 throttled), 5 unattributed". Of some requests: "3 of 10 requests, ≈ 5 LLM calls;
    in the whole time 0 unattributed".
    """
    totals, is_pending = report.totals, report.pending_requests > 0
    records = [state.request for state in report.requests]
    failed, refused = sum(each.has_failed for each in records), sum(each.was_refused for each in records)
    counts = {"failed": failed, "refused": refused, "pending": report.pending_requests, "uncertain": report.uncertain}
    counts["incomplete"] = report.incomplete
    calls = so_far(counted(totals.llm_calls, "LLM call", report.certainty), pending=is_pending)
    throttled = f" ({totals.llm_throttles:,} throttled)" if totals.llm_throttles else ""
    of_failed = certainty_over_failed(report.summaries)
    parts = [
        _requests_words(report),
        *(f"{count:,} of them {state}" for state, count in counts.items() if count),
        with_missing(calls, *report.summaries),
        *([counted(totals.llm_errors, "failed call", of_failed) + throttled] if totals.llm_errors else []),
    ]
    beside = [f"{report.unattributed:,} unattributed"]
    if report.unlinked and not report.requests and not report.of_all_time:
        parts, beside = parts[:1], [f"{pluralize(report.unattributed, 'call')} unattributed"]
    beside += [f"{pluralize(report.pending, 'call')} not decided yet"] if report.pending else []
    apart = f"; {report.of_all_time} " if report.of_all_time else ", "
    return apart.join([", ".join(parts), ", ".join(beside)])


def _requests_words(report: Report) -> str:
    """How many requests these are, and of how many, as far as those are counted."""
    shown, left_out = len(report.requests), report.earlier + report.lesser
    if not left_out:
        return pluralize(shown, "request")
    least = "at least " if report.earlier >= COUNTED_UP_TO else ""
    return f"{shown:,} of {least}{pluralize(shown + left_out, 'request')}"


def earlier_note(report: Report) -> str:
    """How many requests of the period are left out, such as "12 earlier requests are not shown"."""
    verb = "is" if report.earlier == 1 else "are"
    least = "at least " if report.earlier >= COUNTED_UP_TO else ""
    return f"{least}{pluralize(report.earlier, 'earlier request')} {verb} not shown"


def truncation_note(report: Report) -> str:
    """That there may be more untagged invocations than the report has read; empty where it has read all."""
    if len(report.unlinked) < MAX_UNTAGGED:
        return ""
    return f"showing the earliest {len(report.unlinked):,} untagged calls; narrow the time range to see all"


def picture_subtitle(report: Report, *names: str) -> str:
    """Whose requests they are, by names such as the stack's and its Region; when they began; how many they are."""
    earlier = [earlier_note(report)] if report.earlier else []
    return " · ".join([*names, *_when(report), headline(report), *earlier])


def _when(report: Report) -> list[str]:
    """From the first start to the last, in minutes."""
    period = period_of_starts(report.requests)
    return [span_text(period.first, period.last, to=MINUTE)] if period else []
