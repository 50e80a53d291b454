"""The page's section on what is not certain: of which requests and calls, why, and what helps."""

from collections.abc import Sequence
from dataclasses import dataclass

from request_lens.domain.folding.summary import Bar
from request_lens.domain.linking.link import Confidence
from request_lens.presentation.certainty import Doubt
from request_lens.presentation.markup import NOTHING, Markup, element, joined, text
from request_lens.presentation.remedies import remedy
from request_lens.presentation.sums import shared_calls_note
from request_lens.presentation.traced import COMPLETING, WHY_INCOMPLETE
from request_lens_cli.html_report.table import Column, table, with_note
from request_lens_cli.report.figures import RequestFigures
from request_lens_cli.report.reasons import HOW_TO_LINK_EXACTLY, ReasonCount
from request_lens_cli.report.report import Report

NOT_CERTAIN = "not-certain"
"""The section's anchor."""

WHICH_ARE_MISSING = "request-lens show names those of a request"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Uncertain:
    """How many requests are uncertain for one reason, and what helps."""

    doubt: Doubt
    helps: str
    requests: int


_DOUBTS: tuple[Column[_Uncertain], ...] = (
    Column(header="Uncertain, because", cell=lambda row: text(row.doubt.value)),
    Column(header="What helps", cell=lambda row: text(row.helps)),
    Column(header="Requests", cell=lambda row: _count(row.requests), numeric=True),
)
_INCOMPLETE: tuple[Column[RequestFigures], ...] = (
    Column(header="Incomplete, because", cell=lambda _: text(WHY_INCOMPLETE)),
    Column(header="What helps", cell=lambda _: text(f"{COMPLETING}; {WHICH_ARE_MISSING}")),
    Column(header="Requests", cell=lambda figures: _count(figures.incomplete), numeric=True),
    Column(header="Calls", cell=lambda figures: _count(figures.missing_calls), numeric=True),
)
_REASONS: tuple[Column[ReasonCount], ...] = (
    Column(header="Why", cell=lambda row: text(row.words)),
    Column(header="What helps", cell=lambda row: text(row.helps)),
    Column(header="Calls", cell=lambda row: _calls(row.count, row.failed), numeric=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Inexact:
    """How many requests have calls that are linked by less than a tag or a trace of their own, and how sure.

    Of these calls so many `failed`.
    """

    confidences: str
    requests: int
    calls: int
    failed: int


_BY_TIME: tuple[Column[_Inexact], ...] = (
    Column(header="About right, because", cell=lambda row: text(f"calls are linked by time ({row.confidences})")),
    Column(header="What makes them exact", cell=lambda _: text(HOW_TO_LINK_EXACTLY)),
    Column(header="Requests", cell=lambda row: _count(row.requests), numeric=True),
    Column(header="Calls", cell=lambda row: _calls(row.calls, row.failed), numeric=True),
)


def not_certain(figures: RequestFigures, report: Report) -> Markup:
    """A table each for uncertain requests, incomplete ones, those linked by time, and calls without a request."""
    return joined((_doubts(report), _incomplete(figures), _by_time(report), _without_request(report)))


def shared_note(report: Report) -> Markup:
    """That numbers of possible calls do not add up; nothing where no two requests may share one."""
    note = shared_calls_note(report.summaries)
    return element("p", text(note), class_="note") if note else NOTHING


def _doubts(report: Report) -> Markup:
    rows = [
        _Uncertain(doubt=doubt, helps=remedy(doubt, names_roles=report.names_roles), requests=count)
        for doubt, count in sorted(report.doubts().items())
    ]
    return table(_DOUBTS, rows, caption="Uncertain requests") if rows else NOTHING


def _incomplete(figures: RequestFigures) -> Markup:
    """How many requests lack calls, how many these are, and what helps; nothing where spans tell of none."""
    return table(_INCOMPLETE, [figures], caption="Incomplete requests") if figures.incomplete else NOTHING


def has_links_by_time(report: Report) -> bool:
    """Whether an attempt of a settled request is linked by less than a tag or a trace of its own."""
    return any(_inexact(report))


def _inexact(report: Report) -> Sequence[Sequence[Bar]]:
    """Those attempts of each settled request."""
    return [[bar for bar in summary.bars if bar.confidence is not Confidence.EXACT] for summary in report.summaries]


def _by_time(report: Report) -> Markup:
    """What would make links by time exact; nothing where every link is."""
    inexact = _inexact(report)
    found = {bar.confidence for each in inexact for bar in each}
    if not found:
        return NOTHING
    row = _Inexact(
        confidences=", ".join(confidence for confidence in Confidence if confidence in found),
        requests=sum(map(bool, inexact)),
        calls=sum(map(len, inexact)),
        failed=sum(bar.error_code is not None for each in inexact for bar in each),
    )
    return table(_BY_TIME, [row], caption="Requests linked by time")


def _without_request(report: Report) -> Markup:
    """How many calls belong to no request, or are not decided yet, by reason; nothing where there are none."""
    counts = report.without_request()
    caption = f"Calls without a request {report.of_all_time}".rstrip()
    return table(_REASONS, counts, caption=caption) if counts else NOTHING


def _calls(count: int, failed: int) -> Markup:
    """How many calls, and below it how many of them failed, if any."""
    return with_note(f"{count:,}", f"{failed:,} of them failed" if failed else "")


def _count(value: int) -> Markup:
    return text(f"{value:,}")
