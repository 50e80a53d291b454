"""The picture's pieces, one below the other: sections of rows, lanes, legend. A sheet of paper may end after each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from itertools import pairwise

from request_lens.presentation.formatting import duration_text, moment_text
from request_lens.presentation.markup import NOTHING, Markup, element, joined, text
from request_lens.presentation.starts import LateStart, starts_note
from request_lens.presentation.timeline.axis import Axis, AxisKind, axis_of, extent_of
from request_lens.presentation.timeline.axis_head import axis_head, grid
from request_lens.presentation.timeline.figures import figure_words, spoken, uncertain_words
from request_lens.presentation.timeline.frame import (
    AXIS_AGAIN,
    AXIS_HEIGHT,
    Frame,
    HeaderLine,
    bands,
    frame_of,
    header,
    header_lines,
    rule,
)
from request_lens.presentation.timeline.labels import DETAIL_SIZE, LABEL_SIZE, left_words
from request_lens.presentation.timeline.lanes.drawn import LanesHead, draw_lanes, lane_signs, lanes_room, starts_in
from request_lens.presentation.timeline.lanes.lane import Lane, extents_of, heading
from request_lens.presentation.timeline.layout import Box, RowShapes, row_shapes
from request_lens.presentation.timeline.legend import Sign, legend, legend_height, signs_of
from request_lens.presentation.timeline.row import AXIS_EVERY, DENSE_FROM, TimelineRow
from request_lens.presentation.timeline.shapes import (
    break_mark,
    call_bar,
    call_words,
    doubt,
    light_bar,
    mark,
    open_bar,
    pending_bar,
    tick,
)
from request_lens.presentation.timeline.spans.tool_bars import span_marks, tool_bar, tool_shapes, tool_words
from request_lens.presentation.timeline.text import shortened

_NEVER = (datetime.fromtimestamp(0, UTC), datetime.fromtimestamp(1, UTC))
"""The axis of a picture that has nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What stands above the rows, each left out where it is empty, and where they would be if there are none."""

    title: str = "LLM calls per API request"
    subtitle: str = ""
    empty: tuple[str, str] = ("No requests", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is drawn, in which frame; by the clock the lanes share the rows' axis, else they have one of their own."""

    rows: Sequence[TimelineRow]
    lanes: Sequence[Lane]
    words: Words
    header: Sequence[HeaderLine]
    frame: Frame
    axis: Axis
    lanes_axis: Axis
    notes: Sequence[str] = ()

    @property
    def is_long(self) -> bool:
        """Whether there are so many rows that the axis is said again."""
        return len(self.rows) >= DENSE_FROM


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of the picture from one height to the next, with where its rows begin; or the axis, said `again`.

    `starts` says of each call that is decided how much later it may have begun than it is drawn.
    """

    top: float
    bottom: float
    content: Markup
    tops: tuple[float, ...] = ()
    signs: frozenset[Sign] = frozenset()
    starts: tuple[LateStart, ...] = ()
    again: bool = False


def plan_of(rows: Sequence[TimelineRow], lanes: Sequence[Lane], *, words: Words, width: int, kind: AxisKind) -> Plan:
    """The plan of these rows and lanes in a picture of that width, without notes."""
    head = header_lines(words.title, words.subtitle, width=width)
    frame = frame_of(rows, head, width=width, least=lanes_room(lanes))
    of_rows, of_lanes = [extent_of(row.request, row.summary) for row in rows], extents_of(lanes)
    axis = partial(axis_of, left=frame.left, width=frame.plot_width)
    together = [*of_rows, *of_lanes] or [_NEVER]
    clock = axis(together if kind is AxisKind.CLOCK else of_lanes or together, kind=AxisKind.CLOCK)
    return Plan(
        rows=rows,
        lanes=lanes,
        words=words,
        header=head,
        frame=frame,
        axis=clock if kind is AxisKind.CLOCK else axis(of_rows or together, kind=AxisKind.OWN),
        lanes_axis=clock,
    )


def pieces_of(plan: Plan, *, rows_each: int) -> Sequence[Piece]:
    """The picture from top to bottom: sections of so many rows, the first below the header; lanes; legend."""
    title, axis = heads_of(plan)
    first, *others = below_heads(plan, rows_each=rows_each)
    content = (title.content, axis.content if plan.rows else NOTHING, first.content)
    return [replace(first, top=0.0, content=joined(content)), *others]


def heads_of(plan: Plan) -> tuple[Piece, Piece]:
    """What stands above the rows: title and subtitle, and the axis, which paper may say again on each sheet."""
    frame, above = plan.frame, plan.frame.top - AXIS_HEIGHT
    axis = axis_head(plan.axis, frame.headers, frame=frame, bottom=frame.top)
    named = header(plan.header, frame=frame)
    return Piece(top=0.0, bottom=above, content=named), Piece(top=above, bottom=frame.top, content=axis)


def below_heads(plan: Plan, *, rows_each: int) -> Sequence[Piece]:
    """What stands below them: sections of so many rows, with where these begin; lanes; legend."""
    body = list(_body(plan, rows_each=rows_each))
    signs = frozenset[Sign]().union(*(piece.signs for piece in body))
    said = starts_note(start for piece in body for start in piece.starts)
    below = _legend(signs, [*plan.notes, *([f"{said}."] if said else [])], plan, top=body[-1].bottom)
    return [*body, below] if below.bottom > below.top else body


def _body(plan: Plan, *, rows_each: int) -> Iterator[Piece]:
    bottom = plan.frame.top
    for first, last in pairwise([*range(0, len(plan.rows), rows_each), len(plan.rows)]):
        if plan.is_long and first > 0 and first % AXIS_EVERY == 0:
            yield _axis_again(plan, top=bottom)
            bottom += AXIS_AGAIN
        piece = _section(plan, first, last, top=bottom)
        bottom = piece.bottom
        yield piece
    if not plan.rows:
        piece = _nothing(plan)
        bottom = piece.bottom
        yield piece
    if plan.lanes:
        yield _lanes(plan, top=bottom)


def _nothing(plan: Plan) -> Piece:
    """That there are no requests, where their rows would be."""
    frame, middle = plan.frame, plan.frame.width / 2
    shown = zip(plan.words.empty, ("rl-label", "rl-muted"), (LABEL_SIZE, DETAIL_SIZE), strict=True)
    lines = (
        element(
            "text",
            text(shortened(line, size=size, width=frame.right - frame.margin)),
            class_=class_,
            x=middle,
            y=frame.top + 8 + at * 24,
            text_anchor="middle",
        )
        for at, (line, class_, size) in enumerate(shown)
    )
    return Piece(top=frame.top, bottom=frame.top + 64, content=joined(lines))


def _axis_again(plan: Plan, *, top: float) -> Piece:
    bottom = top + AXIS_AGAIN
    axis = axis_head(plan.axis, plan.frame.headers, frame=plan.frame, bottom=bottom, again=True)
    return Piece(top=top, bottom=bottom, content=axis, again=True)


def _section(plan: Plan, first: int, last: int, *, top: float) -> Piece:
    """The rows from `first` to before `last`."""
    frame, height = plan.frame, plan.frame.size.height
    tops = [top + at * height for at in range(last - first)]
    bottom = top + (last - first) * height
    rows = [(row, _shapes(row, plan, top)) for row, top in zip(plan.rows[first:last], tops, strict=True)]
    content = (
        bands([top for at, top in enumerate(tops, first) if at % 2], frame=frame, height=height),
        grid(plan.axis, frame=frame, top=top, bottom=bottom),
        rule(bottom, frame=frame) if last == len(plan.rows) else NOTHING,
        *(_row(row, shapes, frame=frame, top=top) for (row, shapes), top in zip(rows, tops, strict=True)),
    )
    signs = frozenset[Sign]().union(*(signs_of(row, shapes) for row, shapes in rows))
    starts = tuple(call.late for _, shapes in rows for call in shapes.calls if not call.bar.provisional)
    return Piece(top=top, bottom=bottom, content=joined(content), tops=tuple(tops), signs=signs, starts=starts)


def _shapes(row: TimelineRow, plan: Plan, top: float) -> RowShapes:
    size = plan.frame.size
    begins, _ = extent_of(row.request, row.summary)
    scale = plan.axis.of(begins)
    return row_shapes(row.request, row.summary, scale=scale, top=top + size.bar_top, height=size.bar_height)


def _row(row: TimelineRow, shapes: RowShapes, *, frame: Frame, top: float) -> Markup:
    light, size = shapes.request, frame.size
    return element(
        "g",
        left_words(row, left=frame.margin, widths=(frame.labels_width, frame.details_width), size=size, top=top),
        _request(row, light),
        *(tool_bar(run, hover=tool_words(run.tool)) for run in tool_shapes(row, shapes)),
        *(call_bar(call, hover=call_words(call.number, call.bar, row.request)) for call in shapes.calls),
        *(tick(attempt, light, hover=call_words(attempt.number, attempt.bar, row.request)) for attempt in shapes.ticks),
        *(mark(sign.kind, sign.x, light.y - size.marks_rise, count=sign.count) for sign in shapes.marks),
        span_marks(row, shapes),
        break_mark(light) if shapes.is_cut else NOTHING,
        figure_words(row, frame.figures, size=size, top=top),
        class_="rl-row",
        role="img",
        aria_label=spoken(row),
    )


def _request(row: TimelineRow, box: Box) -> Markup:
    hover = f"{row.request.route}, {moment_text(row.request.started_at)}, status {row.request.status}"
    if row.request.duration_ms is not None:
        hover += f", {duration_text(row.request.duration_ms)}"
    if row.is_pending:
        return pending_bar(box, hover=f"{hover}, pending", failed=row.has_error)
    hover += uncertain_words(row)
    draw = open_bar if row.request.duration_ms is None else light_bar
    bar = draw(box, hover=hover, failed=row.has_error)
    return joined((bar, doubt(box, hover=hover))) if row.is_uncertain else bar


def _lanes(plan: Plan, *, top: float) -> Piece:
    """The calls that belong to no request, below a heading and, where the rows are on their own axes, the clock's."""
    shares_axis = plan.axis.kind is AxisKind.CLOCK and bool(plan.rows)
    head = LanesHead(words=heading(plan.lanes, plan.rows), says_axis=not shares_axis)
    content, bottom = draw_lanes(plan.lanes, plan.lanes_axis, head=head, frame=plan.frame, top=top)
    signs, starts = lane_signs(plan.lanes, plan.lanes_axis), tuple(starts_in(plan.lanes, plan.lanes_axis))
    return Piece(top=top, bottom=bottom, content=content, signs=signs, starts=starts)


def _legend(signs: frozenset[Sign], notes: Sequence[str], plan: Plan, *, top: float) -> Piece:
    width = plan.frame.right - plan.frame.margin
    content = legend(signs, notes, left=plan.frame.margin, top=top, width=width)
    return Piece(top=top, bottom=top + legend_height(signs, notes, width=width), content=content)
