"""One row of the timeline: a request, what is known of its calls, and what people call it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from request_lens.domain.facts import Request
from request_lens.domain.folding.summary import Summary
from request_lens.presentation.certainty import Certainty, certainty_of_times
from request_lens.presentation.costs import known_cost
from request_lens.presentation.traced import missing_over


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineRow:
    """One request as it is drawn: its texts at the left, its record, and its summary.

    `detail` stands below the label; where rows are too low for that, it stands beside the label,
    or `brief` where it has no room. As much of the request's id as there is room for stands behind it, if it `has_id`.
    `summary` is None while no call is known; `awaits_more` says that a summary is not the last word yet. A row that
    `shows_cost` has it in the place of its LLM time.
    """

    label: str
    detail: str
    request: Request
    summary: Summary | None
    awaits_more: bool = False
    brief: str = ""
    has_id: bool = False
    shows_cost: bool = False

    @property
    def is_pending(self) -> bool:
        """Whether a revision of the request is still to come."""
        return self.summary is None or self.awaits_more

    @property
    def has_error(self) -> bool:
        """Whether the response's status says that the request failed, or was refused: both are drawn alike."""
        return self.request.has_failed or self.request.was_refused

    @property
    def is_about(self) -> bool:
        """Whether it is settled and certain, and one of its calls is linked by time alone: "≈"."""
        if self.is_pending or self.summary is None or not self.summary.is_certain:
            return False
        return certainty_of_times(self.summary) is Certainty.ABOUT

    @property
    def is_uncertain(self) -> bool:
        """Whether the request is settled and may yet have more calls than those that are linked to it."""
        return not self.is_pending and self.summary is not None and not self.summary.is_certain


class RowOrder(StrEnum):
    """Which row stands on top: by time as the picture has it, else the one with the most; the unknown come last."""

    TIME = "time"
    DURATION = "duration"
    CALLS = "calls"
    COST = "cost"


def in_order(rows: Iterable[TimelineRow], order: RowOrder, *, newest_first: bool) -> list[TimelineRow]:
    """The rows by time, or by what they took, made or cost, the greatest on top; by cost each of them shows it."""

    def amount(row: TimelineRow) -> Decimal:
        known = _known(row, order)
        return Decimal(-1 if known is None else known)

    by_time = sorted(rows, key=lambda row: (row.request.started_at, row.request.request_id), reverse=newest_first)
    if order is RowOrder.TIME:
        return by_time
    return [replace(row, shows_cost=order is RowOrder.COST) for row in sorted(by_time, key=amount, reverse=True)]


def _known(row: TimelineRow, order: RowOrder) -> Decimal | int | None:
    """How long a row took, or what it made or cost, as far as is known; missing calls were made, too."""
    if order is RowOrder.DURATION:
        return row.request.duration_ms
    if row.summary is None:
        return None
    if order is RowOrder.COST:
        return known_cost(row.summary.totals, certain=row.summary.counts_all_calls)
    return row.summary.totals.llm_calls + missing_over([row.summary])


_GREATEST = {
    RowOrder.DURATION: ("longest first", "duration"),
    RowOrder.CALLS: ("most calls first", "number"),
    RowOrder.COST: ("dearest first", "cost"),
}
"""Which row stands on top, and what is unknown of the last ones."""


def order_words(rows: Sequence[TimelineRow], order: RowOrder, *, newest_first: bool) -> str:
    """Which of the rows stands on top, and how many stand last as unknown: "dearest first, 10 of unknown cost last"."""
    by_time = "newest first" if newest_first else "newest last"
    if order is RowOrder.TIME:
        return by_time
    greatest, what = _GREATEST[order]
    unknown = sum(_known(row, order) is None for row in rows)
    if unknown == len(rows):
        return f"all of unknown {what}, {by_time}"
    return f"{greatest}, {unknown:,} of unknown {what} last" if unknown else greatest


@dataclass(frozen=True, slots=True, kw_only=True)
class RowSize:
    """How a row is divided, in px from its top: its bar, the base lines of its texts, and the marks above the bar.

    `lower` is None where label and detail share one line; `stacked` rows have their bar below the texts, and their
    figures on the last line above it. `wide` ones among them have room for the whole detail, and for LLM time.
    """

    height: float
    bar_top: float
    bar_height: float
    upper: float
    lower: float | None
    marks_rise: float
    stacked: bool = False
    wide: bool = False

    @property
    def figures(self) -> float:
        """The base line of the figures."""
        return self.lower if self.stacked and self.lower is not None else self.upper

    @property
    def below(self) -> float | None:
        """The base line of what stands below the figures; None where nothing does."""
        return None if self.stacked else self.lower


ROOMY = RowSize(height=46, bar_top=14, bar_height=22, upper=21, lower=38, marks_rise=7)
DENSE = RowSize(height=24, bar_top=9, bar_height=12, upper=19.5, lower=None, marks_rise=6)
LANE = RowSize(height=40, bar_top=13, bar_height=20, upper=27.5, lower=None, marks_rise=7)
STACKED = RowSize(height=48, bar_top=28, bar_height=14, upper=15, lower=None, marks_rise=6, stacked=True)
STACKED_WIDE = RowSize(
    height=52, bar_top=31, bar_height=15, upper=18, lower=None, marks_rise=6, stacked=True, wide=True
)

DENSE_FROM = 40
"""Requests from which on a picture has dense rows, and says its axis again every so often."""

AXIS_EVERY = 25
"""Rows after which a dense picture says its axis again: so that one is always in sight."""


def row_size(count: int, *, stacked: bool, wide: bool = False) -> RowSize:
    """The size of each row of a picture with so many."""
    if stacked:
        return STACKED_WIDE if wide else STACKED
    return DENSE if count >= DENSE_FROM else ROOMY


def heightened(size: RowSize) -> RowSize:
    """A stacked row's size where its label needs a line of its own."""
    return replace(size, height=68, bar_top=48, upper=17, lower=35)
