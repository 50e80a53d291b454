"""The figures of a row, in columns at the right: how long it took, how long in LLM calls, and how many of those."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from request_lens.domain.facts import Request
from request_lens.presentation.certainty import (
    Certainty,
    calls_between,
    certainty_of,
    certainty_of_times,
    counted,
    possible_text,
    signed,
    so_far,
    why_uncertain,
)
from request_lens.presentation.costs import dollars, known_cost
from request_lens.presentation.failed_attempts import failures_words, possible_failed_text
from request_lens.presentation.formatting import UNKNOWN, duration_text, in_words, pluralize
from request_lens.presentation.markup import NOTHING, Markup, element, joined, text
from request_lens.presentation.timeline.row import RowSize, TimelineRow
from request_lens.presentation.timeline.shapes import counters, counters_room, failures
from request_lens.presentation.timeline.text import text_width
from request_lens.presentation.traced import missing_text, with_missing

COLUMN_GAP = 16.0
_SIZE, _SMALL = 13.0, 12.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastRoom:
    """What lanes need, in px: for labels, and for the last figure, which has its noun above a bar."""

    labels: float = 0.0
    calls: float = 0.0
    calls_above: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureColumn:
    """One column: what stands above it, and what of a row."""

    header: str
    figure: Callable[[TimelineRow], str]


def total_words(request: Request) -> str:
    """The request's duration, or a dash where it is unknown."""
    return duration_text(None if request.duration_ms is None else max(request.duration_ms, 0))


def calls_figure(row: TimelineRow) -> str:
    """How many LLM calls: "≥" where they may be more, "0 to 8" of none known; "≈" by time; "so far", "pending"."""
    return _calls(row, "")


def calls_words(row: TimelineRow) -> str:
    """The same with its noun, such as "≈ 2 calls"."""
    return _calls(row, "call")


def _calls(row: TimelineRow, noun: str) -> str:
    if row.summary is None:
        return "pending"
    if between := _between(row):
        return f"{between} {noun}s" if noun else between
    calls = row.summary.totals.llm_calls
    certainty = Certainty.EXACT if row.is_pending else certainty_of(row.summary)
    return so_far(signed(pluralize(calls, noun) if noun else f"{calls:,}", certainty), pending=row.is_pending)


def _between(row: TimelineRow) -> str:
    if row.is_pending or row.summary is None:
        return ""
    return calls_between(row.request, row.summary)


def llm_words(row: TimelineRow) -> str:
    """The time in LLM calls, "≈" where a link is not exact, "so far" of a pending request; a dash where unknown."""
    if row.summary is None or row.summary.llm_time_ms is None or not row.summary.is_certain:
        return UNKNOWN
    certainty = Certainty.EXACT if row.is_pending else certainty_of_times(row.summary)
    return so_far(signed(duration_text(row.summary.llm_time_ms), certainty), pending=row.is_pending)


def cost_words(row: TimelineRow) -> str:
    """The estimated cost with the sign of its calls, "≥" where some have no price; a dash where all is unknown."""
    cost = None if row.summary is None else known_cost(row.summary.totals, certain=row.summary.counts_all_calls)
    if row.summary is None or cost is None:
        return UNKNOWN
    certainty = Certainty.EXACT if row.is_pending else certainty_of(row.summary)
    words = signed(dollars(cost), Certainty.AT_LEAST if row.summary.totals.unpriced_calls else certainty)
    return so_far(words, pending=row.is_pending)


def spoken(row: TimelineRow) -> str:
    """A row as it is heard: whose request it is, its id if shown, its end, how long it took, its calls, shown cost."""
    status, took = f"status {row.request.status}", f"duration {in_words(total_words(row.request))}"
    llm = f"LLM time {_heard(llm_words(row))}" if row.summary is not None and row.summary.is_certain else ""
    cost = f"estimated cost {_heard(cost_words(row))}" if row.shows_cost else ""
    named = row.request.request_id if row.has_id else ""
    failed = failures_words(row.summary) if row.summary is not None else ""
    parts = [row.label, row.detail, named, status, took, _spoken_calls(row), failed, cost, llm]
    return ", ".join(part for part in parts if part)


def _spoken_calls(row: TimelineRow) -> str:
    if row.is_uncertain and row.summary is not None:
        return with_missing(uncertain_words(row).removeprefix(", "), row.summary)
    words = _heard(calls_words(row)).replace("call", "LLM call")
    return words if row.summary is None else with_missing(words, row.summary)


def _heard(figure: str) -> str:
    return in_words(figure).replace("≈", "about").replace("≥", "at least")


def uncertain_words(row: TimelineRow) -> str:
    """What is not certain of the request, and why; empty where all is."""
    if not row.is_uncertain or row.summary is None:
        return ""
    calls = counted(row.summary.totals.llm_calls, "LLM call", Certainty.AT_LEAST)
    return f", {calls}: {why_uncertain(row.request, row.summary)}"


