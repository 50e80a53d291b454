"""The timeline: requests as light bars on a time axis, their LLM calls as dark bars inside them, as SVG.

Pure: the same rows give the same text. The widget, the CLI and reports share it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from request_lens.presentation.certainty import at_least_words, why_uncertain
from request_lens.presentation.formatting import duration_text, moment_text, pluralize
from request_lens.presentation.markup import NOTHING, Markup, element, joined, text
from request_lens.presentation.timeline.axis import AxisKind, axis_of, extent_of
from request_lens.presentation.timeline.frame import DEFAULT_WIDTH, Frame, bands, frame_of, header, picture, time_axis
from request_lens.presentation.timeline.labels import ROW_HEIGHT, columns_of, left_words, right_words
from request_lens.presentation.timeline.layout import BAR_HEIGHT, Box, RowShapes, row_shapes
from request_lens.presentation.timeline.legend import LINE_HEIGHT, Sign, legend, legend_lines, signs_of
from request_lens.presentation.timeline.row import TimelineRow
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
from request_lens.presentation.timeline.theme import Theme

DEFAULT_TITLE = "LLM calls per API request"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a timeline is drawn: `width` is in px, at least 520; `newest_first` stands the newest request on top."""

    theme: Theme = "auto"
    width: int = DEFAULT_WIDTH
    axis: AxisKind = AxisKind.OWN
    newest_first: bool = False


DEFAULT_VIEW = View()


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnTimeline:
    """The picture, its size in px, and where each request's row begins, from top to bottom."""

    svg: Markup
    width: float
    height: float
    rows: tuple[tuple[TimelineRow, float], ...]


def draw_timeline(
    rows: Sequence[TimelineRow],
    *,
    title: str = DEFAULT_TITLE,
    subtitle: str = "",
    view: View = DEFAULT_VIEW,
) -> Markup:
    """The SVG of these requests in order of their start; its height follows from their number.

    Texts may hold anything: they are escaped, and shortened to their columns.
    """
    return lay_timeline(rows, title=title, subtitle=subtitle, view=view).svg


def lay_timeline(rows: Sequence[TimelineRow], *, title: str, subtitle: str, view: View) -> DrawnTimeline:
    """What `draw_timeline` draws, and where its rows are."""
    width, theme = view.width, view.theme
    rows = sorted(rows, key=lambda row: (row.request.started_at, row.request.request_id), reverse=view.newest_first)
    frame = frame_of(columns_of(rows, width=width), width=width, subtitle=bool(subtitle))
    body, height = _body(rows, frame, view.axis) if rows else _nothing_yet(frame)
    svg = picture(
        joined((header(title, subtitle, frame=frame), body)),
        title=title,
        description=_description(rows),
        theme=theme,
        size=(frame.width, height),
    )
    tops = (frame.top + at * ROW_HEIGHT for at in range(len(rows)))
    return DrawnTimeline(svg=svg, width=frame.width, height=height, rows=tuple(zip(rows, tops, strict=True)))


def _nothing_yet(frame: Frame) -> tuple[Markup, float]:
    lines = (
        ("No requests yet", "rl-label", frame.top + 40),
        ("A request appears here as soon as its access-log record has arrived.", "rl-muted", frame.top + 64),
    )
    middle = frame.width / 2
    drawn = (
        element("text", text(line), class_=class_, x=middle, y=y, text_anchor="middle") for line, class_, y in lines
    )
    return joined(drawn), frame.top + 120


def _body(rows: Sequence[TimelineRow], frame: Frame, kind: AxisKind) -> tuple[Markup, float]:
    """Axis, rows and legend, and the height of the whole picture."""
    extents = [extent_of(row.request, row.summary) for row in rows]
    axis = axis_of(extents, left=frame.left, width=frame.plot_width, kind=kind)
    tops = [frame.top + at * ROW_HEIGHT for at in range(len(rows))]
    drawn = [
        row_shapes(row.request, row.summary, scale=axis.of(begins), top=top + (ROW_HEIGHT - BAR_HEIGHT) / 2 + 2)
        for row, (begins, _), top in zip(rows, extents, tops, strict=True)
    ]
    bottom = frame.top + len(rows) * ROW_HEIGHT
    groups = [_row(row, shapes, frame=frame, top=top) for row, shapes, top in zip(rows, drawn, tops, strict=True)]
    lines = legend_lines(_signs(rows, drawn), width=frame.width - 2 * frame.margin)
    key = element("g", legend(lines, left=frame.margin, top=bottom + 22), class_="rl-legend")
    behind = (bands(tops, frame=frame, height=ROW_HEIGHT), time_axis(axis, frame=frame, bottom=bottom))
    height = bottom + 22 + len(lines) * LINE_HEIGHT + frame.margin - 10
    return joined((*behind, *groups, key)), height


def _signs(rows: Sequence[TimelineRow], drawn: Sequence[RowShapes]) -> set[Sign]:
    return set[Sign]().union(*(signs_of(row, shapes) for row, shapes in zip(rows, drawn, strict=True)))


def _row(row: TimelineRow, shapes: RowShapes, *, frame: Frame, top: float) -> Markup:
    light = shapes.request
    return element(
        "g",
        left_words(row, frame=frame, top=top),
        _request(row, light),
        *(call_bar(call, hover=call_words(call.number, call.bar)) for call in shapes.calls),
        *(tick(attempt, light, hover=call_words(attempt.number, attempt.bar)) for attempt in shapes.ticks),
        *(mark(sign.kind, sign.x, light.y - 7, count=sign.count) for sign in shapes.marks),
        break_mark(light) if shapes.is_cut else NOTHING,
        right_words(row, frame=frame, top=top),
        class_="rl-row",
    )


def _request(row: TimelineRow, box: Box) -> Markup:
    hover = f"{row.request.route}, {moment_text(row.request.started_at)}, status {row.request.status}"
    if row.request.duration_ms is not None:
        hover += f", {duration_text(row.request.duration_ms)}"
    if row.is_pending:
        return pending_bar(box, hover=f"{hover}, pending")
    hover += _uncertain_words(row)
    draw = open_bar if row.request.duration_ms is None else light_bar
    bar = draw(box, hover=hover, failed=row.has_failed)
    return joined((bar, doubt(box, hover=hover))) if row.is_uncertain else bar


def _uncertain_words(row: TimelineRow) -> str:
    """What is not certain of the request, and why; empty where all is."""
    if not row.is_uncertain or row.summary is None:
        return ""
    calls = at_least_words(row.summary.totals.llm_calls, "LLM call", certain=False)
    return f", {calls}: {why_uncertain(row.request, row.summary)}"


def _description(rows: Sequence[TimelineRow]) -> str:
    """The picture in a sentence, for those who hear it."""
    if not rows:
        return "No requests yet."
    pending, uncertain = sum(row.is_pending for row in rows), sum(row.is_uncertain for row in rows)
    calls = sum(row.summary.totals.llm_calls for row in rows if row.summary)
    made = at_least_words(calls, "LLM call", certain=not uncertain)
    first = moment_text(min(row.request.started_at for row in rows))
    sentence = f"{pluralize(len(rows), 'request')} with {made}, the first at {first}."
    counts = ((pending, "pending"), (uncertain, "uncertain"))
    return " ".join([sentence, *(f"{count:,} of them {what}." for count, what in counts if count)])
