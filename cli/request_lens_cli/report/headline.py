"""What is said of a report in one line: above its list, above its picture, and of what it leaves out."""

from collections.abc import Iterator, Sequence

from request_lens.domain.facts import Invocation
from request_lens.domain.linking.link import Link
from request_lens.presentation.certainty import Certainty, counted, so_far
from request_lens.presentation.failed_attempts import attempts_words, certainty_over_failed
from request_lens.presentation.formatting import MINUTE, pluralize, span_text
from request_lens.presentation.sums import (
    KnownCalls,
    calls_counted,
    failed_counted,
    may_have_others,
    requests_counted,
    whole_of_parts,
)
from request_lens.presentation.traced import missing_over, with_missing
from request_lens_cli.report.period import period_of_starts
from request_lens_cli.report.report import COUNTED_UP_TO, MAX_UNTAGGED, Report


def headline(report: Report) -> str:
    """The report in one line, as the widget says it: "10 requests · 17 LLM calls, all linked".

    With all that may be: "10 requests: 1 failed (5xx), 3 pending, 3 uncertain · 20 LLM calls so far: 12 linked, 3
    pending, 5 unattributed · 2 failed calls, 1 of them throttled · 1 missing call". Of some requests, to whose calls
    those of the whole time do not add up: "3 of 10 requests · ≈ 5 LLM calls · in the whole time 2 LLM calls
    unattributed".
    """
    records = [state.request for state in report.requests]
    counts = requests_counted(
        records, pending=report.pending_requests, uncertain=report.uncertain, incomplete=report.incomplete
    )
    calls = _of_some(report) if report.of_all_time else _of_all(report)
    return " · ".join([whole_of_parts(_requests_words(report), counts), *calls])


def _of_all(report: Report) -> Iterator[str]:
    """The calls that are known, with those of no request; nothing where there is neither request nor call."""
    if report.requests or report.unlinked:
        without = [call.invocation for call in report.unlinked if not isinstance(call.decision, Link)]
        yield from calls_counted(_known_calls(report, without))


def _of_some(report: Report) -> Iterator[str]:
    """The calls of these requests, with the signs of what is known of them; apart, those of no request."""
    known = _known_calls(report, ())
    if report.requests:
        calls = so_far(counted(known.linked, "LLM call", report.certainty), pending=known.so_far)
        yield with_missing(calls, *report.summaries)
        of_failed = certainty_over_failed(report.summaries)
        failed = counted(known.failed, "failed call", of_failed)
        yield from failed_counted(failed, known, is_least=of_failed is Certainty.AT_LEAST)
    pending = [f"{report.pending:,} pending"] if report.pending else []
    yield ", ".join([f"{report.of_all_time} {_unattributed(report)}", *pending])


def _unattributed(report: Report) -> str:
    """How many calls have no request: "2 LLM calls unattributed", or "none unattributed"; at least, of those read."""
    totals = report.unattributed_totals
    if not totals.invocations and not report.is_cut:
        return "none unattributed"
    lost = attempts_words(
        totals.llm_calls, failed=totals.llm_errors, throttled=totals.llm_throttles, what="unattributed"
    )
    return f"at least {lost}" if report.is_cut else lost


def _known_calls(report: Report, without: Sequence[Invocation]) -> KnownCalls:
    """The calls linked to the requests, pending ones too, and those `without` a request."""
    totals = report.totals
    linked = [call.invocation for state in report.requests if state.summary is None for call in state.invocations]
    beside = [*linked, *without]
    return KnownCalls(
        linked=totals.llm_calls + sum(call.is_llm_call for call in linked),
        pending=sum(call.decision is None and call.invocation.is_llm_call for call in report.unlinked),
        unattributed=report.unattributed_totals.llm_calls,
        failed=totals.llm_errors + sum(not call.is_llm_call for call in beside),
        throttled=totals.llm_throttles + sum(call.is_throttled for call in beside),
        missing=missing_over(report.summaries),
        so_far=report.pending_requests > 0,
        may_have_others=may_have_others(report.summaries),
        may_be_more=report.is_cut,
    )


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
    if not report.is_cut:
        return ""
    return f"showing the earliest {MAX_UNTAGGED:,} untagged calls; narrow the time range to see all"


def picture_subtitle(report: Report, *names: str) -> str:
    """Whose requests they are, by names such as the stack's and its Region; when they began; how many they are."""
    earlier = [earlier_note(report)] if report.earlier else []
    return " · ".join([*names, *_when(report), headline(report), *earlier])


def _when(report: Report) -> list[str]:
    """From the first start to the last, in minutes."""
    period = period_of_starts(report.requests)
    return [span_text(period.first, period.last, to=MINUTE)] if period else []