_SIDE_BY_SIDE = (
    FigureColumn(header="duration", figure=lambda row: total_words(row.request)),
    FigureColumn(header="LLM time", figure=llm_words),
    FigureColumn(header="LLM calls", figure=calls_figure),
)
# Above a bar there is no room for a header: the figures have their nouns.
_STACKED = (
    FigureColumn(header="", figure=lambda row: total_words(row.request)),
    FigureColumn(header="", figure=calls_words),
)
_COST = FigureColumn(header="est. cost", figure=cost_words)
_COST_ABOVE = FigureColumn(header="", figure=lambda row: cost_words(row).removesuffix(" so far"))
_STACKED_WIDE = (_STACKED[0], FigureColumn(header="", figure=lambda row: f"LLM {llm_words(row)}"), _STACKED[1])


def figure_columns(size: RowSize, *, cost: bool = False) -> tuple[FigureColumn, ...]:
    """The columns of a picture; where nothing stands below, the last says how many calls are possible or missing.

    The `cost` stands in the place of LLM time, or where that has no room, of the duration, which bars show.
    """
    columns = (_STACKED_WIDE if size.wide else _STACKED) if size.stacked else _SIDE_BY_SIDE
    if cost:
        columns = (*columns[:-2], _COST_ABOVE if size.stacked else _COST, columns[-1])
    if size.below is not None:
        return columns
    *others, calls = columns

    def figure(row: TimelineRow) -> str:
        # Without the noun, which would leave a narrow row no room for its start, and beside a cost no room at all.
        beside = "" if cost and len(columns) == len(_STACKED) else _possible(row)
        words = f"{calls_figure(row)}{_before_more(row)}{beside}" if beside else calls.figure(row)
        return f"{words}," if row.summary is not None and failures(row.summary.totals) else words

    return (*others, replace(calls, figure=figure))


def figure_widths(
    rows: Sequence[TimelineRow], columns: Sequence[FigureColumn], size: RowSize, *, least: float = 0.0
) -> tuple[float, ...]:
    """How wide each column must be for these rows; the last also holds what stands below them, and `least` px."""
    widths = [
        max([text_width(column.header, size=_SMALL), *(_width(column.figure(row)) for row in rows)])
        for column in columns
    ]
    of_last = (
        text_width(_below(row), size=_SMALL)
        if size.below is not None
        else _width(columns[-1].figure(row)) + _counters_room(row)
        for row in rows
    )
    widths[-1] = max(widths[-1], *of_last, least)
    return tuple(widths)


def _width(words: str) -> float:
    return text_width(words, size=_SIZE)


def figure_words(
    row: TimelineRow, columns: Sequence[tuple[FigureColumn, float]], *, size: RowSize, top: float
) -> Markup:
    """The row's figures, each ending at its column's right edge; below them what is possible, and what failed.

    Where nothing stands below, the failed attempts stand behind the number of calls, with their signs for words.
    """
    *others, (calls, right) = columns
    ends = right if size.below is not None else right - _counters_room(row)
    upper = [
        _ending_at(edge, column.figure(row), y=top + size.figures, class_="rl-label")
        for column, edge in (*others, (calls, ends))
    ]
    if row.summary is None:
        return joined(upper)
    if size.below is None:
        return joined((*upper, *counters(failures(row.summary.totals), right=right, y=top + size.figures)))
    below = _below(row)
    return joined((*upper, _ending_at(right, below, y=top + size.below, class_="rl-muted") if below else NOTHING))


def figure_headers(headers: Sequence[tuple[str, float]], *, y: float) -> Markup:
    """What stands above the columns, each by its right edge."""
    return joined(_ending_at(right, header, y=y, class_="rl-muted") for header, right in headers if header)


def _ending_at(right: float, words: str, *, y: float, class_: str) -> Markup:
    return element("text", text(words), class_=class_, x=right, y=y, text_anchor="end")


def _possible(row: TimelineRow) -> str:
    """How many more calls may be the request's, else how many are missing, in two words; empty where it has all.

    Not both, for which narrow rows have no room: the second is heard, and stands on hovering.
    """
    return next((words for words in _more(row) if words), "")


def _more(row: TimelineRow) -> Sequence[str]:
    if row.summary is None:
        return ()
    if row.is_pending:
        return (missing_text(row.summary),)
    missing = missing_text(row.summary)
    possible = "possible" if _between(row) else possible_text(row.request, row.summary)
    return possible, missing, "" if missing else possible_failed_text(row.summary)


def _before_more(row: TimelineRow) -> str:
    return " " if _between(row) else ", "


def beside_calls(words: str, row: TimelineRow) -> str:
    """The words about a row's calls, and how many more are possible, and missing: "≥ 2 calls, 4 possible"."""
    more = ", ".join(filter(None, _more(row)))
    return f"{words}{_before_more(row)}{more}" if more else words


def _counters_room(row: TimelineRow) -> float:
    return counters_room(failures(row.summary.totals) if row.summary else ())


def _below(row: TimelineRow) -> str:
    """What stands below a row's figures: "3 possible, +2 failed". Which of these were throttled, their signs say."""
    failed = row.summary.totals.llm_errors if row.summary is not None else 0
    return ", ".join(filter(None, (_possible(row), f"+{failed:,} failed" if failed else "")))
