"""The timeline as bars in the terminal: lines with a label, an id, a request's cells, and words."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC

from rich.console import Group, RenderableType
from rich.text import Text

from request_lens.domain.folding.summary import Summary
from request_lens.domain.linking.link import UnlinkedInvocation
from request_lens.presentation.certainty import INEXACT
from request_lens.presentation.formatting import cleaned
from request_lens.presentation.starts import starts_note
from request_lens.presentation.timeline.axis import Axis, AxisKind, axis_of, extent_of
from request_lens.presentation.timeline.figures import beside_calls, calls_words, cost_words, total_words
from request_lens.presentation.timeline.layout import late_start
from request_lens.presentation.timeline.row import RowOrder, TimelineRow, in_order, order_words
from request_lens.presentation.timeline.shapes import failures
from request_lens_cli.terminal.listing import LEAST_CUT, shorten_middle
from request_lens_cli.terminal.timeline.cells import FAILURES, cells_of, drawn, legend, short_note
from request_lens_cli.terminal.timeline.ruler import ruler
from request_lens_cli.terminal.unlinked_table import STACKED_BELOW, render_lanes

_MAX_LABEL, _MIN_PLOT = 34, 20
_MIN_STACKED, _STANDARD = 12, 80
_PLOT = 30
"""Cells of the bars beyond which labels may have more than a third of the width, rather than be cut."""
_BETWEEN = " · "
"""What stands between when a request began and its route, and is the first to be left out."""
_GAP = "  "


@dataclass(frozen=True, slots=True, kw_only=True)
class BarLine:
    """One line: at the left a label and an id, a request with its calls as cells, and words at the right.

    An id is never cut.
    """

    label: str
    row: TimelineRow
    words: Text
    id: str = ""
    has_status: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class _Columns:
    """How many cells each part of the lines has; without `labels`, these and the ids have a line of their own above.

    Where the words have no room beside the bars, they stand below.
    """

    labels: int
    ids: int
    cells: int
    is_beside: bool = True


def render_bars(
    rows: Sequence[TimelineRow],
    *,
    width: int,
    axis: AxisKind = AxisKind.OWN,
    order: RowOrder = RowOrder.TIME,
    unlinked: Sequence[UnlinkedInvocation] = (),
) -> RenderableType:
    """The requests in order, a line each, within `width` cells, all on one scale.

    Where it is narrow, labels are cut, then have lines of their own, at last what stands beside the bars, too; a route
    that all requests have is said once. Each request begins at the left, or when it did by the clock. The last line
    says which, below the signs that occur; then come those of `unlinked` that belong to no request.
    """
    said = order_words(rows, order, newest_first=False) if len(rows) > 1 else ""
    bars = _bars(in_order(rows, order, newest_first=False), width=width, axis=axis, order=said)
    return Group(bars, render_lanes(unlinked, width=width, below=rows))


def _bars(rows: Sequence[TimelineRow], *, width: int, axis: AxisKind, order: str) -> RenderableType:
    if not rows:
        return Text("No requests.")
    lines = [
        BarLine(label=_name(row), row=row, words=total, id=cleaned(row.request.request_id))
        for row, total in zip(rows, _totals(rows), strict=True)
    ]
    if _has_room(lines, width):
        return render_lines(lines, width=width, kind=axis, order=order)
    if any(row.label != row.request.route for row in rows):
        return render_lines([replace(line, id="") for line in lines], width=width, kind=axis, order=order)
    routes = {row.request.route for row in rows}
    if len(routes) > 1 or not all(row.brief for row in rows):
        return render_lines(lines, width=width, kind=axis, order=order)
    brief = [replace(line, label=line.row.brief) for line in lines]
    if not _columns(brief, width).labels:
        return render_lines(lines, width=width, kind=axis, order=order)
    return render_lines(brief, width=width, kind=axis, order=order, note=f"Route of all: {cleaned(routes.pop())}")


def _name(row: TimelineRow) -> str:
    """What people call the request, or when it began and its route."""
    return f"{row.brief}{_BETWEEN}{row.label}" if row.brief and row.label == row.request.route else row.label


def _has_room(lines: Sequence[BarLine], width: int) -> bool:
    """Whether labels and ids leave the bars enough."""
    return _beside(lines, width) - min(max(map(_label_width, lines)), _MAX_LABEL) >= _PLOT


def _beside(lines: Sequence[BarLine], width: int) -> int:
    """The room of labels and bars."""
    ids = max(len(line.id) for line in lines)
    return width - max(line.words.cell_len for line in lines) - 2 * len(_GAP) - (ids + len(_GAP) if ids else 0)


def render_lines(
    lines: Sequence[BarLine], *, width: int, kind: AxisKind = AxisKind.OWN, order: str = "", note: str = ""
) -> RenderableType:
    """These lines, at least one, below their time axis and above their legend, the note, and the order in words."""
    columns = _columns(lines, width)
    extents = [extent_of(line.row.request, line.row.summary) for line in lines]
    axis = axis_of(extents, left=0, width=columns.cells, kind=kind)
    plots = [cells_of(line.row, axis) for line in lines]
    is_one = kind is AxisKind.OWN and len({line.row.request.request_id for line in lines}) == 1
    notes = [
        f"≈ {INEXACT}" if any("≈" in line.words.plain for line in lines) else "",
        _starts_note(lines, axis),
        short_note([line.row.summary for line in lines], extents, axis),
        note,
    ]
    return Group(
        _line(None, columns, Text(ruler(axis.scale), style="dim"), Text()),
        *(part for line, plot in zip(lines, plots, strict=True) for part in _parts(line, columns, drawn(plot), width)),
        Text(),
        legend(plots),
        *(Text(words) for words in notes if words),
        Text(", ".join(filter(None, (_axis_note(axis, is_one=is_one), order))), style="dim"),
    )


def _axis_note(axis: Axis, *, is_one: bool) -> str:
    """What the axis's times are."""
    if axis.kind is AxisKind.CLOCK:
        first, last = (moment.astimezone(UTC).date() for moment in (axis.scale.origin, axis.scale.ends))
        return f"By the clock, from {axis.origin_text}{f' to {last}' if last > first else ''}"
    return f"Time since {"the request's start" if is_one else axis.origin_text}"


