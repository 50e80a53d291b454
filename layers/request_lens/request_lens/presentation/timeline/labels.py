"""The texts of a row: whose request it is at the left; how long it took and what it called at the right."""

from collections.abc import Iterator, Sequence

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Summary, Totals
from request_lens.presentation.certainty import at_least, possible_text
from request_lens.presentation.formatting import UNKNOWN, duration_text, pluralize
from request_lens.presentation.markup import NOTHING, Markup, element, joined, text
from request_lens.presentation.timeline.frame import Columns, Frame
from request_lens.presentation.timeline.layout import Box, MarkKind
from request_lens.presentation.timeline.row import TimelineRow
from request_lens.presentation.timeline.shapes import mark, rectangle, title
from request_lens.presentation.timeline.text import shortened, text_width

ROW_HEIGHT = 46.0
_LABEL_SIZE, _DETAIL_SIZE = 13.0, 12.0
_MIN_LABELS, _MAX_LABELS, _LABELS_SHARE = 120.0, 280.0, 0.28
_COUNTERS_LEFT, _SIGN_WIDTH, _COUNTER_GAP = 38.0, 8.0, 16.0
_UPPER, _LOWER = 21.0, 38.0
_PILL_WIDTH, _PILL_GAP = 34.0, 6.0


def columns_of(rows: Sequence[TimelineRow], *, width: float) -> Columns:
    """The columns that these rows' words need in a picture of that width, within bounds."""
    pills = [_PILL_WIDTH + _PILL_GAP if row.has_failed else 0 for row in rows]
    labels = [
        max(text_width(row.label, size=_LABEL_SIZE) + pill, text_width(row.detail, size=_DETAIL_SIZE))
        for row, pill in zip(rows, pills, strict=True)
    ]
    figures = [_width(figure) for row in rows for figure in (total_words(row.request), _llm_words(row.summary))]
    nouns = [_width(f"· {calls_words(row)}") for row in rows]
    nouns += [_lower_width(row, row.summary) for row in rows if row.summary]
    return Columns(
        labels=min(max([_MIN_LABELS, *labels]), _MAX_LABELS, max(width * _LABELS_SHARE, _MIN_LABELS)),
        figures=max(figures, default=0),
        nouns=max(nouns, default=0),
    )


def _width(label: str) -> float:
    return text_width(label, size=_LABEL_SIZE)


def left_words(row: TimelineRow, *, frame: Frame, top: float) -> Markup:
    """Label and detail, shortened to their column; the whole texts show on hovering."""
    room = frame.labels_width - (_PILL_WIDTH + _PILL_GAP if row.has_failed else 0)
    upper = text(shortened(row.label, size=_LABEL_SIZE, width=room))
    lower = text(shortened(row.detail, size=_DETAIL_SIZE, width=frame.labels_width))
    return joined(
        (
            element("text", title(row.label), upper, class_="rl-label", x=frame.margin, y=top + _UPPER),
            element("text", title(row.detail), lower, class_="rl-muted", x=frame.margin, y=top + _LOWER),
            _pill(row.request.status, right=frame.margin + frame.labels_width, top=top) if row.has_failed else NOTHING,
        )
    )


def _pill(status: int, *, right: float, top: float) -> Markup:
    """The status of a failed request, at the end of its label."""
    box = Box(x=right - _PILL_WIDTH, y=top + _UPPER - 13, width=_PILL_WIDTH, height=17)
    middle = box.x + box.width / 2
    words = element("text", text(str(status)), class_="rl-pill-text", x=middle, y=top + _UPPER, text_anchor="middle")
    return joined((rectangle(box, "rl-pill", title(f"status {status}"), radius=8.5), words))


def right_words(row: TimelineRow, *, frame: Frame, top: float) -> Markup:
    """Total seconds and LLM calls; below them the time in LLM calls, the failed attempts, and what may come on top."""
    figure, calls = total_words(row.request), f"· {calls_words(row)}"
    upper = _pair(figure, calls, frame=frame, y=top + _UPPER, class_="rl-label")
    if row.summary is None:
        return upper
    llm = _llm_words(row.summary)
    lower = _pair(llm, "LLM", frame=frame, y=top + _LOWER, class_="rl-muted") if llm else NOTHING
    x, y = frame.nouns_left + _COUNTERS_LEFT, top + _LOWER
    counters = _counters(row.summary.totals, x=x, y=y)
    possible = element("text", text(_possible(row)), class_="rl-muted", x=x + _counters_width(row.summary.totals), y=y)
    return joined((upper, lower, *counters, possible if _possible(row) else NOTHING))


def total_words(request: Request) -> str:
    """The request's duration, or a dash where it is unknown."""
    return duration_text(None if request.duration_ms is None else max(request.duration_ms, 0))


def calls_words(row: TimelineRow) -> str:
    """How many LLM calls: "≥" where they may be more, "≈" where a link is not exact; how many so far; "pending"."""
    if row.summary is None:
        return "pending"
    calls = row.summary.totals.llm_calls
    if row.is_pending:
        return f"{calls:,} so far"
    counted = at_least(pluralize(calls, "call"), certain=row.summary.is_certain)
    return f"≈ {counted}" if row.is_inexact and row.summary.is_certain else counted


def _possible(row: TimelineRow) -> str:
    """How many more calls may be the request's, in two words; empty where it is pending or certain."""
    return possible_text(row.request, row.summary) if row.is_uncertain and row.summary else ""


def _llm_words(summary: Summary | None) -> str:
    """The time in LLM calls; a dash while it is not certain, empty where it is unknown or there were none."""
    if summary is not None and not summary.is_certain:
        return UNKNOWN
    if summary is None or summary.llm_time_ms is None or not summary.totals.llm_calls:
        return ""
    return duration_text(summary.llm_time_ms)


def _pair(figure: str, noun: str, *, frame: Frame, y: float, class_: str) -> Markup:
    return joined(
        (
            element("text", text(figure), class_=class_, x=frame.figures_right, y=y, text_anchor="end"),
            element("text", text(noun), class_=class_, x=frame.nouns_left, y=y),
        )
    )


def failures(totals: Totals) -> tuple[tuple[MarkKind, int], ...]:
    """Failed attempts without the throttled ones, and the throttled ones, each where there are any."""
    counts = (
        (MarkKind.FAILED, totals.llm_errors - totals.llm_throttles),
        (MarkKind.THROTTLED, totals.llm_throttles),
    )
    return tuple((kind, count) for kind, count in counts if count > 0)


def _counters(totals: Totals, *, x: float, y: float) -> Iterator[Markup]:
    for kind, count in failures(totals):
        yield mark(kind, x + _SIGN_WIDTH / 2, y - 4.5, count=count)
        yield element("text", text(f"{count:,}"), class_="rl-muted", x=x + _SIGN_WIDTH + 4, y=y)
        x += _counter_width(count)


def _counter_width(count: int) -> float:
    return _SIGN_WIDTH + text_width(f"{count:,}", size=_DETAIL_SIZE) + _COUNTER_GAP


def _lower_width(row: TimelineRow, summary: Summary) -> float:
    return _COUNTERS_LEFT + _counters_width(summary.totals) + text_width(_possible(row), size=_DETAIL_SIZE)


def _counters_width(totals: Totals) -> float:
    return sum(_counter_width(count) for _, count in failures(totals))
