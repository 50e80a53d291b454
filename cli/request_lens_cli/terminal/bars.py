"""The timeline as bars in the terminal; its signs differ in shape, so that it reads without colour too."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.text import Text

from request_lens.domain.folding.summary import Bar, Summary
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.presentation.certainty import INEXACT
from request_lens.presentation.formatting import cleaned
from request_lens.presentation.timeline.axis import Axis, AxisKind, axis_of, extent_of, ruler
from request_lens.presentation.timeline.figures import calls_words, failures, total_words, with_missing
from request_lens.presentation.timeline.layout import MarkKind, failure_of
from request_lens.presentation.timeline.row import TimelineRow
from request_lens_cli.terminal.listing import LEAST_CUT, shorten_middle
from request_lens_cli.terminal.unlinked_table import STACKED_BELOW, render_lanes

_MAX_LABEL, _MIN_PLOT = 34, 20
_MIN_STACKED, _STANDARD = 12, 80
_PLOT = 30
"""Cells of the bars beyond which labels may have more than a third of the width, rather than be cut."""
_BETWEEN = " · "
"""What stands between when a request began and its route, and is the first to be left out."""
_ROUNDING = 0.01
_GAP = "  "


@dataclass(frozen=True, slots=True)
class _Sign:
    """What fills a cell, in which style, and what it means."""

    character: str
    style: str
    meaning: str


_REQUEST = _Sign("░", "bright_black", "request")
_HATCH = "\N{BOX DRAWINGS LIGHT DIAGONAL UPPER RIGHT TO LOWER LEFT}"
_CROSS = "\N{BOX DRAWINGS LIGHT DIAGONAL CROSS}"
_UNCERTAIN = _Sign(_HATCH, "bright_black", "uncertain: may have more calls")
_OPEN = _Sign("╌", "bright_black", "pending, or response time unknown")
_TICK = _Sign("│", "bright_blue", "latency unknown")
_FAILED = _Sign("✗", "red", "failed call")
_THROTTLED = _Sign("▼", "yellow", "throttled call")
_CALL = _Sign("█", "bright_blue", "LLM call")
_TOOL = _Sign("▒", "green", "tool")
_FAILED_TOOL = _Sign(_CROSS, "red", "failed tool")
_PROVISIONAL = _Sign("▞", "bright_blue", "LLM call, not decided yet")
_BROKEN = _Sign("»", "bright_black", "runs on beyond the axis")
_LEGEND = (_REQUEST, _UNCERTAIN, _CALL, _PROVISIONAL, _TOOL, _FAILED_TOOL, _TICK, _FAILED, _THROTTLED, _OPEN, _BROKEN)
_FAILURES = {MarkKind.FAILED: _FAILED, MarkKind.THROTTLED: _THROTTLED}

type _Cells = list[_Sign | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class BarLine:
    """One line: a label at the left, a request with its calls as cells, and words at the right."""

    label: str
    row: TimelineRow
    words: Text
    has_status: bool = True


def render_bars(
    rows: Sequence[TimelineRow],
    *,
    width: int,
    axis: AxisKind = AxisKind.OWN,
    unlinked: Sequence[UnlinkedInvocation] = (),
) -> RenderableType:
    """The requests in order of their start, a line each, within `width` cells, all on one scale.

    Where it is narrow, labels are cut, then have lines of their own, at last what stands beside the bars, too. Each
    request begins at the left, or when it did by the clock. The last line says which, below the signs that occur; then
    come those of `unlinked` that belong to no request.
    """
    return Group(_bars(rows, width=width, axis=axis), render_lanes(unlinked, width=width))


def _bars(rows: Sequence[TimelineRow], *, width: int, axis: AxisKind) -> RenderableType:
    if not rows:
        return Text("No requests.")
    rows = sorted(rows, key=lambda row: (row.request.started_at, row.request.request_id))
    lines = [BarLine(label=_name(row), row=row, words=total) for row, total in zip(rows, _totals(rows), strict=True)]
    return render_lines(lines, width=width, kind=axis)


def _name(row: TimelineRow) -> str:
    """What people call the request, or when it began and its route."""
    return f"{row.brief}{_BETWEEN}{row.label}" if row.brief and row.label == row.request.route else row.label


def render_lines(lines: Sequence[BarLine], *, width: int, kind: AxisKind = AxisKind.OWN) -> RenderableType:
    """These lines, at least one, below their time axis and above their legend."""
    beside = width - max(line.words.cell_len for line in lines) - 2 * len(_GAP)
    longest = max(map(_label_width, lines))
    labels = min(longest, _MAX_LABEL, max(width // 3, beside - _PLOT), beside - _MIN_PLOT)
    # In a narrow terminal a label has a line of its own rather than lose more than the dot between its parts.
    whole = min(max(_label_width(line, between=" ") for line in lines), _MAX_LABEL)
    if width < STACKED_BELOW or labels < (min(longest, LEAST_CUT) if width >= _STANDARD else whole):
        labels = 0
    has_room_beside = beside - labels >= (_MIN_PLOT if labels else _MIN_STACKED)
    cells = beside - labels if has_room_beside else max(width, _MIN_STACKED)
    extents = [extent_of(line.row.request, line.row.summary) for line in lines]
    axis = axis_of(extents, left=0, width=cells, kind=kind)
    plots = [_plot(line.row, axis) for line in lines]
    is_one = kind is AxisKind.OWN and len({line.row.request.request_id for line in lines}) == 1
    return Group(
        _line(None, labels, Text(ruler(axis.scale), style="dim"), Text()),
        *(
            part
            for line, plot in zip(lines, plots, strict=True)
            for part in _parts(line, labels, _drawn(plot), width, is_beside=has_room_beside)
        ),
        Text(),
        _legend(plots, inexact=any("≈" in line.words.plain for line in lines)),
        Text(f"Time since {"the request's start" if is_one else axis.origin_text}", style="dim"),
    )


def _plot(row: TimelineRow, axis: Axis) -> _Cells:
    """One row's cells: the request's, and in them its calls'."""
    begins, ends = extent_of(row.request, row.summary)
    cells: _Cells = [None] * round(axis.scale.width)
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


