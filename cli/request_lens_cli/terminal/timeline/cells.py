"""One request as cells of a terminal; its signs differ in shape, so that it reads without colour too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate

from rich.columns import Columns
from rich.text import Text

from request_lens.domain.folding.summary import Bar, Summary
from request_lens.presentation.formatting import duration_text
from request_lens.presentation.timeline.axis import Axis, AxisKind, extent_of
from request_lens.presentation.timeline.layout import MarkKind, failure_of
from request_lens.presentation.timeline.row import TimelineRow

_ROUNDING = 0.01


@dataclass(frozen=True, slots=True)
class Sign:
    """What fills a cell, in which style, and what it means."""

    character: str
    style: str
    meaning: str


_REQUEST = Sign("░", "bright_black", "request")
_HATCH = "\N{BOX DRAWINGS LIGHT DIAGONAL UPPER RIGHT TO LOWER LEFT}"
_CROSS = "\N{BOX DRAWINGS LIGHT DIAGONAL CROSS}"
_UNCERTAIN = Sign(_HATCH, "bright_black", "uncertain: may have more calls")
_OPEN = Sign("╌", "bright_black", "pending, or response time unknown")
_TICK = Sign("│", "bright_blue", "latency unknown")
_FAILED = Sign("✗", "red", "failed call")
_THROTTLED = Sign("▼", "yellow", "failed call, throttled")
_CALL = Sign("█", "bright_blue", "LLM call")
_TOOL = Sign("▒", "green", "tool")
_FAILED_TOOL = Sign(_CROSS, "red", "failed tool")
_PROVISIONAL = Sign("▞", "bright_blue", "LLM call, not decided yet")
_BROKEN = Sign("»", "bright_black", "runs on beyond the axis")
LEGEND = (_REQUEST, _UNCERTAIN, _CALL, _PROVISIONAL, _TOOL, _FAILED_TOOL, _TICK, _FAILED, _THROTTLED, _OPEN, _BROKEN)
FAILURES: Mapping[MarkKind, Sign] = {MarkKind.FAILED: _FAILED, MarkKind.THROTTLED: _THROTTLED}

type Cells = list[Sign | None]


def cells_of(row: TimelineRow, axis: Axis) -> Cells:
    """One row's cells: the request's, and in them its calls'."""
    begins, ends = extent_of(row.request, row.summary)
    cells: Cells = [None] * round(axis.scale.width)
    left = axis.of(begins).x(begins)
    length = (ends - begins).total_seconds() * 1000 * axis.scale.px_per_ms
    is_cut = left + length > len(cells) + _ROUNDING
    is_open = row.request.duration_ms is None
    request = _range(left, left + length + is_open, within=range(len(cells)))
    for at in request:
        cells[at] = _OPEN if row.is_pending else _UNCERTAIN if row.is_uncertain else _REQUEST
    if is_open:
        cells[request[-1]] = _OPEN
        request = request[:-1] or request
    for sign, at in _signs(row.summary, left=left, within=request, cells_per_ms=axis.scale.px_per_ms):
        cells[at] = sign
    if is_cut:
        cells[request[-1]] = _BROKEN
    return cells


def _range(begins: float, ends: float, *, within: range) -> range:
    """The cells from begin to end, at least one, none outside."""
    first = min(max(round(begins), within.start), within.stop - 1)
    return range(first, min(max(round(ends), first + 1), within.stop))


def _signs(summary: Summary | None, *, left: float, within: range, cells_per_ms: float) -> Iterator[tuple[Sign, int]]:
    """What stands in which cell: tools first, then calls, then what must not be hidden by them.

    A call that follows another without a cell between them leaves its first one free, so that both can be counted.
    """
    for tool in summary.traced.tools if summary is not None and summary.traced is not None else ():
        begins = left + tool.offset_ms * cells_per_ms
        sign = _FAILED_TOOL if tool.failed else _TOOL
        yield from ((sign, at) for at in _range(begins, begins + tool.duration_ms * cells_per_ms, within=within))
    reached = within.start
    for bar in sorted(summary.bars if summary else (), key=_rank):
        begins = left + bar.offset_ms * cells_per_ms
        cells = _range(begins, begins + (bar.latency_ms or 0) * cells_per_ms, within=within)
        follows = within.start < cells.start == reached
        yield from ((_sign(bar), at) for at in (cells[1:] if follows and len(cells) > 1 else cells))
        reached = cells.stop


def _rank(bar: Bar) -> tuple[bool, bool, int]:
    return failure_of(bar) is not None, bar.latency_ms is None, bar.offset_ms


def _sign(bar: Bar) -> Sign:
    if (failure := failure_of(bar)) is not None:
        return FAILURES[failure]
    if bar.latency_ms is None:
        return _TICK
    return _PROVISIONAL if bar.provisional else _CALL


def short_note(summaries: Sequence[Summary | None], extents: Sequence[tuple[datetime, datetime]], axis: Axis) -> str:
    """That calls and pauses below a cell are not told apart, by the clock, where one of these requests has any.

    Where each request begins at the left the axis is made for how long they took: there a short one has more cells.
    """
    cell_ms = 1 / axis.scale.px_per_ms
    stretches = (
        ms for summary, extent in zip(summaries, extents, strict=True) for ms in _stretches_ms(summary, extent)
    )
    if axis.kind is not AxisKind.CLOCK or all(ms >= cell_ms for ms in stretches):
        return ""
    return f"One cell is {duration_text(round(cell_ms))}: calls and pauses shorter than that are not told apart"


def _stretches_ms(summary: Summary | None, extent: tuple[datetime, datetime]) -> Iterator[float]:
    """How long a request's calls took, and the pauses before, between and after them; nothing of one without calls."""
    calls = sorted((bar.offset_ms, bar.latency_ms) for bar in (summary.bars if summary else ()) if bar.latency_ms)
    if not calls:
        return
    yield from (latency_ms for _, latency_ms in calls)
    begins, ends = extent
    edges = [(0, 0), *calls, ((ends - begins).total_seconds() * 1000, 0)]
    reached = accumulate((at + ms for at, ms in edges), max)
    pauses = (after - before for before, (after, _) in zip(reached, edges[1:], strict=False))
    yield from (ms for ms in pauses if ms > 0)


def drawn(cells: Cells) -> Text:
    """The cells as a line."""
    return Text.assemble(*((sign.character, sign.style) if sign else " " for sign in cells))


def legend(rows: Iterable[Sequence[Sign | None]]) -> Columns:
    """What the signs of these rows mean."""
    present = {sign for cells in rows for sign in cells}
    entries = [
        Text.assemble((sign.character * 2, sign.style), f" {sign.meaning}") for sign in LEGEND if sign in present
    ]
    return Columns(entries, padding=(0, 2))