def _columns(lines: Sequence[BarLine], width: int) -> _Columns:
    beside, ids = _beside(lines, width), max(len(line.id) for line in lines)
    longest = max(map(_label_width, lines))
    labels = min(longest, _MAX_LABEL, max(width // 3, beside - _PLOT), beside - _MIN_PLOT)
    # In a narrow terminal, and beside ids, a label has a line of its own rather than lose more than the dot between its
    # parts.
    whole = min(max(_label_width(line, between=" ") for line in lines), _MAX_LABEL)
    if width >= STACKED_BELOW and labels >= (whole if ids or width < _STANDARD else min(longest, LEAST_CUT)):
        return _Columns(labels=labels, ids=ids, cells=beside - labels)
    beside += ids + len(_GAP) if ids else 0
    is_beside = beside >= _MIN_STACKED
    return _Columns(labels=0, ids=ids, cells=beside if is_beside else max(width, _MIN_STACKED), is_beside=is_beside)


def _starts_note(lines: Sequence[BarLine], axis: Axis) -> str:
    """That calls may have begun later than they are drawn; empty where none may."""
    return starts_note(
        late_start(bar, line.row.request, axis.scale)
        for line in lines
        for bar in (line.row.summary.bars if line.row.summary is not None else ())
        if bar.latency_ms is not None and not bar.provisional
    )


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


def _parts(line: BarLine, columns: _Columns, plot: Text, width: int) -> Iterator[Text]:
    """One line, or where labels have no room beside the bars, two: the label above; or three: the words below."""
    if columns.labels:
        yield _line(line, columns, plot, line.words)
        return
    name, id_ = Text(cleaned(line.label)) + _pill(line), Text(line.id)
    if id_ and name.cell_len + len(_GAP) + id_.cell_len <= width:
        yield Text(_GAP).join([name, id_])
    else:
        yield _shortened(line.label, width - _pill(line).cell_len) + _pill(line)
        yield from [id_] if id_ else []
    yield _line(None, columns, plot, line.words if columns.is_beside else Text())
    if not columns.is_beside:
        yield line.words


def _line(line: BarLine | None, columns: _Columns, plot: Text, total: Text) -> Text:
    name = Text()
    if line is not None:
        pill = _pill(line)
        name = _shortened(line.label, columns.labels - pill.cell_len) + pill
    name.pad_right(columns.labels - name.cell_len)
    id_ = [Text(f"{line.id if line is not None else '':<{columns.ids}}")] if columns.ids else []
    parts = [name, *id_, plot, total] if columns.labels else [plot, total]
    whole = Text(_GAP, no_wrap=True, overflow="crop").join(parts)
    whole.rstrip()
    return whole


def _totals(rows: Sequence[TimelineRow]) -> list[Text]:
    """Total seconds, and the cost where it is shown, aligned at their ends; the LLM calls; the failed attempts."""
    figures = [_aligned([total_words(row.request) for row in rows])]
    if any(row.shows_cost for row in rows):
        figures.append(_aligned([cost_words(row) for row in rows]))
    return [
        Text.assemble(_BETWEEN.join([*before, beside_calls(calls_words(row), row)]), *_failed(row.summary))
        for row, *before in zip(rows, *figures, strict=True)
    ]


def _aligned(words: Sequence[str]) -> list[str]:
    width = max(map(len, words))
    return [f"{each:>{width}}" for each in words]


def _failed(summary: Summary | None) -> list[tuple[str, str]]:
    counts = failures(summary.totals) if summary else ()
    return [(f" {FAILURES[kind].character}{count:,}", FAILURES[kind].style) for kind, count in counts]