def _signs(summary: Summary | None, *, left: float, within: range, cells_per_ms: float) -> Iterator[tuple[_Sign, int]]:
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


def _sign(bar: Bar) -> _Sign:
    if (failure := failure_of(bar)) is not None:
        return _FAILURES[failure]
    if bar.latency_ms is None:
        return _TICK
    return _PROVISIONAL if bar.provisional else _CALL


def _label_width(line: BarLine, *, between: str = _BETWEEN) -> int:
    """Cells of the line's label, and of the status of a request that failed or was refused."""
    return Text(cleaned(line.label.replace(_BETWEEN, between, 1))).cell_len + _pill(line).cell_len


def _shortened(label: str, width: int) -> Text:
    """The label in so many cells: what only separates its parts goes first, then its middle."""
    whole = Text(cleaned(label))
    return whole if whole.cell_len <= width else shorten_middle(Text(cleaned(label.replace(_BETWEEN, " ", 1))), width)


def _pill(line: BarLine) -> Text:
    if not (line.row.has_error and line.has_status):
        return Text()
    return Text.assemble(" ", (f" {line.row.request.status} ", "bold white on red"))


def _parts(line: BarLine, labels: int, plot: Text, width: int, *, is_beside: bool) -> Iterator[Text]:
    """One line, or where labels have no room beside the bars, two: the label above; or three: the words below."""
    if labels:
        yield _line(line, labels, plot, line.words)
        return
    pill = _pill(line)
    yield _shortened(line.label, width - pill.cell_len) + pill
    yield _line(None, 0, plot, line.words if is_beside else Text())
    if not is_beside:
        yield line.words


def _line(line: BarLine | None, width: int, plot: Text, total: Text) -> Text:
    name = Text()
    if line is not None:
        pill = _pill(line)
        name = _shortened(line.label, width - pill.cell_len) + pill
    name.pad_right(width - name.cell_len)
    parts = [name, plot, total] if width else [plot, total]
    whole = Text(_GAP, no_wrap=True, overflow="crop").join(parts)
    whole.rstrip()
    return whole


def _drawn(cells: _Cells) -> Text:
    return Text.assemble(*((sign.character, sign.style) if sign else " " for sign in cells))


def _totals(rows: Sequence[TimelineRow]) -> list[Text]:
    """Total seconds, aligned at their end, the LLM calls, and the failed attempts."""
    figures = [total_words(row.request) for row in rows]
    width = max(len(figure) for figure in figures)
    return [
        Text.assemble(f"{figure:>{width}} · {with_missing(calls_words(row), row)}", *_failed(row.summary))
        for row, figure in zip(rows, figures, strict=True)
    ]


def _failed(summary: Summary | None) -> list[tuple[str, str]]:
    counts = failures(summary.totals) if summary else ()
    return [(f" {_FAILURES[kind].character}{count:,}", _FAILURES[kind].style) for kind, count in counts]


def _legend(plots: Sequence[_Cells], *, inexact: bool) -> RenderableType:
    present = {sign for cells in plots for sign in cells}
    entries = [
        Text.assemble((sign.character * 2, sign.style), f" {sign.meaning}") for sign in _LEGEND if sign in present
    ]
    signs = Columns(entries, padding=(0, 2))
    return Group(signs, Text(f"≈ {INEXACT}")) if inexact else signs
